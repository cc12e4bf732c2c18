"""Random draws: each is a standard sample of a named stream, shaped by runtime parameters.

A stream is keyed by the qualified name of the declaration that draws, so adding a draw never changes another. A draw
fills the axes of what it is assigned to, element by element, unless it says `shared`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra
from ksim_spec.language.params import Role
from ksim_spec.language.ranges import NOT_NEGATIVE, POSITIVE, PROBABILITY, Range, fits, noted, ordered
from ksim_spec.language.scope import DrawContext, Thing
from ksim_spec.language.types import UNKNOWN, XYZ, Axis, Unknown, Value
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker

SIGNATURES = {
    "uniform": "uniform(low, high), or uniform(a) for -a … a",
    "log_uniform": "log_uniform(low, high): uniform in the logarithm",
    "normal": "normal(sd), or normal(mean, sd)",
    "truncated_normal": "truncated_normal(sd, limit): a normal redrawn within ±limit",
    "disc": "disc(radius): a horizontal vector, uniform over the disc",
    "sphere": "sphere(radius): a vector, uniform over the ball",
    "bernoulli": "bernoulli(p): true with probability p",
    "choice": "choice(a, b, …): each as likely",
}


def sample(context: DrawContext, kind: str, shape: tuple[int, ...]) -> Node:
    """Returns a standard sample leaf: uniform in [0, 1) or standard normal, of the context's next stream."""
    return make("sample", stream=context.next_stream(), kind=kind, scope=context.scope, dtype="float", shape=shape)


def draw(c: Checker, e: ast.Call) -> Thing:
    """Returns the drawn value of a distribution call; reports a draw where none is allowed."""
    assert isinstance(e.func, ast.Name)
    name = e.func.id
    context = c.draws
    if context is None:
        c.report(
            rules.DRAW_NOT_ALLOWED,
            e.span,
            f"`{name}` draws a random value, which has no meaning here",
            help="draws belong in commands, noise, resets, events, and randomization",
        )
        return UNKNOWN
    args: list[Value] = []
    for arg in e.args:
        value = c.value(arg.value)
        if isinstance(value, Unknown):
            return UNKNOWN
        if arg.name or arg.where or arg.over or arg.binder:
            c.report(rules.WRONG_ARGUMENTS, arg.span, f"`{name}` takes plain arguments", help=SIGNATURES[name])
            return UNKNOWN
        args.append(value)
    wanted = DISTRIBUTIONS[name][0]
    if len(args) not in wanted:
        c.report(
            rules.WRONG_ARGUMENTS,
            e.span,
            f"`{name}` takes {_count_text(wanted)}",
            help=SIGNATURES[name],
        )
        return UNKNOWN
    drawn, roles = context.next_draw(name), _roles(name, len(args))
    if not _arguments_fit(c, e, name, roles, args):
        return UNKNOWN
    shaped = [
        c.param(f"{drawn.name}.{i}", value, role, context.owner, arg.value.span, drawn)
        for i, (value, role, arg) in enumerate(zip(args, roles, e.args, strict=True))
    ]
    return c.guard(e.span, lambda: DISTRIBUTIONS[name][1](context, shaped))


_ROLES: dict[str, tuple[Role, ...]] = {
    "uniform": ("low", "high"), "log_uniform": ("low", "high"), "normal": ("mean", "spread"),
    "truncated_normal": ("spread", "limit"), "disc": ("radius",), "sphere": ("radius",), "bernoulli": ("probability",),
}  # fmt: skip
_ALONE: dict[str, Role] = {"uniform": "half_width", "normal": "spread"}  # with one argument
_RANGES: dict[str, dict[Role, Range]] = {
    "uniform": {"half_width": NOT_NEGATIVE, "high": Range(above="low")},
    "log_uniform": {"low": POSITIVE, "high": Range(above="low")},
    "normal": {"spread": NOT_NEGATIVE},
    "truncated_normal": {"spread": POSITIVE, "limit": POSITIVE},
    "disc": {"radius": NOT_NEGATIVE},
    "sphere": {"radius": NOT_NEGATIVE},
    "bernoulli": {"probability": PROBABILITY},
}
_CALLED: Mapping[Role, str] = {"half_width": "a", "low": "low", "high": "high", "spread": "sd", "probability": "p"}


def _arguments_fit(c: Checker, e: ast.Call, name: str, roles: tuple[Role, ...], args: list[Value]) -> bool:
    """Reports and returns False when an argument is outside of the range that the row of its draw gives it."""
    good, by_role = True, dict(zip(roles, args, strict=True))
    for role, value, arg in zip(roles, args, e.args, strict=True):
        range = _RANGES.get(name, {}).get(role)
        if range is None:
            continue
        if range.above:
            good &= ordered(c, by_role["low"], value, e, f"the range of `{name}`")
        good &= fits(c, value, range, arg.value, f"`{_CALLED.get(role, role)}` of `{name}`")
    return good


