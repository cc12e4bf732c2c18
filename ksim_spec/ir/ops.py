"""The table of operations: each row has its type rule, its NumPy evaluation, its JAX spelling and its interval rule.

Shapes are those of one environment. The NumPy evaluators are written with NumPy's own functions and share nothing
with the JAX spelling, so that the two can check each other. Adding an operation is adding a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ksim_spec.ir.intervals import elementwise as ranges
from ksim_spec.ir.intervals import vectors as vectors
from ksim_spec.ir.intervals.interval import Interval, Known, Rule
from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import AttrValue, DType, Node, Shape, intern

Typed = tuple[DType, Shape]
Attrs = dict[str, AttrValue]


@dataclass(frozen=True)
class Op:
    """One row: `infer(args, attrs)` gives the type, `numpy(*arrays, **attrs)` a value, `jax(texts, attrs)` source.

    `interval(node, intervals, known)` says between which numbers the elements of a node lie, given its arguments'.
    """

    name: str
    infer: Callable[[Sequence[Node], Attrs], Typed]
    numpy: Callable[..., Any]
    jax: Callable[[Sequence[str], Attrs], str]
    interval: Rule
    commutative: bool = False
    leaf: bool = False
    doc: str = ""


OPS: dict[str, Op] = {}


class ShapeError(ValueError):
    """The IR was asked for an operation whose shapes do not fit: a bug of the checker, not of a user."""


def _row(op: Op) -> None:
    OPS[op.name] = op


@lru_cache(maxsize=4096)
def broadcast(*shapes: Shape) -> Shape:
    """Returns the shape that shapes broadcast to, by NumPy's rules; raises ShapeError where they do not."""
    rank = max(map(len, shapes), default=0)
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    sizes = [{size for size in column if size != 1} for column in columns]
    if any(len(found) > 1 for found in sizes):
        raise ShapeError(f"shapes {', '.join(map(str, shapes))} do not broadcast")
    return tuple(found.pop() if found else 1 for found in sizes)


def _broadcast(args: Sequence[Node]) -> Shape:
    return broadcast(*(a.shape for a in args))


def _elementwise(dtype: DType) -> Callable[[Sequence[Node], Attrs], Typed]:
    return lambda args, attrs: (dtype, _broadcast(args))


def _fn(template: str) -> Callable[[Sequence[str], Attrs], str]:
    return lambda a, attrs: template.format(*a, **attrs)


def _named(name: str) -> Callable[..., Any]:
    return lambda *args, **kwargs: getattr(np, name)(*args, **kwargs)


def _elem(
    name: str,
    numpy: str | Callable[..., Any],
    jax: str,
    interval: Rule,
    dtype: DType = "float",
    commutative: bool = False,
) -> None:
    evaluate = _named(numpy) if isinstance(numpy, str) else numpy
    _row(Op(name, _elementwise(dtype), evaluate, _fn(jax), interval, commutative))


_elem("add", "add", "({0} + {1})", ranges.add, commutative=True)
_elem("sub", "subtract", "({0} - {1})", ranges.sub)
_elem("mul", "multiply", "({0} * {1})", ranges.mul, commutative=True)
_elem("div", "divide", "({0} / {1})", ranges.divide)
_elem("neg", "negative", "(-{0})", ranges.neg)
_elem("abs", "abs", "jnp.abs({0})", ranges.absolute)
_elem("sign", "sign", "jnp.sign({0})", ranges.rising(ranges.sign))
_elem("square", "square", "jnp.square({0})", ranges.square)
_elem("sqrt", lambda x: np.sqrt(np.maximum(x, 0)), "jnp.sqrt(jnp.maximum({0}, 0.0))", ranges.rising(ranges.root))
_elem("exp", "exp", "jnp.exp({0})", ranges.rising(ranges.exponential))
_elem("log", "log", "jnp.log({0})", ranges.rising(ranges.logarithm))
_elem("tanh", "tanh", "jnp.tanh({0})", ranges.rising(math.tanh))
_elem("sin", "sin", "jnp.sin({0})", ranges.sine)
_elem("cos", "cos", "jnp.cos({0})", ranges.cosine)
_elem("atan2", "arctan2", "jnp.arctan2({0}, {1})", ranges.atan2)
_elem("acos", lambda x: np.arccos(np.clip(x, -1, 1)), "jnp.arccos(jnp.clip({0}, -1.0, 1.0))", ranges.acos)
_elem("floor", "floor", "jnp.floor({0})", ranges.rising(ranges.whole))
_elem("mod", "mod", "jnp.mod({0}, {1})", ranges.mod)
_elem("minimum", "minimum", "jnp.minimum({0}, {1})", ranges.rising(min), commutative=True)
_elem("maximum", "maximum", "jnp.maximum({0}, {1})", ranges.rising(max), commutative=True)
_elem("lt", "less", "({0} < {1})", ranges.less, "bool")
_elem("le", "less_equal", "({0} <= {1})", ranges.less_equal, "bool")
_elem("eq", "equal", "({0} == {1})", ranges.equal, "bool", commutative=True)
_elem("ne", "not_equal", "({0} != {1})", ranges.unequal, "bool", commutative=True)
_elem("and", "logical_and", "({0} & {1})", ranges.both, "bool", commutative=True)
_elem("or", "logical_or", "({0} | {1})", ranges.either, "bool", commutative=True)
_elem("not", "logical_not", "(~{0})", ranges.negation, "bool")
_elem("to_float", lambda x: np.asarray(x, float), "jnp.asarray({0}, jnp.float32)", ranges.same)


