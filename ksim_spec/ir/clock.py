"""Clocks: values that grow by one control step a step, and what cuts them into before and after.

A clock in floating point is not quite the duration that a person writes: twenty steps of 0.02 s are 0.39999998 s in
float32. What cuts a clock (a comparison, `floor`, `mod`, `sign`) therefore has a slack of a hundredth of a control
step, so that `time >= 0.4 s` holds from the twentieth step on, whatever the last bit. Generated code and the NumPy
evaluation cut alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import Node

SLACK = 0.01  # of a control step: above the rounding of float32 for 80,000 steps, below what anyone writes


def steps_until(seconds: float, control_step: float, strictly: bool = False) -> int:
    """Returns the number of the first control step at which `time >= seconds` holds; `time > seconds` if `strictly`."""
    steps = seconds / control_step
    return math.floor(steps + SLACK) + 1 if strictly else math.ceil(steps - SLACK)


@dataclass(frozen=True)
class Step:
    """By how much a clock grows in a control step: a number, times and over runtime parameters."""

    size: float
    times: tuple[Node, ...] = ()
    over: tuple[Node, ...] = ()

    def text(self, leaf: Callable[[Node], str]) -> str:
        """Returns the slack as source; `leaf` gives the text of a parameter."""
        factors = [f" * jnp.abs({leaf(n)})" for n in self.times] + [f" / jnp.abs({leaf(n)})" for n in self.over]
        return f"{float(f'{SLACK * self.size:.12g}')!r}{''.join(factors)}"

    def value(self, leaf: Callable[[Node], Any]) -> Any:
        """Returns the slack as a number; `leaf` gives the value of a parameter."""
        size = SLACK * self.size
        for n in self.times:
            size = size * abs(leaf(n))
        for n in self.over:
            size = size / abs(leaf(n))
        return size


@dataclass(frozen=True)
class Cut:
    """An operation that jumps, with slack: `numpy(*args, slack)`, and `jax` as a template of arguments and `{s}`."""

    numpy: Callable[..., Any]
    jax: str


CUTS: dict[str, Cut] = {
    "lt": Cut(lambda a, b, s: a < b - s, "({0} < {1} - {s})"),
    "le": Cut(lambda a, b, s: a <= b + s, "({0} <= {1} + {s})"),
    "eq": Cut(lambda a, b, s: np.abs(a - b) <= s, "(jnp.abs({0} - {1}) <= {s})"),
    "ne": Cut(lambda a, b, s: np.abs(a - b) > s, "(jnp.abs({0} - {1}) > {s})"),
    "floor": Cut(lambda a, s: np.floor(a + s), "jnp.floor({0} + {s})"),
    "mod": Cut(lambda a, b, s: np.mod(a + s, b) - s, "(jnp.mod({0} + {s}, {1}) - {s})"),
    "sign": Cut(
        lambda a, s: np.sign(np.where(np.abs(a) <= s, 0.0, a)), "jnp.sign(jnp.where(jnp.abs({0}) <= {s}, 0.0, {0}))"
    ),
}

# Operations that give a clock where an argument is one.
_KEEP = frozenset({
    "add", "sub", "neg", "abs", "minimum", "maximum", "where", "max", "min", "mod", "take", "expand", "stack", "concat",
    "place", "prev", "history", "max_since", "min_since",
})  # fmt: skip
_SECONDS = frozenset({"timer", "since", "spell"})


class Clocks:
    """Tells which values are clocks. `control_step` is that of `time`, in seconds; with 0 `time` is not one."""

    def __init__(self, control_step: float) -> None:
        self.control_step = control_step
        self._known: dict[int, Step | None] = {}

    def cut(self, node: Node) -> Step | None:
        """Returns the step of the clock that a node cuts; None for a node that cuts none."""
        if node.op not in CUTS:
            return None
        return next((s for s in map(self.step, node.args[:2]) if s is not None), None)

    def step(self, node: Node) -> Step | None:
        """Returns by how much a value grows in a control step where it is a clock, else None."""
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [a for a in top.args if id(a) not in self._known]
            if id(top) not in self._known and missing:
                stack += missing
                continue
            self._known.setdefault(id(top), self._own(top))
            stack.pop()
        return self._known[id(node)]

    def _own(self, node: Node) -> Step | None:
        if node.op == "time":
            return Step(self.control_step) if self.control_step else None
        if node.op in _SECONDS:
            return Step(node.attr("dt"))
        if node.op == "count":
            return Step(1.0)
        found = [self._known[id(a)] for a in node.args]
        if node.op in _KEEP:
            return next((s for s in found if s is not None), None)
        if node.op == "mul":
            scaled = (_scaled(s, b, False) for s, b in zip(found, node.args[::-1], strict=True) if s is not None)
            return next((s for s in scaled if s is not None), None)
        if node.op == "div" and found[0] is not None:
            return _scaled(found[0], node.args[1], True)
        return None


def _scaled(step: Step, factor: Node, over: bool) -> Step | None:
    """Returns the step times a factor, or over it; None where the factor is no plain number of the program."""
    if factor.op == "const" and factor.shape == () and factor.attr("value"):
        size = abs(float(factor.attr("value")))
        return replace(step, size=step.size / size if over else step.size * size)
    if factor.op == "param":
        return replace(step, over=(*step.over, factor)) if over else replace(step, times=(*step.times, factor))
    return None
