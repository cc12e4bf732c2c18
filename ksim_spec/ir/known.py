"""The value of a node that hangs on nothing but runtime parameters and curriculum levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS


def evaluate(node: Node, params: Mapping[str, float], levels: Mapping[str, float]) -> np.ndarray | None:
    """Returns the value of a node over parameters and levels, or None when it needs anything else."""
    known: dict[int, Any] = {}
    for n in walk([node]):
        if n.op == "const":
            known[id(n)] = np.asarray(n.attr("value"))
        elif n.op in ("param", "level"):
            values, name = params if n.op == "param" else levels, n.attr("name")
            if name in values:  # else its line has a mistake, and the editor asks all the same
                known[id(n)] = np.asarray(values[name])
        elif OPS[n.op].leaf or any(id(a) not in known for a in n.args):
            continue
        else:
            try:
                known[id(n)] = np.asarray(OPS[n.op].numpy(*(known[id(a)] for a in n.args), **dict(n.attrs)))
            except (RuntimeError, TypeError):  # a temporal operator has no value by itself
                continue
    return known.get(id(node))
