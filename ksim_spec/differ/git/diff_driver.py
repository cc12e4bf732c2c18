"""The external diff driver of git: two versions of a spec as files, shown as what changed, then as text.

Git gives the texts and not the revisions, so both are read with the robot and includes that are in the working tree;
`ksim diff REF:SPEC SPEC` reads each with its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.diff import Difference, DiffResult, changes
from ksim_spec.differ.render_text import text as rendered
from ksim_spec.differ.report import report
from ksim_spec.differ.sides import Opener
from ksim_spec.source import SourceFile, plain_lines
from ksim_spec.syntax.parse import text_of

NOTHING = "/dev/null"


@dataclass(frozen=True)
class Pair:
    """What git gives a driver: the path in the repository (and the new one of a rename), files, blobs and modes."""

    path: str
    old_file: str
    old_mode: str
    new_file: str
    new_mode: str
    new_path: str

    @staticmethod
    def of(words: Sequence[str]) -> Pair | None:
        """Returns the pair of a driver's arguments; None for the one argument of a path in conflict."""
        if len(words) < 7:
            return None
        return Pair(words[0], words[1], words[3], words[4], words[6], words[7] if len(words) > 7 else words[0])


def driven(pair: Pair, color: bool = False, lines: bool = True) -> str:
    """Returns what git is to show of a pair: what changed, and the lines that did unless they are not asked for."""
    head = f"ksim diff a/{pair.path} b/{pair.new_path}\n"
    if pair.path != pair.new_path:
        head += f"renamed: {pair.path} -> {pair.new_path}\n"
    if pair.old_mode != pair.new_mode and NOTHING not in (pair.old_file, pair.new_file):
        head += f"mode {pair.old_mode} -> {pair.new_mode}\n"
    old, new = (_read(f) for f in (pair.old_file, pair.new_file))
    if old is None or new is None:
        head += f"{'new spec' if old is None else 'the spec was removed'}\n"
    elif old == new:
        return head
    else:
        head += _meant(pair, old, new, color)
    return head + (_plain(pair, old or "", new or "") if lines else "")


def formatted(file: Path) -> str:
    """Returns a spec in its one layout, so that a text diff shows no formatting; as it is where it does not parse."""
    from ksim_spec.formatter.format import format_text

    data = file.read_bytes()
    try:
        return format_text(SourceFile(str(file), text_of(data, str(file))))
    except SpecError:
        return data.decode("utf-8", "replace")


def _read(file: str) -> str | None:
    return None if file == NOTHING else plain_lines(Path(file).read_bytes().decode("utf-8", "replace"))


def _meant(pair: Pair, old: str, new: str, color: bool) -> str:
    opener = Opener()
    place = Path(pair.new_path)
    try:
        sides = opener.text(old, f"a/{pair.path}", place), opener.text(new, f"b/{pair.new_path}", place)
    except SpecError as error:
        return f"not compared: {error.diagnostics[0].message}\n"
    found = Difference(pair.new_path, *sides, tuple(changes(*sides)))
    return rendered(report(DiffResult(pair.path, pair.new_path, [found])), color)


def _plain(pair: Pair, old: str, new: str) -> str:
    return "".join(_lines(pair, old, new))


def _lines(pair: Pair, old: str, new: str) -> Iterator[str]:
    a = NOTHING if pair.old_file == NOTHING else f"a/{pair.path}"
    b = NOTHING if pair.new_file == NOTHING else f"b/{pair.new_path}"
    for line in difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), a, b):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
