"""Places in files, and the lines and columns that an editor counts in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]


@dataclass(frozen=True)
class Place:
    """A stretch of a file that may be another than the document."""

    source: SourceFile
    start: int
    end: int


@dataclass(frozen=True, order=True)
class Spot:
    """A zero-based line, and a column in the units of an encoding."""

    line: int
    column: int


@dataclass(frozen=True)
class Change:
    """Text to put in place of a stretch of the document."""

    start: int
    end: int
    text: str


def place(sources: SourceMap, span: Span) -> Place | None:
    """Returns the place of a span; None for one that is nowhere, or in a text that is no file."""
    source = sources.get(span.file)
    if span == NOWHERE or source is None or source.path is None:
        return None
    return Place(source, span.start, span.end)


def spot_at(source: SourceFile, offset: int, encoding: Encoding) -> Spot:
    """Returns where an offset is, as an editor counts."""
    at = source.position(offset)
    before = source.line(at.line)[: at.column - 1]
    return Spot(at.line - 1, _units(before, encoding))


def offset_at(source: SourceFile, spot: Spot, encoding: Encoding) -> int:
    """Returns the offset of a spot; past the end of a line that line's end, past the last line the end of the text."""
    if spot.line < 0:
        return 0
    start = source.start_of(spot.line + 1)
    line = source.line(spot.line + 1)
    column = 0
    for k, letter in enumerate(line):
        if column >= spot.column:
            return start + k
        column += _units(letter, encoding)
    return start + len(line)


def _units(text: str, encoding: Encoding) -> int:
    if encoding == "utf-32":
        return len(text)
    return len(text.encode("utf-8", "surrogatepass")) if encoding == "utf-8" else sum(1 + (c > "\uffff") for c in text)
