"""Canonical hashes of a program.

`structure` covers the shape of the computation: it names the compiled program, and runtime parameters do not enter.
`meaning` covers values too. Names of signals, the order of reward terms, and spelling enter neither.
"""

from __future__ import annotations

import hashlib
import json

from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS


def canonical(node: Node, known: dict[int, str] | None = None) -> str:
    """Returns a digest in which the arguments of commutative operations are ordered, for comparison only."""
    known = {} if known is None else known
    for n in walk([node]):
        if id(n) in known:
            continue
        args = [known[id(a)] for a in n.args]
        if OPS[n.op].commutative:
            args.sort()
        known[id(n)] = hashlib.sha256(f"{n.op}|{n.attrs!r}|{args}".encode()).hexdigest()
    return known[id(node)]


def digest(value: object) -> str:
    """Returns the SHA-256 of a JSON-able value with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
