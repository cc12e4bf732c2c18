"""Which geoms of a robot file are its floor: one rule for the file and the model that MuJoCo builds of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ksim_spec.robot.collision import FLAT
from ksim_spec.robot.elements import Geom

NAME = "floor"  # what the floor of a scene is called


def floors(geoms: Iterable[Geom], welded: Sequence[int], paired: Collection[str]) -> list[Geom]:
    """Returns the planes and height fields that things stand on, the floor first: what does not move and lies level.

    They collide or have explicit pairs, which `paired` names; of those without either only one that is called `floor`
    counts. Walls, ramps and what is only looked at are none. `welded` is for each body the one that it moves with.
    """
    flat = [g for g in geoms if g.type in FLAT and g.level and not welded[g.body]]
    found = [g for g in flat if _collides(g) or g.name in paired or g.name == NAME]
    return sorted(found, key=lambda g: (g.name not in paired, not _collides(g)))


def replaced(found: Sequence[Geom], paired: Collection[str]) -> list[Geom]:
    """Returns which floors go where a plane takes the place of the first one: those that collide without pairs."""
    return [g for g in found[1:] if _collides(g) and g.name not in paired]


def _collides(g: Geom) -> bool:
    return bool(g.contype or g.conaffinity)