_elem(
    "truncated_normal",
    lambda u, bound: _truncated_normal_numpy(u, bound),
    "km.truncated_normal({0}, {1})",
    ranges.truncated,
)


def _truncated_normal_numpy(u: Any, bound: Any) -> Any:
    """The inverse of the truncated normal's distribution function, within ±bound standard deviations."""
    from scipy.special import ndtr, ndtri

    low = ndtr(-np.asarray(bound, float))
    # Far out in the tail one rounding of the probability is a visible step, and must not lead past the bound.
    return np.clip(ndtri(low + np.asarray(u, float) * (1 - 2 * low)), -bound, bound)


def _infer_power(args: Sequence[Node], attrs: Attrs) -> Typed:
    return "float", args[0].shape


_row(
    Op(
        "power",
        _infer_power,
        lambda x, exponent: np.power(x, exponent),
        _fn("jnp.power({0}, {exponent!r})"),
        ranges.power,
    )
)
_row(
    Op(
        "where",
        lambda args, attrs: (args[1].dtype, _broadcast(args)),
        _named("where"),
        _fn("jnp.where({0}, {1}, {2})"),
        ranges.where,
        doc="args: condition, value if true, value if false",
    )
)


# Reductions: attrs axis (of the one-environment shape) --------------------------------------------------------------


def _reduced(shape: Shape, axis: int) -> Shape:
    if not 0 <= axis < len(shape):
        raise ShapeError(f"axis {axis} of shape {shape}")
    return shape[:axis] + shape[axis + 1 :]


def _reduction(name: str, numpy: str, jax: str, interval: Rule, dtype: DType = "float") -> None:
    evaluate = _named(numpy)
    _row(
        Op(
            name,
            lambda args, attrs: (dtype, _reduced(args[0].shape, attrs["axis"])),
            lambda x, axis: evaluate(x, axis=axis),
            _fn(jax),
            interval,
        )
    )


_reduction("sum", "sum", "jnp.sum({0}, axis={axis})", ranges.total)
_reduction("mean", "mean", "jnp.mean({0}, axis={axis})", ranges.mean)
_reduction("prod", "prod", "jnp.prod({0}, axis={axis})", ranges.multiplied)
_reduction("max", "max", "jnp.max({0}, axis={axis})", ranges.largest)
_reduction("min", "min", "jnp.min({0}, axis={axis})", ranges.smallest)
_reduction("any", "any", "jnp.any({0}, axis={axis})", ranges.largest, "bool")
_reduction("all", "all", "jnp.all({0}, axis={axis})", ranges.smallest, "bool")
_row(
    Op(
        "norm",
        lambda args, attrs: ("float", _reduced(args[0].shape, attrs["axis"])),
        lambda x, axis: np.linalg.norm(x, axis=axis),
        _fn("km.norm({0}, axis={axis})"),
        ranges.norm,
    )
)


# Structure -----------------------------------------------------------------------------------------------------------


def _infer_take(args: Sequence[Node], attrs: Attrs) -> Typed:
    shape, axis, indices = args[0].shape, attrs["axis"], attrs["indices"]
    if isinstance(indices, int):
        return args[0].dtype, _reduced(shape, axis)
    return args[0].dtype, (*shape[:axis], len(indices), *shape[axis + 1 :])


def contiguous(indices: Sequence[int]) -> tuple[int, int] | None:
    """Returns (start, stop) when the indices are an unbroken rising run, else None."""
    start = indices[0]
    return (start, start + len(indices)) if list(indices) == list(range(start, start + len(indices))) else None


def index_text(indices: int | Sequence[int]) -> str:
    """The subscript that picks `indices`: a number, a slice where the run is unbroken, or an index array."""
    if isinstance(indices, int):
        return str(indices)
    run = contiguous(indices)
    return f"{run[0]}:{run[1]}" if run else f"np.array({list(indices)})"


