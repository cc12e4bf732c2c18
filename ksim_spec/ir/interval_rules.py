"""The interval rules of the operations, by what kind of function each is. The op table names them row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ksim_spec.ir.interval import (
    ANYTHING,
    INF,
    TRUTH,
    Ends,
    Interval,
    Known,
    Rule,
    broadcast,
    lines,
    magnitude,
    of_pairs,
    product,
    quotient,
    reach,
    sound,
    squared,
    taken,
    uniform,
    union,
)
from ksim_spec.ir.node import Node

NEVER = 1e6  # what `since` says before its condition ever held

# Element by element --------------------------------------------------------------------------------------------------


def each(f: Callable[..., Ends]) -> Rule:
    """The rule of a function of elements; `f` takes the ends of each argument's element."""

    def rule(node: Node, args: Sequence[Interval], known: Known) -> Interval:
        columns = [broadcast(x, a.shape, node.shape) for x, a in zip(args, node.args, strict=True)]
        return of_pairs([f(*ends) for ends in zip(*columns, strict=True)])

    return rule


def rising(f: Callable[..., float]) -> Rule:
    """The rule of a function that grows, or stays, with each of its arguments."""
    return each(lambda *ends: sound(f(*(e[0] for e in ends)), f(*(e[1] for e in ends))))


def falling(f: Callable[[float], float]) -> Rule:
    """The rule of a function that falls, or stays, with its argument."""
    return each(lambda a: sound(f(a[1]), f(a[0])))


def within(ends: Ends) -> Rule:
    """The rule of an operation of which only the codomain is used."""
    return lambda node, args, known: uniform(node.shape, ends)


