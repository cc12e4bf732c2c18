"""The table of simulator quantities: what `selection.name` means, a row each, and what each MJCF sensor measures.

The checker, the binding to the simulator, the intervals of lint, the documentation and the editor read these rows.
Vectors and points are in the world frame unless a row says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ksim_spec.ir.intervals.interval import ANYTHING, INF, Ends
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language.sources import (
    AddedSensor,
    ContactSensor,
    DataField,
    Derived,
    FreeState,
    MjcfSensor,
    ModelField,
    Source,
)
from ksim_spec.language.things import FRAMES, KINDS
from ksim_spec.language.types import Kind
from ksim_spec.robot.scene_request import Stage
from ksim_spec.units import (
    ACCELERATION,
    ANGLE,
    ANGULAR_ACCELERATION,
    ANGULAR_VELOCITY,
    FORCE,
    LENGTH,
    MASS,
    NUMBER,
    TIME,
    TORQUE,
    VELOCITY,
    Dim,
)

# What the robot file says of a value, by name: `analysis/leaf_intervals.py` works it out for an element.
Bound = Literal["joint_range", "joint_lower", "joint_upper", "joint_effort", "actuator_effort", "contact"]
UNIT: Ends = (-1.0, 1.0)
POSITIVE: Ends = (0.0, INF)


@dataclass(frozen=True)
class Quantity:
    """One row: what `selection.name` means.

    `of` are the kinds of element that have it. `stage` is how far the engine computes for it; what needs `vel` is zero
    where nothing moves. `measured` says that a robot can measure it. `interval` is what lint knows of it: two ends, or
    the name of a bound; in a vector of `UNIT` ends the length is at most 1 too. `slide` is the unit on a sliding joint
    where the general rule (rad to m, Nm to N) does not give it. `place` is the quantity that says where a velocity is
    measured. `free` is what one free body has in its own axes instead.
    """

    name: str
    dim: Dim
    source: Source
    of: tuple[str, ...]
    kind: Kind = "scalar"
    stage: Stage = "pos"
    measured: bool = False
    dtype: Literal["float", "bool"] = "float"
    interval: Ends | Bound = ANYTHING
    slide: Dim | None = None
    place: str = ""
    free: Quantity | None = None
    doc: str = ""

    @property
    def place_of_frame(self) -> bool:
        """Whether it says where a frame is or how it moves: on a fixed base, that follows from the joints alone."""
        return isinstance(self.source, AddedSensor) and self.source.sensor.startswith("frame")

    @property
    def size(self) -> tuple[int, ...]:
        """The shape of one element's value."""
        return () if self.kind == "scalar" else (4,) if self.kind == "rotation" else (3,)


# Rows -----------------------------------------------------------------------------------------------------------------

_JOINT, _BODY, _TOUCHING = ("joint",), ("body",), tuple(kind for kind, row in KINDS.items() if row.touches)


def _component(index: int) -> Callable[[Node, float], Node]:
    return lambda vector, dt: make("take", vector, axis=len(vector.shape) - 1, indices=index)


def _turned(x: float, y: float, z: float) -> Callable[[Node, float], Node]:
    return lambda quat, dt: make("rotate", quat, const([x, y, z]))


# MuJoCo keeps a free body's angular velocity in the body's own axes, which is what its gyro measures.
_SPIN = Quantity(
    "angvel_local",
    ANGULAR_VELOCITY,
    FreeState("qvel", 3, 3),
    _BODY,
    "axial",
    "vel",
    measured=True,
    doc="angular velocity of a free body in its own axes",
)

