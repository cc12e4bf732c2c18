"""Which geoms can touch, known from the robot file alone: what `contacts.TouchFilter` says of the compiled model.

Where the file does not tell for sure, geoms are taken to touch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.who import welds

FLOOR = "floor"
_FLAT = ("plane", "hfield")
_NEW_FLOOR = el.Geom("geom", -1, FLOOR, "geom", "", 0, type="plane", contype=-1, conaffinity=-1)


@dataclass(frozen=True)
class Touch:
    """Answers for one scene; `floor` says that the spec puts a plane in place of the robot file's floors.

    `own` are the ids of the robot's bodies.
    """

    index: RobotIndex
    floor: bool
    own: tuple[int, ...]

    @cached_property
    def geoms(self) -> tuple[el.Geom, ...]:
        """Every geom of the scene; the floor that the spec puts there is one of them."""
        return (*(g for g in self.index.geoms if g.id not in self._dropped), *([_NEW_FLOOR] if self._new else []))

    @cached_property
    def _own(self) -> list[el.Geom]:
        """The robot file's floors, the one that becomes the spec's first."""
        found = [g for g in self.index.geoms if g.body == 0 and g.type in _FLAT]
        return sorted(found, key=lambda g: (g.name not in self._paired, not (g.contype or g.conaffinity)))

    @property
    def _new(self) -> bool:
        return self.floor and not self._own

    @cached_property
    def _dropped(self) -> frozenset[int]:
        others = self._own[1:] if self.floor else []
        return frozenset(g.id for g in others if (g.contype or g.conaffinity) and g.name not in self._paired)

    @cached_property
    def _pairs(self) -> frozenset[frozenset[str]]:
        found = self.index.all("pair")
        return frozenset(frozenset((p.attrs.get("geom1", ""), p.attrs.get("geom2", ""))) for p in found)

    @cached_property
    def _paired(self) -> frozenset[str]:
        return frozenset(name for pair in self._pairs for name in pair)

    @cached_property
    def _excluded(self) -> frozenset[frozenset[str]]:
        found = self.index.all("exclude")
        return frozenset(frozenset((e.attrs.get("body1", ""), e.attrs.get("body2", ""))) for e in found)

    @cached_property
    def _welded(self) -> list[int]:
        return welds(self.index)

    def _off(self) -> bool:
        return "disable" in (self.index.options.get("flag:contact"), self.index.options.get("flag:constraint"))

    def can_touch(self, a: el.Geom, b: el.Geom) -> bool:
        """Returns whether two geoms of the scene can ever make a contact."""
        if a is b or self._off():
            return False
        if not self.index.exact or (self._names(a) and self._names(b) and self._explicit(a, b)):
            return True
        masks = (a.contype & b.conaffinity) | (b.contype & a.conaffinity)
        return bool(masks) and self._bodies(a.body, b.body) and not (a.type in _FLAT and b.type in _FLAT)

    def _names(self, geom: el.Geom) -> set[str]:
        """What the pairs of the robot file may call a geom: the floor keeps its old name there."""
        return {n for n in (geom.name, FLOOR if self.floor and geom in self._own[:1] else None) if n}

    def _explicit(self, a: el.Geom, b: el.Geom) -> bool:
        return any(frozenset((x, y)) in self._pairs for x in self._names(a) for y in self._names(b))

    def _bodies(self, a: int, b: int) -> bool:
        bodies, welded = self.index.bodies, self._welded
        weld_a, weld_b = welded[a], welded[b]
        if weld_a == weld_b or frozenset((bodies[a].name or "", bodies[b].name or "")) in self._excluded:
            return False
        if self.index.options.get("flag:filterparent") == "disable" or not weld_a or not weld_b:
            return True
        return welded[bodies[weld_a].parent] != weld_b and welded[bodies[weld_b].parent] != weld_a

    # Sides of a contact -------------------------------------------------------------------------------------------

    def of(self, kind: str, name: str) -> list[el.Geom]:
        """Returns the geoms that stand for an element in a contact: itself, its body's, or those of a site's body."""
        if kind == "geom":
            floor = [_NEW_FLOOR] if self._new else self._own[:1] if self.floor else []
            return floor if name == FLOOR and floor else [g for g in self.geoms if g.name == name]
        element = self.index.find(kind, name)
        body = element.id if kind == "body" and element else getattr(element, "body", -1)
        return [g for g in self.geoms if g.body == body and g is not _NEW_FLOOR]

    @cached_property
    def outside(self) -> list[el.Geom]:
        """The geoms that are not the robot's."""
        return [g for g in self.geoms if g is _NEW_FLOOR or g.body not in self.own]

    def any_pair(self, a: Iterable[el.Geom], b: Iterable[el.Geom]) -> bool:
        """Returns whether one of `a` can touch one of `b`."""
        others = list(b)
        return any(self.can_touch(x, y) for x in a for y in others)
