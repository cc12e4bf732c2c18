"""From IR to lines of readable Python: one variable for what is shared or named, the rest in place."""

from __future__ import annotations

import contextlib
import keyword
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ksim_spec.ir.clock import CUTS, Clocks
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS, index_text
from ksim_spec.ir.temporal_ops import is_temporal

INLINE_LIMIT = 70


@dataclass
class Writer:
    """Writes the body of one function. `leaf(node)` gives the text of leaves and of temporal values."""

    leaf: Callable[[Node], str]
    names: dict[int, str]
    clocks: Clocks
    lines: list[str] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    stop: Callable[[Node], bool] = is_temporal
    special: Callable[[Node, list[str]], str | None] = lambda node, args: None
    plain: dict[int, float] = field(default_factory=dict)  # nodes whose text is a number of Python, and no array

    def write(self, roots: Iterable[Node]) -> list[str]:
        """Adds the assignments for everything that `roots` need and returns the text of each root."""
        roots = list(roots)
        order = list(_walk_until(roots, self.stop))
        uses = _use_counts(order, roots, self.stop)
        for node in order:
            if id(node) in self.texts:
                continue
            text = self._expression(node)
            share = uses[id(node)] > 1 or id(node) in self.names or len(text) > INLINE_LIMIT
            trivial = node.op in ("const", "param", "level", "time") and len(text) <= INLINE_LIMIT
            if share and not trivial:
                name = self.variable(self.names.get(id(node)) or _plain_name(node))
                self.lines.append(f"{name} = {_strip(text)}")
                text = name
            self.texts[id(node)] = text
        return [self.texts[id(r)] for r in roots]

    def variable(self, wanted: str) -> str:
        """Returns an identifier that is not taken yet, as near to `wanted` as can be."""
        base = "".join(ch if ch.isalnum() else "_" for ch in wanted) or "value"
        if base[0].isdigit() or keyword.iskeyword(base) or base in _ARGUMENTS:
            base = f"{base}_" if not base[0].isdigit() else f"v{base}"
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name

    def _expression(self, node: Node) -> str:
        if OPS[node.op].leaf or self.stop(node):
            text = self.leaf(node)
            with contextlib.suppress(ValueError):
                self.plain[id(node)] = float(text.replace("jnp.", ""))
            return text
        args = [self.texts[id(a)] for a in node.args]
        written = self.special(node, args)
        if written is not None:
            return written
        step = self.clocks.cut(node)
        if step is not None:
            return CUTS[node.op].jax.format(*args, s=step.text(self.leaf))
        text = OPS[node.op].jax(args, dict(node.attrs))
        if node.op in _OF_PYTHON and all(id(a) in self.plain for a in node.args):
            return self._of_python(node, args, text)
        return text

    def _of_python(self, node: Node, args: list[str], text: str) -> str:
        """Python carries this out itself: what is no array then, or has no value, is made one here."""
        numbers = [self.plain[id(a)] for a in node.args]
        if node.dtype == "bool":
            return f"jnp.array({_strip(text)})"  # as in `constant_text`: ~True is a number
        if node.op == "div" and not numbers[1]:
            return f"(jnp.array({args[0]}) / {args[1]})"
        self.plain[id(node)] = _OF_PYTHON[node.op](*numbers)
        return text


# Operations that Python itself carries out where all arguments are its numbers.
_OF_PYTHON: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "lt": operator.lt, "le": operator.le, "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip

# What functions call their arguments, modules and own variables.
_ARGUMENTS = frozenset({
    "sim", "action", "commands", "time", "temporal", "samples", "params", "levels", "first", "memory", "nominal",
    "stats", "jnp", "np", "km", "q", "qd",
})  # fmt: skip


def _walk_until(roots: Iterable[Node], stop: Callable[[Node], bool]) -> Iterable[Node]:
    """Like `walk`, but does not look below nodes whose value is given (temporal values)."""
    needed: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in needed:
            continue
        needed.add(id(node))
        if not stop(node):
            stack.extend(node.args)
    return (n for n in walk(roots) if id(n) in needed)


def _use_counts(order: list[Node], roots: list[Node], stop: Callable[[Node], bool]) -> dict[int, int]:
    counts = {id(n): 0 for n in order}
    for node in order:
        if not stop(node):
            for a in node.args:
                counts[id(a)] += 1
    for r in roots:
        counts[id(r)] += 0
    return counts


def _plain_name(node: Node) -> str:
    if node.op == "read":
        return f"{node.attr('what')}_{'_'.join(node.attr('names')[:1])}"
    return node.op


def _strip(text: str) -> str:
    """Drops one pair of parentheses around a whole right-hand side."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, ch in enumerate(text):
        depth += (ch == "(") - (ch == ")")
        if depth == 0 and i < len(text) - 1:
            return text
    return text[1:-1]


def constant_text(value: object) -> str:
    """The source of a literal: a Python number, or a float32 array."""
    array = np.asarray(value)
    if array.dtype == bool:
        return f"jnp.array({array.tolist()})"  # a plain True has no axes, and ~True is a number
    if array.shape == ():
        return _numbers(array.item()) if np.isinf(array) else repr(array.item())
    return f"jnp.array({_numbers(array.tolist())})"


def _numbers(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_numbers(v) for v in value) + "]"
    number = float(f"{value:.9g}")
    return repr(number) if np.isfinite(number) else f"{'-' if number < 0 else ''}jnp.inf"


__all__ = ["Writer", "constant_text", "index_text"]
