"""The interval rules of the temporal operators: what can have become of a value within one episode."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.ir.intervals.interval import (
    ANYTHING,
    INF,
    Interval,
    Known,
    of_pairs,
    product,
    uniform,
    union,
)
from ksim_spec.ir.node import Node

NEVER = 1e6  # what `since` says before its condition ever held


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
