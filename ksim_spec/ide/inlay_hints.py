"""Hints inside the text: slices of the observation and effective weights of rewards."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.ide import effects
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language.declarations import reward_terms
from ksim_spec.language.program import Program
from ksim_spec.syntax import ast

_TIP = "what the term adds while its value is 1, with the curriculum at its start and end"


@dataclass(frozen=True)
class Hint:
    """A few words shown after an offset, with more to say when pointed at."""

    offset: int
    text: str
    tip: str


def hints(snapshot: Snapshot, start: int, end: int) -> list[Hint]:
    """Returns the hints between two offsets, in order; none where the spec is not known well enough."""
    if snapshot.program is None:
        return []
    found: list[Hint] = []
    for section in (i for i in snapshot.tree.items if isinstance(i, ast.Section)):
        if section.keyword == "observe":
            found += _observations(snapshot.program, section)
        elif section.keyword == "reward":
            found += _rewards(snapshot.program, section)
    return sorted((h for h in found if start <= h.offset <= end), key=lambda h: h.offset)


def _observations(program: Program, section: ast.Section) -> list[Hint]:
    known = effects.slices(program, section.name or "")
    found: list[Hint] = []
    for stmt in section.body:
        row = known.get(stmt.target.id) if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) else None
        if row is not None and isinstance(stmt, ast.Assign):
            entry, first, stop = row
            tip = f"elements {first} to {stop - 1} of `{section.name}`, in {entry.unit}"
            found.append(Hint(stmt.target.span.end, f"[{first}:{stop}]", tip))
    return found


def _rewards(program: Program, section: ast.Section) -> list[Hint]:
    """A term's weight per second and per step, at the end of its line (of its header, for a product)."""
    terms = {t.name: t for t in program.rewards}
    written = [(terms[name], stmt) for name, stmt in reward_terms(section.body) if name in terms]
    rows = [(end_of(stmt), effects.weight_text(program, term)) for term, stmt in written]
    return [Hint(offset, text, _TIP) for offset, text in rows if text]


def end_of(term: ast.Assign | ast.Section) -> int:
    """Returns where a term's line ends: of a product, its header."""
    return (term.header_span if isinstance(term, ast.Section) else term.span).end
