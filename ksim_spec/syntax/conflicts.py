"""Merge conflicts that git left in a text: told once each, and read as if the first side had been kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.source import SourceFile, Span

_MARKER = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?= |\r?$)[^\r\n]*", re.M)
_HELP = "keep one of the two sides, or what both mean together, and remove the lines that git added"


def has_conflicts(text: str) -> bool:
    """Returns whether git left markers of a conflict in a text."""
    return _MARKER.search(text) is not None


def without_conflicts(source: SourceFile) -> tuple[SourceFile, list[Diagnostic]]:
    """Returns the text with blanks for the markers and for the other side, every place as it was, and an error each."""
    text, found = source.text, []
    for start, end, gone in _conflicts(text):
        span = Span(source.name, start, end)
        found.append(Diagnostic(rules.MERGE_CONFLICT, "a merge conflict is not settled here", span, help=_HELP))
        for begin, until in gone:
            text = text[:begin] + re.sub(r"[^\r\n]", " ", text[begin:until]) + text[until:]
    return SourceFile(source.name, text, source.path), found


def _conflicts(text: str) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yields where the first marker of each conflict stands, and the stretches of it that are not read.

    A conflict goes from `<<<<<<<` to `>>>>>>>`; a marker that was left alone is one of its own.
    """
    open_at: re.Match[str] | None = None
    other = 0  # where what is not the first side begins
    for marker in _MARKER.finditer(text):
        kind = marker.group()[0]
        if open_at is None and kind == "<":
            open_at, other = marker, 0
        elif open_at is not None and kind in "|=":
            other = other or marker.start()
        elif open_at is not None and kind == ">" and other:
            yield *open_at.span(), [open_at.span(), (other, marker.end())]
            open_at = None
        else:
            yield *marker.span(), [marker.span()]
    if open_at is not None:
        yield *open_at.span(), [open_at.span(), *([(other, len(text))] if other else [])]