def takes(name: str) -> str:
    """Returns what numbers the arguments of a draw are, in words; empty for any."""
    return noted({_CALLED.get(role, role): range for role, range in _RANGES.get(name, {}).items()})


def _roles(name: str, count: int) -> tuple[Role, ...]:
    """What each of so many arguments of a distribution is."""
    if name == "choice":
        return ("choice",) * count
    return (_ALONE[name],) if count == 1 and name in _ALONE else _ROLES[name]


def _count_text(wanted: tuple[int, ...]) -> str:
    if len(wanted) > 2:
        return f"{wanted[0]} to {wanted[-1]} arguments"
    return f"{' or '.join(map(str, wanted))} argument{'' if wanted == (1,) else 's'}"


def _axes(context: DrawContext) -> tuple[Axis, ...]:
    return () if context.shared else context.axes


def _lead(axes: tuple[Axis, ...]) -> tuple[int, ...]:
    return tuple(a.size for a in axes)


def _uniform_sample(context: DrawContext) -> Value:
    axes = _axes(context)
    return Value(sample(context, "uniform", _lead(axes)), axes)


def _normal_sample(context: DrawContext) -> Value:
    axes = _axes(context)
    return Value(sample(context, "normal", _lead(axes)), axes)


def _uniform(context: DrawContext, args: list[Value]) -> Value:
    low, high = (algebra.negate(args[0]), args[0]) if len(args) == 1 else args
    algebra.same_dim(low, high, "draw between")
    width = algebra.add(high, low, "sub")
    return algebra.add(low.but(frame=None), algebra.multiply(_uniform_sample(context), width))


def _log_uniform(context: DrawContext, args: list[Value]) -> Value:
    low, high = args
    dim = algebra.same_dim(low, high, "draw between")
    ratio = make("log", make("div", high.node, low.node))
    u = _uniform_sample(context)
    node = make("mul", low.node, make("exp", make("mul", u.node, ratio)))
    return Value(node, u.axes, dim)


def _normal(context: DrawContext, args: list[Value]) -> Value:
    mean, sd = (None, args[0]) if len(args) == 1 else args
    spread = algebra.multiply(_normal_sample(context), sd)
    return spread if mean is None else algebra.add(mean, spread)


def _truncated_normal(context: DrawContext, args: list[Value]) -> Value:
    # Inverse-free: a standard normal truncated at ±limit/sd is drawn by the sampler itself, from a uniform sample.
    sd, limit = args
    algebra.same_dim(sd, limit, "compare")
    axes = _axes(context)
    u = make(
        "sample", stream=context.next_stream(), kind="uniform", scope=context.scope, dtype="float", shape=_lead(axes)
    )
    bound = make("div", limit.node, sd.node)
    node = make("mul", sd.node, make("truncated_normal", u, bound))
    return Value(node, axes, sd.dim)


def _disc(context: DrawContext, args: list[Value]) -> Value:
    u = sample(context, "uniform", (2,))
    radius = make("mul", args[0].node, make("sqrt", make("take", u, axis=0, indices=0)))
    angle = make("mul", const(2 * math.pi), make("take", u, axis=0, indices=1))
    node = make("stack", make("mul", radius, make("cos", angle)), make("mul", radius, make("sin", angle)))
    return Value(node, (Axis("xyz", ("x", "y")),), args[0].dim, "vector", None)


def _sphere(context: DrawContext, args: list[Value]) -> Value:
    n = sample(context, "normal", (3,))
    u = sample(context, "uniform", ())
    length = make(
        "mul", args[0].node, make("exp", make("mul", make("log", make("maximum", u, const(1e-12))), const(1 / 3)))
    )
    scale = make("div", length, make("maximum", make("norm", n, axis=0), const(1e-9)))
    return Value(make("mul", n, scale), (XYZ,), args[0].dim, "vector", None)


def _bernoulli(context: DrawContext, args: list[Value]) -> Value:
    if not args[0].dim.same(NUMBER):
        raise algebra.TypeProblem(
            rules.UNIT_MISMATCH, "a probability is a plain number or a percentage", help="for example `10 %`"
        )
    return algebra.compare("lt", _uniform_sample(context), args[0])


def _choice(context: DrawContext, args: list[Value]) -> Value:
    u = _uniform_sample(context)
    picked = args[-1]
    for i in range(len(args) - 2, -1, -1):
        below = algebra.compare("lt", u, algebra.number((i + 1) / len(args)))
        picked = algebra.choose(below, args[i], picked)
    return picked


Build = Callable[[DrawContext, list[Value]], Value]
DISTRIBUTIONS: dict[str, tuple[tuple[int, ...], Build]] = {
    "uniform": ((1, 2), _uniform),
    "log_uniform": ((2,), _log_uniform),
    "normal": ((1, 2), _normal),
    "truncated_normal": ((2,), _truncated_normal),
    "disc": ((1,), _disc),
    "sphere": ((1,), _sphere),
    "bernoulli": ((1,), _bernoulli),
    "choice": (tuple(range(2, 17)), _choice),
}
