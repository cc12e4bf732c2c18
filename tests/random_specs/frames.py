"""Vectors, points and rotations seen from a random frame, moving or not."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from tests.random_specs.choice import Choice
from tests.random_specs.leaves import Expr
from tests.random_specs.truth import Moment, Truth, level, quat_of


def framed(pick: Choice, truth: Truth, e: Expr) -> Expr:
    """Returns a vector, point or rotation seen from a random frame."""
    kind = pick.of(("body", "site", "geom"))
    names = [n for n in truth.names[kind] if n != "world"]
    if not names:
        return e
    name = pick.of(names)
    heading = kind != "geom" and pick.chance(35)
    relative = pick.chance(30) and (e.kind != "vector" or e.moving is not None)
    text = f'{kind}("{name}"){".heading" if heading else ""}'
    rows = len(e.axes) > 1

    def value(m: Moment) -> Any:
        position, matrix = m.place(kind, name)
        turn = level(matrix) if heading else matrix
        x = np.atleast_2d(e.value(m))
        if e.kind == "rotation":
            out = np.array([quat_of(turn.T @ rotation_of(q)) for q in x])
            return out if rows else out[0]
        if e.kind == "point":
            x = x - position
        elif relative and (e.kind == "axial" or e.moving):
            linear, angular = m.velocity(kind, name)
            if heading:
                angular = np.array([0, 0, yaw_rate(matrix, angular)])
            if e.kind == "axial":
                x = x - angular
            else:
                assert e.moving is not None
                places = [origin(m, e.moving[0], n) for n in e.moving[1]]
                x = np.array([v - linear - np.cross(angular, p - position) for v, p in zip(x, places, strict=True)])
        out = x @ turn
        return out if rows else out[0]

    word = "relative_to" if relative else "in"
    return e.but(f"({e.text} {word} {text})", value, frame=text, moving=None)


def origin(m: Moment, kind: str, name: str) -> np.ndarray:
    return m.read(m.data.body(name).subtree_com) if kind == "com" else m.place(kind, name)[0]


def yaw_rate(matrix: np.ndarray, angular: np.ndarray) -> float:
    """Returns how fast the yaw of a turning frame grows: its x axis moves by angular x axis."""
    h, dh = matrix[:, 0], np.cross(angular, matrix[:, 0])
    return float((h[0] * dh[1] - h[1] * dh[0]) / (h[0] ** 2 + h[1] ** 2))


def rotation_of(q: np.ndarray) -> np.ndarray:
    out = np.zeros(9)
    mujoco.mju_quat2Mat(out, q / np.linalg.norm(q))
    return out.reshape(3, 3)
