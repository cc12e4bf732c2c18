"""What the checker asks of a robot: names, types and relations, from the MJCF index, plus what the spec adds to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ksim_spec.language.entities import FRAMES, KINDS, ElementKind
from ksim_spec.language.quantities import SENSORS
from ksim_spec.language.sources import MjcfSensor
from ksim_spec.robot.index import RobotIndex
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
    world_floor: bool = True
    incomplete: bool = False

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
        body = self.index.find("body", name)
        return body is not None and any(j.type == "free" and j.body == body.id for j in self.index.joints)

    def keyframes(self) -> list[str]:
        return self.index.names("keyframe")

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

    def actuators_of(self, joint: str) -> tuple[str, ...]:
        return tuple(a.name for a in self.index.actuators_of(joint) if a.name)

    def actuator_kind(self, name: str) -> str:
        """Returns position, velocity or torque: what a control of this actuator means."""
        actuator: Any = self.index.find("actuator", name)
        if actuator.kp is not None:
            return "position"
        return "velocity" if actuator.kv is not None else "torque"

    def drives(self, actuator: str, mode: str) -> bool:
        return self.actuator_kind(actuator) == mode

    @property
    def floor_name(self) -> str:
        return FLOOR
