"""Orientations as MJCF writes them, as quaternions (w first), without NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

Quat = tuple[float, float, float, float]
Vector = tuple[float, float, float]
IDENTITY: Quat = (1.0, 0.0, 0.0, 0.0)
LEVEL = math.cos(math.radians(5.0))  # of the z axis of a plane that is a floor


def product(a: Quat, b: Quat) -> Quat:
    """Returns the rotation `b` followed by `a`."""
    (aw, ax, ay, az), (bw, bx, by, bz) = a, b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def upright(q: Quat) -> float:
    """Returns the z component of the rotated z axis: 1 where it points up."""
    return 1 - 2 * (q[1] ** 2 + q[2] ** 2)


def orientation(
    attrs: Mapping[str, str], numbers: Callable[[str], tuple[float, ...]], degrees: bool, eulerseq: str
) -> Quat:
    """Returns the orientation that an element's attributes give; `numbers` reads one of them, () where it is missing.

    One that cannot be read is none: MuJoCo refuses it when the model is built.
    """
    unit = math.pi / 180 if degrees else 1.0
    for key, size in (("quat", 4), ("axisangle", 4), ("euler", 3), ("xyaxes", 6), ("zaxis", 3)):
        given = list(numbers(key)) if key in attrs else []
        if len(given) != size:
            continue
        if key == "quat":
            return _unit(given)
        if key == "axisangle":
            return about((given[0], given[1], given[2]), given[3] * unit)
        if key == "euler":
            return _euler([x * unit for x in given], eulerseq)
        if key == "zaxis":
            return _to_z((given[0], given[1], given[2]))
        x, y = given[:3], given[3:]
        return _frame((x[0], x[1], x[2]), (y[0], y[1], y[2]))
    return IDENTITY


def _unit(q: list[float]) -> Quat:
    length = math.hypot(*q)
    return (q[0] / length, q[1] / length, q[2] / length, q[3] / length) if length else IDENTITY


def about(axis: Vector, angle: float) -> Quat:
    """Returns the turn about an axis of any length by an angle (rad); none about no axis."""
    length = math.hypot(*axis)
    if not length:
        return IDENTITY
    s = math.sin(angle / 2) / length
    return math.cos(angle / 2), axis[0] * s, axis[1] * s, axis[2] * s


def _euler(angles: list[float], sequence: str) -> Quat:
    """Small letters turn about axes that turn along, capitals about fixed ones."""
    whole = IDENTITY
    for letter, angle in zip(sequence, angles, strict=False):
        axis = tuple(float(letter.lower() == a) for a in "xyz")
        turn = about((axis[0], axis[1], axis[2]), angle)
        whole = product(whole, turn) if letter.islower() else product(turn, whole)
    return whole


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _to_z(z: Vector) -> Quat:
    """The shortest turn that brings the z axis there."""
    axis = _cross((0.0, 0.0, 1.0), z)
    angle = math.atan2(math.hypot(*axis), z[2])
    return about(axis if any(axis) else (1.0, 0.0, 0.0), angle)


def _frame(x: Vector, y: Vector) -> Quat:
    """The turn to a frame of which two axes are given; only where its z axis points is exact."""
    return _to_z(_cross(x, y))
