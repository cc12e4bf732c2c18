"""What a compiled task asks of the scene, and what it gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ksim_spec.robot.elements import Actuator

if TYPE_CHECKING:
    import mujoco

SensorKind = Literal[
    "framepos", "framequat", "framexaxis", "frameyaxis", "framezaxis", "framelinvel", "frameangvel", "framelinacc",
    "frameangacc", "subtreecom", "subtreelinvel", "subtreeangmom", "touch", "force", "torque", "accelerometer", "gyro",
    "velocimeter", "magnetometer", "rangefinder", "jointpos", "jointvel", "jointactuatorfrc", "actuatorpos",
    "actuatorvel", "actuatorfrc", "tendonpos", "tendonvel", "tendonactuatorfrc", "ballquat", "ballangvel",
]  # fmt: skip
ContactField = Literal["found", "force", "torque", "dist", "pos", "normal", "tangent", "linvel", "angvel"]
Stage = Literal["pos", "vel", "acc"]
STAGES: tuple[Stage, ...] = ("pos", "vel", "acc")  # each needs those before it


def stage_of(needstage: int) -> Stage:
    """Returns the stage of MuJoCo's `sensor_needstage`, where 0 is none, 1 position, and so on."""
    return STAGES[max(int(needstage) - 1, 0)]


@dataclass(frozen=True)
class SensorRequest:
    """One sensor to add. `obj` is a name, or an id in the robot's own compiled model for an unnamed element.

    `objtype` `body` means the body's own frame (MJCF calls it `xbody`) for frame sensors and the subtree's root for
    subtree sensors; `inertial` is the frame at the body's centre of mass. `reftype`, `ref` give the frame of reference.
    """

    key: str
    kind: SensorKind
    objtype: str
    obj: str | int
    reftype: str = ""
    ref: str | int = ""
    cutoff: float = 0.0


@dataclass(frozen=True)
class ContactRequest:
    """Contact between two sets of geoms (names, or ids in the robot's own model); `b` "outside" is all but the robot.

    It becomes one or more slots for each pair of geoms that can touch; a slot holds the fields of `data` in MuJoCo's
    order (found, force, torque, dist, pos, normal, tangent, linvel, angvel). `found` and `dist` get one slot a pair
    (the nearest contact); with anything else a pair has as many slots as it can have contacts. Unused slots are zero,
    except `dist`. `force` is in the contact's frame (normal, tangent, their cross product), and acts on the second
    geom: `a` comes first in every pair, so the world-frame force on `a` is minus the sum over slots of
    force[0]*normal + force[1]*tangent + force[2]*cross(normal, tangent).
    """

    key: str
    a: tuple[str | int, ...]
    b: tuple[str | int, ...] | Literal["outside"] = "outside"
    data: tuple[ContactField, ...] = ("found",)


@dataclass(frozen=True)
class SiteRequest:
    """A site the MJCF lacks, at `pos` (m) in the frame of `body`."""

    name: str
    body: str
    pos: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class SceneRequest:
    """Everything that decides the composed model.

    `floor` is the sliding friction of a flat floor that replaces the model's own, or None to leave the model alone.
    `physics_step` is in seconds (None keeps the MJCF's). `options` overrides fields of MuJoCo's option by name
    (`iterations`, `ls_iterations`, `solver`, `integrator`, `cone`, `impratio`, …; `flag:NAME` True or False).
    `servos` are actuators as they shall be (see `servo.served`). `own`
    names the robot's bodies, None those that `who.robot_bodies` finds.
    `keep_sensors` names the robot's own sensors to keep (None keeps all): each costs time at every step.
    """

    robot: Path | str
    floor: float | None = None
    physics_step: float | None = None
    sites: tuple[SiteRequest, ...] = ()
    sensors: tuple[SensorRequest, ...] = ()
    contacts: tuple[ContactRequest, ...] = ()
    servos: tuple[Actuator, ...] = ()
    own: tuple[str, ...] | None = None
    options: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    keep_sensors: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Scene:
    """A composed model.

    `xml` and `assets` (file name to bytes) rebuild it anywhere: `MjSpec.from_string(xml, assets=assets)`.
    `sensors[key]` is a half-open range of `sensordata`; `contacts[key]` one slice a slot (empty: nothing can touch).
    `stage` is the lowest stage at which every requested sensor is current. `floor` names the floor geom, None without
    one; `floor_pairs` are ids of explicit pairs with the floor, whose friction is `pair_friction`, not the geom's.
    `notes` say what composition decided that a person might not expect.
    """

    model: mujoco.MjModel
    xml: str
    assets: dict[str, bytes]
    sensors: dict[str, tuple[int, int]]
    contacts: dict[str, list[slice]]
    stage: Stage
    floor: str | None
    floor_pairs: tuple[int, ...]
    notes: tuple[str, ...]
