"""The table of simulator quantities: what `selection.name` means, with dimension, kind, source and needed stage.

The checker, the compiler's demand analysis, the documentation and the editor read this one table. Frames: vectors and
points are in the world frame unless said otherwise; the binding to simulator fields is in ksim_spec/emit/binding.
"""

from __future__ import annotations

from ksim_spec.language.types import Quantity
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


def _table(*rows: Quantity) -> dict[str, Quantity]:
    return {row.name: row for row in rows}


_SPATIAL = (
    Quantity("pos", LENGTH, "point", doc="position of the frame's origin"),
    Quantity("quat", NUMBER, "rotation", doc="orientation, w first, w >= 0"),
    Quantity("linvel", VELOCITY, "vector", stage="vel", doc="velocity of the frame's origin"),
    Quantity("angvel", ANGULAR_VELOCITY, "axial", stage="vel", doc="angular velocity"),
    Quantity("height", LENGTH, doc="height of the frame's origin above the world's origin"),
    Quantity("yaw", ANGLE, doc="heading of the x axis about the world's z"),
    Quantity("up", NUMBER, "vector", doc="the frame's z axis"),
    Quantity("forward", NUMBER, "vector", doc="the frame's x axis"),
)
_CONTACT = (
    Quantity("contact", NUMBER, dtype="bool", doc="true while it touches anything outside the robot"),
    Quantity("contact_force", FORCE, "vector", stage="acc", doc="total force that others apply on it"),
    Quantity("air_time", TIME, doc="seconds in the air; on the landing step the completed flight, then zero"),
    Quantity("contact_time", TIME, doc="seconds on the ground; on the take-off step the completed stance, then zero"),
)

QUANTITIES: dict[str, dict[str, Quantity]] = {
    "joint": _table(
        Quantity("pos", ANGLE, on_robot=True, doc="joint position (rad, or m for slides)"),
        Quantity("vel", ANGULAR_VELOCITY, on_robot=True, stage="vel", doc="joint velocity"),
        Quantity("acc", ANGULAR_ACCELERATION, stage="acc", doc="joint acceleration"),
        Quantity("torque", TORQUE, stage="acc", doc="torque (or force) that the actuators apply at the joint"),
        Quantity("lower", ANGLE, on_robot=True, doc="lower end of the joint's range"),
        Quantity("upper", ANGLE, on_robot=True, doc="upper end of the joint's range"),
    ),
    "body": _table(
        *_SPATIAL,
        *_CONTACT,
        Quantity("com", LENGTH, "point", doc="centre of mass of the body and everything below it"),
        Quantity("com_vel", VELOCITY, "vector", stage="vel", doc="velocity of that centre of mass"),
        Quantity("mass", MASS, doc="mass of the body alone"),
        Quantity("total_mass", MASS, doc="mass of the body and everything below it"),
    ),
    "site": _table(*_SPATIAL, *_CONTACT),
    "geom": _table(*_SPATIAL, *_CONTACT),
    "actuator": _table(
        Quantity("force", TORQUE, stage="acc", doc="force or torque of the actuator"),
    ),
}

FREE_BODY_ON_ROBOT = frozenset({"angvel"})

# Sensors by MJCF element: dimension, kind, whether its last axis is xyz or a quaternion, stage. Source: MuJoCo's XML
# reference, section `sensor`; the frame of each is the site's unless it says world.
_XYZ, _ONE = True, False
SENSORS: dict[str, tuple[Dim, str, bool, str, bool]] = {
    # tag: (dim, kind, is xyz, stage, measured on the robot)
    "gyro": (ANGULAR_VELOCITY, "axial", _XYZ, "vel", True),
    "accelerometer": (ACCELERATION, "vector", _XYZ, "acc", True),
    "velocimeter": (VELOCITY, "vector", _XYZ, "vel", False),
    "magnetometer": (NUMBER, "vector", _XYZ, "pos", True),
    "force": (FORCE, "vector", _XYZ, "acc", True),
    "torque": (TORQUE, "axial", _XYZ, "acc", True),
    "touch": (FORCE, "scalar", _ONE, "acc", True),
    "rangefinder": (LENGTH, "scalar", _ONE, "pos", True),
    "jointpos": (ANGLE, "scalar", _ONE, "pos", True),
    "jointvel": (ANGULAR_VELOCITY, "scalar", _ONE, "vel", True),
    "actuatorpos": (ANGLE, "scalar", _ONE, "pos", True),
    "actuatorvel": (ANGULAR_VELOCITY, "scalar", _ONE, "vel", True),
    "actuatorfrc": (TORQUE, "scalar", _ONE, "acc", True),
    "jointactuatorfrc": (TORQUE, "scalar", _ONE, "acc", True),
    "framepos": (LENGTH, "point", _XYZ, "pos", False),
    "framequat": (NUMBER, "rotation", _ONE, "pos", True),
    "framexaxis": (NUMBER, "vector", _XYZ, "pos", False),
    "frameyaxis": (NUMBER, "vector", _XYZ, "pos", False),
    "framezaxis": (NUMBER, "vector", _XYZ, "pos", False),
    "framelinvel": (VELOCITY, "vector", _XYZ, "vel", False),
    "frameangvel": (ANGULAR_VELOCITY, "axial", _XYZ, "vel", False),
    "framelinacc": (ACCELERATION, "vector", _XYZ, "acc", False),
    "frameangacc": (ANGULAR_ACCELERATION, "axial", _XYZ, "acc", False),
    "subtreecom": (LENGTH, "point", _XYZ, "pos", False),
    "subtreelinvel": (VELOCITY, "vector", _XYZ, "vel", False),
    "subtreeangmom": (MASS * LENGTH**2 / TIME, "axial", _XYZ, "vel", False),
}
SITE_FRAME_SENSORS = frozenset({"gyro", "accelerometer", "velocimeter", "magnetometer", "force", "torque"})
