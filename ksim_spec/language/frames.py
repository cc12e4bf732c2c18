"""Changes of frame: `in` rotates vectors, moves points, composes rotations; `relative_to` also subtracts motion."""

from __future__ import annotations

from dataclasses import replace

from ksim_spec import rules
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.types import WORLD, XYZ, Frame, Value
from ksim_spec.units import ANGULAR_VELOCITY, VELOCITY


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
            rules.NO_FRAME,
            f"only points, vectors, and rotations can change frame, and this is {value.describe()}",
            help="change the frame of the whole vector first: `(v in base).xy`",
        )
    if value.kind != "rotation" and (not value.axes or value.axes[-1] != XYZ):
        raise TypeProblem(
            rules.NO_FRAME,
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
    value = value.but(privileged=value.privileged or not frame.measured)
    if value.kind == "rotation":
        return value.but(node=make("quat_positive", make("quat_mul", q, value.node)), frame=WORLD)
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
    world = world.but(privileged=world.privileged or not frame.measured)
    if value.kind == "rotation":
        node = make("quat_mul", make("quat_inv", q), world.node)
        return world.but(node=make("quat_positive", node), frame=frame)
    node = world.node
    if value.kind == "point" and frame.position is not None:
        node = make("sub", node, _lift(frame.position, world))
    return world.but(node=rotate_inverse(q, node), frame=frame)


def heading_of(frame: Frame) -> Frame:
    """Returns the yaw-only frame of a body: same origin, z up, x along the body's x axis seen from above.

    It turns about z at the rate of the yaw angle, w_z - h_z (w_x h_x + w_y h_y) / (h_x^2 + h_y^2), where h is the
    body's x axis and w its angular velocity: the time derivative of atan2(h_y, h_x) with dh/dt = w x h.
    """
    assert frame.quat is not None and frame.angvel is not None
    h = make("rotate", frame.quat, const([1.0, 0.0, 0.0]))
    (hx, hy, hz), (wx, wy, wz) = ([make("take", n, axis=0, indices=i) for i in range(3)] for n in (h, frame.angvel))
    along = make("add", make("mul", wx, hx), make("mul", wy, hy))
    flat = make("maximum", make("add", make("square", hx), make("square", hy)), const(1e-9))
    rate = make("sub", wz, make("div", make("mul", hz, along), flat))
    return replace(
        frame,
        key=frame.key + ".heading",
        name=frame.name + ".heading",
        quat=make("heading", frame.quat),
        heading=True,
        angvel=make("stack", const(0.0), const(0.0), rate),
    )


def relative_to(value: Value, frame: Frame, position: Value | None) -> Value:
    """Returns a velocity as seen from a moving frame: v - v_frame - w_frame x (p - p_frame), expressed in the frame.

    `position` is where a linear velocity is measured. Points, rotations, and vectors that are no velocities have no
    motion to subtract and only change frame. Raises TypeProblem for a velocity of no known place.
    """
    if frame.quat is None:
        return to_world(value)
    if value.kind == "axial" and value.dim.same(ANGULAR_VELOCITY) and frame.angvel is not None:
        world = to_world(value)
        node = make("sub", world.node, _lift(frame.angvel, world))
        moved = world.but(node=node, privileged=world.privileged or not frame.placed)
        return in_frame(moved, frame)
    if value.kind != "vector" or not value.dim.same(VELOCITY):
        return in_frame(value, frame)
    if position is None or frame.linvel is None or frame.angvel is None or frame.position is None:
        raise TypeProblem(
            rules.NO_PLACE,
            f"nothing says where this velocity is measured: {frame.name}'s motion stays in it",
            help="write `x.linvel relative_to …` for something that has a place, or use `in`",
        )
    world = to_world(value)
    arm = make("sub", position.node, _lift(frame.position, world))
    swept = make("cross", _lift(frame.angvel, world), arm)
    node = make("sub", make("sub", world.node, _lift(frame.linvel, world)), swept)
    return in_frame(world.but(node=node, privileged=world.privileged or not frame.placed), frame)
