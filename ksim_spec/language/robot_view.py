"""What the checker asks of a robot: names, types and relations, from the MJCF index, plus what the spec adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ksim_spec.language.quantities import SENSORS
from ksim_spec.language.sources import MjcfSensor
from ksim_spec.language.things import FRAMES, KINDS, ElementKind
from ksim_spec.robot import elements as el
from ksim_spec.robot.floors import NAME as FLOOR
from ksim_spec.robot.floors import floors, replaced
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.who import robot_bodies, trees, welds
from ksim_spec.source import SourceMap


@dataclass
class RobotView:
    """The robot of one spec. `added` are sites that the spec declares.

    `incomplete` when one of them was not understood: then a site that is not there is no mistake. `world_floor` says
    that the spec puts a floor there; without, it is the robot file's own. `unknown` is the robot of a file that names
    none and is included by those that do: whatever is asked of it may be there. With `any_floor` the world that a floor
    stands in is said elsewhere.
    """

    index: RobotIndex
    path: Path
    name: str
    sources: SourceMap
    added: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False
    unknown: bool = False
    any_floor: bool = False
    world_floor: bool = False
    base: str = ""  # the body that the spec calls so
    drives: dict[str, el.Actuator] = field(default_factory=dict)  # actuators that the action block gives gains
    unsure: set[str] = field(default_factory=set)  # joints of an action whose actuators were not understood
    _own: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    @property
    def own(self) -> tuple[int, ...]:
        """The ids of the robot's bodies."""
        if self.base not in self._own:
            self._own[self.base] = robot_bodies(self.index, self.base)
        return self._own[self.base]

    def measures(self, kind: str, name: str) -> bool:
        """False for an element of an object, a door or whatever else moves and is not the robot."""
        found = self.index.find(kind, name)
        if isinstance(found, el.Sensor):
            sides = ((found.objtype, found.obj), (found.reftype, found.ref))
            return all(self.measures({"xbody": "body"}.get(k, k), n) for k, n in sides if n)
        body = self._body(kind, name)
        return body in self.own or not self._trees[body]

    def placed_by_joints(self, kind: str, name: str) -> bool:
        """True for an element whose place follows from what the robot measures at its joints: it stands on a fixed
        base, or is fixed itself.
        """
        body = self._body(kind, name)
        above = [body]
        while above[-1]:
            above.append(self.index.bodies[above[-1]].parent)
        floats = any(j.type == "free" and j.body in above for j in self.index.joints)
        carried = any(self.index.bodies[b].attrs.get("mocap") == "true" for b in above)
        return not floats and not carried and (body in self.own or not self._trees[body])

    def _body(self, kind: str, name: str) -> int:
        """The id of the body that an element is part of; the world for what is part of none."""
        if kind == "inertial":
            kind = "body"
        if kind == "site" and name in self.added:
            kind, name = "body", self.added[name]
        found = self.index.find(kind, name)
        return found.id if isinstance(found, el.Body) else found.body if isinstance(found, el.Attached) else 0

    @cached_property
    def _trees(self) -> list[int]:
        return trees(self.index)

    def names(self, kind: str) -> list[str]:
        """Returns the names of a kind in MJCF order; the floor that the spec adds is a geom too."""
        names = self.index.names(kind)
        if kind == "site":
            names = [*names, *self.added]
        if kind == "geom" and self.world_floor:
            gone = {g.name for g in replaced(self._floors, self._paired)} - {FLOOR}
            names = [n for n in names if n not in gone]
            names = names if FLOOR in names else [*names, FLOOR]
        return [n for n in names if not (kind == "body" and n == "world")]

    def numbered(self, kind: str, wanted: Sequence[str]) -> list[str]:
        """Returns which wanted names are those of elements without one, by their number: `joint[3]`."""
        return [n for e in self.index.all(kind) if not e.name and (n := name_of(e)) in wanted]

    def about_unnamed(self, kind: str, plural: str) -> Iterator[str]:
        """Yields what to know of the elements of a kind that have no name, if there are any."""
        unnamed = [e for e in self.index.all(kind) if not e.name]
        if len(unnamed) == 1:
            yield f"one {kind} of this robot has no name; it is called `{name_of(unnamed[0])}`"
        elif unnamed:
            yield f"{len(unnamed)} {plural} of this robot have no name; the first is called `{name_of(unnamed[0])}`"

    def add_site(self, name: str, body: str) -> None:
        self.added[name] = body

    def _joint(self, name: str) -> Any:
        return self.index.find("joint", name)

    def joint_type(self, name: str) -> str:
        return str(self._joint(name).type)

    def scalar_joints(self) -> tuple[str, ...]:
        """Returns the hinge and slide joints in MJCF order."""
        return tuple(name_of(j) for j in self.index.joints if j.type in ("hinge", "slide"))

    def is_free_body(self, name: str) -> bool:
        """True when the body itself (not a parent) floats on a free joint."""
        return self.index.free_joint(name) is not None

    def keyframes(self) -> list[str]:
        return [name_of(k) for k in self.index.keyframes]

    def of_keyframe(self, keyframe: str, what: Literal["ctrl", "act"]) -> tuple[float, ...] | None:
        """Returns the controls or the activations that a keyframe gives, None where it gives none."""
        found = self.index.find("keyframe", keyframe)
        given: tuple[float, ...] | None = getattr(found, what) if isinstance(found, el.Keyframe) else None
        # A model that MuJoCo builds has zeros for what its keyframe leaves out.
        return given if self.index.exact or (given and any(given)) else None

    @property
    def timestep(self) -> float:
        return self.index.timestep

    def sensor_type(self, name: str) -> str:
        return self._sensor(name).tag

    def _sensor(self, name: str) -> Any:
        return self.index.find("sensor", name)

    def sensor_size(self, name: str) -> int:
        return int(self._sensor(name).dim or 1)

    def slides(self, kind: str, name: str) -> bool:
        """True when a joint, or the joint that an actuator drives, slides: its units are m and N, not rad and Nm."""
        if kind == "actuator":
            actuator: Any = self.index.find("actuator", name)
            kind, name = ("joint", actuator.target) if actuator.transmission.startswith("joint") else ("", "")
        joint = self._joint(name) if kind == "joint" else None
        return joint is not None and joint.type == "slide"

    def sensor_slides(self, name: str) -> bool:
        """True when a sensor measures a sliding joint or its actuator."""
        sensor = self._sensor(name)
        kind = next((k for k in ("joint", "actuator") if sensor.tag.startswith(k)), "")
        return self.slides(kind, sensor.obj)

    def sensor_frame(self, name: str) -> tuple[ElementKind, str] | None:
        """Returns the kind and name of what a sensor's vectors are in the axes of, or None for the world."""
        sensor = self._sensor(name)
        source = SENSORS[sensor.tag].source
        if isinstance(source, MjcfSensor) and source.frame == "site":
            return "site", str(sensor.obj)
        found: list[ElementKind] = [kind for kind in FRAMES if KINDS[kind].mjcf == sensor.reftype]
        return (found[0], str(sensor.ref)) if found and sensor.ref else None

    def actuators_of(self, joint: str) -> tuple[el.Actuator, ...]:
        """Returns the actuators that drive a joint directly, with the gains that the action block gives them."""
        return tuple(self.drives.get(name_of(a), a) for a in self.index.actuators_of(joint))

    @cached_property
    def _paired(self) -> frozenset[str]:
        """The geoms that the robot file names in explicit pairs."""
        return frozenset(p.attrs.get(side, "") for p in self.index.all("pair") for side in ("geom1", "geom2"))

    @cached_property
    def _floors(self) -> list[el.Geom]:
        return floors(self.index.geoms, welds(self.index), self._paired)

    @property
    def floor_name(self) -> str | None:
        """What the scene calls its floor: the spec's own, or what it leaves of the robot file; None without one."""
        return FLOOR if self.world_floor else name_of(self._floors[0]) if self._floors else None

    def geom_name(self, name: str) -> str:
        """Returns what the scene calls a geom: the robot file's floor becomes that of the spec."""
        own = self.world_floor and self._floors and self._floors[0].name == name
        return FLOOR if own else name

    def takes_floors_name(self) -> el.Geom | None:
        """Returns a geom of the robot file that is called like the spec's floor and does not become it, or None."""
        found = self.index.find("geom", FLOOR)
        floor = isinstance(found, el.Geom) and found not in self._floors[:1]
        kept = floor and found not in replaced(self._floors, self._paired)
        return found if kept and isinstance(found, el.Geom) else None

    def own_friction(self, geom: str) -> str:
        """Returns the other geom of an explicit pair of one, which has a friction of its own; empty without a pair.

        The pairs of the floor that the spec puts there follow the floor.
        """
        for pair in self.index.all("pair"):
            sides = [self.geom_name(pair.attrs.get(side, "")) for side in ("geom1", "geom2")]
            if geom in sides and not (self.world_floor and geom == FLOOR):
                return sides[1 - sides.index(geom)]
        return ""
