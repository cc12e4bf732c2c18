"""Temporal operators: causal, with one explicit memory each, reset when an episode starts.

A row says, for a value `x` (and more arguments), what the operator returns and stores on the first sample of an
episode and on every later one. The text forms are JAX; the NumPy forms are separate. `dt` is the control step in
seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ksim_spec.ir.intervals import elementwise as ranges
from ksim_spec.ir.intervals import temporal as over_time
from ksim_spec.ir.intervals.interval import Rule
from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import DType, Node, Shape
from ksim_spec.ir.ops import OPS, Attrs, Op, Typed, broadcast

Pair = tuple[Any, ...]  # value and memory


@dataclass(frozen=True)
class Temporal:
    """`first(*args)` and `later(memory, *args)` return (value, memory); texts are the same in JAX source."""

    name: str
    infer: Callable[[Sequence[Node], Attrs], Typed]
    memory: Callable[[Sequence[Node], Attrs], Typed]
    first: Callable[..., Pair]
    later: Callable[..., Pair]
    first_text: Callable[[Sequence[str], Attrs], tuple[str, str]]
    later_text: Callable[[str, Sequence[str], Attrs], tuple[str, str]]
    doc: str


TEMPORAL: dict[str, Temporal] = {}


def _like(dtype: DType | None = None) -> Callable[[Sequence[Node], Attrs], Typed]:
    return lambda args, attrs: (dtype or args[0].dtype, args[0].shape)


def _row(
    name: str,
    doc: str,
    first: Callable[..., Pair],
    later: Callable[..., Pair],
    first_text: tuple[str, str],
    later_text: tuple[str, str],
    interval: Rule,
    dtype: DType | None = None,
    infer: Callable[[Sequence[Node], Attrs], Typed] | None = None,
    memory: Callable[[Sequence[Node], Attrs], Typed] | None = None,
) -> None:
    rule = infer or _like(dtype)
    TEMPORAL[name] = Temporal(
        name,
        rule,
        memory or rule,
        first,
        later,
        lambda a, attrs: (first_text[0].format(*a, **attrs), first_text[1].format(*a, **attrs)),
        lambda m, a, attrs: (later_text[0].format(*a, m=m, **attrs), later_text[1].format(*a, m=m, **attrs)),
        doc,
    )
    OPS[name] = Op(name, rule, _never, lambda a, attrs: "", interval, doc=doc)


def _never(*_: Any, **__: Any) -> Any:
    raise RuntimeError("temporal operators are advanced by the evaluator")


_row(
    "prev",
    "the value one control step ago; on the first sample the value itself, so that changes start at zero",
    lambda x: (x, x),
    lambda m, x: (m, x),
    ("{0}", "{0}"),
    ("{m}", "{0}"),
    ranges.same,
)
_row(
    "ema",
    "m + alpha (x - m); starts at the first sample",
    lambda x, alpha: (x, x),
    lambda m, x, alpha: (m + alpha * (x - m),) * 2,
    ("{0}", "{0}"),
    ("({m} + {1} * ({0} - {m}))", "$value"),
    over_time.averaged,
)
_row(
    "integrate",
    "the running sum of x dt; zero on the first sample",
    lambda x, dt: (np.zeros_like(x),) * 2,
    lambda m, x, dt: (m + x * dt,) * 2,
    ("jnp.zeros_like({0})", "jnp.zeros_like({0})"),
    ("({m} + {0} * {dt!r})", "$value"),
    over_time.integrated,
)
_row(
    "slew",
    "follows x by at most `limit` a step; starts at the first sample",
    lambda x, limit: (x, x),
    lambda m, x, limit: (m + np.clip(x - m, -limit, limit),) * 2,
    ("{0}", "{0}"),
    ("({m} + jnp.clip({0} - {m}, -{1}, {1}))", "$value"),
    over_time.limited,
)
_row(
    "timer",
    "seconds for which p has been true without a break; zero on the first sample",
    lambda p, dt: (np.zeros(np.shape(p)),) * 2,
    lambda m, p, dt: (np.where(p, m + dt, 0.0),) * 2,
    ("jnp.zeros({0}.shape, jnp.float32)", "jnp.zeros({0}.shape, jnp.float32)"),
    ("jnp.where({0}, km.tick({m}, {dt!r}), 0.0)", "$value"),
    over_time.timer,
    dtype="float",
)
_row(
    "since",
    "seconds since p was last true, zero while it is; 1e6 before it ever was",
    lambda p, dt: (np.where(p, 0.0, 1e6),) * 2,
    lambda m, p, dt: (np.where(p, 0.0, m + dt),) * 2,
    ("jnp.where({0}, 0.0, 1e6)", "$value"),
    ("jnp.where({0}, 0.0, km.tick({m}, {dt!r}))", "$value"),
    over_time.since,
    dtype="float",
)
_row(
    "spell",
    "length in seconds of the spell in which p is false; on the step that p turns true the length of the spell "
    "just completed (that step included), then zero; zero on the first sample",
    lambda p, dt: (np.zeros(np.shape(p)),) * 2,
    lambda m, p, dt: (
        np.where(np.asarray(p, bool) & (m == 0), 0.0, m + dt),
        np.where(p, 0.0, m + dt),
    ),
    ("jnp.zeros({0}.shape, jnp.float32)", "jnp.zeros({0}.shape, jnp.float32)"),
    ("jnp.where({0} & ({m} == 0.0), 0.0, km.tick({m}, {dt!r}))", "jnp.where({0}, 0.0, km.tick({m}, {dt!r}))"),
    over_time.spell,
    dtype="float",
)
_row(
    "latch",
    "true from the first sample at which p is true",
    lambda p: (p, p),
    lambda m, p: (np.logical_or(m, p),) * 2,
    ("{0}", "{0}"),
    ("({m} | {0})", "$value"),
    ranges.same,
)
_row(
    "count",
    "how often p was true, the first sample included",
    lambda p: (np.asarray(p, float),) * 2,
    lambda m, p: (m + np.asarray(p, float),) * 2,
    ("{0}.astype(jnp.float32)", "$value"),
    ("({m} + {0}.astype(jnp.float32))", "$value"),
    over_time.counted,
    dtype="float",
)
_row(
    "max_since",
    "the largest x since r was last true (that sample included); starts at the first sample",
    lambda x, r: (x, x),
    lambda m, x, r: (np.where(r, x, np.maximum(m, x)),) * 2,
    ("{0}", "{0}"),
    ("jnp.where({1}, {0}, jnp.maximum({m}, {0}))", "$value"),
    ranges.same,
)
_row(
    "min_since",
    "the smallest x since r was last true (that sample included); starts at the first sample",
    lambda x, r: (x, x),
    lambda m, x, r: (np.where(r, x, np.minimum(m, x)),) * 2,
    ("{0}", "{0}"),
    ("jnp.where({1}, {0}, jnp.minimum({m}, {0}))", "$value"),
    ranges.same,
)
_row(
    "phase",
    "a clock in turns, [0, 1), that advances by f dt a step from `start` on the first sample",
    lambda f, start, dt: (np.mod(start, 1.0),) * 2,
    lambda m, f, start, dt: (np.mod(m + f * dt, 1.0),) * 2,
    ("jnp.mod({1}, 1.0)", "$value"),
    ("jnp.mod({m} + {0} * {dt!r}, 1.0)", "$value"),
    ranges.within((0.0, 1.0)),
    infer=lambda args, attrs: ("float", broadcast(args[0].shape, args[1].shape)),
)


def _window(args: Sequence[Node], attrs: Attrs) -> Typed:
    return args[0].dtype, (attrs["steps"], *args[0].shape)


def _shift(m: Any, x: Any) -> Any:
    return np.concatenate([np.expand_dims(x, 0), m[:-1]])


_row(
    "history",
    "the last `steps` values, newest first; on the first sample all are that sample",
    lambda x, steps: (np.repeat(np.expand_dims(x, 0), steps, 0),) * 2,
    lambda m, x, steps: (_shift(m, x),) * 2,
    ("jnp.repeat(jnp.asarray({0})[None], {steps}, axis=0)", "$value"),
    ("jnp.concatenate([jnp.asarray({0})[None], {m}[:-1]])", "$value"),
    over_time.repeated,
    infer=_window,
    memory=_window,
)


def is_temporal(node: Node) -> bool:
    return node.op in TEMPORAL


def memory_type(node: Node) -> tuple[DType, Shape]:
    """Returns dtype and shape of the memory that a temporal node carries from step to step."""
    return TEMPORAL[node.op].memory(node.args, dict(node.attrs))
