"""Canonical hashes of a program.

`structure` covers the shape of the computation: runtime parameters enter by name, without their values. `meaning`
covers values: a parameter is its value there, as a literal is, so how a thing is called or spelled does not enter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS


class Canon:
    """Digests of nodes in which the arguments of commutative operations are ordered; for comparison only.

    With `values`, parameters by name, a parameter counts as the literal of its value; without, as its name.
    """

    def __init__(self, values: Mapping[str, float] | None = None) -> None:
        self.values = values
        self._known: dict[int, str] = {}

    def __call__(self, node: Node) -> str:
        """Returns the digest of a node and everything below it."""
        for n in walk([node]):
            if id(n) not in self._known:
                args = [self._known[id(a)] for a in n.args]
                if OPS[n.op].commutative:
                    args.sort()
                self._known[id(n)] = hashlib.sha256(f"{self._own(n)}|{args}".encode()).hexdigest()
        return self._known[id(node)]

    def _own(self, node: Node) -> str:
        if node.shape == () and node.dtype == "float":
            if node.op == "param" and self.values is not None and node.attr("name") in self.values:
                return number_text(self.values[node.attr("name")])
            if node.op == "const":
                return number_text(node.attr("value"))
        return f"{node.op}|{node.attrs!r}"


def number_text(value: float) -> str:
    """Returns a number as hashes hold it: twelve digits, so that 20 ms and 0.02 s are one, whatever their last bit."""
    return f"number|{float(value):.12g}"


def digest(value: object) -> str:
    """Returns the SHA-256 of a JSON-able value with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
