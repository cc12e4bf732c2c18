"""Where a robot file is: a path, `mjx:…` (in the mujoco-mjx wheel) or `pkg:package/path.xml`; and its digest."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, did_you_mean, listed
from ksim_spec.robot.mjcf import LFS_HELP, LFS_POINTER, Node, Tree
from ksim_spec.source import NOWHERE, Span

MODEL_SUFFIXES = (".xml", ".mjcf")
# `mjx:x` is `pkg:` with this folder in front.
MJX_MODELS = "mujoco/mjx/test_data"


@dataclass(frozen=True)
class RobotSource:
    """A robot file that exists: what the spec said and where it is on this machine."""

    text: str
    path: Path


def resolve(text: str, spec_dir: Path, span: Span = NOWHERE) -> RobotSource:
    """Returns the file that a robot string names; relative paths start at the spec's folder.

    Raises SpecError: KS150 when there is no such file (with a near name where there is one), KS161 when the package
    of `mjx:` or `pkg:` is not installed.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "mjx" and rest:
        root, inner = _package_root(MJX_MODELS.split("/")[0], text, span), Path(MJX_MODELS, rest)
        return _existing(text, root.parent / inner, root.parent / MJX_MODELS, span)
    if scheme == "pkg" and rest:
        package, _, inner = rest.partition("/")
        root = _package_root(package, text, span)
        return _existing(text, root / inner, root, span)
    return _existing(text, spec_dir / Path(text).expanduser(), spec_dir, span)


def _package_root(package: str, text: str, span: Span) -> Path:
    """Returns a package's folder without importing it (for a top-level name, finding the spec does not)."""
    try:
        found = importlib.util.find_spec(package) if package.isidentifier() else None
    except (ImportError, ValueError):
        found = None
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        message = f"package `{package}` is not installed, so `{text}` cannot be found"
        advice = f"install `{package}`, or give a path"
        raise SpecError([Diagnostic(rules.ROBOT_PACKAGE, message, span, help=advice)])
    return Path(places[0])


def _existing(text: str, path: Path, root: Path, span: Span) -> RobotSource:
    if path.is_file():
        return RobotSource(text, path)
    if not text:
        message, help = "the robot has no file: its name is empty", 'for example `robot "robots/biped.xml"`'
        raise SpecError([Diagnostic(rules.ROBOT_FILE, message, span, help=help)])
    what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
    if path.is_symlink() and not path.exists():
        what = "is a link that leads nowhere"
    near = [str(p.relative_to(root)) if p.is_relative_to(root) else str(p) for p in _nearby(path, root)]
    best = _closest(path, near)
    if best:
        prefix = text.partition(":")[0] + ":" if text.startswith(("mjx:", "pkg:")) else ""
        if prefix == "pkg:":
            prefix += text[4:].partition("/")[0] + "/"
        advice = f"did you mean `{prefix}{best}`?"
    elif near:
        advice = "model files near there: " + ", ".join(f"`{n}`" for n in near[:6])
    else:
        advice = "paths are relative to the folder of the spec"
    raise SpecError([Diagnostic(rules.ROBOT_FILE, f"robot file `{text}` {what}", span, help=advice)])


def _nearby(path: Path, root: Path) -> list[Path]:
    """Model files in the folder meant, else below the nearest folder above it that exists (not above `root`)."""
    folder = path if path.is_dir() else path.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    found = [p for p in sorted(folder.glob("*")) if p.suffix in MODEL_SUFFIXES]
    if not found and folder.is_relative_to(root):
        found = [p for p in sorted(folder.glob("*/*")) if p.suffix in MODEL_SUFFIXES]
    return [p for p in found if p.is_file()][:200]


def _closest(path: Path, near: Iterable[str]) -> str:
    by_name = {Path(n).name: n for n in near}
    same = [n for n in by_name if Path(n).stem == path.stem]
    match = same or did_you_mean(path.name, by_name)
    return by_name[match[0]] if match else ""


