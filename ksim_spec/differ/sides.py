"""The two sides of a diff: specs, revisions of specs, run folders, checkpoints and contract files as contracts."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ksim_spec import rules
from ksim_spec.contract.older import READABLE, restated, upgraded
from ksim_spec.contract.schema import SCHEMA_VERSION, Contract, Model
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.git.trees import DiskTree, GitTree, Tree, closure, is_revision
from ksim_spec.language.load import Trace, load_tree
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span, plain_lines
from ksim_spec.syntax.incremental import read_again
from ksim_spec.syntax.parse import Reading, read_file, text_of


@dataclass(frozen=True)
class Side:
    """One version of a task: its contract, and where things stand in its texts, as far as there are texts.

    `file` is the path of the spec for annotations, `text` its text.
    """

    label: str
    contract: Contract
    places: dict[str, Span] = field(default_factory=dict)
    sources: SourceMap = field(default_factory=SourceMap)
    index: RobotIndex | None = None
    text: str = ""
    tree: Tree | None = None

    def span(self, path: str) -> Span:
        """Returns where a declaration stands, or the nearest thing around it; NOWHERE without texts."""
        if path.startswith("model.") and self.index is not None:
            _, kind, name = (*path.split(".", 2), "", "")[:3]
            span = self.index.option_span(name) if kind == "option" else self.index.span(self.index.find(kind, name))
            return span if span != NOWHERE else self.places.get("robot", NOWHERE)
        group, _, rest = path.partition(".")
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return self.places.get("robot", NOWHERE) if group == "model" or rest == "" else NOWHERE

    def shown(self, file: str) -> str:
        """Returns a file's name as people know it."""
        return self.tree.original(file) if isinstance(self.tree, GitTree) else file


def at_head(path: str) -> str:
    """Returns what people write for a path of the working tree as the last commit has it."""
    return f"HEAD:{path}" if Path(path).is_absolute() else f"HEAD:./{path}"


@dataclass
class Opener:
    """Opens sides; robots that several specs share are read once, and of two versions of a spec what differs."""

    profile: str | None = None
    sets: tuple[str, ...] = ()
    _trees: dict[str, GitTree] = field(default_factory=dict)
    _robots: dict[Path, RobotIndex] = field(default_factory=dict)
    _models: dict[Path, Model] = field(default_factory=dict)
    _last: Reading | None = None

    @cached_property
    def disk(self) -> DiskTree:
        return DiskTree()

    def locate(self, text: str) -> tuple[Tree, str]:
        """Returns the tree that a side names and the path in it; raises SpecError for a revision that is not there."""
        if Path(text).exists() or ":" not in text or re.match(r"[A-Za-z]:[\\/]", text):
            return self.disk, text
        ref, _, path = text.partition(":")
        if ref not in self._trees:
            self._trees[ref] = GitTree.open(ref)
        tree = self._trees[ref]
        return tree, tree.path_of(path or ".")

    def committed(self, path: str) -> tuple[Tree, str]:
        """Returns the tree of the last commit and a path of the working tree in it."""
        return self.locate(at_head(path))

    def is_folder(self, tree: Tree, path: str) -> bool:
        """Whether the side is a folder of specs, and not a run."""
        if isinstance(tree, GitTree):
            return tree.is_folder(path)
        return Path(path).is_dir() and not Path(path, "contract.json").is_file()

    def open(self, tree: Tree, path: str) -> Side:
        """Returns one version of a task; raises SpecError where it cannot be read or does not check."""
        place = Path(path)
        if isinstance(tree, DiskTree) and place.is_dir():
            return Side(path, read_contract((place / "contract.json").read_bytes(), str(place / "contract.json")))
        if isinstance(tree, DiskTree) and place.suffix == ".ckpt":
            return Side(path, read_checkpoint(place))
        if place.suffix in (".json", ".lock"):
            return Side(tree.shown(path), read_contract(self._bytes(tree, path), tree.shown(path)))
        return self._spec(tree, path)

    def _bytes(self, tree: Tree, path: str) -> bytes:
        data = tree.read(path)
        if data is None:
            advice = "check the path; in a revision it is written from the root of the repository, or with `./`"
            if isinstance(tree, DiskTree):
                advice = f"`{path}` is a revision: write `{path}:SPEC`" if is_revision(path) else "check the path"
            raise SpecError([Diagnostic(rules.UNREADABLE_FILE, f"there is no `{tree.shown(path)}`", help=advice)])
        return data

    def _spec(self, tree: Tree, path: str) -> Side:
        text = plain_lines(text_of(self._bytes(tree, path), tree.shown(path)))
        return self.text(text, tree.name(path), tree.on_disk(path), tree, tree.shown(path))

    def text(self, text: str, name: str, place: Path, tree: Tree | None = None, label: str = "") -> Side:
        """Returns a spec given as text, with the robot and includes that are beside `place`; raises as `open` does.

        `name` is what its spans say: the same for two versions of one file, so that the second is read by what differs.
        """
        source = SourceFile(name, text, place)
        trace = Trace(read_robot=self._robot)
        reading = self._last = read_file(source) if self._last is None else read_again(source, self._last)
        loaded = load_tree(source, reading.tree, reading.diagnostics, profile=self.profile, sets=self.sets, trace=trace)
        if loaded.program is None:
            errors = [d for d in loaded.diagnostics if d.severity == "error"]
            raise _relabelled(SpecError(errors or loaded.diagnostics, loaded.sources), tree)
        from ksim_spec.contract.extract import declared
        from ksim_spec.contract.robot_model import model_facts

        path = loaded.program.robot_path
        index = self._robot(path)
        if path not in self._models:
            self._models[path] = model_facts(index)
        whole = declared(loaded.program, index, loaded.items, loaded.sources, self._models[path])
        return Side(label or name, whole, loaded.program.places, loaded.sources, index, text, tree)

    def _robot(self, path: Path) -> RobotIndex:
        if path not in self._robots:
            self._robots[path] = RobotIndex.load(path)
        return self._robots[path]

    def same_files(self, one: tuple[Tree, str], other: tuple[Tree, str]) -> bool:
        """Whether two specs and all files that they name are the same, byte for byte."""
        if one[0].read(one[1]) != other[0].read(other[1]):
            return False
        a, b = (closure(*x) for x in (one, other))
        bases = [Path(x[1]).parent for x in (one, other)]
        by_place = [
            {_relative(name, base): data for name, data in x.items()} for x, base in zip((a, b), bases, strict=True)
        ]
        return bool(a) and by_place[0] == by_place[1]

    def forget(self, ref: str) -> None:
        """Ends what was started for one revision."""
        if ref in self._trees:
            self._trees.pop(ref).close()

    def close(self) -> None:
        """Ends what was started for revisions."""
        for tree in self._trees.values():
            tree.close()


