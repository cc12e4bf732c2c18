"""MuJoCo's collision filter: which geoms can ever touch. One rule for the robot file and the compiled model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ksim_spec.robot.elements import Geom

FLAT = ("plane", "hfield")  # these make no contacts with one another
Pair = frozenset[int]


@dataclass(frozen=True)
class CollisionFilter:
    """What decides, by the ids of the model at hand, besides the geoms themselves.

    `welded` is for each body the one that it moves with, the world's 0; `parents` the parent of each. `explicit` are
    pairs of geoms and `excluded` pairs of bodies that the model names. `off` says that contacts are disabled,
    `parents_touch` that a body and its parent are not kept apart.
    """

    welded: Sequence[int]
    parents: Sequence[int]
    explicit: frozenset[Pair]
    excluded: frozenset[Pair]
    off: bool
    parents_touch: bool

    def can_touch(self, a: Geom, b: Geom) -> bool:
        """Returns whether two geoms can ever make a contact (False for a geom with itself)."""
        if a.id == b.id or self.off:
            return False
        if frozenset((a.id, b.id)) in self.explicit:
            return True
        masks = (a.contype & b.conaffinity) | (b.contype & a.conaffinity)
        return bool(masks) and self._bodies(a.body, b.body) and not (a.type in FLAT and b.type in FLAT)

    def _bodies(self, a: int, b: int) -> bool:
        weld_a, weld_b = self.welded[a], self.welded[b]
        if weld_a == weld_b or frozenset((a, b)) in self.excluded:
            return False
        if self.parents_touch or not weld_a or not weld_b:
            return True
        return self.welded[self.parents[weld_a]] != weld_b and self.welded[self.parents[weld_b]] != weld_a


def pairs_of(a: Iterable[int], b: Iterable[int]) -> list[tuple[int, int]]:
    """Returns every pair (one of a, one of b) in order, each pair once."""
    others = list(b)
    found: dict[Pair, tuple[int, int]] = {}
    for i in a:
        for j in others:
            found.setdefault(frozenset((i, j)), (i, j))
    return list(found.values())
