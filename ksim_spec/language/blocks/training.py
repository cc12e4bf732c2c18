"""Blocks `policy`, `train` and `check`: networks, the trainer's settings, and what a trained policy must achieve."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ksim_spec import rules
from ksim_spec.diagnostics import Edit, Fix, listed, suggest
from ksim_spec.language import algebra
from ksim_spec.language.blocks.attributes import LINE_TAKES, attributes
from ksim_spec.language.blocks.flow import c_text
from ksim_spec.language.checker import Checker
from ksim_spec.language.expressions import COMPARISONS
from ksim_spec.language.program import Check, ObservationGroup
from ksim_spec.language.types import Unknown, Value
from ksim_spec.settings import NETWORKS, BatchProblem, NetworkSettings, PolicyConfig, TrainConfig, validate_batch
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, TIME, Dim

# policy and train: plain settings for a pydantic model ---------------------------------------------------------------


def _plain(c: Checker, expr: ast.Expr, field: Any) -> Any:
    """Returns a setting as a plain Python value; numbers with units become SI."""
    if isinstance(expr, ast.Name):
        return None if expr.id == "none" else expr.id
    if isinstance(expr, ast.String | ast.Bool):
        return expr.value
    value = c.value(expr)
    if isinstance(value, Unknown):
        return _FAILED
    if value.node.op not in ("const", "neg") or value.axes:
        c.report(rules.NOT_A_LITERAL, expr.span, "a setting must be a literal", help="write the value itself")
        return _FAILED
    if value.is_bool:
        return bool(value.node.attr("value"))
    number = c.scalar(expr, NUMBER, "a setting")
    if number is None:
        return _FAILED
    # Pydantic would take 1024.0 for an int in lax mode, but 20e6 should read as a whole number too.
    return int(number) if float(number).is_integer() and _wants_int(field) else number


_FAILED = object()


def _wants_int(field: Any) -> bool:
    return field is not None and (field.annotation is int or int in get_args(field.annotation))


def _wants_other(value: Any, field: Any) -> str:
    """Returns what a setting must be where pydantic would read something else as it: a word, or true for 1."""
    wanted = get_args(field.annotation) or (field.annotation,)
    if bool in wanted:
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(value, str | bool) and (int in wanted or float in wanted):
        return "a whole number" if int in wanted else "a number"
    return ""


def check_train(c: Checker, section: ast.Section | None, complete: bool = True) -> tuple[TrainConfig, dict[str, Span]]:
    """Returns the trainer's settings and where each was written; impossible batch sizes list the nearest valid ones.

    A profile may leave sizes that cannot be trained (`num_envs = 1` to play): then `complete` is false, and only
    training itself checks them.
    """
    settings: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    if section is not None and not section.broken and section.name not in (None, "ppo"):
        c.report(
            rules.UNKNOWN_ALGORITHM,
            section.name_span,
            f"there is no algorithm `{section.name}`",
            help="use `train ppo {`",
        )
    before = len(c.out.items)
    for stmt in section.body if section else ():
        _setting(c, stmt, TrainConfig, settings, spans, "train")
    config = _validated(c, TrainConfig, settings, spans) or TrainConfig()
    # With a setting that was not understood, its default stands in for it: sizes that do not fit then say nothing.
    for problem in validate_batch(config) if complete and len(c.out.items) == before else ():
        at = next((spans[f] for f in problem.fields if f in spans), section.header_span if section else NOWHERE)
        c.report(rules.IMPOSSIBLE_BATCH, at, problem.message, help=problem.help, fix=_nearest(problem, spans))
    return config, spans


def _nearest(problem: BatchProblem, spans: dict[str, Span]) -> Fix | None:
    """Returns the change to the nearest sizes that fit, where they are written in the spec."""
    change = next(iter(problem.alternatives), {})
    if not change or any(name not in spans for name in change):
        return None
    title = " and ".join(f"`{name} = {number}`" for name, number in change.items())
    return Fix(f"use {title}", tuple(Edit(spans[name], str(number)) for name, number in change.items()))


def _setting(
    c: Checker,
    stmt: ast.Stmt | ast.Section,
    model: type[BaseModel],
    out: dict[str, Any],
    spans: dict[str, Span],
    where: str,
) -> None:
    if isinstance(stmt, ast.ErrorStmt):
        return
    if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name):
        c.report(rules.MISPLACED_STATEMENT, stmt.span, f"a {where} block holds settings", help="write `name = value`")
        return
    name = stmt.target.id
    attributes(c, stmt.attrs, LINE_TAKES["train"], "a setting")
    if name not in model.model_fields:
        c.report(
            rules.UNKNOWN_SETTING,
            stmt.target.span,
            f"`{where}` has no setting `{name}`",
            help=suggest(name, model.model_fields, "settings"),
        )
        return
    field = model.model_fields[name]
    value = _plain(c, stmt.value, field)
    if wanted := "" if value is _FAILED else _wants_other(value, field):
        c.report(rules.BAD_SETTING, stmt.value.span, f"`{name}` must be {wanted}")
    elif value is not _FAILED:
        out[name], spans[name] = value, stmt.value.span


def _validated(c: Checker, model: type[Any], settings: dict[str, Any], spans: dict[str, Span]) -> Any:
    try:
        return model(**settings)
    except ValidationError as error:
        for detail in error.errors():
            name = str(detail["loc"][0]) if detail["loc"] else ""
            c.report(
                rules.BAD_SETTING,
                spans.get(name, next(iter(spans.values()), NOWHERE)),
                setting_message(name, detail),
            )
        return None


def setting_message(name: str, detail: Any) -> str:
    """Returns our own words for a pydantic error of one setting."""
    kind, ctx = detail["type"], detail.get("ctx", {})
    bounds = {
        "greater_than": ("gt", "greater than"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "less than"),
        "less_than_equal": ("le", "at most"),
    }
    if kind in bounds:
        key, words = bounds[kind]
        return f"`{name}` must be {words} {ctx[key]:g}"
    if kind in ("int_parsing", "int_from_float", "int_type"):
        return f"`{name}` must be a whole number"
    if kind in ("float_parsing", "float_type"):
        return f"`{name}` must be a number"
    if kind == "finite_number":
        return f"`{name}` must be a finite number"
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(ctx.get("expected", "")))
        return f"`{name}` must be {listed(options)}"
    if kind in ("bool_parsing", "bool_type"):
        return f"`{name}` must be true or false"
    if kind == "value_error":
        return str(ctx.get("error", "")) or f"`{name}` is not valid"
    return f"`{name}` is not valid"


def check_policy(
    c: Checker, section: ast.Section | None, groups: tuple[ObservationGroup, ...], mirrored: bool
) -> tuple[PolicyConfig, str]:
    """Returns the networks and the observation group of the critic (`critic` when there is one).

    `mirrored` says that the robot block has `mirror` pairs.
    """
    settings: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    names = [g.name for g in groups]
    critic = "critic" if "critic" in names else "actor"
    for stmt in section.body if section else ():
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id in ("actor", "critic"):
            attrs = attributes(c, stmt.attrs, LINE_TAKES["policy"], "a network")
            network = _network(c, stmt)
            if network is not None:
                settings[stmt.target.id], spans[stmt.target.id] = network, stmt.value.span
            seen = attrs.word("observes")
            if seen is not None and seen not in names and c.lost.groups:
                continue
            if seen is not None and seen not in names:
                c.report(
                    rules.UNKNOWN_NAME,
                    stmt.span,
                    f"there is no observation group `{seen}`",
                    help=suggest(seen, names, "groups"),
                )
            elif seen is not None and stmt.target.id == "critic":
                critic = seen
            elif seen is not None and seen != "actor":
                help = "leave `observes` out: the actor sees the group `actor`"
                c.report(rules.ACTOR_GROUP, stmt.span, f"the actor cannot observe the group `{seen}`", help=help)
        else:
            _setting(c, stmt, PolicyConfig, settings, spans, "policy")
    if settings.get("symmetric") is True and not mirrored and not c.robot.incomplete:
        c.report(
            rules.NO_MIRROR,
            spans["symmetric"],
            "a symmetric policy needs to know which names are mirror images",
            help='name the pairs in the robot block: `mirror "left_*" <-> "right_*"`',
        )
    return _validated(c, PolicyConfig, settings, spans) or PolicyConfig(), critic


def _network(c: Checker, stmt: ast.Assign) -> NetworkSettings | None:
    call = stmt.value
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in NETWORKS):
        kinds = " or ".join(f"`{kind}(…)`" for kind in NETWORKS)
        c.report(rules.WRONG_ARGUMENTS, call.span, f"a network is {kinds}", help="for example `mlp(256, 128)`")
        return None
    sizes = [c.scalar(a.value, NUMBER, "a layer size") for a in call.args]
    if any(s is None for s in sizes):
        return None
    bad = next((a for a, s in zip(call.args, sizes, strict=True) if s is not None and (s != int(s) or s < 1)), None)
    if bad is not None:
        c.report(
            rules.BAD_SETTING,
            bad.span,
            "a layer size is a whole number of at least 1",
            help="for example `mlp(256, 128)`",
        )
        return None
    return NETWORKS[call.func.id](kind=call.func.id, hidden=tuple(int(s) for s in sizes if s is not None))


# check ---------------------------------------------------------------------------------------------------------------

STATISTICS = ("rms", "mean", "max", "min", "share", "survived")


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
    return [Check(c_text(c, stmt.args[0]), "always", "share", value.node, None, ">=", 1.0, "1", span=stmt.span)]


def _comparison(c: Checker, expr: ast.Expr) -> list[Check]:
    if isinstance(expr, ast.Binary) and expr.op in COMPARISONS and isinstance(expr.left, ast.Call):
        return _one(c, expr, expr.left, expr.op, expr.right)
    if isinstance(expr, ast.Member) and isinstance(expr.value, ast.Call) and isinstance(expr.options, ast.Range):
        return _one(c, expr, expr.value, ">=", expr.options.low) + _one(c, expr, expr.value, "<=", expr.options.high)
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
    text = f"{c_text(c, call)} {op} {c_text(c, bound_expr)}"
    if name == "survived":
        seconds = c.scalar(call.args[0].value, TIME, "`survived`")
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
