"""Source text, spans and line numbers.

A `Span` is a half-open range of code-point offsets into one file. Lines and columns are computed only at
the edge, when a diagnostic is shown.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple


def plain_lines(text: str) -> str:
    """Returns a text whose lines all end in a line feed, whatever system wrote it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def with_line_ends(text: str, like: str) -> str:
    """Returns a text of plain lines with the line ends of another one, where all of those are Windows's."""
    return text.replace("\n", "\r\n") if "\n" in like and like.count("\r\n") == like.count("\n") else text


class Span(NamedTuple):
    """Half-open range `[start, end)` of code points in the file called `file`."""

    file: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Returns the smallest span that covers this one and `other` (same file)."""
        return Span(self.file, min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span("", 0, 0)


@dataclass(frozen=True)
class Position:
    """One-based line and column."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceFile:
    """One text file: its display name (as the user gave it) and its text."""

    name: str
    text: str
    path: Path | None = field(default=None, compare=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return starts

    def position(self, offset: int) -> Position:
        """Returns the one-based line and column of a code-point offset (clamped to the file)."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect.bisect_right(self._line_starts, offset) - 1
        return Position(line + 1, offset - self._line_starts[line] + 1)

    def start_of(self, number: int) -> int:
        """Returns the offset at which a one-based line starts; the end of the text past the last line."""
        return self._line_starts[number - 1] if number <= len(self._line_starts) else len(self.text)

    def line_end(self, offset: int) -> int:
        """Returns where the line of an offset ends, behind its newline; the end of the text for the last one."""
        return self.text.find("\n", offset) + 1 or len(self.text)

    def line(self, number: int) -> str:
        """Returns the text of a one-based line without its line end; empty past the end of the file."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """Returns the span of a one-based line, for pointing into files we only know by line (MJCF)."""
        text = self.line(number)
        start = self._line_starts[min(max(number, 1), len(self._line_starts)) - 1]
        lead = len(text) - len(text.lstrip())
        return Span(self.name, start + lead, start + max(len(text), lead))


@dataclass
class SourceMap:
    """Every file that a diagnostic may point into, by display name."""

    files: dict[str, SourceFile] = field(default_factory=dict)

    def add(self, source: SourceFile) -> SourceFile:
        self.files[source.name] = source
        return source

    def get(self, name: str) -> SourceFile | None:
        return self.files.get(name)

    def place(self, span: Span) -> str:
        """Returns `file:line:column` of where a span starts, the file alone where its text is not known, or nothing."""
        source = self.get(span.file)
        if source is None:
            return span.file
        start = source.position(span.start)
        return f"{span.file}:{start.line}:{start.column}"
