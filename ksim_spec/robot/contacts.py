"""Which pairs of geoms of a compiled model can touch, and how many contacts a pair can have."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import mujoco
import numpy as np

from ksim_spec.robot.collision import CollisionFilter, pairs_of
from ksim_spec.robot.compiled_reader import geoms_of
from ksim_spec.robot.elements import Geom

_ROUND = (mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_ELLIPSOID)
_CLIPPED = 4  # contacts that MJX makes of two convex shapes, with and without the flag `multiccd`


def contact_count(model: mujoco.MjModel, a: int, b: int) -> int:
    """Returns the most contacts that a pair of geoms can have at once, on any engine."""
    types = {int(model.geom_type[a]), int(model.geom_type[b])}
    if mujoco.mjtGeom.mjGEOM_SDF in types:
        return int(mujoco.mjMAXCONPAIR)  # MuJoCo's own bound is the number of starts, and a mesh makes more
    most = int(mujoco.mj_maxContact(model, a, b, -1))
    single = bool(model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_MULTICCD)
    return max(most, _CLIPPED) if single and most and not types & set(_ROUND) else most


class TouchFilter:
    """Answers whether two geoms of a compiled model, by id, can ever make a contact."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model = model
        flags = int(model.opt.disableflags)
        pairs = zip(model.pair_geom1, model.pair_geom2, strict=True)
        signatures = [int(s) for s in np.asarray(model.exclude_signature)]
        self.filter = CollisionFilter(
            welded=model.body_weldid.tolist(),
            parents=model.body_parentid.tolist(),
            explicit=frozenset(frozenset(map(int, pair)) for pair in pairs),
            excluded=frozenset(frozenset((s >> 16, s & 0xFFFF)) for s in signatures),
            off=bool(flags & (mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)),
            parents_touch=bool(flags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT),
        )

    @cached_property
    def _geoms(self) -> list[Geom]:
        return geoms_of(self.model)

    def named(self, a: int, b: int) -> bool:
        """Returns whether the model names the two geoms as a pair, with numbers of its own."""
        return frozenset((a, b)) in self.filter.explicit

    def can_touch(self, a: int, b: int) -> bool:
        """Returns whether the collision filter lets geoms `a` and `b` through (False for a geom with itself)."""
        return self.filter.can_touch(self._geoms[a], self._geoms[b])

    def pairs(self, a: Iterable[int], b: Iterable[int]) -> list[tuple[int, int]]:
        """Returns the pairs (one of a, one of b) that can touch, in order, each pair of geoms once."""
        return [pair for pair in pairs_of(a, b) if self.can_touch(*pair)]


def outside_geoms(model: mujoco.MjModel, robot: Iterable[str]) -> list[int]:
    """Returns the geoms that are on none of the robot's bodies, which are given by name."""
    inside = {int(model.body(name).id) for name in robot}
    return [g for g in range(model.ngeom) if int(model.geom_bodyid[g]) not in inside]
