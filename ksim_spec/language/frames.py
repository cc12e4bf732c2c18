"""Changes of frame: `x in frame` rotates vectors, moves points and composes rotations; `relative_to` also subtracts motion."""

from __future__ import annotations

from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import make
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.types import WORLD, XYZ, Frame, Value


def _lift(quat: Node, value: Value) -> Node:
    """A frame's quaternion with length-one axes for the value's axes before xyz."""
    node = quat
    for _ in range(len(value.axes) - 1):
        node = make("expand", node, axis=0)
    return node


def rotate(quat: Node, node: Node) -> Node:
    """Returns the rotated vector; a rotation of its own inverse cancels."""
    if node.op == "rotate_inv" and node.args[0] is quat:
        return node.args[1]
    return make("rotate", quat, node)


def rotate_inverse(quat: Node, node: Node) -> Node:
    if node.op == "rotate" and node.args[0] is quat:
        return node.args[1]
    return make("rotate_inv", quat, node)


def _need_frame(value: Value) -> Frame:
    if value.frame is None or value.kind == "scalar":
        raise TypeProblem(
            "KS210",
            "no-frame",
            f"only points, vectors and rotations can change frame, and this is {value.describe()}",
            help="change the frame of the whole vector first: `(v in base).xy`",
        )
    if value.kind != "rotation" and (not value.axes or value.axes[-1] != XYZ):
        raise TypeProblem(
            "KS210",
            "no-frame",
            "a part of a vector cannot change frame",
            help="change the frame of the whole vector, then take components: `(v in base).xy`",
        )
    return value.frame


def to_world(value: Value) -> Value:
    """Returns the value expressed in the world frame."""
    frame = _need_frame(value)
    if frame.quat is None:
        return value
    q = _lift(frame.quat, value)
    if value.kind == "rotation":
        return value.but(node=make("quat_mul", q, value.node), frame=WORLD)
    node = rotate(q, value.node)
    if value.kind == "point" and frame.position is not None:
        node = make("add", node, _lift(frame.position, value))
    return value.but(node=node, frame=WORLD)


def in_frame(value: Value, frame: Frame) -> Value:
    """Returns the value expressed in `frame`; a gravity direction stays an on-robot quantity."""
    if _need_frame(value) == frame:
        return value
    world = to_world(value)
    if frame.quat is None:
        return world
    q = _lift(frame.quat, world)
    if value.kind == "rotation":
        return world.but(node=make("quat_mul", make("quat_inv", q), world.node), frame=frame)
    node = world.node
    if value.kind == "point" and frame.position is not None:
        node = make("sub", node, _lift(frame.position, world))
    return world.but(node=rotate_inverse(q, node), frame=frame)


def relative_to(value: Value, frame: Frame, position: Value | None) -> Value:
    """Returns a velocity as seen from a moving frame: v - v_frame - w_frame x (p - p_frame), expressed in the frame.

    `position` is where a linear velocity is measured (needed for vectors, not for angular velocities).
    """
    world = to_world(value)
    if frame.quat is None:
        return world
    if value.kind == "axial":
        if frame.angvel is None:
            raise TypeProblem("KS210", "no-frame", f"{frame.name} has no angular velocity to subtract")
        moved = world.but(node=make("sub", world.node, _lift(frame.angvel, world)))
        return in_frame(moved, frame)
    if value.kind == "vector" and position is not None and frame.linvel is not None and frame.angvel is not None:
        assert frame.position is not None
        arm = make("sub", position.node, _lift(frame.position, world))
        swept = make("cross", _lift(frame.angvel, world), arm)
        node = make("sub", make("sub", world.node, _lift(frame.linvel, world)), swept)
        return in_frame(world.but(node=node, privileged=True), frame)
    return in_frame(value, frame)
