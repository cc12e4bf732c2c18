"""Block `reset`: where episodes begin."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.language.blocks.registry import Block, Line, Parts, Row
from ksim_spec.language.blocks.state_change import TAKES, state_change
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Program, Reset, StateChange
from ksim_spec.language.ranges import Range, Word
from ksim_spec.language.things import Keyframe
from ksim_spec.language.types import Unknown
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast
from ksim_spec.units import (
    TIME,
)

SETTLE = Range(0, 60, dim=TIME)  # every reset waits for it


def check_reset(c: Checker, sections: list[ast.Section]) -> Reset:
    """Returns the pose, the changes in order, and how long the robot settles before an episode begins."""
    pose, settle = "", 0.0
    changes: list[StateChange] = []
    line = -1
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.Clause) and stmt.word == "pose":
            pose = _pose(c, stmt) or pose
        elif isinstance(stmt, ast.Clause) and stmt.word == "settle":
            settle = _settle(c, stmt) or settle
        elif isinstance(stmt, ast.Assign):
            line += 1
            change = state_change(c, stmt, "reset", line, "episode", False)
            if change is not None:
                changes.append(change)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a reset block holds `pose`, `settle`, and changes of state",
                help="for example `legs.pos += normal(0.05 rad)`",
            )
    at = sections[0].header_span if sections else NOWHERE
    control, activation = (c.robot.of_keyframe(pose, what) for what in ("ctrl", "act"))
    return Reset(pose, tuple(changes), settle, control, activation, at)


def _settle(c: Checker, stmt: ast.Clause) -> float | None:
    if not stmt.args:
        c.report(rules.WRONG_ARGUMENTS, stmt.span, "`settle` needs a time", help="for example `settle 0.5 s`")
        return None
    return c.scalar(stmt.args[0], TIME, "the time to settle", SETTLE)


def _pose(c: Checker, stmt: ast.Clause) -> str | None:
    thing = c.thing(stmt.args[0]) if stmt.args else None
    if isinstance(thing, Keyframe):
        return thing.name
    if not isinstance(thing, Unknown):
        c.report(
            rules.NOT_A_POSE,
            stmt.span,
            "`pose` needs a keyframe",
            help='declare one in the robot block: `home = keyframe("stand")`',
        )
    return None


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.reset = check_reset(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    for i, change in enumerate(program.reset.changes):
        yield Row("reset", f"reset.{i}", change.span, {"": change.value})


BLOCK = Block(
    "reset",
    "where episodes begin",
    takes=TAKES,
    lines={
        "pose": Line("the keyframe that an episode begins at", once=True),
        "settle": Line(Word("lets the physics run for a while before the episode begins", SETTLE), once=True),
    },
    whole=True,
    changes=True,
    check=_read,
    declares=_declares,
    outlined="change",
)