ROWS = (
    Quantity(
        "pos",
        ANGLE,
        DataField("qpos"),
        _JOINT,
        measured=True,
        interval="joint_range",
        doc="joint position (rad, or m for slides)",
    ),
    Quantity("vel", ANGULAR_VELOCITY, DataField("qvel"), _JOINT, stage="vel", measured=True, doc="joint velocity"),
    Quantity("acc", ANGULAR_ACCELERATION, DataField("qacc"), _JOINT, stage="acc", doc="joint acceleration"),
    Quantity(
        "torque",
        TORQUE,
        DataField("qfrc_actuator"),
        _JOINT,
        stage="acc",
        interval="joint_effort",
        doc="torque (or force) that the actuators apply at the joint",
    ),
    Quantity(
        "lower",
        ANGLE,
        ModelField("jnt_range", 0),
        _JOINT,
        measured=True,
        interval="joint_lower",
        doc="lower end of the joint's range",
    ),
    Quantity(
        "upper",
        ANGLE,
        ModelField("jnt_range", 1),
        _JOINT,
        measured=True,
        interval="joint_upper",
        doc="upper end of the joint's range",
    ),
    Quantity(
        "pos",
        LENGTH,
        AddedSensor("framepos", FreeState("qpos", 0, 3)),
        FRAMES,
        "point",
        doc="position of the frame's origin",
    ),
    Quantity(
        "quat",
        NUMBER,
        AddedSensor("framequat", FreeState("qpos", 3, 4)),
        FRAMES,
        "rotation",
        interval=UNIT,
        doc="orientation, w first, w >= 0",
    ),
    Quantity(
        "linvel",
        VELOCITY,
        AddedSensor("framelinvel", FreeState("qvel", 0, 3)),
        FRAMES,
        "vector",
        "vel",
        place="pos",
        doc="velocity of the frame's origin",
    ),
    Quantity(
        "angvel",
        ANGULAR_VELOCITY,
        AddedSensor("frameangvel"),
        FRAMES,
        "axial",
        "vel",
        free=_SPIN,
        doc="angular velocity",
    ),
    Quantity(
        "height",
        LENGTH,
        Derived("pos", _component(2)),
        FRAMES,
        doc="height of the frame's origin above the world's origin",
    ),
    Quantity(
        "yaw",
        ANGLE,
        Derived("quat", lambda quat, dt: make("yaw", quat)),
        FRAMES,
        doc="heading of the x axis about the world's z",
    ),
    Quantity("up", NUMBER, Derived("quat", _turned(0.0, 0.0, 1.0)), FRAMES, "vector", doc="the frame's z axis"),
    Quantity("forward", NUMBER, Derived("quat", _turned(1.0, 0.0, 0.0)), FRAMES, "vector", doc="the frame's x axis"),
    Quantity(
        "contact",
        NUMBER,
        ContactSensor(("found",)),
        _TOUCHING,
        dtype="bool",
        interval="contact",
        doc="true while it touches anything outside the robot",
    ),
    Quantity(
        "contact_force",
        FORCE,
        ContactSensor(("force", "normal", "tangent")),
        _TOUCHING,
        "vector",
        "acc",
        interval="contact",
        doc="total force that others apply on it",
    ),
    Quantity(
        "air_time",
        TIME,
        Derived("contact", lambda touching, dt: make("spell", touching, dt=dt)),
        _TOUCHING,
        doc="seconds in the air; on the landing step the completed flight, then zero",
    ),
    Quantity(
        "contact_time",
        TIME,
        Derived("contact", lambda touching, dt: make("spell", make("not", touching), dt=dt)),
        _TOUCHING,
        doc="seconds on the ground; on the take-off step the completed stance, then zero",
    ),
    Quantity(
        "com",
        LENGTH,
        AddedSensor("subtreecom"),
        _BODY,
        "point",
        doc="centre of mass of the body and everything below it",
    ),
    Quantity(
        "com_vel",
        VELOCITY,
        AddedSensor("subtreelinvel"),
        _BODY,
        "vector",
        "vel",
        place="com",
        doc="velocity of that centre of mass",
    ),
    Quantity("mass", MASS, ModelField("body_mass"), _BODY, interval=POSITIVE, doc="mass of the body alone"),
    Quantity(
        "total_mass",
        MASS,
        ModelField("body_subtreemass"),
        _BODY,
        interval=POSITIVE,
        doc="mass of the body and everything below it",
    ),
    Quantity(
        "force",
        TORQUE,
        DataField("actuator_force"),
        ("actuator",),
        stage="acc",
        interval="actuator_effort",
        doc="force or torque of the actuator",
    ),
    Quantity(
        "gravity",
        ACCELERATION,
        ModelField("opt.gravity"),
        ("world",),
        "vector",
        measured=True,
        doc="acceleration of what falls freely",
    ),
)

_BY_KIND = {kind: {q.name: q for q in ROWS if kind in q.of} for kind in dict.fromkeys(k for q in ROWS for k in q.of)}
# What a spec can select and read, by kind of element.
QUANTITIES = {kind: rows for kind, rows in _BY_KIND.items() if kind in KINDS and KINDS[kind].plural}


def arrays() -> tuple[str, ...]:
    """Returns the fields of MjData that rows read, in the order in which generated code asks for them."""
    rows = (q for table in QUANTITIES.values() for q in table.values())
    return (*dict.fromkeys(q.source.array for q in rows if isinstance(q.source, DataField)), "sensordata")