def _take_jax(a: Sequence[str], attrs: Attrs) -> str:
    return f"{a[0]}[{', '.join([':'] * attrs['axis'] + [index_text(attrs['indices'])])}]"


def _take_numpy(x: Any, axis: int, indices: int | tuple[int, ...]) -> Any:
    return np.take(x, indices if isinstance(indices, int) else list(indices), axis=axis)


_row(Op("take", _infer_take, _take_numpy, _take_jax, vectors.take, doc="attrs: axis, indices (an int drops the axis)"))


def _infer_expand(args: Sequence[Node], attrs: Attrs) -> Typed:
    shape, axis = args[0].shape, attrs["axis"]
    return args[0].dtype, (*shape[:axis], 1, *shape[axis:])


_row(
    Op(
        "expand",
        _infer_expand,
        lambda x, axis: np.expand_dims(x, axis),
        lambda a, attrs: f"{a[0]}[{', '.join([':'] * attrs['axis'] + ['None'])}]",
        vectors.expand,
    )
)


def _infer_stack(args: Sequence[Node], attrs: Attrs) -> Typed:
    return args[0].dtype, (len(args), *args[0].shape)


_row(
    Op(
        "stack",
        _infer_stack,
        lambda *xs: np.stack(xs),
        lambda a, attrs: f"jnp.stack([{', '.join(a)}])",
        vectors.joined,
        doc="new leading axis",
    )
)
_row(
    Op(
        "concat",
        lambda args, attrs: (args[0].dtype, (sum(math.prod(a.shape) for a in args),)),
        lambda *xs: np.concatenate([np.ravel(x) for x in xs]),
        lambda a, attrs: f"jnp.concatenate([{', '.join(f'jnp.ravel({x})' for x in a)}])",
        vectors.joined,
        doc="flattens every argument and joins them",
    )
)
_row(
    Op(
        "place",
        lambda args, attrs: ("float", args[0].shape),
        lambda x, v, indices: _place_numpy(x, v, indices),
        lambda a, attrs: f"{a[0]}.at[{index_text(attrs['indices'])}].set({a[1]})",
        vectors.place,
        doc="args: vector, values; attrs indices: vector with its entries at `indices` replaced",
    )
)


def _place_numpy(x: Any, v: Any, indices: int | tuple[int, ...]) -> Any:
    out = np.array(x, copy=True)
    out[indices if isinstance(indices, int) else list(indices)] = v
    return out


# Rotations: quaternions are (w, x, y, z) -----------------------------------------------------------------------------


def _last(n: int) -> Callable[[Sequence[Node], Attrs], Typed]:
    return lambda args, attrs: ("float", (*broadcast(*(a.shape[:-1] for a in args)), n))


