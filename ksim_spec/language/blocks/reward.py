"""Block `reward`, with `group` and `product` inside: each term times its weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from ksim_spec import rules
from ksim_spec.diagnostics import Fix, Label, behind
from ksim_spec.ir.ops import make
from ksim_spec.language import algebra
from ksim_spec.language.blocks.attributes import as_written, attributes, clipped, need_scalar
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.declarations import Body, group_names
from ksim_spec.language.program import Program, RewardTerm, WeightMode
from ksim_spec.language.types import Unknown, Value
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import FREQUENCY, NUMBER, in_unit, rate_unit


def check_rewards(c: Checker, sections: list[ast.Section]) -> list[RewardTerm]:
    """Returns the terms in the order written. Groups multiply the weights of what they hold; products are one term."""
    terms: list[RewardTerm] = []
    names: dict[str, Span] = {}
    groups = group_names(sections)
    for section in sections:
        attributes(c, section.attrs, BLOCK.header, "a reward block")
        _terms(c, section.body, None, terms, names, groups)
    return terms


def _terms(
    c: Checker,
    body: Body,
    factor: Value | None,
    terms: list[RewardTerm],
    names: dict[str, Span],
    groups: Mapping[int, str],
) -> None:
    """Adds the terms of a block or group; `groups` are the qualified names of groups by the ids of their blocks."""
    for stmt in body:
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if isinstance(stmt, ast.Section) and stmt.keyword == "group":
            inner = _group_factor(c, stmt, factor, groups[id(stmt)])
            _terms(c, stmt.body, inner, terms, names, groups)
        elif isinstance(stmt, ast.Section) and stmt.keyword == "product":
            _add(c, _product(c, stmt, factor), terms, names)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.op == "=":
            _add(c, _term(c, stmt, stmt.target.id, factor), terms, names)
        else:
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a reward block holds terms",
                help="for example `upright = sum(square(down.xy)) weight -1.0 per s`",
            )


def _add(c: Checker, term: RewardTerm | None, terms: list[RewardTerm], names: dict[str, Span]) -> None:
    if term is None:
        return
    if term.name in names:
        c.report(
            rules.DUPLICATE_NAME,
            term.span,
            f"there is already a term `{term.name}`",
            related=(Label(names[term.name], "first given here"),),
            help="give each term its own name",
        )
        return
    names[term.name] = term.span
    terms.append(term)


def _group_factor(c: Checker, section: ast.Section, outer: Value | None, owner: str) -> Value | None:
    attrs = attributes(c, section.attrs, GROUP.header, "a group")
    expr = attrs.expr("weight") or attrs.expr("scale")
    if expr is None:
        return outer
    value = need_scalar(c, c.value(expr), expr.span, "a group's weight")
    if value is None or not c.expect_dim(value, NUMBER, expr.span, "a group's weight"):
        return outer
    value = c.param(f"{owner}.weight", value, "factor", owner, expr.span)
    return value if outer is None else algebra.multiply(outer, value)


def _term(c: Checker, stmt: ast.Assign, name: str, factor: Value | None) -> RewardTerm | None:
    checked = need_scalar(c, c.value(stmt.value), stmt.value.span, f"the reward term `{name}`")
    if checked is None:
        return None
    return _weighted(c, name, checked, stmt.attrs, factor, stmt.target.span, stmt.span)


def _product(c: Checker, section: ast.Section, factor: Value | None) -> RewardTerm | None:
    """A product of plain numbers under one weight, as dm_control's tasks have it."""
    value = algebra.number(1.0)
    for stmt in section.body:
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name):
            c.report(rules.MISPLACED_STATEMENT, stmt.span, "a product holds factors", help="write `name = value`")
            continue
        attributes(c, stmt.attrs, PRODUCT.takes, "a factor of a product")
        checked = need_scalar(c, c.value(stmt.value), stmt.value.span, f"the factor `{stmt.target.id}`")
        if checked is None or not c.expect_dim(checked, NUMBER, stmt.value.span, "a factor of a product"):
            return None
        value = checked if value.literal else algebra.multiply(value, checked)
    return _weighted(c, section.name or "product", value, section.attrs, factor, section.name_span, section.header_span)


