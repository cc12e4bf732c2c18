"""The interval rules of the operations, by what kind of function each is. The op table names them row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ksim_spec.ir.intervals.interval import (
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
    uniform,
    union,
)
from ksim_spec.ir.node import Node

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


def truncated(node: Node, args: Sequence[Interval], known: Known) -> Interval:
    """A normal truncated at ±bound: within ±bound whatever is drawn, and 0 for a draw in the middle."""
    return each(_truncated)(node, args, known)


def _truncated(u: Ends, bound: Ends) -> Ends:
    high = bound[1]
    return (0.0 if u[0] >= 0.5 else -high), (0.0 if u[1] <= 0.5 else high)
