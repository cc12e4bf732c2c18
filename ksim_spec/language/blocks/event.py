"""Block `event`: changes of velocities now and then, such as pushes."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.language.blocks.attributes import (
    attributes,
    drawn_interval,
)
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.blocks.state_change import TAKES, state_change
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Event, Program, StateChange
from ksim_spec.language.ranges import INTERVAL, Word
from ksim_spec.syntax import ast
from ksim_spec.units import (
    TIME,
)


def check_event(c: Checker, section: ast.Section) -> Event | None:
    """Returns an event: its interval and what it changes."""
    name = section.name or "event"
    attrs = attributes(c, section.attrs, BLOCK.header, "an event")
    every = attrs.expr("every")
    if every is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            section.header_span,
            "an event needs an interval",
            help="for example `event push every 5 s .. 10 s {`",
        )
        return None
    interval = drawn_interval(c, every, TIME, f"event.{name}.interval", "event", "the interval", f"event.{name}")
    changes: list[StateChange] = []
    line = -1
    for stmt in section.body:
        if isinstance(stmt, ast.Assign):
            line += 1
            change = state_change(c, stmt, f"event.{name}", line, "event", True)
            if change is not None:
                changes.append(change)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "an event holds changes of velocity",
                help="for example `base.linvel.xy += disc(0.5 m/s)`",
            )
    return Event(name, interval, tuple(changes), section.header_span) if interval is not None else None


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.events = [found for section in sections if (found := check_event(c, section)) is not None]


def _declares(program: Program) -> Iterator[Row]:
    for e in program.events:
        yield Row("event", f"event.{e.name}", e.span, {"every": e.interval})
        for i, change in enumerate(e.changes):
            yield Row("change", f"event.{e.name}.{i}", change.span, {"": change.value})


BLOCK = Block(
    "event",
    "changes velocities now and then: pushes",
    takes=TAKES,
    header={"every": Word("the time from one to the next: a number, or a range that it is drawn from", INTERVAL)},
    one="an event",
    holds="change",
    name="optional",
    distinct=True,
    changes=True,
    check=_read,
    declares=_declares,
    outlined="change",
)
