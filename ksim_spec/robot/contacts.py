"""Which pairs of geoms can touch, by the rules of MuJoCo's collision filter, and how many contacts a pair can have."""

from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np

# Contacts of a pair of primitive shapes (MuJoCo's pairwise functions); anything with a mesh or height field: MANY.
SHAPES = ("plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh", "sdf")
_SLOTS = {
    ("plane", "sphere"): 1, ("plane", "capsule"): 2, ("plane", "ellipsoid"): 1, ("plane", "cylinder"): 4,
    ("plane", "box"): 4, ("sphere", "sphere"): 1, ("sphere", "capsule"): 1, ("sphere", "ellipsoid"): 1,
    ("sphere", "cylinder"): 1, ("sphere", "box"): 1, ("sphere", "mesh"): 1, ("capsule", "capsule"): 2,
    ("capsule", "cylinder"): 2, ("capsule", "box"): 2, ("ellipsoid", "ellipsoid"): 1,
}  # fmt: skip
MANY = 4
STATIC_ONLY = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)


def contact_count(model: mujoco.MjModel, a: int, b: int) -> int:
    """Returns the number of contacts worth a slot for a pair of geoms."""
    first, second = sorted((int(model.geom_type[a]), int(model.geom_type[b])))
    return _SLOTS.get((SHAPES[first], SHAPES[second]), MANY)


class TouchFilter:
    """Answers whether two geoms of a compiled model can ever make a contact."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model = model
        flags = int(model.opt.disableflags)
        self.off = bool(flags & (mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT))
        self.no_parent_filter = bool(flags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)
        self.explicit = {frozenset(map(int, p)) for p in zip(model.pair_geom1, model.pair_geom2, strict=True)}
        signatures = np.asarray(model.exclude_signature)
        self.excluded = {frozenset((int(s) >> 16, int(s) & 0xFFFF)) for s in signatures}

    def can_touch(self, a: int, b: int) -> bool:
        """Returns whether the collision filter lets geoms `a` and `b` through (False for a geom with itself)."""
        if a == b or self.off:
            return False
        if frozenset((a, b)) in self.explicit:
            return True
        return self._masks(a, b) and self._bodies(int(self.model.geom_bodyid[a]), int(self.model.geom_bodyid[b])) and (
            self.model.geom_type[a] not in STATIC_ONLY or self.model.geom_type[b] not in STATIC_ONLY
        )

    def _masks(self, a: int, b: int) -> bool:
        con, aff = self.model.geom_contype, self.model.geom_conaffinity
        return bool((con[a] & aff[b]) | (con[b] & aff[a]))

    def _bodies(self, a: int, b: int) -> bool:
        m = self.model
        weld_a, weld_b = int(m.body_weldid[a]), int(m.body_weldid[b])
        if weld_a == weld_b or frozenset((a, b)) in self.excluded:
            return False
        if self.no_parent_filter or not weld_a or not weld_b:
            return True
        return int(m.body_weldid[m.body_parentid[weld_a]]) != weld_b and int(
            m.body_weldid[m.body_parentid[weld_b]]) != weld_a  # fmt: skip

    def pairs(self, a: Iterable[int], b: Iterable[int]) -> list[tuple[int, int]]:
        """Returns the pairs (one of a, one of b) that can touch, in order, each pair of geoms once."""
        others, seen = list(b), set()
        found: list[tuple[int, int]] = []
        for i in a:
            for j in others:
                if frozenset((i, j)) not in seen and self.can_touch(i, j):
                    seen.add(frozenset((i, j)))
                    found.append((i, j))
        return found


def outside_geoms(model: mujoco.MjModel, robot: Iterable[str]) -> list[int]:
    """Returns the geoms that are on none of the robot's bodies, which are given by name."""
    inside = {int(model.body(name).id) for name in robot}
    return [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) not in inside]
