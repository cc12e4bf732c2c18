"""Block `command`: what the policy is told to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

from ksim_spec import rules
from ksim_spec.diagnostics import Label
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra, frames
from ksim_spec.language.blocks.attributes import (
    COMMAND_FIELD,
    DRAWN,
    attributes,
    drawn_interval,
    known_here,
    need_scalar,
)
from ksim_spec.language.blocks.drawn import refuse_pair
from ksim_spec.language.blocks.registry import Block, Line, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.distributions import sample
from ksim_spec.language.program import CommandBlock, CommandField, Program
from ksim_spec.language.ranges import INTERVAL, PROBABILITY, Word
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import Command
from ksim_spec.language.types import UNKNOWN, Frame, Value
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, TIME


def check_command(c: Checker, section: ast.Section, name: str) -> tuple[CommandBlock, Command] | None:
    """Returns a command's fields, redraw interval and probability of zero, and what its name stands for."""
    header = attributes(c, section.attrs, BLOCK.header, "a command")
    frame = _frame(c, header.expr("in"))
    fields: list[CommandField] = []
    leaves: list[tuple[str, Value]] = []
    interval = zero = None
    resampled = NOWHERE
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "resample":
            interval, resampled = _resample(c, stmt, name), stmt.span
        elif isinstance(stmt, ast.Clause) and stmt.word == "zero":
            zero = _zero(c, stmt, name)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            _field(c, stmt, name, stmt.target.id, frame if "in" in header else None, fields, leaves)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a command holds fields, `resample`, and `zero`",
                help="for example `x = uniform(-1 m/s, 1 m/s)`",
            )
    if not leaves:
        if not any(isinstance(s, ast.ErrorStmt) for s in section.body):
            example = "for example `x = uniform(-1 m/s, 1 m/s)`"
            c.report(rules.MISSING_FIELD, section.header_span, f"the command `{name}` has no field", help=example)
        return None
    wanted = [s for s in section.body if isinstance(s, ast.Assign | ast.ErrorStmt)]
    command = Command(name, tuple(leaves), frame, partial=len(leaves) < len(wanted))
    named = (frame.name, frame.key) if frame else ("world", "world")
    return CommandBlock(name, tuple(fields), interval, zero, *named, section.header_span, resampled), command


def _frame(c: Checker, expr: ast.Expr | None) -> Frame | None:
    """Returns the frame of a command header, the world when it names none."""
    from ksim_spec.language.expressions import c_frame

    return frames.WORLD if expr is None else c_frame(c, expr)


def _field(
    c: Checker,
    stmt: ast.Assign,
    command: str,
    name: str,
    frame: Frame | None,
    fields: list[CommandField],
    leaves: list[tuple[str, Value]],
) -> None:
    attributes(c, stmt.attrs, BLOCK.takes, "a command field")
    if (earlier := next((f.span for f in fields if f.name == name), None)) is not None:
        c.report(
            rules.DUPLICATE_NAME,
            stmt.target.span,
            f"`{name}` is already a field of `{command}`",
            related=(Label(earlier, "first given here"),),
            help="rename one of the two",
        )
        return
    if refuse_pair(c, stmt.value, "a command field"):
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    c.draws = c.drawing(f"command.{command}.{name}", "command", f"command.{command}.{name}")
    value = c.value(stmt.value)
    c.draws = None
    checked = need_scalar(c, value, stmt.value.span, COMMAND_FIELD)
    if checked is None:
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    if not known_here(c, checked.node, DRAWN, stmt.value.span, "a command field"):
        leaves.append((name, Value(const(0.0), zero=True)))
        return
    fields.append(CommandField(name, checked.node, str(checked.dim), stmt.span))
    leaf = make("command", command=command, field=name, dtype=checked.node.dtype, shape=())
    if name == "z" and frame is not None and frame.shares_z:
        frame = frames.WORLD
    leaves.append((name, Value(leaf, dim=checked.dim, frame=frame if name in ("x", "y", "z") else None)))


def _resample(c: Checker, stmt: ast.Clause, name: str) -> Node | None:
    attrs = attributes(c, stmt.attrs, BLOCK.lines["resample"].takes, "`resample`")
    every = attrs.expr("every")
    if every is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`resample` needs an interval",
            help="for example `resample every 4 s .. 8 s`",
        )
        return None
    return drawn_interval(c, every, TIME, f"command.{name}.resample", "command", "the interval", f"command.{name}")


def _zero(c: Checker, stmt: ast.Clause, name: str) -> Node | None:
    attrs = attributes(c, stmt.attrs, BLOCK.lines["zero"].takes, "`zero`")
    expr = attrs.expr("probability")
    if expr is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`zero` needs a probability",
            help="for example `zero with probability 10 %`",
        )
        return None
    p = c.scalar(expr, NUMBER, "a probability", PROBABILITY)
    if p is None:
        return None
    key, owner = f"command.{name}.zero", f"command.{name}"
    param = c.param(key, algebra.number(p), "probability", owner, expr.span).node
    u = sample(c.drawing(key, "command", owner), "uniform", ())
    return make("lt", u, param)


def _declare(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    """Declares every command; each is checked at its first use, or when its turn comes."""
    for section in sections:
        if section.name is not None and not section.broken:
            check = cache(partial(_checked, c, section, section.name))
            c.declare(section.name, "command", partial(_meant, check), section)
            parts.pending.append(partial(_turn, c, section.name, check))


def _checked(c: Checker, section: ast.Section, name: str) -> tuple[CommandBlock, Command] | None:
    with c.apart():
        return check_command(c, section, name)


def _meant(check: Callable[[], tuple[CommandBlock, Command] | None]) -> Thing:
    found = check()
    return UNKNOWN if found is None else found[1]


def _turn(c: Checker, name: str, check: Callable[[], tuple[CommandBlock, Command] | None]) -> CommandBlock | None:
    c.scope.lookup(name)  # by its name, so that one that needs itself is seen
    found = check()
    return None if found is None else found[0]


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.commands = [found for turn in parts.pending if (found := turn()) is not None]


def _declares(program: Program) -> Iterator[Row]:
    for c in program.commands:
        for f in c.fields:
            yield Row("field", f"command.{c.name}.{f.name}", f.span, {"": f.value})
        yield Row("command", f"command.{c.name}", c.span, {"resample": c.interval, "zero": c.zero})


BLOCK = Block(
    "command",
    "what the policy is told to do; all fields are drawn together",
    takes={},
    header={"in": "the frame that the command's vectors belong to"},
    lines={
        "resample": Line(
            "how often the fields are drawn again",
            {"every": Word("the time from one to the next: a number, or a range that it is drawn from", INTERVAL)},
            once=True,
        ),
        "zero": Line(
            "how often all fields are zero at once",
            {"probability": Word("the chance, at each draw", PROBABILITY)},
            once=True,
        ),
    },
    one="a command",
    name="needed",
    example="velocity",
    declare=_declare,
    check=_read,
    declares=_declares,
)