def quantity(of: str, name: str) -> Quantity:
    """Returns the row of a quantity that every such element has, frames that a spec cannot select included."""
    return _BY_KIND[of][name]


def row_of(leaf: Node) -> Quantity:
    """Returns the row behind a leaf `read` or `model`, other than that of a sensor of the robot file."""
    of, what = leaf.attr("of"), leaf.attr("what")
    return _SPIN if what == _SPIN.name else quantity(of, what)


def contact_names() -> tuple[str, ...]:
    """Returns the quantities of contacts, which take `with`."""
    touching = _BY_KIND[_TOUCHING[0]]
    return tuple(name for name, q in touching.items() if isinstance(leaf_of(q).source, ContactSensor))


def is_contact(leaf: Node) -> bool:
    """Returns whether a leaf is read from contacts."""
    return leaf.attr("of") != "sensor" and isinstance(row_of(leaf).source, ContactSensor)


def leaf_of(row: Quantity) -> Quantity:
    """Returns the row that a quantity is worked out of: itself, unless it is derived."""
    return leaf_of(quantity(row.of[0], row.source.base)) if isinstance(row.source, Derived) else row


# Sensors --------------------------------------------------------------------------------------------------------------


def _sensor(
    tag: str,
    dim: Dim,
    kind: Kind = "scalar",
    stage: Stage = "pos",
    measured: bool = False,
    frame: Literal["site", "reference", ""] = "",
    interval: Ends | Bound = ANYTHING,
) -> Quantity:
    return Quantity(tag, dim, MjcfSensor(frame), ("sensor",), kind, stage, measured, interval=interval)


_ON_ROBOT = True
_MOMENTUM = MASS * LENGTH**2 / TIME
# By MJCF element. Source: MuJoCo's XML reference, section `sensor`.
SENSORS: dict[str, Quantity] = {
    row.name: row
    for row in (
        _sensor("gyro", ANGULAR_VELOCITY, "axial", "vel", _ON_ROBOT, "site"),
        _sensor("accelerometer", ACCELERATION, "vector", "acc", _ON_ROBOT, "site"),
        _sensor("velocimeter", VELOCITY, "vector", "vel", frame="site"),
        _sensor("magnetometer", NUMBER, "vector", "pos", _ON_ROBOT, "site"),
        _sensor("force", FORCE, "vector", "acc", _ON_ROBOT, "site"),
        _sensor("torque", TORQUE, "axial", "acc", _ON_ROBOT, "site"),
        _sensor("touch", FORCE, "scalar", "acc", _ON_ROBOT, interval=POSITIVE),
        _sensor("rangefinder", LENGTH, "scalar", "pos", _ON_ROBOT, interval=(-1.0, INF)),
        _sensor("jointpos", ANGLE, "scalar", "pos", _ON_ROBOT, interval="joint_range"),
        _sensor("jointvel", ANGULAR_VELOCITY, "scalar", "vel", _ON_ROBOT),
        _sensor("actuatorpos", ANGLE, "scalar", "pos", _ON_ROBOT),
        _sensor("actuatorvel", ANGULAR_VELOCITY, "scalar", "vel", _ON_ROBOT),
        _sensor("actuatorfrc", TORQUE, "scalar", "acc", _ON_ROBOT),
        _sensor("jointactuatorfrc", TORQUE, "scalar", "acc", _ON_ROBOT),
        _sensor("framepos", LENGTH, "point", "pos", frame="reference"),
        _sensor("framequat", NUMBER, "rotation", "pos", _ON_ROBOT, "reference", UNIT),
        _sensor("framexaxis", NUMBER, "vector", "pos", frame="reference", interval=UNIT),
        _sensor("frameyaxis", NUMBER, "vector", "pos", frame="reference", interval=UNIT),
        _sensor("framezaxis", NUMBER, "vector", "pos", frame="reference", interval=UNIT),
        _sensor("framelinvel", VELOCITY, "vector", "vel", frame="reference"),
        _sensor("frameangvel", ANGULAR_VELOCITY, "axial", "vel", frame="reference"),
        _sensor("framelinacc", ACCELERATION, "vector", "acc", frame="reference"),
        _sensor("frameangacc", ANGULAR_ACCELERATION, "axial", "acc", frame="reference"),
        _sensor("subtreecom", LENGTH, "point", "pos"),
        _sensor("subtreelinvel", VELOCITY, "vector", "vel"),
        _sensor("subtreeangmom", _MOMENTUM, "axial", "vel"),
    )
}