def digest(tree: Tree) -> str:
    """Returns the SHA-256 (hex) of the model: its MJCF files in reading order and the assets they name.

    A missing asset counts by its name only. Paths do not count, so the same model elsewhere has the same digest.
    """
    total = hashlib.sha256()
    for source in tree.sources.files.values():
        total.update(hashlib.sha256(source.text.encode()).digest())
    for asset in asset_files(tree):
        total.update(asset.name.encode() + b"\0")
        if asset.is_file():
            total.update(hashlib.sha256(asset.read_bytes()).digest())
    return total.hexdigest()


def asset_files(tree: Tree) -> list[Path]:
    """Returns the files that `<asset>` names (meshes, height fields, textures), without repeats, existing or not."""
    return list(dict.fromkeys(path for _, _, path in asset_nodes(tree)))


def asset_nodes(tree: Tree) -> list[tuple[Node, str, Path]]:
    """Returns the elements that name asset files, each with the name as written and where the file is, or should be.

    Those of attached models are among them.
    """
    if tree.main is None:
        return []
    compiler = {k: v for s in tree.sections("compiler") for k, v in s.attrs.items()}
    shared = compiler.get("assetdir", "")
    meshes = compiler.get("meshdir", shared)
    folders = {"mesh": meshes, "hfield": meshes, "skin": meshes, "texture": compiler.get("texturedir", shared)}
    bare = compiler.get("strippath") == "true"
    found: list[tuple[Node, str, Path]] = []
    for node in (n for tag in ("asset", "deformable") for s in tree.sections(tag) for n in s.children):
        names = [v for k, v in node.attrs.items() if k.startswith("file") and k != "filetype" and v]
        if node.tag == "model":
            continue
        for name in names:
            file = Path(name.replace("\\", "/"))
            file = Path(file.name) if bare else file
            source = tree.sources.get(node.file)
            # MuJoCo looks below the model's own folder, else beside the included file that names it.
            places = [tree.main.parent / folders.get(node.tag, shared) / file]
            places += [source.path.parent / file] if source and source.path and source.path != tree.main else []
            found.append((node, name, next((p for p in places if p.exists()), places[0])))
    return found + [row for _, part in tree.attached for row in asset_nodes(part)]


def missing_files(tree: Tree) -> Iterator[Diagnostic]:
    """Yields an error for every mesh, texture, height field or skin file that is not there, or is none (KS195)."""
    for node, name, path in asset_nodes(tree):
        what, help = _trouble(node.tag, path)
        if what:
            yield Diagnostic(rules.MJCF_FILE, f"`{name}` {what}", tree.span(node), help=help)


# What MuJoCo reads, by kind of file; other suffixes of textures are its own format.
_READ = {"mesh": (".stl", ".obj", ".msh")}
_PNG, _STL_HEADER, _STL_FACE = b"\x89PNG", 84, 50


def _trouble(kind: str, path: Path) -> tuple[str, str]:
    """Returns what is wrong with a file that a robot names, and what to do; empty where it is as it should be."""
    if not path.exists():
        near = [p.name for p in path.parent.glob("*") if p.name.lower() == path.name.lower()]
        return "is not there", f"did you mean `{near[0]}`?" if near else f"it is looked for at `{path}`"
    if not path.is_file():
        return ("is a folder" if path.is_dir() else "is no file"), "name the file itself"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_STL_HEADER)
    except OSError as error:
        return f"cannot be read: {(error.strerror or 'unknown reason').lower()}", "check who may read it"
    if start.startswith(LFS_POINTER.encode()):
        return f"is a Git LFS pointer, not the {kind} itself", LFS_HELP
    if not size:
        return "is empty", "it may have been left so by a copy that did not end"
    suffix = path.suffix.lower()
    if suffix not in _READ.get(kind, (suffix,)):
        reads = listed(_READ[kind])
        return f"is a {kind} that MuJoCo does not read", f"convert it: MuJoCo reads {reads}"
    if suffix == ".stl" and size < _STL_HEADER + _STL_FACE * int.from_bytes(start[80:84], "little"):
        text = start.lstrip().startswith(b"solid")
        what = "is an STL file in text form" if text else "is no STL file, or only a part of one"
        return what, "MuJoCo reads binary ones: save it anew as such"
    if suffix == ".png" and not start.startswith(_PNG):
        return "is no PNG file", "save it anew as one"
    return "", ""
