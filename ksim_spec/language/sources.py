"""Where the numbers of a quantity come from, and where the composed scene has them.

A source says which leaf of the IR stands for it (`op`), what it asks of the scene (`request`), and where its numbers
are afterwards. New sources are classes here; nothing else in the package knows them one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ksim_spec.ir.node import Node
from ksim_spec.robot.scene_request import ContactField, SensorKind, SensorRequest

if TYPE_CHECKING:
    from ksim_spec.robot.scene_request import Scene

Op = Literal["read", "model"]


@dataclass(frozen=True)
class DataField:
    """A field of MjData with an entry for every joint, degree of freedom or actuator: `qpos`, `qfrc_actuator`, …"""

    array: str
    op: ClassVar[Op] = "read"

    def where(self, scene: Scene, of: str, name: str, what: str) -> Sequence[int]:
        """Returns the places of one element's numbers in the array."""
        element = getattr(scene.model, of)(name)
        if of != "joint":
            return (int(element.id),)
        return (int((element.qposadr if self.array == "qpos" else element.dofadr)[0]),)


@dataclass(frozen=True)
class FreeState:
    """Numbers of a free joint's own state, from `start` on: its pose in `qpos`, its velocities in `qvel`."""

    array: Literal["qpos", "qvel"]
    start: int
    size: int
    op: ClassVar[Op] = "read"

    def where(self, scene: Scene, of: str, name: str, what: str) -> Sequence[int]:
        joint = scene.model.joint(int(scene.model.body(name).jntadr[0]))
        first = int((joint.qposadr if self.array == "qpos" else joint.dofadr)[0]) + self.start
        return range(first, first + self.size)


@dataclass(frozen=True)
class AddedSensor:
    """A frame or subtree sensor that the scene gets for it; `free` is where one free body has it without a sensor."""

    sensor: SensorKind
    free: FreeState | None = None
    array: ClassVar[str] = "sensordata"
    op: ClassVar[Op] = "read"

    def request(self, of: str, name: str, what: str) -> SensorRequest:
        return SensorRequest(self._key(of, name, what), self.sensor, of, name)

    def where(self, scene: Scene, of: str, name: str, what: str) -> Sequence[int]:
        return range(*scene.sensors[self._key(of, name, what)])

    def _key(self, of: str, name: str, what: str) -> str:
        return f"{of}.{name}.{what}"


@dataclass(frozen=True)
class MjcfSensor:
    """A sensor of the robot file. `frame` says whose axes its vectors have: its own site's, or its reference's."""

    frame: Literal["site", "reference", ""] = ""
    array: ClassVar[str] = "sensordata"
    op: ClassVar[Op] = "read"

    def where(self, scene: Scene, of: str, name: str, what: str) -> Sequence[int]:
        sensor = scene.model.sensor(name)
        return range(int(sensor.adr[0]), int(sensor.adr[0] + sensor.dim[0]))


@dataclass(frozen=True)
class ContactSensor:
    """Contacts with the other side, a slot each; the fields of a slot are MuJoCo's."""

    fields: tuple[ContactField, ...]
    op: ClassVar[Op] = "read"


@dataclass(frozen=True)
class ModelField:
    """A field of the composed model: `jnt_range`, `dof_armature`, `body_mass`, `opt.gravity`; `column` picks one.

    Nominal: a value that `randomize` draws is not seen here. The range of a joint without limits is infinite.
    """

    array: str
    column: int | None = None
    op: ClassVar[Op] = "model"

    def value(self, scene: Scene, of: str, names: Sequence[str]) -> list[Any]:
        """Returns the numbers of each element, or the whole field for none."""
        model: Any = scene.model
        owner, _, field = self.array.rpartition(".")
        array = getattr(getattr(model, owner) if owner else model, field)
        elements = [getattr(model, of)(name) for name in names]
        rows = [int(e.dofadr[0]) if field.startswith("dof_") else int(e.id) for e in elements]
        if not names:
            return array.tolist()
        if field == "jnt_range":
            ends = (-math.inf, math.inf)
            array = [row.tolist() if limited else ends for row, limited in zip(array, model.jnt_limited, strict=True)]
            return [array[i][self.column or 0] for i in rows]
        return [(array[i] if self.column is None else array[i, self.column]).tolist() for i in rows]


@dataclass(frozen=True)
class Derived:
    """Worked out of another quantity of the same element; `make` gets its node and the control step (s)."""

    base: str
    make: Callable[[Node, float], Node]


Source = DataField | FreeState | AddedSensor | MjcfSensor | ContactSensor | ModelField | Derived
