"""The value of a node that hangs on nothing but runtime parameters and curriculum levels.

Products and sums of single numbers, which nearly all weights are, take plain Python: importing NumPy would take longer
than all else that reads a spec.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import OPS

_PLAIN = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg}


def evaluate(node: Node, params: Mapping[str, float], levels: Mapping[str, float]) -> Any:
    """Returns the value of a node over parameters and levels, or None when it needs anything else."""
    known: dict[int, Any] = {}
    for n in walk([node]):
        if n.op == "const":
            known[id(n)] = n.attr("value") if not n.shape else np.asarray(n.attr("value"))
        elif n.op in ("param", "level"):
            values, name = params if n.op == "param" else levels, n.attr("name")
            if name in values:  # else its line has a mistake, and the editor asks all the same
                known[id(n)] = float(values[name])
        elif OPS[n.op].leaf or any(id(a) not in known for a in n.args):
            continue
        elif n.op in _PLAIN and not any(a.shape for a in n.args):
            known[id(n)] = _PLAIN[n.op](*(known[id(a)] for a in n.args))
        else:
            try:
                with np.errstate(all="ignore"):
                    known[id(n)] = np.asarray(OPS[n.op].numpy(*(known[id(a)] for a in n.args), **dict(n.attrs)))
            except (RuntimeError, TypeError):  # a temporal operator has no value by itself
                continue
    return known.get(id(node))