def same(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """The rule of an operation that returns elements of its first argument in their places."""
    return args[0]


def _sum_of(f: Callable[[Ends, Ends], Ends]) -> Rule:
    """Addition or subtraction: the lengths of vectors add up at most."""
    plain = each(f)

    def rule(node: Node, args: Sequence[Interval], known: Known) -> Interval:
        found = plain(node, args, known)
        if not node.shape or any(a.shape[-1:] != node.shape[-1:] for a in node.args):
            return found
        return Interval(found.low, found.high, sum(reach(x, a.shape) for x, a in zip(args, node.args, strict=True)))

    return rule


add = _sum_of(lambda a, b: sound(a[0] + b[0], a[1] + b[1]))
_difference = _sum_of(lambda a, b: sound(a[0] - b[1], a[1] - b[0]))


def sub(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    return uniform(node.shape, (0.0, 0.0)) if node.args[0] is node.args[1] else _difference(node, args, known)


_product, square, absolute, divide = each(product), each(squared), each(magnitude), each(quotient)
_twice = each(lambda a, _: squared(a))


def mul(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    if node.args[0] is node.args[1]:
        return _twice(node, args, known)
    found = _product(node, args, known)
    for vector, number in (0, 1), (1, 0):
        if node.args[number].shape == () and node.args[vector].shape:
            longest = product((0.0, reach(args[vector], node.args[vector].shape)), magnitude(args[number].ends))[1]
            return Interval(found.low, found.high, longest)
    return found


def neg(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,) = args
    return Interval(tuple(-h for h in x.high), tuple(-v for v in x.low), x.length)


def exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return INF


def logarithm(x: float) -> float:
    return math.log(x) if x > 0 else -INF


def root(x: float) -> float:
    return math.sqrt(max(x, 0.0))


def whole(x: float) -> float:
    return float(math.floor(x)) if math.isfinite(x) else x


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _wave(a: Ends, top: float) -> Ends:
    """The ends of a cosine whose maxima lie at `top` and every turn from there."""
    if not (math.isfinite(a[0]) and math.isfinite(a[1])) or a[1] - a[0] >= 2 * math.pi:
        return -1.0, 1.0
    at = sorted(math.cos(x - top) for x in a)

    def has(peak: float) -> bool:
        return math.floor((a[1] - peak) / (2 * math.pi)) >= math.ceil((a[0] - peak) / (2 * math.pi))

    return (-1.0 if has(top + math.pi) else at[0]), (1.0 if has(top) else at[1])


sine, cosine = each(lambda a: _wave(a, math.pi / 2)), each(lambda a: _wave(a, 0.0))


def _angle(y: Ends, x: Ends) -> Ends:
    if y[0] > 0 or x[0] > 0:  # away from the cut behind the origin, where the extremes are at the corners
        corners = [math.atan2(v, u) for v in y for u in x]
        return min(corners), max(corners)
    return -math.pi, math.pi


def _remainder(x: Ends, y: Ends) -> Ends:
    if y[0] <= 0:
        return ANYTHING
    if y[0] == y[1] and math.isfinite(x[0]) and math.isfinite(x[1]) and whole(x[0] / y[0]) == whole(x[1] / y[0]):
        low, high = x[0] % y[0], x[1] % y[0]
        return (low, high) if low <= high else (0.0, y[1])
    return 0.0, y[1]


atan2, mod = each(_angle), each(_remainder)
acos = falling(lambda x: math.acos(min(1.0, max(-1.0, x))))


def power(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    exponent = float(node.attr("exponent"))
    return of_pairs([_power(a, exponent) for a in args[0].elements()])


def _power(a: Ends, exponent: float) -> Ends:
    if exponent < 0:
        return quotient((1.0, 1.0), _power(a, -exponent))
    even, integer = exponent % 2 == 0, exponent == int(exponent)
    if not integer:
        a = (max(a[0], 0.0), max(a[1], 0.0))  # of negative numbers such a power is no number
    if even:
        a = magnitude(a)
    return _raised(a[0], exponent), _raised(a[1], exponent)


def _raised(x: float, exponent: float) -> float:
    try:
        return x**exponent
    except OverflowError:
        return INF if x > 0 or exponent % 2 == 0 else -INF


# True and false ------------------------------------------------------------------------------------------------------


def _truth(surely: bool, surely_not: bool) -> Ends:
    return (1.0, 1.0) if surely else (0.0, 0.0) if surely_not else TRUTH


less = each(lambda a, b: _truth(a[1] < b[0], a[0] >= b[1]))
less_equal = each(lambda a, b: _truth(a[1] <= b[0], a[0] > b[1]))
equal = each(lambda a, b: _truth(a[0] == a[1] == b[0] == b[1], a[1] < b[0] or b[1] < a[0]))
unequal = each(lambda a, b: _truth(a[1] < b[0] or b[1] < a[0], a[0] == a[1] == b[0] == b[1]))
negation = each(lambda a: (1.0 - a[1], 1.0 - a[0]))
both, either = rising(min), rising(max)


def where(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    found = each(lambda c, a, b: a if c[0] == 1 else b if c[1] == 0 else union(a, b))(node, args, known)
    longest = [reach(x, a.shape) for x, a in zip(args[1:], node.args[1:], strict=True) if a.shape == node.shape]
    return Interval(found.low, found.high, max(longest)) if len(longest) == 2 else found


# Reductions ----------------------------------------------------------------------------------------------------------


def reduced(f: Callable[[list[float]], float]) -> Rule:
    """The rule of a reduction that grows, or stays, with every element."""

    def rule(node: Node, args: Sequence[Interval], known: Known) -> Interval:
        (x,) = args
        along = lines(node.args[0].shape, node.attr("axis"))
        return of_pairs([sound(f([x.low[i] for i in line]), f([x.high[i] for i in line])) for line in along])

    return rule


_total = reduced(sum)
mean = reduced(lambda xs: sum(xs) / len(xs))
largest, smallest = reduced(max), reduced(min)


def total(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """A sum; one of squares or of products along the last axis is bounded by the lengths of the vectors too."""
    found, inner = _total(node, args, known), node.args[0]
    last = node.attr("axis") == len(inner.shape) - 1
    if not last or inner.op not in ("square", "mul") or any(a.shape != inner.shape for a in inner.args):
        return found
    sizes = [reach(known(a), a.shape) for a in inner.args]
    bound = product((0.0, sizes[0]), (0.0, sizes[-1]))[1]
    return of_pairs([(max(low, -bound), min(high, bound)) for low, high in found.elements()])


def multiplied(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    found: list[Ends] = []
    for line in lines(node.args[0].shape, node.attr("axis")):
        ends: Ends = (1.0, 1.0)
        for i in line:
            ends = product(ends, args[0].element(i))
        found.append(ends)
    return of_pairs(found)


def norm(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,), shape = args, node.args[0].shape
    bound = reach(x, shape) if node.attr("axis") == len(shape) - 1 else INF
    sizes = [magnitude(e) for e in x.elements()]
    rows = [[sizes[i] for i in line] for line in lines(shape, node.attr("axis"))]
    ends = [(math.hypot(*(s[0] for s in row)), math.hypot(*(s[1] for s in row))) for row in rows]
    return of_pairs([(low, max(low, min(high, bound))) for low, high in ends])


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


def truncated(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """A normal truncated at ±bound: within ±bound whatever is drawn, and 0 for a draw in the middle."""
    return each(_truncated)(node, args, known)


def _truncated(u: Ends, bound: Ends) -> Ends:
    high = bound[1]
    return (0.0 if u[0] >= 0.5 else -high), (0.0 if u[1] <= 0.5 else high)


# Over time -----------------------------------------------------------------------------------------------------------


def averaged(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """Between the values so far, where each step goes a part of the way."""
    return args[0] if all(0 <= v <= 1 for v in args[1].ends) else uniform(node.shape, ANYTHING)


def limited(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    return args[0] if args[1].ends[0] >= 0 else uniform(node.shape, ANYTHING)


def integrated(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    return of_pairs([union((0.0, 0.0), product(e, (0.0, known.seconds))) for e in args[0].elements()])


def timer(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """Seconds since a condition turned true, in one episode."""
    return of_pairs([(0.0, known.seconds if e[1] else 0.0) for e in args[0].elements()])


def since(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    never = (NEVER, NEVER + known.seconds)
    return of_pairs([(0.0 if e[1] else never[0], 0.0 if e[0] else never[1]) for e in args[0].elements()])


def spell(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    return of_pairs([(0.0, 0.0 if e[0] else known.seconds) for e in args[0].elements()])


def counted(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    return of_pairs([(e[0], INF if e[1] else 0.0) for e in args[0].elements()])


def repeated(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    (x,), steps = args, node.attr("steps")
    return Interval(x.low * steps, x.high * steps, x.length if node.args[0].shape else INF)
