"""The intervals of a program's nodes, from the rules of the op table and what is known of its leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ksim_spec.ir.interval import ANYTHING, TRUTH, Interval, exactly, uniform
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import OPS

Seed = Callable[[Node], Interval]


def unknown(node: Node) -> Interval:
    """Returns all that a leaf's type says of it."""
    return uniform(node.shape, TRUTH if node.dtype == "bool" else ANYTHING)


class Ranges:
    """Works out the interval of a node, and of everything below it, once.

    `seed` gives those of the leaves other than literals; `seconds` is how long an episode can last; `fixed` gives
    intervals of nodes by id, to ask what would hold if those were so.
    """

    def __init__(
        self, seed: Seed = unknown, seconds: float = math.inf, fixed: Mapping[int, Interval] | None = None
    ) -> None:
        self.seed, self.seconds = seed, seconds
        self._known: dict[int, Interval] = dict(fixed or {})

    def __call__(self, node: Node) -> Interval:
        """Returns the interval of a node."""
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [a for a in top.args if id(a) not in self._known]
            if id(top) in self._known or not missing:
                stack.pop()
                if id(top) not in self._known:
                    self._known[id(top)] = self._work_out(top)
            else:
                stack += missing
        return self._known[id(node)]

    def _work_out(self, node: Node) -> Interval:
        row = OPS[node.op]
        if node.op == "const":
            return exactly(node.attr("value"))
        if row.leaf:
            return self.seed(node)
        return row.interval(node, [self._known[id(a)] for a in node.args], self)
