"""Reads a text again that was read before and has changed in one place, as an editor does with every letter.

Between two seams, headers at which nothing was open, what is read depends on nothing outside but the line of the second
seam. So only the blocks around the change are read; those above are kept and those below moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ksim_spec.source import SourceFile
from ksim_spec.syntax.conflicts import has_conflicts
from ksim_spec.syntax.moved import moved_comment, moved_node, moved_statement
from ksim_spec.syntax.parse import Reading, Seam, Stretch, read_file, read_stretch, settle

_START = Seam(0, 0, 0, 0, 0)


def read_again(source: SourceFile, earlier: Reading) -> Reading:
    """Returns what `read_file` returns for the text, with the help of a reading of it as it was before."""
    if earlier.source.name != source.name or has_conflicts(source.text) or has_conflicts(earlier.source.text):
        return read_file(source)
    old, new = earlier.source.text, source.text
    same = _agreement(min(len(old), len(new)), lambda n: old[:n] == new[:n])
    rest = _agreement(min(len(old), len(new)) - same, lambda n: old[len(old) - n :] == new[len(new) - n :])
    head = _head(earlier.stretch, same)
    tail = _tail(earlier, len(old) - rest)
    if tail is not None:
        by = len(new) - len(old)
        middle = read_stretch(source, head.offset, tail.offset + by)
        if middle.arrived:
            below = _moved(_below(earlier.stretch, tail), by, new.count("\n") - old.count("\n"))
            return settle(source, _joined(_joined(_above(earlier.stretch, head), middle), below))
    return settle(source, _joined(_above(earlier.stretch, head), read_stretch(source, head.offset)))


def _agreement(most: int, agree: Callable[[int], bool]) -> int:
    """Returns the largest length up to `most` that agrees, where all smaller ones do then too."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if agree(middle) else (least, middle - 1)
    return least


def _head(stretch: Stretch, same: int) -> Seam:
    """The last seam whose line, which decides how the statement above it ends, lies before the change."""
    return next((s for s in reversed(stretch.seams) if s.behind <= same), _START)


def _tail(earlier: Reading, changed: int) -> Seam | None:
    """The first seam on a line below the change, if nothing was found wrong from there on."""
    text, found = earlier.source.text, len(earlier.stretch.found)
    below = (s for s in earlier.stretch.seams if s.found == found and text.rfind("\n", 0, s.offset) >= changed)
    return next(below, None)


def _above(stretch: Stretch, seam: Seam) -> Stretch:
    comments = [c for c in stretch.comments if c.span.start < seam.offset]
    seams = [s for s in stretch.seams if s.offset < seam.offset]
    return Stretch(
        stretch.items[: seam.items],
        stretch.statements[: seam.statements],
        comments,
        stretch.found[: seam.found],
        seams,
        True,
    )


def _below(stretch: Stretch, seam: Seam) -> Stretch:
    comments = [c for c in stretch.comments if c.span.start >= seam.offset]
    seams = [_shifted(s, -seam.items, -seam.statements, -seam.found) for s in stretch.seams if s.offset >= seam.offset]
    return Stretch(
        stretch.items[seam.items :],
        stretch.statements[seam.statements :],
        comments,
        stretch.found[seam.found :],
        seams,
        True,
    )


def _joined(first: Stretch, second: Stretch) -> Stretch:
    counts = (len(first.items), len(first.statements), len(first.found))
    seams = [*first.seams, *(_shifted(s, *counts) for s in second.seams)]
    return Stretch(
        first.items + second.items,
        first.statements + second.statements,
        first.comments + second.comments,
        first.found + second.found,
        seams,
        second.arrived,
    )


def _moved(stretch: Stretch, by: int, lines: int) -> Stretch:
    """Returns a stretch without findings as it is further down in the text."""
    if not by and not lines:
        return stretch
    return replace(
        stretch,
        items=tuple(moved_node(i, by) for i in stretch.items),
        statements=[moved_statement(s, by) for s in stretch.statements],
        comments=[moved_comment(c, by, lines) for c in stretch.comments],
        seams=[replace(s, offset=s.offset + by, behind=s.behind + by) for s in stretch.seams],
    )


def _shifted(seam: Seam, items: int, statements: int, found: int) -> Seam:
    counts = (seam.items + items, seam.statements + statements, seam.found + found)
    return Seam(seam.offset, seam.behind, *counts)
