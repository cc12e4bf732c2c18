"""The intervals of a program's nodes, from the rules of the op table and what is known of its leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ksim_spec.ir.intervals.interval import ANYTHING, TRUTH, Interval, exactly, uniform
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import OPS

Seed = Callable[[Node], Interval]


def unknown(node: Node) -> Interval:
    """Returns all that a leaf's type says of it."""
    return uniform(node.shape, TRUTH if node.dtype == "bool" else ANYTHING)


@dataclass(frozen=True)
class Found:
    """What was worked out for episodes of so many seconds."""

    seconds: float
    known: Mapping[Node, Interval]


class Ranges:
    """Works out the interval of a node, and of everything below it, once.

    `seed` gives those of the leaves other than literals; `seconds` is how long an episode can last; `fixed` gives
    intervals of nodes, to ask what would hold if those were so. Where leaves are as in another situation, `like`, so is
    all that is made of them, and what it knows is taken over; so is what was `found` of an earlier text.
    """

    def __init__(
        self,
        seed: Seed = unknown,
        seconds: float = math.inf,
        fixed: Mapping[Node, Interval] | None = None,
        like: Ranges | None = None,
        found: Found | None = None,
    ) -> None:
        self.seed, self.seconds = seed, seconds
        self.like = like if like is not None and like.seconds == seconds else None
        self._earlier = found.known if found is not None and found.seconds == seconds else {}
        self._known: dict[Node, Interval] = dict(fixed or {})

    @property
    def found(self) -> Found:
        """All that was worked out so far."""
        return Found(self.seconds, self._known)

    def __call__(self, node: Node) -> Interval:
        """Returns the interval of a node."""
        found = self._known.get(node)
        return self._reach(node) if found is None else found

    def _reach(self, node: Node) -> Interval:
        """Works out a node after all below it; no depth of nesting overflows Python's stack."""
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [a for a in top.args if a not in self._known]
            if top in self._known or not missing:
                stack.pop()
                if top not in self._known:
                    self._known[top] = self._work_out(top)
            else:
                stack += missing
        return self._known[node]

    def _work_out(self, node: Node) -> Interval:
        row, known, like, earlier = OPS[node.op], self._known, self.like, self._earlier
        before = earlier.get(node)
        if row.leaf:
            if node.op == "const":
                return before or exactly(node.attr("value"))
            own = self.seed(node)
            if before is not None and before == own:
                return before
            return own if like is None or (other := like(node)) != own else other
        args = [known[a] for a in node.args]
        if before is not None and all(earlier.get(a) is x for a, x in zip(node.args, args, strict=True)):
            return before
        if like is not None and all(like(a) is x for a, x in zip(node.args, args, strict=True)):
            return like(node)
        return row.interval(node, args, self)
