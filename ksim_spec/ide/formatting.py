"""Formatting a document: the change that makes it what `ksim fmt` writes."""

from __future__ import annotations

from ksim_spec.diagnostics import SpecError
from ksim_spec.formatter.format import format_text
from ksim_spec.ide.positions import Change
from ksim_spec.ide.snapshot import Snapshot

WIDTH = 120  # as the command


def format_changes(snapshot: Snapshot, width: int = WIDTH) -> list[Change]:
    """Returns at most one change, of whole lines and as few as possible; none for a text with syntax errors."""
    try:
        new = format_text(snapshot.source, width)
    except SpecError:
        return []
    return [] if new == snapshot.text else [_smallest(snapshot.text, new)]


def _smallest(old: str, new: str) -> Change:
    """Returns the change between two texts without the lines that they share at either end."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    shortest = min(len(before), len(after))
    head = 0
    while head < shortest and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shortest - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    start = sum(map(len, before[:head]))
    end = len(old) - sum(map(len, before[len(before) - tail :]))
    return Change(start, end, "".join(after[head : len(after) - tail]))
