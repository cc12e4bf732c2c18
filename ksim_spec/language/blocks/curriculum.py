"""Block `curriculum`: numbers that move during training."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ksim_spec import rules
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import make
from ksim_spec.language.blocks.attributes import (
    ALWAYS,
    attributes,
    known_here,
    need_scalar,
)
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Level, Program
from ksim_spec.language.ranges import INF, POSITIVE, Range, Word
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import Value
from ksim_spec.syntax import ast
from ksim_spec.units import (
    NUMBER,
    TIME,
    Dim,
)

# Means over the episodes that finished in an update; the trainer computes each under the same name.
STATS: dict[str, Dim] = {
    "episode_time": TIME,
    "episode_return": NUMBER,
    "fail": NUMBER,
    "success": NUMBER,
    "env_states": NUMBER,
}


def declare_levels(c: Checker, sections: list[ast.Section]) -> list[tuple[ast.Entry, Value]]:
    """Declares the levels, so that any number may use them; `check_levels` reads the rest."""
    found: list[tuple[ast.Entry, Value]] = []
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.Entry):
            value = Value(make("level", name=stmt.name, dtype="float", shape=()))
            ends = [_written(a.values[0]) for w in ("from", "to") for a in stmt.attrs if a.word == w and a.values]
            if ends and ends[0] is not None:
                value = value.but(dim=ends[0][1])
            if len(known := [end[0] for end in ends if end is not None]) == 2:
                c.levels[stmt.name] = (known[0], known[1])
            c.declare(stmt.name, "curriculum level", _always(value), stmt)
            found.append((stmt, value))
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a curriculum holds levels",
                help="for example `push from 0 to 1 by 0.05 when mean(episode_time) > 10 s`",
            )
    return found


def _written(expr: ast.Expr) -> tuple[float, Dim] | None:
    """The number (SI) and unit of a literal, before anything is checked: what uses a level may stand above it."""
    if isinstance(expr, ast.Unary) and expr.op in ("+", "-"):
        inner = _written(expr.value)
        return inner and (-inner[0] if expr.op == "-" else inner[0], inner[1])
    return (expr.si, expr.unit.dim) if isinstance(expr, ast.Quantity) else None


def _always(value: Value) -> Callable[[], Thing]:
    return lambda: value


def _duration(c: Checker, expr: ast.Expr, per_update: int) -> float | None:
    """Returns a duration in env_states; `updates` count as the env_states of that many updates."""
    count = expr.unit.text if isinstance(expr, ast.Quantity) else ""
    if count not in ("env_states", "updates"):
        help = "for example `duration 4e6 env_states`"
        c.report(rules.NOT_A_LITERAL, expr.span, "the duration of a level is in env_states or updates", help=help)
        return None
    with c.counting("env_states", "updates"):
        number = c.scalar(expr, NUMBER, "the duration of a level", POSITIVE)
    return None if number is None else number * (per_update if count == "updates" else 1)


def check_levels(c: Checker, levels: list[tuple[ast.Entry, Value]], per_update: int) -> list[Level]:
    """Returns the levels: ends, step, and what moves them; `per_update` is the env_states of one update."""
    out: list[Level] = []
    for stmt, value in levels:
        attrs = attributes(c, stmt.attrs, BLOCK.takes, "a level")
        first, last = attrs.expr("from"), attrs.expr("to")
        if first is None or last is None:
            c.report(
                rules.WRONG_ARGUMENTS,
                stmt.span,
                f"the level `{stmt.name}` needs `from` and `to`",
                help="for example `from 0 to 1`",
            )
            continue
        start = c.scalar(first, value.dim, "the start of a level")
        end = c.scalar(last, value.dim, "the end of a level")
        if start is None or end is None:
            continue
        by, when, over = attrs.expr("by"), attrs.expr("when"), attrs.expr("duration")
        if over is not None and (by is not None or when is not None):
            c.report(
                rules.UNKNOWN_ATTRIBUTE,
                attrs.found["duration"].span,
                f"the level `{stmt.name}` moves by steps and over a duration at once",
                help="keep `by … when …`, or `duration …`",
            )
            continue
        if over is not None:
            states = _duration(c, over, per_update)
            if states is not None:
                out.append(Level(stmt.name, start, end, None, None, states, stmt.span))
            continue
        if by is None or when is None:
            c.report(
                rules.WRONG_ARGUMENTS,
                stmt.span,
                f"the level `{stmt.name}` needs `by … when …`, or `duration … env_states`",
                help="for example `by 0.05 when mean(episode_time) > 10 s`, or `duration 4e6 env_states`",
            )
            continue
        step = c.scalar(by, value.dim, "the step of a level", _steps(by, end - start))
        condition = _stat_condition(c, when)
        if step is not None and condition is not None:
            out.append(Level(stmt.name, start, end, step, condition, None, stmt.span))
    return out


def _steps(expr: ast.Expr, way: float) -> Range:
    """The steps that bring a level from its start to its end, `way` from there; a sign must be that of the way."""
    written, most = _written(expr), abs(way) or INF
    backwards = way < 0 and written is not None and written[0] < 0
    return Range(-most, 0, open_high=True) if backwards else Range(0, most, open_low=True)


def _stat_condition(c: Checker, expr: ast.Expr) -> Node | None:
    """A condition on the statistics of the episodes finished in an update: `mean(episode_time) > 10 s`."""
    frame = {name: Value(make("stat", name=name, dtype="float", shape=()), dim=dim) for name, dim in STATS.items()}
    with c.scope.local({**frame}), c.counting("env_states", "episodes"):
        stripped = _without_mean(expr)
        value = c.value(stripped)
    checked = need_scalar(c, value, expr.span, "a condition")
    if checked is None:
        return None
    if not checked.is_bool:
        c.report(
            rules.NOT_A_CONDITION,
            expr.span,
            f"`when` needs true or false, and this is {checked.describe()}",
            help="compare it with something",
        )
        return None
    return checked.node if known_here(c, checked.node, ALWAYS | {"stat"}, expr.span, "a level") else None


def _without_mean(expr: ast.Expr) -> ast.Expr:
    """`mean(stat)` is the statistic itself, which is already a mean over the finished episodes."""
    from dataclasses import replace

    if (
        isinstance(expr, ast.Call)
        and isinstance(expr.func, ast.Name)
        and expr.func.id == "mean"
        and len(expr.args) == 1
    ):
        inner = expr.args[0].value
        if isinstance(inner, ast.Name) and inner.id in STATS:
            return inner
    if isinstance(expr, ast.Binary):
        return replace(expr, left=_without_mean(expr.left), right=_without_mean(expr.right))
    return expr


def _declare(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.written_levels = declare_levels(c, sections)


def _finish(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.levels = check_levels(c, parts.written_levels, parts.train.num_env_states)


def _declares(program: Program) -> Iterator[Row]:
    for v in program.levels:
        yield Row("level", f"curriculum.{v.name}", v.span, {"when": v.when})


BLOCK = Block(
    "curriculum",
    "numbers that move during training",
    takes={
        "from": "the value at the start",
        "to": "the value at the end",
        "by": "the step, each time the condition holds",
        "when": "the condition",
        "duration": Word("goes from one end to the other over so many EnvStates", POSITIVE),
    },
    declare=_declare,
    finish=_finish,
    declares=_declares,
)
