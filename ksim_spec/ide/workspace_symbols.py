"""The names of all specs below some folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ksim_spec._internal.files import Stamp, stamp
from ksim_spec.ide.document_symbols import Symbol, flat, symbols
from ksim_spec.ide.snapshot import Snapshot, normalized
from ksim_spec.source import SourceFile, SourceMap
from ksim_spec.syntax.parse import LARGEST, read_bytes, read_file

MOST = 2000  # specs that are looked through, and names that are given
FOLDERS = 5000  # that are looked into: a home folder that is open must not hold the server up
_SKIPPED = {".git", ".venv", "venv", "node_modules", "runs", "build", "dist", "__pycache__"}


@dataclass(frozen=True)
class Found:
    """A declared name, the file that it is in and the block that it belongs to."""

    symbol: Symbol
    source: SourceFile
    inside: str


@dataclass
class Index:
    """The outlines of spec files, read once and again when a file changes. Files are parsed, not checked."""

    known: dict[Path, tuple[Stamp, Snapshot | None]] = field(default_factory=dict)

    def search(self, query: str, folders: Iterable[Path], opened: Iterable[Snapshot] = ()) -> list[Found]:
        """Returns the names with the letters of the query in order, open documents as they are; best matches first."""
        here = {s.source.path.resolve(): s for s in opened if s.source.path is not None}
        files = [
            s for path in spec_files(folders) if path.resolve() not in here and (s := self._outline(path)) is not None
        ]
        found = [f for s in (*here.values(), *files) for f in _names(s) if _fits(query, f.symbol.name)]
        return sorted(found, key=lambda f: _rank(query, f))[:MOST]

    def _outline(self, path: Path) -> Snapshot | None:
        now = stamp(path)
        if path not in self.known or self.known[path][0] != now:
            self.known[path] = (now, _parsed(path))
        return self.known[path][1]


def spec_files(folders: Iterable[Path]) -> Iterator[Path]:
    """The spec files below some folders; hidden ones, environments and runs are passed by."""
    left, looked, stack = MOST, 0, list(folders)
    while stack and left and looked < FOLDERS:
        looked += 1
        try:
            inside = sorted(stack.pop().iterdir())
        except OSError:
            continue
        for path in inside:
            if path.is_dir() and not path.is_symlink() and path.name not in _SKIPPED and path.name[0] != ".":
                stack.append(path)
            elif path.suffix == ".ksim" and left and path.is_file():
                left -= 1
                yield path


def _parsed(path: Path) -> Snapshot | None:
    try:
        data = read_bytes(path)
        text = normalized(data.decode("utf-8")) if len(data) <= LARGEST else None
    except (OSError, UnicodeDecodeError):
        return None
    if text is None:
        return None
    source = SourceFile(str(path), text, path)
    return Snapshot(source, read_file(source), (), SourceMap(), (), {}, None, None, {})


def _names(snapshot: Snapshot) -> Iterator[Found]:
    for block in symbols(snapshot):
        for symbol in flat(block):
            if symbol.kind != "setting" or symbol is block:
                yield Found(symbol, snapshot.source, block.name if symbol is not block else "")


def _fits(query: str, name: str) -> bool:
    letters = iter(name.lower())
    return all(letter in letters for letter in query.lower() if letter != " ")


def _rank(query: str, found: Found) -> tuple[bool, bool, int, str]:
    name = found.symbol.name.lower()
    return (query.lower() not in name, not name.startswith(query.lower()), len(name), str(found.source.path))
