"""The interval rules of operations that move elements about, and of rotations: vectors keep their length."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ksim_spec.ir.intervals.elementwise import neg
from ksim_spec.ir.intervals.interval import (
    INF,
    TRUTH,
    Ends,
    Interval,
    Known,
    Rule,
    broadcast,
    of_pairs,
    product,
    reach,
    sound,
    taken,
    uniform,
)
from ksim_spec.ir.node import Node

# Structure -----------------------------------------------------------------------------------------------------------


def take(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    indices = node.attr("indices")
    shape, axis = node.args[0].shape, node.attr("axis")
    places = taken(shape, axis, (indices,) if isinstance(indices, int) else tuple(indices))
    (x,) = args
    # Parts of a vector are no longer than it; where its axis goes, its length bounds nothing that is left.
    kept = axis < len(shape) - 1 or (not isinstance(indices, int) and len(set(indices)) == len(indices))
    length = x.length if kept else INF
    return Interval(tuple(x.low[i] for i in places), tuple(x.high[i] for i in places), length)


def expand(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,) = args
    return Interval(x.low, x.high, x.length)


def joined(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """Stacking and joining: elements one argument after the other."""
    low, high = ([e for x in args for e in getattr(x, end)] for end in ("low", "high"))
    vectors = node.op == "stack" and len(node.shape) > 1
    return Interval(tuple(low), tuple(high), max((x.length for x in args), default=INF) if vectors else INF)


def place(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    x, v = args
    indices = node.attr("indices")
    low, high = list(x.low), list(x.high)
    targets = [indices] if isinstance(indices, int) else list(indices)
    values = broadcast(v, node.args[1].shape, (len(targets),)) if len(targets) > 1 else list(v.elements())
    for i, ends in zip(targets, values, strict=True):
        low[i], high[i] = ends
    return Interval(tuple(low), tuple(high))


# Rotations -----------------------------------------------------------------------------------------------------------


def _matrix(q: Sequence[float]) -> list[list[float]]:
    """The rotation matrix of a quaternion, rows first."""
    w, x, y, z = q
    return [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]


def rotated(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """A rotation keeps the length of a vector, and one about z its z component; a known one is carried out."""
    q, v = args
    length = reach(v, node.args[1].shape)
    found = uniform(node.shape, (-length, length), length)
    if q.exact and len(q.low) == 4:
        rows = _matrix(q.low)
        matrix = rows if node.op == "rotate" else [list(column) for column in zip(*rows, strict=True)]
        vectors = [list(v.elements())[i : i + 3] for i in range(0, len(v.low), 3)]
        return of_pairs([e for vector in vectors for e in _times(matrix, vector)], length)
    if node.args[0].op not in ("heading", "yaw_quat") or node.shape != (3,):
        return found
    z = v.element(2)
    return Interval((*found.low[:2], max(found.low[2], z[0])), (*found.high[:2], min(found.high[2], z[1])), length)


def _times(matrix: list[list[float]], v: list[Ends]) -> list[Ends]:
    parts = [[product((m, m), e) for m, e in zip(row, v, strict=True)] for row in matrix]
    return [sound(sum(p[0] for p in row), sum(p[1] for p in row)) for row in parts]


def _yaw(q: Sequence[float]) -> float:
    rows = _matrix(q)
    return math.atan2(rows[1][0], rows[0][0])


def heading(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    if not args[0].exact or node.shape != (4,):
        return turn_about_z(node, args, known)
    half = _yaw(args[0].low) / 2
    return Interval((math.cos(half), 0.0, 0.0, math.sin(half)), (math.cos(half), 0.0, 0.0, math.sin(half)), 1.0)


def yaw(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    known_one = args[0].exact and node.shape == ()
    angle = _yaw(args[0].low) if known_one else 0.0
    return uniform(node.shape, (angle, angle) if known_one else (-math.pi, math.pi))


def positive_rotation(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,) = args
    if x.exact and node.shape == (4,):
        return x if x.low[0] >= 0 else neg(node, args, known)
    return _upper_half(node, args, known)


def quaternion(*ends: Ends) -> Rule:
    """The rule of an operation that makes unit quaternions with these ends of w, x, y, z."""

    def rule(node: Node, args: Sequence[Interval], known: Known) -> Interval:
        return of_pairs(list(ends) * (math.prod(node.shape) // 4), 1.0)

    return rule


_SIGNED: Ends = (-1.0, 1.0)
_NONE: Ends = (0.0, 0.0)
any_rotation = quaternion(_SIGNED, _SIGNED, _SIGNED, _SIGNED)
_upper_half = quaternion(TRUTH, _SIGNED, _SIGNED, _SIGNED)
turn_about_z = quaternion(_SIGNED, _NONE, _NONE, _SIGNED)


def conjugate(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,) = args
    found = [e if i % 4 == 0 else (-e[1], -e[0]) for i, e in enumerate(x.elements())]
    return of_pairs(found, x.length)


def cross(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    a, b = (broadcast(x, n.shape, node.shape) for x, n in zip(args, node.args, strict=True))
    length = product(*((0.0, reach(x, n.shape)) for x, n in zip(args, node.args, strict=True)))[1]
    found: list[Ends] = []
    for start in range(0, len(a), 3):
        for i in range(3):
            j, k = start + (i + 1) % 3, start + (i + 2) % 3
            left, right = product(a[j], b[k]), product(a[k], b[j])
            low, high = sound(left[0] - right[1], left[1] - right[0])
            found.append((max(low, -length), min(high, length)))
    return of_pairs(found, length)
