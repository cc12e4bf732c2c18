"""Lines up a run of similar statements: the assignment sign, each attribute that they share, and trailing comments."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

REACH = 20  # how far a cell may push a column beyond the middle one of its run


@dataclass(frozen=True)
class Cell:
    """A part of a line: `key` says which others it is lined up with, `lead` is its first word, `gap` comes before."""

    key: str
    lead: str
    body: str
    gap: int

    @property
    def text(self) -> str:
        return f"{self.lead} {self.body}" if self.body else self.lead


@dataclass(frozen=True)
class Row:
    """A statement of one line: what it starts with, and its further cells. A comment is a cell with the key `#`."""

    head: str
    cells: tuple[Cell, ...]

    @property
    def plain(self) -> str:
        return self.head + "".join(" " * c.gap + c.text for c in self.cells)


def align(rows: Sequence[Row], room: int) -> list[str]:
    """Returns the rows as lines in which cells of the same key start in the same column.

    A row that is much longer than the others does not push them: it stays as it is from there on. So does a row that
    would get longer than `room`, its comment not counted.
    """
    texts = [row.head for row in rows]
    lengths = [0] * len(rows)  # without the comment
    done = [0] * len(rows)  # cells already placed
    while (key := _next_key(rows, done)) is not None:
        members = [i for i, row in enumerate(rows) if done[i] < len(row.cells) and row.cells[done[i]].key == key]
        cells = [rows[i].cells[done[i]] for i in members]
        for i, text in zip(members, _column([texts[i] for i in members], cells), strict=True):
            if key == "#":
                lengths[i] = len(texts[i])
            texts[i] = text
            done[i] += 1
    fits = [(length or len(text)) <= room for length, text in zip(lengths, texts, strict=True)]
    return [text if fit else row.plain for text, fit, row in zip(texts, fits, rows, strict=True)]


def _next_key(rows: Sequence[Row], done: Sequence[int]) -> str | None:
    """Returns the column to place next: one that no row has further on, else that of the first unfinished row."""
    waiting = [row.cells[k:] for row, k in zip(rows, done, strict=True) if k < len(row.cells)]
    if not waiting:
        return None
    later = {cell.key for cells in waiting for cell in cells[1:]}
    return next((cells[0].key for cells in waiting if cells[0].key not in later), waiting[0][0].key)


def _column(texts: Sequence[str], cells: Sequence[Cell]) -> list[str]:
    """Returns the texts with their cells appended in one column, all but those that are much longer."""
    lengths = [len(text) + cell.gap for text, cell in zip(texts, cells, strict=True)]
    limit = statistics.median(lengths) + REACH
    start = max(length for length in lengths if length <= limit)
    lead = max(len(cell.lead) for cell in cells) if cells[0].key == "=" else 0
    signed = any(cell.body.startswith("-") for cell in cells) and cells[0].key not in ("=", "#")
    out: list[str] = []
    for text, cell, length in zip(texts, cells, lengths, strict=True):
        if length > limit:
            out.append(text + " " * cell.gap + cell.text)
            continue
        number = signed and cell.body[:1].isdigit()
        shown = f"{cell.lead}  {cell.body}" if number else cell.text
        out.append(text + " " * (start - len(text) + max(0, lead - len(cell.lead))) + shown)
    return out
