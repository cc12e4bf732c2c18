"""Which geoms can touch, known from the robot file alone: what `contacts.TouchFilter` says of the compiled model.

Where the file does not tell for sure, geoms are taken to touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ksim_spec.robot import elements as el
from ksim_spec.robot.collision import CollisionFilter
from ksim_spec.robot.floors import NAME, floors, replaced
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.who import welds

FLOOR = NAME
_NEW_FLOOR = el.Geom("geom", -1, FLOOR, "geom", "", 0, type="plane", contype=-1, conaffinity=-1)


@dataclass(frozen=True)
class Touch:
    """Answers for one scene; `floor` says that the spec puts a plane in place of the robot file's floors.

    `own` are the ids of the robot's bodies, `sites` those that the spec adds, each with its body.
    """

    index: RobotIndex
    floor: bool
    own: tuple[int, ...]
    sites: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def geoms(self) -> tuple[el.Geom, ...]:
        """Every geom of the scene; the floor that the spec puts there is one of them."""
        kept = [g for g in self.index.geoms if g.id not in self._dropped]
        # what was only looked at becomes something to stand on
        bare = [g for g in self._own[:1] if self.floor and not (g.contype or g.conaffinity or g.name in self._paired)]
        kept = [replace(g, contype=-1, conaffinity=-1) if g in bare else g for g in kept]
        return (*kept, *([_NEW_FLOOR] if self._new else []))

    @cached_property
    def _own(self) -> list[el.Geom]:
        """The robot file's floors, the one that becomes the spec's first."""
        return floors(self.index.geoms, self._welded, self._paired)

    @property
    def _first(self) -> int:
        """The id of the geom that becomes the spec's floor; -2 where there is none."""
        return self._own[0].id if self._own else -2

    @property
    def _new(self) -> bool:
        return self.floor and not self._own

    @cached_property
    def _dropped(self) -> frozenset[int]:
        return frozenset(g.id for g in replaced(self._own, self._paired)) if self.floor else frozenset()

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        return [(p.attrs.get("geom1", ""), p.attrs.get("geom2", "")) for p in self.index.all("pair")]

    @cached_property
    def _paired(self) -> frozenset[str]:
        return frozenset(name for pair in self._pairs for name in pair)

    @cached_property
    def _welded(self) -> list[int]:
        return welds(self.index)

    @cached_property
    def _filter(self) -> CollisionFilter:
        options, bodies = self.index.options, {b.name: b.id for b in self.index.bodies if b.name}
        excluded = [(e.attrs.get("body1", ""), e.attrs.get("body2", "")) for e in self.index.all("exclude")]
        return CollisionFilter(
            welded=self._welded,
            parents=[b.parent for b in self.index.bodies],
            explicit=frozenset(frozenset((a, b)) for x, y in self._pairs for a in self._ids(x) for b in self._ids(y)),
            excluded=frozenset(frozenset((bodies[a], bodies[b])) for a, b in excluded if a in bodies and b in bodies),
            off="disable" in (options.get("flag:contact"), options.get("flag:constraint")),
            parents_touch=options.get("flag:filterparent") == "disable",
        )

    def _ids(self, name: str) -> list[int]:
        """The geoms that a pair of the robot file means by a name: the floor keeps its old name there."""
        return [g.id for g in self.geoms if g.name == name or (self.floor and name == FLOOR and g.id == self._first)]

    def can_touch(self, a: el.Geom, b: el.Geom) -> bool:
        """Returns whether two geoms of the scene can ever make a contact."""
        # Where MuJoCo has to build the model its pairs are not known here.
        either = not self.index.exact and a.id != b.id and not self._filter.off
        return either or self._filter.can_touch(a, b)

    # Sides of a contact -------------------------------------------------------------------------------------------

    def of(self, kind: str, name: str) -> list[el.Geom]:
        """Returns the geoms that stand for an element in a contact: itself, its body's, or those of a site's body."""
        if kind == "geom":
            floor = [_NEW_FLOOR] if self._new else [g for g in self.geoms if g.id == self._first] if self.floor else []
            return floor if name == FLOOR and floor else [g for g in self.geoms if name_of(g) == name]
        if kind == "site" and name in self.sites:
            kind, name = "body", self.sites[name]
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
