"""The specs of a workspace that belong together: those that include or extend a file, with all that they bring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ksim_spec.ide.snapshot import normalized
from ksim_spec.ide.workspace_symbols import MOST, spec_files
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import LARGEST, parse_file, read_bytes

_NAMED = re.compile(r'^[ \t]*(?:include|extends)[ \t]+"([^"\n]+)"', re.M)
_TASK = re.compile(r"^[ \t]*(?:task|extends)\b", re.M)
_ROOTS = (".git", "ksim.toml", "pyproject.toml")


def root_of(path: Path) -> Path:
    """Returns the folder of the project around a file: the nearest with a mark of one, else the file's own."""
    return next((p for p in path.parents if any((p / mark).exists() for mark in _ROOTS)), path.parent)


@dataclass
class Specs:
    """Every spec below some folders and every open one, as they stand now; paths are resolved."""

    folders: tuple[Path, ...]
    opened: Mapping[Path, str]
    _trees: dict[Path, tuple[SourceFile, ast.File, bool]] = field(default_factory=dict)

    @cached_property
    def texts(self) -> dict[Path, str]:
        """The text of every spec that can be read."""
        found = {p.resolve(): None for p in spec_files(self.folders)}
        texts = {p: text for p in found if p not in self.opened and (text := _read(p)) is not None}
        return texts | {p: normalized(t) for p, t in self.opened.items()}

    @property
    def whole(self) -> bool:
        """False where there are more specs than are looked through."""
        return len(self.texts) < MOST

    @cached_property
    def _names(self) -> dict[Path, set[Path]]:
        return {path: _named(path, text) for path, text in self.texts.items()}

    def brought(self, path: Path) -> set[Path]:
        """Returns a spec and all that it includes or extends, directly or not."""
        found, todo = set[Path](), [path]
        while todo:
            here = todo.pop()
            if here in self.texts and here not in found:
                found.add(here)
                todo.extend(self._names[here])
        return found

    def users(self, path: Path) -> list[Path]:
        """Returns the specs that bring a file, itself first."""
        return [path, *sorted(p for p in self.texts if p != path and path in self.brought(p))]

    def is_task(self, path: Path) -> bool:
        """Whether a file is a task of its own, and not only one that others include."""
        return _TASK.search(self.texts[path]) is not None

    def tree(self, path: Path) -> tuple[SourceFile, ast.File, bool]:
        """Returns the text and the syntax of a spec, and whether all of it was understood."""
        if path not in self._trees:
            source = SourceFile(str(path), self.texts[path], path)
            tree, problems = parse_file(source)
            self._trees[path] = (source, tree, not problems)
        return self._trees[path]

    def shown(self, paths: Iterable[Path]) -> str:
        """Returns files as a message names them, three at most."""
        names = [self._shown(p) for p in paths]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(f"`{n}`" for n in names[:3]) + more

    def _shown(self, path: Path) -> str:
        root = next((f.resolve() for f in self.folders if path.is_relative_to(f.resolve())), path.parent)
        return path.relative_to(root).as_posix()


def _named(path: Path, text: str) -> set[Path]:
    return {(path.parent / name).resolve() for name in _NAMED.findall(text) if "\0" not in name}


def _read(path: Path) -> str | None:
    try:
        data = read_bytes(path)
        return normalized(data.decode("utf-8")) if len(data) <= LARGEST else None
    except (OSError, UnicodeDecodeError):
        return None
