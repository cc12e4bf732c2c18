"""Whether draws are what they say: within their ranges, each its own, anew when they should be.

A draw is read back as levels: where in its distribution each environment's number lies, from 0 to 1. Two draws of
which all environments have the same levels are one draw.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EDGE = 0.02  # how far beyond its range a level may lie, as it is read back from float32
SAME = 1e-3
FEW = 4  # environments of which equal levels are no chance


class Shared(AssertionError):
    """A draw is out of its range, or two draws are one."""


@dataclass
class Levels:
    """Levels by the name of a draw: one number an environment, NaN where it could not be read."""

    tally: Counter[str]
    last: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, occasion: dict[str, Any], anew: bool = True) -> None:
        """Takes levels that were drawn at one time. With `anew` none may be what it was the last time."""
        rows = {k: np.asarray(v, float) for k, v in occasion.items()}
        for name, levels in rows.items():
            known = levels[np.isfinite(levels)]
            self.tally["draws"] += known.size
            if known.size and (known.min() < -EDGE or known.max() > 1 + EDGE):
                raise Shared(f"{name} is out of its range: {levels}")
            if known.size >= FEW and np.ptp(known) < SAME:
                raise Shared(f"{name} is the same in every environment: {levels}")
            before = self.last.get(name)
            if anew and before is not None and _equal(levels, before):
                raise Shared(f"{name} is not drawn anew: {levels}")
            self.last[name] = levels
        names = list(rows)
        for i, one in enumerate(names):
            for other in names[:i]:
                if _equal(rows[one], rows[other]):
                    raise Shared(f"{one} and {other} are one draw: {rows[one]}")


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    both = np.isfinite(a) & np.isfinite(b)
    inside = both & (np.minimum(a, b) > 1e-6) & (np.maximum(a, b) < 1 - 1e-6)
    return int(inside.sum()) >= FEW and bool(np.all(np.abs(a - b)[inside] < SAME))
