"""Temporal operators as they are called: each is one row of `ir/temporal_ops`, or a short composition of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.ir.clock import steps_until
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.members import need_bool
from ksim_spec.language.ranges import CUTOFF, DELAY, DURATION, HISTORY, POSITIVE, Range, arguments_fit
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import UNKNOWN, Axis, Value
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, FREQUENCY, NUMBER, TIME, in_unit

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker

Build = Callable[["Checker", list[Value]], Value]


@dataclass(frozen=True)
class Operator:
    """One row: how it is written, how it is built, and the numbers that its arguments take, where these are not any."""

    signature: str
    build: Build
    ranges: Mapping[str, Range] = field(default_factory=dict)

    @property
    def params(self) -> list[str]:
        """The names of its parameters; a trailing `?` marks an optional one."""
        return self.signature[self.signature.index("(") + 1 : -1].split(", ")


def operate(c: Checker, e: ast.Call) -> Thing:
    """Returns the value of a temporal operator; reports wrong arguments with the signature."""
    assert isinstance(e.func, ast.Name)
    name = e.func.id
    operator = OPERATORS[name]
    params = operator.params
    needed = sum(not p.endswith("?") for p in params)
    args = [c.value(a.value) for a in e.args]
    if not needed <= len(args) <= len(params) or any(a.where or a.over or a.binder for a in e.args):
        c.report(
            rules.WRONG_ARGUMENTS,
            e.span,
            f"`{name}` takes {needed} argument{'s' if needed != 1 else ''}",
            help=f"signature: `{operator.signature}`",
        )
        return UNKNOWN
    given = list(zip((p.rstrip("?") for p in params), args, e.args, strict=False))
    known = {param: value for param, value, _ in given if isinstance(value, Value)}
    good = arguments_fit(c, name, operator.ranges, known, {param: arg.value for param, _, arg in given})
    values = [a for a in args if isinstance(a, Value)]
    if not good or len(values) < len(args):
        return UNKNOWN
    return c.guard(e.span, lambda: operator.build(c, values))


def _keep(op: str, x: Value, *more: Value, **attrs: object) -> Value:
    return x.but(node=make(op, x.node, *(m.node for m in more), **attrs), literal=False)


def _prev(c: Checker, a: list[Value]) -> Value:
    return _keep("prev", a[0])


def _delta(c: Checker, a: list[Value]) -> Value:
    return algebra.add(a[0], _keep("prev", a[0]), "sub")


def _rate(c: Checker, a: list[Value]) -> Value:
    return algebra.divide(_delta(c, a), Value(const(c.control_dt), dim=TIME))


def _seconds(c: Checker, v: Value, what: str) -> float:
    if v.node.op != "const" or v.axes or not (v.dim.same(TIME) or v.zero):
        raise TypeProblem(rules.NOT_A_LITERAL, f"{what} must be a literal duration", help="for example `0.2 s`")
    return float(v.node.attr("value"))


def _steps(c: Checker, v: Value, what: str) -> int:
    if v.node.op == "const" and v.dim == NUMBER and not v.axes:
        return int(v.node.attr("value"))
    return round(_seconds(c, v, what) / c.control_dt)


def _ema(c: Checker, a: list[Value]) -> Value:
    tau = _seconds(c, a[1], "the time constant of `ema`")
    alpha = 1.0 - math.exp(-c.control_dt / tau)
    return _keep("ema", algebra.numbers_of(a[0]), Value(const(alpha)))


def _lowpass(c: Checker, a: list[Value]) -> Value:
    cutoff = a[1]
    if cutoff.node.op != "const" or not cutoff.dim.same(FREQUENCY):
        raise TypeProblem(
            rules.NOT_A_LITERAL, "the cut-off of `lowpass` must be a literal frequency", help="for example `10 Hz`"
        )
    alpha = 1.0 - math.exp(-2 * math.pi * float(cutoff.node.attr("value")) * c.control_dt)
    return _keep("ema", algebra.numbers_of(a[0]), Value(const(alpha)))


def _history(c: Checker, a: list[Value]) -> Value:
    steps = _steps(c, a[1], "the length of `history`")
    axis = Axis("past", tuple(str(i) for i in range(steps)))
    return a[0].but(node=make("history", a[0].node, steps=steps), axes=(axis, *a[0].axes))


def _delay(c: Checker, a: list[Value]) -> Value:
    steps = _steps(c, a[1], "the length of `delay`")
    if steps == 0:
        return a[0]
    kept = make("history", a[0].node, steps=steps + 1)
    return a[0].but(node=make("take", kept, axis=0, indices=steps))


def _integrate(c: Checker, a: list[Value]) -> Value:
    return _keep("integrate", algebra.numbers_of(a[0]), dt=c.control_dt).but(dim=a[0].dim * TIME)


def _slew(c: Checker, a: list[Value]) -> Value:
    x, rate = a
    if not rate.dim.same(x.dim / TIME):
        raise TypeProblem(
            rules.UNIT_MISMATCH,
            f"the rate of `slew` must be {in_unit(x.dim / TIME)}, and this is {rate.dim}",
            help=f"write it {in_unit(x.dim / TIME)}",
        )
    limit = make("mul", rate.node, const(c.control_dt))
    return _keep("slew", algebra.numbers_of(x), Value(limit))


def _rising(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`rising`")
    return a[0].but(node=make("and", a[0].node, make("not", make("prev", a[0].node))))


def _falling(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`falling`")
    return a[0].but(node=make("and", make("not", a[0].node), make("prev", a[0].node)))


def _timer(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`timer`")
    return a[0].but(node=make("timer", a[0].node, dt=c.control_dt), dim=TIME)


def _held(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`held`")
    # From the whole number of steps that `timer(p) >= duration` needs; half a step keeps rounding from adding one.
    steps = steps_until(_seconds(c, a[1], "the duration of `held`"), c.control_dt)
    limit = algebra.number((steps - 0.5) * c.control_dt, TIME)
    return algebra.compare("ge", _timer(c, a[:1]), limit)


def _recently(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`recently`")
    since = a[0].but(node=make("since", a[0].node, dt=c.control_dt), dim=TIME)
    steps = steps_until(_seconds(c, a[1], "the duration of `recently`"), c.control_dt, strictly=True)
    limit = algebra.number((steps - 0.5) * c.control_dt, TIME)
    return algebra.compare("lt", since, limit)


def _latch(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`latch`")
    return _keep("latch", a[0])


def _count(c: Checker, a: list[Value]) -> Value:
    need_bool(a[0], "`count`")
    return a[0].but(node=make("count", a[0].node), dim=NUMBER)


def _extreme(op: str) -> Build:
    def build(c: Checker, a: list[Value]) -> Value:
        need_bool(a[1], f"`{op}`")
        axes = algebra.common_axes(a)
        return algebra.numbers_of(a[0]).but(node=make(op, a[0].node, algebra.expanded(a[1], axes)))

    return build


def _phase(c: Checker, a: list[Value]) -> Value:
    if not a[0].dim.same(FREQUENCY):
        raise TypeProblem(
            rules.UNIT_MISMATCH, f"`phase` needs a frequency, and this is {a[0].dim}", help="for example `1.4 Hz`"
        )
    start = a[1] if len(a) > 1 else algebra.number(0.0)
    turns = make("phase", a[0].node, start.node, dt=c.control_dt)
    privileged = a[0].privileged or start.privileged
    return Value(make("mul", turns, const(2 * math.pi)), start.axes or a[0].axes, ANGLE, privileged=privileged)


OPERATORS: dict[str, Operator] = {
    "prev": Operator("prev(x)", _prev),
    "delta": Operator("delta(x)", _delta),
    "rate": Operator("rate(x)", _rate),
    "ema": Operator("ema(x, time_constant)", _ema, {"time_constant": replace(DURATION, due=True)}),
    "lowpass": Operator("lowpass(x, cutoff)", _lowpass, {"cutoff": CUTOFF}),
    "delay": Operator("delay(x, duration)", _delay, {"duration": DELAY}),
    "history": Operator("history(x, duration)", _history, {"duration": HISTORY}),
    "integrate": Operator("integrate(x)", _integrate),
    "slew": Operator("slew(x, rate)", _slew, {"rate": POSITIVE}),
    "rising": Operator("rising(p)", _rising),
    "falling": Operator("falling(p)", _falling),
    "timer": Operator("timer(p)", _timer),
    "held": Operator("held(p, duration)", _held, {"duration": replace(DURATION, due=True)}),
    "recently": Operator("recently(p, duration)", _recently, {"duration": Range(0, dim=TIME)}),
    "latch": Operator("latch(p)", _latch),
    "count": Operator("count(p)", _count),
    "max_since": Operator("max_since(x, p)", _extreme("max_since")),
    "min_since": Operator("min_since(x, p)", _extreme("min_since")),
    "phase": Operator("phase(frequency, start?)", _phase, {"frequency": CUTOFF}),
}
