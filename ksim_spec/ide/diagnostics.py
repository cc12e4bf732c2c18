"""Findings as an editor shows them: one stretch of the document each, with what helps in the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ksim_spec.diagnostics import Diagnostic, Severity
from ksim_spec.ide.positions import Place, place
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.source import Span
from ksim_spec.syntax import ast


@dataclass(frozen=True)
class Problem:
    """A finding in the document; `related` are other places, in any file, each with its text."""

    start: int
    end: int
    severity: Severity
    code: str
    slug: str
    text: str
    related: tuple[tuple[Place, str], ...] = ()


def problems(snapshot: Snapshot) -> list[Problem]:
    """Returns every finding of a document, in order of place.

    What is wrong in another file (the robot's, an included spec) is shown on the line that names it, with the place
    itself as a related one.
    """
    return sorted((problem(snapshot, d) for d in snapshot.diagnostics), key=lambda p: (p.start, p.end))


def problem(snapshot: Snapshot, found: Diagnostic) -> Problem:
    """Returns a finding as it is shown in the document."""
    related = [(where, label.text) for label in found.related if (where := place(snapshot.sources, label.span))]
    span = found.span
    if not snapshot.own(span):
        there = place(snapshot.sources, span)
        if there is not None:
            related.insert(0, (there, found.label or found.message))
        span = _naming(snapshot, span)
    start, end = _visible(snapshot.text, span)
    return Problem(start, end, found.severity, found.code, found.slug, message(found), tuple(related))


def message(found: Diagnostic) -> str:
    """Returns what is wrong, then the facts, then what to do, a line each."""
    lines = [found.message, *found.notes]
    return "\n".join([*lines, f"help: {found.help}"] if found.help else lines)


def _naming(snapshot: Snapshot, span: Span) -> Span:
    """Returns where the document names another file: the line of its include, else the robot's."""
    for item in snapshot.tree.items:
        other = item.text if isinstance(item, ast.Directive) and item.word in ("include", "extends") else None
        if other and Path(span.file).name == Path(other).name:
            return item.span
    for item in snapshot.tree.items:
        if isinstance(item, ast.Section) and item.keyword == "robot":
            return item.header_span
        if isinstance(item, ast.Directive) and item.word in ("robot", "extends"):
            return item.span
    return Span(snapshot.source.name, 0, 0)


def _visible(text: str, span: Span) -> tuple[int, int]:
    """Returns a stretch with something to underline where the line has it."""
    start = min(max(span.start, 0), len(text))
    end = min(max(span.end, start), len(text))
    if end == start and start < len(text) and text[start] != "\n":
        return start, start + 1
    if end == start and start > 0 and text[start - 1] != "\n":
        return start - 1, start
    return start, end
