"""Intervals: between which numbers every element of a node always lies.

The rule of each operation is on its row of the op table; `interval_rules` and its neighbours hold them. Intervals say
what holds of numbers: a value that is not a number lies in none, and quaternions are taken to be of length one.
Written without NumPy, because `ksim lint` works them out and has to start fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ksim_spec.ir.node import Node, Shape

Ends = tuple[float, float]
INF = math.inf
ANYTHING: Ends = (-INF, INF)
TRUTH: Ends = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """Low and high ends of every element in row-major order; true and false are 1 and 0.

    `length` bounds the Euclidean length along the last axis, which the ends of the elements alone do not say well.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    length: float = INF

    @property
    def ends(self) -> Ends:
        """The smallest and the largest number that any element can be."""
        return min(self.low, default=0.0), max(self.high, default=0.0)

    @property
    def exact(self) -> bool:
        """True when every element has one value only."""
        return self.low == self.high

    def element(self, index: int) -> Ends:
        return self.low[index], self.high[index]

    def elements(self) -> Iterator[Ends]:
        return zip(self.low, self.high, strict=True)


class Known(Protocol):
    """What a rule may ask: the interval of any node below, and how many seconds an episode can last."""

    seconds: float

    def __call__(self, node: Node) -> Interval: ...


Rule = Callable[[Node, Sequence[Interval], Known], Interval]


def uniform(shape: Shape, ends: Ends, length: float = INF) -> Interval:
    """Returns the interval in which every element has the same ends."""
    size = math.prod(shape)
    return Interval((ends[0],) * size, (ends[1],) * size, length)


def of_pairs(pairs: Sequence[Ends], length: float = INF) -> Interval:
    """Returns the interval of elements given by their ends."""
    return Interval(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), length)


def exactly(value: object) -> Interval:
    """Returns the interval of a literal: a number, or nested tuples of numbers."""
    flat = tuple(_flat(value))
    return Interval(flat, flat)


def _flat(value: object) -> Iterator[float]:
    if isinstance(value, tuple | list):
        for part in value:
            yield from _flat(part)
    else:
        yield float(value)  # type: ignore[arg-type]


def reach(interval: Interval, shape: Shape) -> float:
    """Returns a bound on the Euclidean length along the last axis: of every vector that the value holds."""
    size = shape[-1] if shape else 1
    sizes = [max(abs(low), abs(high)) for low, high in interval.elements()]
    rows = (math.hypot(*sizes[i : i + size]) for i in range(0, len(sizes), max(size, 1)))
    return min(interval.length, max(rows, default=0.0))


# Elements ------------------------------------------------------------------------------------------------------------


def sound(low: float, high: float) -> Ends:
    """Returns the ends with what arithmetic on infinities left undefined put outside."""
    return (-INF if low != low else low), (INF if high != high else high)


def union(a: Ends, b: Ends) -> Ends:
    return min(a[0], b[0]), max(a[1], b[1])


def product(a: Ends, b: Ends) -> Ends:
    """Returns the ends of x y; zero times anything unbounded is zero, for every number is finite."""
    corners = [0.0 if x == 0 or y == 0 else x * y for x in a for y in b]
    return min(corners), max(corners)


def magnitude(a: Ends) -> Ends:
    low, high = abs(a[0]), abs(a[1])
    return (0.0 if a[0] <= 0 <= a[1] else min(low, high)), max(low, high)


def squared(a: Ends) -> Ends:
    low, high = magnitude(a)
    return product((low, low), (low, low))[0], product((high, high), (high, high))[1]


def quotient(a: Ends, b: Ends) -> Ends:
    if b[0] < 0 < b[1] or b == (0.0, 0.0):
        return (0.0, 0.0) if a == (0.0, 0.0) else ANYTHING
    inverse = (1 / b[1] if b[1] else -INF, 1 / b[0] if b[0] else INF)
    return product(a, inverse)


# Shapes --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def spread(small: Shape, large: Shape) -> tuple[int, ...] | None:
    """Returns which element of the small shape broadcasts to each of the large one; None where both are the same."""
    if small == large:
        return None
    padded = (1,) * (len(large) - len(small)) + small
    places = [0]
    for size, target in zip(padded, large, strict=True):
        places = [p * size + (i if size > 1 else 0) for p in places for i in range(target)]
    return tuple(places)


def broadcast(interval: Interval, small: Shape, large: Shape) -> list[Ends]:
    """Returns the ends of every element of the large shape."""
    places = spread(small, large)
    own = list(interval.elements())
    return own if places is None else [own[i] for i in places]


@lru_cache(maxsize=4096)
def lines(shape: Shape, axis: int) -> tuple[tuple[int, ...], ...]:
    """Returns the elements along an axis, one tuple for each element that is left when the axis is reduced."""
    count, inner = shape[axis], math.prod(shape[axis + 1 :])
    outer = math.prod(shape[:axis])
    return tuple(tuple((o * count + k) * inner + i for k in range(count)) for o in range(outer) for i in range(inner))


@lru_cache(maxsize=4096)
def taken(shape: Shape, axis: int, indices: tuple[int, ...]) -> tuple[int, ...]:
    """Returns which elements remain, in order, when `indices` of an axis are taken."""
    count, inner = shape[axis], math.prod(shape[axis + 1 :])
    outer = math.prod(shape[:axis])
    return tuple((o * count + k % count) * inner + i for o in range(outer) for k in indices for i in range(inner))
