"""The elements of a robot as the checker sees them: angles in radians, lengths in metres, ids of the compiled model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ksim_spec.robot.law import Law

KINDS = (
    "body",
    "joint",
    "geom",
    "site",
    "camera",
    "light",
    "tendon",
    "actuator",
    "sensor",
    "equality",
    "pair",
    "exclude",
    "keyframe",
    "mesh",
    "hfield",
    "material",
    "numeric",
)

JointType = Literal["free", "ball", "slide", "hinge"]
QPOS_SIZE = {"free": 7, "ball": 4, "slide": 1, "hinge": 1}
DOF_SIZE = {"free": 6, "ball": 3, "slide": 1, "hinge": 1}

# Tags of sensors by the number of values they have; what is missing here has one.
SENSOR_SIZE = {
    **dict.fromkeys(("framequat", "ballquat"), 4),
    **dict.fromkeys(
        ("accelerometer", "velocimeter", "gyro", "force", "torque", "magnetometer", "ballangvel", "framepos",
         "framexaxis", "frameyaxis", "framezaxis", "framelinvel", "frameangvel", "framelinacc", "frameangacc",
         "subtreecom", "subtreelinvel", "subtreeangmom", "normal"), 3),
    "camprojection": 2,
    "fromto": 6,
}  # fmt: skip

# The words of MuJoCo's enumeration of sensors that are not MJCF's own.
SENSOR_TAGS = {
    "jointactfrc": "jointactuatorfrc", "tendonactfrc": "tendonactuatorfrc", "geomdist": "distance",
    "geomnormal": "normal", "geomfromto": "fromto",
}  # fmt: skip


@dataclass(frozen=True)
class Element:
    """One element: `id` in the compiled model (-1 where it has none), `name` None when the MJCF gives none."""

    kind: str
    id: int
    name: str | None
    tag: str
    file: str
    line: int
    attrs: Mapping[str, str] = field(compare=False, repr=False, default_factory=dict)

    @property
    def label(self) -> str:
        """What to call it in a message: its name, or kind and number."""
        return self.name or f"{self.kind} #{self.id}"


@dataclass(frozen=True)
class Body(Element):
    """`parent` is a body id; the world is body 0 and its own parent."""

    parent: int = 0


@dataclass(frozen=True)
class Attached(Element):
    """Something fixed to a body: camera, light."""

    body: int = 0


@dataclass(frozen=True)
class Site(Attached):
    """A site; its type is a shape (sphere unless given)."""


@dataclass(frozen=True)
class Geom(Attached):
    """A collision or visual shape. `contype`, `conaffinity` are MuJoCo's collision masks.

    `level` says that its z axis points up where the model stands as it is written.
    """

    type: str = "sphere"
    contype: int = 1
    conaffinity: int = 1
    friction: tuple[float, ...] = (1.0, 0.005, 0.0001)
    priority: int = 0
    level: bool = True


@dataclass(frozen=True)
class Joint(Attached):
    """A joint; `range` is None when unlimited (radians for hinge and ball, metres for slide)."""

    type: JointType = "hinge"
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    range: tuple[float, float] | None = None
    damping: float = 0.0
    armature: float = 0.0
    frictionloss: float = 0.0
    stiffness: float = 0.0
    ref: float = 0.0
    qposadr: int = 0
    dofadr: int = 0

    @property
    def nq(self) -> int:
        return QPOS_SIZE[self.type]

    @property
    def nv(self) -> int:
        return DOF_SIZE[self.type]


@dataclass(frozen=True)
class Actuator(Element):
    """An actuator: `tag` is its MJCF word (position, motor, …); ranges are None when unlimited.

    `law` says which force a control gives. `transmission` says what `target` names: joint, jointinparent, tendon, site,
    body, slidersite.
    """

    transmission: str = "joint"
    target: str = ""
    gear: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ctrlrange: tuple[float, float] | None = None
    forcerange: tuple[float, float] | None = None
    law: Law = Law()

    @property
    def kp(self) -> float | None:
        """Stiffness at the actuator's side of the gear; None for what is no position servo."""
        return self.law.kp or None

    @property
    def kv(self) -> float | None:
        """Damping at the actuator's side of the gear; None without any, and where MuJoCo works it out."""
        return self.law.kv or None


@dataclass(frozen=True)
class Sensor(Element):
    """A sensor of `obj`; `adr`, `dim` are its slice of `sensordata` (`adr` None after a sensor of unknown size)."""

    objtype: str = ""
    obj: str = ""
    reftype: str = ""
    ref: str = ""
    adr: int | None = None
    dim: int | None = 1


@dataclass(frozen=True)
class Keyframe(Element):
    """A keyframe; a vector that the MJCF leaves out is None (MuJoCo then uses qpos0, or zeros)."""

    qpos: tuple[float, ...] | None = None
    qvel: tuple[float, ...] | None = None
    ctrl: tuple[float, ...] | None = None
    act: tuple[float, ...] | None = None
