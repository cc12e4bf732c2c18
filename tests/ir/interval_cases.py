"""A node of every operation on leaves of random intervals, for the test that values never leave their intervals."""

from collections.abc import Callable

import numpy as np

from ksim_spec.ir.intervals.interval import Interval
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import OPS, const, make

Shape = tuple[int, ...]
DT = 0.02
SECONDS = 10 * DT  # what the test evaluates at most


class Leaves:
    """Makes leaves with an interval each, and draws values from them: ends, and numbers between."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.intervals: dict[int, Interval] = {}
        self.made: list[tuple[Node, str]] = []

    def __call__(self, shape: Shape = (), kind: str = "float") -> Node:
        dtype = "bool" if kind == "bool" else "float"
        node = make("param", name=f"leaf{len(self.made)}", dtype=dtype, shape=shape)
        self.made.append((node, kind))
        self.intervals[id(node)] = self._interval(shape, kind)
        return node

    def _interval(self, shape: Shape, kind: str) -> Interval:
        size = int(np.prod(shape, dtype=int))
        if kind == "bool":
            low, high = np.sort(self.rng.integers(0, 2, (2, size)), axis=0)
        elif kind == "quat":
            q = self.rng.normal(size=(size // 4, 4))
            one = tuple(map(float, (q / np.linalg.norm(q, axis=-1, keepdims=True)).ravel()))
            known = self.rng.random() < 0.3
            return Interval(one if known else (-1.0,) * size, one if known else (1.0,) * size, 1.0)
        else:
            scale = self.rng.choice([0.3, 2.0, 40.0])
            points = self.rng.normal(size=(2, size)) * scale
            points[:, self.rng.random(size) < 0.15] = 0.0
            low, high = np.sort(np.where(self.rng.random(size) < 0.2, points[:1], points), axis=0)
            if kind == "positive":
                low, high = np.abs(low), np.abs(low) + np.abs(high)
            elif kind == "share":
                low, high = np.abs(np.tanh(low)), np.maximum(np.abs(np.tanh(low)), np.abs(np.tanh(high)))
        return Interval(tuple(map(float, low)), tuple(map(float, high)))

    def draw(self, node: Node, kind: str) -> np.ndarray:
        interval = self.intervals[id(node)]
        low, high = np.array(interval.low), np.array(interval.high)
        if kind == "quat":
            if interval.exact:
                return low.reshape(node.shape)
            q = self.rng.normal(size=(*node.shape[:-1], 4))
            return q / np.linalg.norm(q, axis=-1, keepdims=True)
        if kind == "bool":
            return (low + (self.rng.random(low.shape) < 0.5) * (high - low)).reshape(node.shape) > 0.5
        part = self.rng.choice([0.0, 1.0, self.rng.random()], size=low.shape)
        return np.clip(low + part * (high - low), low, high).reshape(node.shape)


def _broadcasting(op: str, count: int, kind: str = "float") -> Callable[[Leaves], Node]:
    def build(leaf: Leaves) -> Node:
        shapes = [[(), (3,), (2, 3), (2, 1)][leaf.rng.integers(4)] for _ in range(count)]
        args = [leaf(shape, kind) for shape in shapes]
        return make(op, *(args[:1] * count if leaf.rng.random() < 0.15 else args))

    return build


def _reduction(op: str, kind: str = "float") -> Callable[[Leaves], Node]:
    def build(leaf: Leaves) -> Node:
        shape = [(3,), (2, 3), (2, 3, 2)][leaf.rng.integers(3)]
        x = leaf(shape, kind)
        if kind == "float" and leaf.rng.random() < 0.4:
            x = make("square", x) if leaf.rng.random() < 0.5 else make("mul", x, leaf(shape))
        return make(op, x, axis=int(leaf.rng.integers(len(shape))))

    return build


def _where(leaf: Leaves) -> Node:
    shape = [(), (3,), (2, 3)][leaf.rng.integers(3)]
    return make("where", leaf(shape[:1] if len(shape) == 1 else shape, "bool"), leaf(shape), leaf(()))


def _take(leaf: Leaves) -> Node:
    axis, several = int(leaf.rng.integers(2)), leaf.rng.random() < 0.5
    return make("take", leaf((3, 3)), axis=axis, indices=(2, 0) if several else int(leaf.rng.integers(3)))


def _turned(op: str) -> Callable[[Leaves], Node]:
    def build(leaf: Leaves) -> Node:
        q = leaf((4,), "quat")
        q = make("heading", q) if leaf.rng.random() < 0.3 else q
        v = leaf((3,)) if leaf.rng.random() < 0.5 else const([0.0, 0.0, -1.0])
        parts = make("take", make(op, q, v), axis=0, indices=(0, 1))
        return make("sum", make("square", parts), axis=0) if leaf.rng.random() < 0.5 else make(op, q, leaf((2, 3)))

    return build


def _clock(op: str) -> Callable[[Leaves], Node]:
    return lambda leaf: make(op, leaf((2,), "bool"), dt=DT)


def _two(op: str, first: Shape, second: Shape, kinds: tuple[str, str] = ("float", "float")) -> Callable[[Leaves], Node]:
    return lambda leaf: make(op, leaf(first, kinds[0]), leaf(second, kinds[1]))


ONE = ("neg", "abs", "sign", "square", "sqrt", "exp", "log", "tanh", "sin", "cos", "acos", "floor")
TWO = ("add", "sub", "mul", "div", "atan2", "mod", "minimum", "maximum", "lt", "le", "eq", "ne")
EXPONENTS = (0.5, 1.0, 1.5, 2.0, 3.0, -1.0, -2.0)

CASES: dict[str, Callable[[Leaves], Node]] = {
    **{op: _broadcasting(op, 1) for op in ONE},
    **{op: _broadcasting(op, 2) for op in TWO},
    "and": _broadcasting("and", 2, "bool"),
    "or": _broadcasting("or", 2, "bool"),
    "not": _broadcasting("not", 1, "bool"),
    "to_float": _broadcasting("to_float", 1, "bool"),
    "truncated_normal": _two("truncated_normal", (3,), (), ("share", "positive")),
    "power": lambda leaf: make("power", leaf((3,)), exponent=float(leaf.rng.choice(EXPONENTS))),
    "where": _where,
    **{op: _reduction(op) for op in ("sum", "mean", "prod", "max", "min", "norm")},
    **{op: _reduction(op, "bool") for op in ("any", "all")},
    "take": _take,
    "expand": lambda leaf: make("expand", leaf((2, 3)), axis=int(leaf.rng.integers(3))),
    "stack": lambda leaf: make("stack", leaf((3,)), leaf((3,))),
    "concat": lambda leaf: make("concat", leaf((2, 3)), leaf(()), leaf((2,))),
    "place": lambda leaf: make("place", leaf((4,)), leaf((2,)), indices=(3, 1)),
    "rotate": _turned("rotate"),
    "rotate_inv": _turned("rotate_inv"),
    "quat_mul": _two("quat_mul", (4,), (2, 4), ("quat", "quat")),
    **{op: (lambda leaf, op=op: make(op, leaf((2, 4), "quat"))) for op in ("quat_inv", "quat_positive")},
    **{
        op: (lambda leaf, op=op: make(op, leaf([(4,), (2, 4)][leaf.rng.integers(2)], "quat")))
        for op in ("heading", "yaw")
    },
    "yaw_quat": lambda leaf: make("yaw_quat", leaf((2,))),
    "axis_angle_quat": lambda leaf: make("axis_angle_quat", leaf((2, 3))),
    "cross": _two("cross", (3,), (2, 3)),
    "prev": lambda leaf: make("prev", leaf((2, 3))),
    "ema": lambda leaf: make("ema", leaf((2, 3)), leaf((), "share")),
    "integrate": lambda leaf: make("integrate", leaf((3,)), dt=DT),
    "slew": lambda leaf: make("slew", leaf((3,)), leaf((), "positive")),
    **{op: _clock(op) for op in ("timer", "since", "spell")},
    "latch": lambda leaf: make("latch", leaf((3,), "bool")),
    "count": lambda leaf: make("count", leaf((3,), "bool")),
    **{op: _two(op, (3,), (3,), ("float", "bool")) for op in ("max_since", "min_since")},
    "phase": lambda leaf: make("phase", leaf(()), leaf((2,)), dt=DT),
    "history": lambda leaf: make("norm", make("history", leaf((3,)), steps=3), axis=int(leaf.rng.integers(2))),
}
NOT_LEAVES = {name for name, row in OPS.items() if not row.leaf}
