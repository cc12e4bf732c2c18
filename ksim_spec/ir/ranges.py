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
    intervals of nodes by id, to ask what would hold if those were so. Where leaves are as in another situation, `like`,
    so is all that is made of them, and what it knows is taken over.
    """

    def __init__(
        self, seed: Seed = unknown, seconds: float = math.inf, fixed: Mapping[int, Interval] | None = None,
        like: Ranges | None = None,
    ) -> None:  # fmt: skip
        self.seed, self.seconds = seed, seconds
        self.like = like if like is not None and like.seconds == seconds else None
        self._known: dict[int, Interval] = dict(fixed or {})

    def __call__(self, node: Node) -> Interval:
        """Returns the interval of a node."""
        found = self._known.get(id(node))
        return self._reach(node) if found is None else found

    def _reach(self, node: Node) -> Interval:
        """Works out a node after all below it; no depth of nesting overflows Python's stack."""
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
        row, known, like = OPS[node.op], self._known, self.like
        if row.leaf:
            own = exactly(node.attr("value")) if node.op == "const" else self.seed(node)
            return own if like is None or (other := like(node)) != own else other
        args = [known[id(a)] for a in node.args]
        if like is not None and all(like(a) is x for a, x in zip(node.args, args, strict=True)):
            return like(node)
        return row.interval(node, args, self)
