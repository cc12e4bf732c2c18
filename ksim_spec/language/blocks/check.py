"""Block `check`: what a trained policy must achieve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.diagnostics import suggest
from ksim_spec.language import algebra
from ksim_spec.language.blocks.attributes import as_written
from ksim_spec.language.blocks.registry import Block, Line, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.expressions import COMPARISONS
from ksim_spec.language.program import Check, Program
from ksim_spec.language.ranges import DURATION
from ksim_spec.language.types import Unknown, Value
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, TIME, Dim

STATISTICS = {
    "rms": "square root of the mean squared length of a value",
    "mean": "mean of a number",
    "max": "largest number seen",
    "min": "smallest number seen",
    "share": "fraction of steps at which a condition holds",
    "survived": "`survived(20 s)`: fraction of episodes that reach that time, or end in success",
}


def check_checks(c: Checker, sections: list[ast.Section]) -> list[Check]:
    """Returns the lines of the check block: statistics over every step of every evaluation episode, with bounds."""
    checks: list[Check] = []
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if isinstance(stmt, ast.Clause) and stmt.word == "always" and stmt.args:
            value = c.value(stmt.args[0])
            if isinstance(value, Value):
                checks += _always(c, stmt, value)
        elif isinstance(stmt, ast.ExprStmt):
            checks += _comparison(c, stmt.value)
        else:
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a check is `always …` or a comparison of a statistic",
                help="for example `rms(v.xy - velocity.xy) < 0.2 m/s`",
            )
    return checks


def _always(c: Checker, stmt: ast.Clause, value: Value) -> list[Check]:
    if not value.is_bool or value.axes:
        c.report(
            rules.NOT_A_CONDITION,
            stmt.span,
            f"`always` needs one condition, and this is {value.describe()}",
            help="compare it with something",
        )
        return []
    return [Check(as_written(c, stmt.args[0]), "always", "share", value.node, None, ">=", 1.0, "1", span=stmt.span)]


def _comparison(c: Checker, expr: ast.Expr) -> list[Check]:
    if isinstance(expr, ast.Binary) and expr.op in COMPARISONS and isinstance(expr.left, ast.Call):
        return _one(c, expr, expr.left, expr.op, expr.right)
    if isinstance(expr, ast.Member) and isinstance(expr.value, ast.Call) and isinstance(expr.options, ast.Range):
        found = _one(c, expr, expr.value, ">=", expr.options.low) + _one(c, expr, expr.value, "<=", expr.options.high)
        if len(found) == 2 and found[0].bound > found[1].bound:
            help = "write the smaller value first"
            c.report(rules.EMPTY_RANGE, expr.options.span, "the range ends below its start", help=help)
        return found
    c.report(
        rules.NOT_A_CHECK,
        expr.span,
        "a check compares a statistic with a bound",
        help=f"statistics: {', '.join(STATISTICS)}",
    )
    return []


def _one(c: Checker, expr: ast.Expr, call: ast.Call, op: str, bound_expr: ast.Expr) -> list[Check]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in STATISTICS or not call.args:
        c.report(
            rules.NOT_A_CHECK,
            call.span,
            f"`{name}` is not a statistic of an evaluation",
            help=suggest(name, STATISTICS, "statistics"),
        )
        return []
    text = f"{as_written(c, call)} {op} {as_written(c, bound_expr)}"
    if name == "survived":
        seconds = c.scalar(call.args[0].value, TIME, "`survived`", replace(DURATION, due=True))
        bound = c.scalar(bound_expr, NUMBER, "a share")
        if seconds is None or bound is None:
            return []
        return [Check(text, "compare", "survived", None, None, op, bound, "1", seconds, expr.span)]
    arg = call.args[0]
    value = c.value(arg.value)
    where = c.value(arg.where) if arg.where is not None else None
    if isinstance(value, Unknown) or isinstance(where, Unknown):
        return []
    prepared = c.guard(call.span, lambda: _statistic_value(name, value))
    if isinstance(prepared, Unknown):
        return []
    wanted: Dim = NUMBER if name == "share" else prepared.dim
    bound = c.scalar(bound_expr, wanted, "the bound")
    if bound is None:
        return []
    if where is not None:
        try:
            axes = algebra.common_axes([prepared, where])
        except algebra.TypeProblem as problem:
            c.report(problem.rule, call.span, problem.message, help=problem.help)
            return []
        prepared = prepared.but(node=algebra.expanded(prepared, axes))
        where = where.but(node=algebra.expanded(where, axes))
    masked = where.node if where is not None else None
    return [Check(text, "compare", name, prepared.node, masked, op, bound, str(wanted), span=expr.span)]


def _statistic_value(name: str, value: Value) -> Value:
    """What is collected each step: the squared length for rms, the value itself otherwise."""
    if name == "rms":
        return algebra.squared_length(value).but(dim=value.dim)
    if name == "share":
        if not value.is_bool:
            raise algebra.TypeProblem(
                rules.NOT_A_CONDITION,
                f"`share` needs true or false, and this is {value.describe()}",
                help="compare it with something",
            )
        return value
    if value.is_bool:
        raise algebra.TypeProblem(rules.BOOL_AS_NUMBER, f"`{name}` needs a number", help="use `share`")
    return value


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.checks = check_checks(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    for i, check in enumerate(program.checks):
        yield Row("check", f"check.{i}", check.span, {"": check.value, "where": check.where})


BLOCK = Block(
    "check",
    "what a trained policy must achieve; `ksim eval` judges it",
    lines={"always": Line("a condition that must hold in every step")},
    one="a check",
    finish=_read,
    declares=_declares,
    outlined="rule",
)
