"""What an editor offers to do about the findings at a place: the same fixes that `ksim lint --fix` carries out."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ide.diagnostics import Problem, problem
from ksim_spec.ide.positions import Change
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.linter.statement_fixes import with_fixes


@dataclass(frozen=True)
class Action:
    """A change of the document that repairs a problem; a safe one leaves its meaning as it is."""

    title: str
    problem: Problem
    changes: tuple[Change, ...]
    safe: bool


def actions(snapshot: Snapshot, start: int, end: int) -> list[Action]:
    """Returns the fixes of the findings that touch a stretch of the document, in order of place."""
    near = [d for d in snapshot.diagnostics if d.span.start <= end and start <= d.span.end and snapshot.own(d.span)]
    found = (_action(snapshot, d) for d in with_fixes(near, snapshot.sources))
    return sorted((a for a in found if a is not None), key=lambda a: (a.problem.start, not a.safe))


def _action(snapshot: Snapshot, found: Diagnostic) -> Action | None:
    fix = found.fix
    if fix is None or not all(snapshot.own(e.span) for e in fix.edits):
        return None
    changes = tuple(Change(e.span.start, e.span.end, e.text) for e in fix.edits)
    title = fix.title[0].upper() + fix.title[1:]
    return Action(title if fix.safe else f"{title} (changes the meaning)", problem(snapshot, found), changes, fix.safe)