def _relative(name: str, base: Path) -> str:
    import os

    return os.path.relpath(name, base)


def read_contract(data: bytes, name: str) -> Contract:
    """Returns the contract of a file's content; raises SpecError for one that is none, or of another version."""
    try:
        plain: Any = json.loads(data)
    except ValueError as error:
        raise _no_contract(name, f"it is not JSON: {error}") from None
    return as_contract(plain, name)


def as_contract(plain: Any, name: str) -> Contract:
    """Returns JSON values as a contract; raises SpecError for what is none, or is of another version."""
    from pydantic import ValidationError

    version = plain.get("schema_version") if isinstance(plain, dict) else None
    if version in READABLE:
        plain = upgraded(plain)
    elif version != SCHEMA_VERSION:
        reason = "it has no `schema_version`" if version is None else f"it has version {version}"
        raise _no_contract(name, f"{reason}, and this ksim reads version {SCHEMA_VERSION}", _other_version(version))
    try:
        whole = Contract.model_validate(plain)
        return whole if version == SCHEMA_VERSION else restated(whole)
    except ValidationError as error:
        first = error.errors()[0]
        raise _no_contract(name, f"`{'.'.join(map(str, first['loc']))}`: {first['msg'].lower()}") from None


def _other_version(version: object) -> str:
    if not isinstance(version, int):
        return ""
    if version > SCHEMA_VERSION:
        return "a newer ksim wrote it: update this one"
    return (
        "an older ksim wrote it: `ksim compile` writes contracts again and `ksim lock` locks; in place of a run, "
        "give the spec as it was trained, `REF:SPEC`"
    )


def _no_contract(name: str, reason: str, advice: str = "") -> SpecError:
    advice = advice or "give a spec, a run folder, a checkpoint, or a contract that this version of ksim wrote"
    return SpecError([Diagnostic(rules.NOT_A_CONTRACT, f"`{name}` holds no contract: {reason}", help=advice)])


def read_checkpoint(path: Path) -> Contract:
    """Returns the contract in a checkpoint, without JAX; raises SpecError for a file that is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            data = archive.read("contract.json")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        advice = "give one that `ksim train` wrote, or its run"
        message = f"cannot read checkpoint `{path}`: {error}"
        raise SpecError([Diagnostic(rules.BAD_CHECKPOINT, message, help=advice)]) from None
    return read_contract(data, str(path))


def _relabelled(error: SpecError, tree: Tree | None) -> SpecError:
    """The same findings, in files as people know them."""
    if not isinstance(tree, GitTree):
        return error

    def known(span: Span) -> Span:
        return span._replace(file=tree.original(span.file))

    found = [
        replace(d, span=known(d.span), related=tuple(replace(x, span=known(x.span)) for x in d.related))
        for d in error.diagnostics
    ]
    files = {tree.original(n): replace(f, name=tree.original(n)) for n, f in error.sources.files.items()}
    return SpecError(found, SourceMap(files))
