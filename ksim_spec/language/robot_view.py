"""What the checker asks of a robot: names, types and relations, from the MJCF index, plus what the spec adds to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ksim_spec.language.quantities import SENSORS
from ksim_spec.language.sources import MjcfSensor
from ksim_spec.language.things import FRAMES, KINDS, ElementKind
from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.who import robot_bodies, trees
from ksim_spec.source import SourceMap

FLOOR = "floor"


@dataclass
class RobotView:
    """The robot of one spec. `added` are sites that the spec declares.

    `incomplete` when one of them was not understood: then a site that is not there is no mistake.
    """

    index: RobotIndex
    path: Path
    name: str
    sources: SourceMap
    added: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False
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
            return self.measures({"xbody": "body"}.get(found.objtype, found.objtype), found.obj)
        body = found.id if isinstance(found, el.Body) else found.body if isinstance(found, el.Attached) else 0
        return body in self.own or not self._trees[body]

    @cached_property
    def _trees(self) -> list[int]:
        return trees(self.index)

    def names(self, kind: str) -> list[str]:
        """Returns the names of a kind in MJCF order; the floor that the spec adds is a geom too."""
        names = self.index.names(kind)
        if kind == "site":
            names = [*names, *self.added]
        if kind == "geom" and FLOOR not in names:
            names = [*names, FLOOR]
        return [n for n in names if not (kind == "body" and n == "world")]

    def unnamed(self, kind: str) -> int:
        """Returns how many elements of a kind have no name."""
        return sum(e.name is None for e in self.index.all(kind))

    def add_site(self, name: str, body: str) -> None:
        self.added[name] = body

    def _joint(self, name: str) -> Any:
        return self.index.find("joint", name)

    def joint_type(self, name: str) -> str:
        return str(self._joint(name).type)

    def scalar_joints(self) -> tuple[str, ...]:
        """Returns the hinge and slide joints that have a name, in MJCF order."""
        return tuple(j.name for j in self.index.joints if j.name and j.type in ("hinge", "slide"))

    def is_free_body(self, name: str) -> bool:
        """True when the body itself (not a parent) floats on a free joint."""
        return self.index.free_joint(name) is not None

    def keyframes(self) -> list[str]:
        return self.index.names("keyframe")

    def control_of(self, keyframe: str) -> tuple[float, ...] | None:
        """Returns the control that a keyframe gives every actuator, None where it gives none."""
        found = self.index.find("keyframe", keyframe)
        control = found.ctrl if isinstance(found, el.Keyframe) else None
        # A model that MuJoCo builds has zeros for what its keyframe leaves out.
        return control if self.index.exact or (control and any(control)) else None

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

    @property
    def floor_name(self) -> str:
        return FLOOR