def _matrix(q: Any) -> Any:
    """Rotation matrix of a quaternion, rows first: the textbook formula, apart from the JAX one on purpose."""
    w, x, y, z = np.moveaxis(np.asarray(q, float), -1, 0)
    rows = [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _quat_mul_numpy(p: Any, q: Any) -> Any:
    pw, pv, qw, qv = p[..., :1], p[..., 1:], q[..., :1], q[..., 1:]
    return np.concatenate([pw * qw - np.sum(pv * qv, -1, keepdims=True), pw * qv + qw * pv + np.cross(pv, qv)], axis=-1)


def _heading_numpy(q: Any) -> Any:
    m = _matrix(q)
    yaw = np.arctan2(m[..., 1, 0], m[..., 0, 0])
    zero = np.zeros_like(yaw)
    return np.stack([np.cos(yaw / 2), zero, zero, np.sin(yaw / 2)], axis=-1)


_row(
    Op(
        "rotate",
        _last(3),
        lambda q, v: np.einsum("...ij,...j->...i", _matrix(q), v),
        _fn("km.rotate({0}, {1})"),
        vectors.rotated,
    )
)
_row(
    Op(
        "rotate_inv",
        _last(3),
        lambda q, v: np.einsum("...ji,...j->...i", _matrix(q), v),
        _fn("km.rotate_inverse({0}, {1})"),
        vectors.rotated,
    )
)
_row(Op("quat_mul", _last(4), _quat_mul_numpy, _fn("km.quat_mul({0}, {1})"), vectors.any_rotation))
_row(
    Op(
        "quat_inv",
        _last(4),
        lambda q: q * np.array([1.0, -1, -1, -1]),
        _fn("km.quat_inverse({0})"),
        vectors.conjugate,
    )
)
_row(
    Op(
        "quat_positive",
        _last(4),
        lambda q: np.where(q[..., :1] < 0, -q, q),
        _fn("km.quat_positive({0})"),
        vectors.positive_rotation,
        doc="the same rotation with w >= 0",
    )
)
_row(
    Op(
        "heading",
        _last(4),
        _heading_numpy,
        _fn("km.heading({0})"),
        vectors.heading,
        doc="the yaw-only rotation of a body's x axis",
    )
)
_row(
    Op(
        "yaw",
        lambda args, attrs: ("float", args[0].shape[:-1]),
        lambda q: np.arctan2(_matrix(q)[..., 1, 0], _matrix(q)[..., 0, 0]),
        _fn("km.yaw({0})"),
        vectors.yaw,
    )
)
_row(
    Op(
        "yaw_quat",
        lambda args, attrs: ("float", (*args[0].shape, 4)),
        lambda a: np.stack([np.cos(a / 2), 0 * a, 0 * a, np.sin(a / 2)], axis=-1),
        _fn("km.yaw_quat({0})"),
        vectors.turn_about_z,
        doc="rotation by an angle about z",
    )
)
_row(
    Op(
        "axis_angle_quat",
        lambda args, attrs: ("float", (*args[0].shape[:-1], 4)),
        lambda v: _axis_angle_numpy(v),
        _fn("km.axis_angle_quat({0})"),
        vectors.any_rotation,
        doc="rotation by |v| about v",
    )
)
_row(Op("cross", _last(3), _named("cross"), _fn("jnp.cross({0}, {1})"), vectors.cross))


def _axis_angle_numpy(v: Any) -> Any:
    v = np.asarray(v, float)
    angle = np.linalg.norm(v, axis=-1, keepdims=True)
    axis = v / np.where(angle == 0, 1, angle)
    return np.concatenate([np.cos(angle / 2), axis * np.sin(angle / 2)], axis=-1)


# Leaves --------------------------------------------------------------------------------------------------------------


def _declared(args: Sequence[Node], attrs: Attrs) -> Typed:
    return attrs["dtype"], attrs["shape"]


def _bound(*_: Any, **__: Any) -> Any:
    raise RuntimeError("leaves are bound by the evaluator")


def _leaf(name: str, doc: str) -> None:
    _row(Op(name, _declared, _bound, lambda a, attrs: "", _seeded, leaf=True, doc=doc))


def _seeded(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    raise RuntimeError("the intervals of leaves are given")


_leaf("const", "a literal; attrs value (nested tuples)")
_leaf("param", "a runtime parameter by qualified name: weights, named scalars, draw ranges")
_leaf("level", "a curriculum level by name")
_leaf("read", "a simulator quantity; attrs what, of, names (and other): see ksim_spec/language/quantities")
_leaf("model", "a constant of the composed model: what, of, names, as in ksim_spec/language/quantities")
_leaf("pose", "keyframe joint positions: key, names")
_leaf("action", "the action that produced this state, in action order, zero at reset")
_leaf("command", "a command field; attrs command, field")
_leaf("time", "seconds since the episode started")
_leaf("sample", "a standard sample of a stream: uniform in [0, 1), standard normal; attrs stream, kind, scope")
_leaf("stat", "a statistic of the episodes finished in an update; attrs name")


# Temporal operators: see temporal_ops ------------------------------------------------------------------------


def make(op: str, *args: Node, **attrs: AttrValue) -> Node:
    """Returns the interned node of `op`; raises ShapeError when the shapes do not fit, KeyError for an unknown op."""
    dtype, shape = OPS[op].infer(args, attrs)
    return intern(op, args, attrs, dtype, tuple(shape))


def const(value: Any) -> Node:
    """Returns a literal: a Python number, bool, or nested sequence (or array) of numbers of one shape."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    shape, first = _shape(value)
    dtype: DType = "bool" if isinstance(first, bool) else "float"
    return make("const", value=_freeze(value, bool if dtype == "bool" else float), dtype=dtype, shape=shape)


def _shape(value: Any) -> tuple[Shape, Any]:
    """Returns the shape of nested sequences and their first number; raises ShapeError where they are ragged."""
    if not isinstance(value, list | tuple):
        return (), value
    parts = [_shape(v) for v in value]
    shapes = {shape for shape, _ in parts}
    if len(shapes) > 1:
        raise ShapeError(f"a literal's parts differ in shape: {sorted(shapes)}")
    return (len(value), *(shapes.pop() if shapes else ())), parts[0][1] if parts else 0.0


def _freeze(value: Any, kind: type) -> Any:
    return tuple(_freeze(v, kind) for v in value) if isinstance(value, list | tuple) else kind(value)