def _weighted(
    c: Checker, name: str, value: Value, attrs: tuple[ast.Attr, ...], factor: Value | None, at: Span, span: Span
) -> RewardTerm | None:
    found = attributes(c, attrs, BLOCK.takes, "a reward term")
    expr = found.expr("weight")
    if expr is None:
        c.report(
            rules.MISSING_WEIGHT,
            at,
            f"the reward term `{name}` has no weight",
            help=f"for example `{_example(value)}`",
            fix=Fix("give it a weight", (behind(span, f"  {_example(value)}"),)),
        )
        return None
    if value.is_bool:
        value = Value(make("to_float", value.node), privileged=value.privileged)
    if (limits := found.expr("clip")) is not None:
        unclipped = value
        limited = c.guard(limits.span, lambda: clipped(c, unclipped, limits) or unclipped)
        if isinstance(limited, Unknown):
            return None
        value = limited
    weight = need_scalar(c, c.value(expr), expr.span, "a weight")
    if weight is None:
        return None
    if weight.is_bool:
        message, help = "a weight needs a number, and this is true or false", "use `if condition then a else b`"
        c.report(rules.BOOL_AS_NUMBER, expr.span, message, help=help)
        return None
    mode = _mode(c, name, value, weight, found, expr)
    if mode is None:
        return None
    weight = c.param(f"reward.{name}.weight", weight, "weight", f"reward.{name}", expr.span)
    if factor is not None:
        weight = algebra.multiply(weight, factor)
    c.declared.setdefault(id(value.node), name)
    return RewardTerm(name, value.node, weight.node, mode, str(value.dim), as_written(c, expr), span)


def _example(value: Value) -> str:
    return f"weight 1.0 {rate_unit(value.dim)}".rstrip()


_WORDS = {"event": "on event", "step": "per step"}


def _mode(c: Checker, name: str, value: Value, weight: Value, found: object, expr: ast.Expr) -> WeightMode | None:
    """What the weight means follows from the dimension of value times weight: 1/s is a rate, a number needs a word."""
    total = value.dim * weight.dim
    on, per = found.word("on"), found.word("per")  # type: ignore[attr-defined]
    word = "event" if on == "event" else "step" if per == "step" else None
    if (on is not None and on != "event") or (per is not None and per != "step"):
        c.report(
            rules.UNKNOWN_ATTRIBUTE,
            expr.span,
            "a reward term is `on event` or `per step`",
            help="write one of the two, or give the weight `per s`",
        )
        return None
    if weight.zero or total.same(FREQUENCY):
        if word is not None and not weight.zero:
            c.report(
                rules.RATE_ON_EVENT,
                expr.span,
                f"`{name}` is a rate (value times weight is per s), and also `{_WORDS[word]}`",
                help="leave out `per s` in the weight, or the words after it",
            )
            return None
        return cast(WeightMode, word or "rate")
    if total.plain:
        if word is None:
            c.report(
                rules.AMBIGUOUS_WEIGHT,
                expr.span,
                f"the weight of `{name}` does not say what time it is for",
                notes=("value times weight is a plain number",),
                help="add `per s` for a rate, or end the line with `on event` or `per step`",
                fix=Fix("make it a rate: `per s`", (behind(expr.span, " per s"),)),
            )
            return None
        return cast(WeightMode, word)
    number = weight.node.attr("value") if weight.node.op == "const" else 1.0
    example = "-1.0" if isinstance(number, float) and number < 0 else "1.0"
    unit = rate_unit(value.dim)
    wanted = "without a unit" if not unit else unit if unit.startswith("per ") else f"in {unit}"
    c.report(
        rules.UNIT_MISMATCH,
        expr.span,
        f"value times weight is {in_unit(total)}, and must be per s, or a plain number",
        notes=(f"the value of `{name}` is {in_unit(value.dim)}",),
        help=f"write the weight {wanted}, for example `{f'{example} {unit}'.rstrip()}`",
    )
    return None


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.rewards = check_rewards(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    for r in program.rewards:
        yield Row("reward", f"reward.{r.name}", r.span, {"": r.value, "weight": r.weight})


_FACTOR = "a factor on the weights inside"
_TERM = {
    "weight": "what a value of 1 adds: `per s` is multiplied by the control step, `per step` and `on event` are not",
    "on": "`on event`: the value is paid as it is, not multiplied by the control step",
    "per": "`per step`: the weight is added as it is at every control step",
    "clip": "limits a value, in its unit, before the weight: `0 .. 1`",
    "doc": "a line that says what it is for",
}
GROUP = Block(
    "group",
    "terms whose weights share a factor",
    takes=_TERM,
    header={"weight": _FACTOR, "scale": _FACTOR},
    one="a group",
    holds="term",
    name="optional",
    distinct=True,
)
PRODUCT = Block(
    "product",
    "one term, the product of plain numbers",
    takes={},
    header=_TERM,
    holds="factor",
    name="optional",
    unique=True,
)
BLOCK = Block(
    "reward",
    "what is rewarded: each term times its weight",
    takes=_TERM,
    header={},
    nested=(GROUP, PRODUCT),
    holds="term",
    needed=(rules.MISSING_REWARD, "reward { … }"),
    check=_read,
    declares=_declares,
)
