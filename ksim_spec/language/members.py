"""What `owner.name` means: quantities of selections, components of vectors, fields of commands, the world."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ksim_spec.diagnostics import article, suggest
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.entities import Command, FrameOf, Keyframe, Selection, World
from ksim_spec.language.frames import heading_of
from ksim_spec.language.quantities import QUANTITIES, SENSORS, SITE_FRAME_SENSORS
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import QUAT, UNKNOWN, WORLD, XYZ, Axis, Frame, Quantity, Unknown, Value, per_joint_dim
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import ACCELERATION, FORCE, LENGTH, TIME, TORQUE, VELOCITY, Dim

if TYPE_CHECKING:
    from ksim_spec.language.expressions import Checker

BUILTIN_NAMES = ("action", "time", "dt", "world", "pi")


def builtin_name(c: Checker, name: str) -> Thing | None:
    """Returns what a built-in name stands for, or None."""
    if name == "world":
        return World()
    if name == "time":
        return Value(make("time", dtype="float", shape=()), dim=TIME)
    if name == "dt":
        return Value(const(c.control_dt), dim=TIME)
    if name == "pi":
        return Value(const(math.pi), literal=True)
    return None


def member(c: Checker, owner: Thing, name: str, span: Span) -> Thing:
    """Returns `owner.name`; reports an unknown one with what there is."""
    if isinstance(owner, Value):
        return _component(c, owner, name, span)
    if isinstance(owner, Selection):
        return _quantity(c, owner, name, span)
    if isinstance(owner, World):
        return _world(c, name, span)
    if isinstance(owner, Command):
        return _command(c, owner, name, span)
    if isinstance(owner, Keyframe):
        return _keyframe(c, owner, name, span)
    if isinstance(owner, FrameOf):
        c.error(span, "KS103", "unknown-member", f"a frame has no `{name}`", help="use it after `in`")
    return UNKNOWN


def _unknown(c: Checker, span: Span, what: str, name: str, candidates: list[str]) -> Unknown:
    c.error(span, "KS103", "unknown-member", f"{what} has no `{name}`", help=suggest(name, candidates, "members"))
    return UNKNOWN


# Components ----------------------------------------------------------------------------------------------------------


def _component(c: Checker, value: Value, name: str, span: Span) -> Value | Unknown:
    axis = len(value.axes) - 1
    if axis < 0 or value.axes[axis].name not in ("xyz", "quat", "command"):
        what = "a scalar" if not value.axes else f"a value over {value.axes[-1]}"
        c.error(
            span,
            "KS103",
            "unknown-member",
            f"{what} has no component `{name}`",
            help="components are those of vectors: `.x`, `.xy`",
        )
        return UNKNOWN
    labels = value.axes[axis].labels
    if any(letter not in labels for letter in name) or len(set(name)) != len(name):
        return _unknown(c, span, f"a value over {''.join(labels)}", name, [*labels, "".join(labels)])
    indices = tuple(labels.index(letter) for letter in name)
    return algebra.pick(value, axis, indices[0] if len(name) == 1 else indices)


# Selections ----------------------------------------------------------------------------------------------------------


def read(
    what: str, of: str, names: tuple[str, ...], shape: tuple[int, ...], dtype: str = "float", **more: object
) -> Node:
    """Returns the leaf for a simulator quantity of elements, in the order of `names`."""
    return make("read", what=what, of=of, names=names, dtype=dtype, shape=shape, **more)


def _outer(s: Selection) -> tuple[Axis, ...]:
    return () if s.axis is None else (s.axis,)


def _quantity(c: Checker, s: Selection, name: str, span: Span) -> Thing:
    if s.of == "sensor":
        value = sensor_value(c, s)
        return value if isinstance(value, Unknown) else _component(c, value, name, span)
    if name == "heading" and s.of in ("body", "site"):
        frame = frame_of(c, s)
        if frame is None or frame.quat is None:
            c.error(
                span,
                "KS213",
                "not-a-frame",
                f"`{s.alias}` holds several elements, so it has no heading",
                help="pick one body or site",
            )
            return UNKNOWN
        return FrameOf(heading_of(frame))
    table = QUANTITIES[s.of]
    row = table.get(name)
    if row is None:
        frames = ["heading"] if s.of in ("body", "site") else []
        return _unknown(c, span, article(s.of), name, [*table, *frames])
    value = (
        _joint(c, s, row, span)
        if s.of == "joint"
        else _actuator(c, s, row, span)
        if s.of == "actuator"
        else _spatial(c, s, row)
    )
    measured = isinstance(value, Value) and all((s.of, n, name) in c.onboard for n in s.names)
    return value.but(privileged=False) if measured and isinstance(value, Value) else value


def _joint(c: Checker, s: Selection, row: Quantity, span: Span) -> Value | Unknown:
    types = {c.robot.joint_type(n) for n in s.names}
    if len(types) > 1:
        c.error(
            span,
            "KS108",
            "mixed-joint-types",
            f"`{s.alias}` mixes {' and '.join(sorted(types))} joints",
            help="select each type on its own",
        )
        return UNKNOWN
    joint_type = next(iter(types))
    if joint_type in ("free", "ball"):
        c.error(
            span,
            "KS108",
            "mixed-joint-types",
            f"a {joint_type} joint has no single {row.name}",
            help="use its body: `.pos`, `.quat`, `.linvel`",
        )
        return UNKNOWN
    dim = row.dim
    if row.name in ("pos", "lower", "upper"):
        dim = per_joint_dim(joint_type)
    elif row.name in ("vel", "acc"):
        dim = per_joint_dim(joint_type, row.dim)
    elif row.name == "torque" and joint_type == "slide":
        dim = slide_dim(row.dim)
    shape = () if s.axis is None else (len(s.names),)
    op = "model" if row.name in ("lower", "upper") else "read"
    node = make(op, what=row.name, of="joint", names=s.names, dtype="float", shape=shape)
    measured = row.on_robot and (op == "model" or all(c.robot.measures("joint", n) for n in s.names))
    return Value(node, _outer(s), dim, privileged=not measured)


def _actuator(c: Checker, s: Selection, row: Quantity, span: Span) -> Value | Unknown:
    slides = {c.robot.slides("actuator", n) for n in s.names}
    if len(slides) > 1:
        message = f"`{s.alias}` mixes actuators of turning and of sliding joints, which have different units"
        c.error(span, "KS108", "mixed-joint-types", message, help="select each kind on its own")
        return UNKNOWN
    node = read(row.name, s.of, s.names, tuple(a.size for a in _outer(s)))
    return Value(node, _outer(s), slide_dim(row.dim) if slides == {True} else row.dim, privileged=not row.on_robot)


def slide_dim(dim: Dim) -> Dim:
    """Returns what a quantity of a hinge (rad, rad/s, Nm) is measured in on a slide (m, m/s, N)."""
    return FORCE if dim.same(TORQUE) else per_joint_dim("slide", dim)


def _spatial(c: Checker, s: Selection, row: Quantity) -> Value:
    outer = _outer(s)
    lead = tuple(a.size for a in outer)

    def leaf(what: str, last: int | None = None, dtype: str = "float", **more: Any) -> Node:
        return read(what, s.of, s.names, (*lead, last) if last else lead, dtype, **more)

    quat = leaf("quat", 4)
    base = Value(quat, outer, row.dim, privileged=True)
    if row.name == "quat":
        return base.but(axes=(*outer, QUAT), node=make("quat_positive", quat), kind="rotation", frame=WORLD)
    if row.name in ("pos", "linvel", "com", "com_vel", "contact_force"):
        more: dict[str, Any] = {"other": ("outside",)} if row.name == "contact_force" else {}
        return Value(leaf(row.name, 3, **more), (*outer, XYZ), row.dim, row.kind, WORLD, True)
    if row.name == "angvel":
        return _angvel(c, s, row, quat)
    if row.name in ("up", "forward"):
        unit = const([0.0, 0.0, 1.0] if row.name == "up" else [1.0, 0.0, 0.0])
        return base.but(node=make("rotate", quat, unit), axes=(*outer, XYZ), kind="vector", frame=WORLD)
    if row.name == "height":
        return base.but(node=make("take", leaf("pos", 3), axis=len(lead), indices=2))
    if row.name == "yaw":
        return base.but(node=make("yaw", quat))
    if row.name in ("mass", "total_mass"):
        return base.but(node=make("model", what=row.name, of=s.of, names=s.names, dtype="float", shape=lead))
    contact = leaf("contact", None, "bool", other=("outside",))
    return contact_quantity(c, contact, outer, row)


def contact_quantity(c: Checker, contact: Node, outer: tuple[Axis, ...], row: Quantity) -> Value:
    """Returns `contact`, `air_time` or `contact_time` of a contact condition."""
    if row.name == "contact":
        return Value(contact, outer, privileged=True)
    touching = contact if row.name == "air_time" else make("not", contact)
    return Value(make("spell", touching, dt=c.control_dt), outer, TIME, privileged=True)


def _angvel(c: Checker, s: Selection, row: Quantity, quat: Node) -> Value:
    outer = _outer(s)
    if s.of == "body" and len(s.names) == 1 and c.robot.is_free_body(s.one):
        # MuJoCo keeps a free body's angular velocity in the body's own frame, which is what its gyro measures.
        local = read("angvel_local", "body", s.names, (*(a.size for a in outer), 3))
        elsewhere = not c.robot.measures("body", s.one)
        return Value(make("rotate", quat, local), (*outer, XYZ), row.dim, "axial", WORLD, elsewhere)
    node = read("angvel", s.of, s.names, (*(a.size for a in outer), 3))
    return Value(node, (*outer, XYZ), row.dim, "axial", WORLD, True)


def sensor_value(c: Checker, s: Selection) -> Value | Unknown:
    """Returns the value of one MJCF sensor, with the unit and frame of its type."""
    tag, size = c.robot.sensor_type(s.one), c.robot.sensor_size(s.one)
    row = SENSORS.get(tag)
    privileged = row is None or not row[4] or not c.robot.measures("sensor", s.one)
    shape = () if size == 1 else (size,)
    node = read("value", "sensor", s.names, shape)
    if row is None:
        axes = () if size == 1 else (Axis("element", tuple(str(i) for i in range(size))),)
        return Value(node, axes, privileged=privileged)
    dim, kind, is_xyz, _, _ = row
    if kind == "rotation":
        node = make("quat_positive", node)
    elif tag.startswith(("joint", "actuator")) and c.robot.sensor_slides(s.one):
        dim = slide_dim(dim)
    axes = (XYZ,) if is_xyz else (QUAT,) if kind == "rotation" else ()
    frame: Frame | None = WORLD if kind != "scalar" else None
    if tag in SITE_FRAME_SENSORS:
        site = c.robot.sensor_object(s.one)
        frame = frame_of(c, Selection("site", (site,), f'site("{site}")', None))
    elif (reference := c.robot.sensor_reference(s.one)) is not None:
        kind_of, name = reference
        frame = frame_of(c, Selection(kind_of, (name,), f'{kind_of}("{name}")', None))
    return Value(node, axes, dim, kind, frame, privileged)  # type: ignore[arg-type]


def contact_with(c: Checker, e: ast.InFrame) -> Thing:
    """Returns `x.contact with y`: contact between two selections only."""
    if not (
        isinstance(e.value, ast.Attribute) and e.value.name in ("contact", "air_time", "contact_time", "contact_force")
    ):
        c.error(
            e.span,
            "KS214",
            "not-a-contact",
            "`with` does not follow a contact here",
            help="for example `feet.contact with world.floor`",
        )
        return UNKNOWN
    one, other = c.thing(e.value.value), c.thing(e.frame)
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    spatial = ("body", "site", "geom")
    if not (isinstance(one, Selection) and isinstance(other, Selection) and one.of in spatial and other.of in spatial):
        c.error(
            e.span,
            "KS214",
            "not-a-contact",
            "a contact is between bodies, sites, or geoms",
            help="for example `feet.contact with world.floor`",
        )
        return UNKNOWN
    outer = _outer(one)
    side = (other.of, *other.names)
    row = QUANTITIES[one.of][e.value.name]
    if row.name == "contact_force":
        node = read("contact_force", one.of, one.names, (*(a.size for a in outer), 3), other=side)
        return Value(node, (*outer, XYZ), row.dim, row.kind, WORLD, True)
    contact = read("contact", one.of, one.names, tuple(a.size for a in outer), "bool", other=side)
    return contact_quantity(c, contact, outer, row)


# Frames --------------------------------------------------------------------------------------------------------------


def frame_of(c: Checker, thing: Thing) -> Frame | None:
    """Returns the frame that a thing stands for, or None: the world, one body, site or geom, or a `.heading`."""
    if isinstance(thing, World):
        return WORLD
    if isinstance(thing, FrameOf):
        return thing.frame
    if not isinstance(thing, Selection) or thing.axis is not None or thing.of not in ("body", "site", "geom"):
        return None
    quat = read("quat", thing.of, thing.names, (4,))
    position = read("pos", thing.of, thing.names, (3,))
    linvel = read("linvel", thing.of, thing.names, (3,))
    angvel = _angvel(c, thing, QUANTITIES[thing.of]["angvel"], quat).node
    return Frame(f"{thing.of}:{thing.one}", thing.alias, quat, position, linvel=linvel, angvel=angvel)


def position_of(c: Checker, expr: ast.Expr) -> Value | None:
    """Returns where a `linvel` or `com_vel` is measured, in the world, or None for any other expression."""
    place = _PLACE_OF.get(expr.name) if isinstance(expr, ast.Attribute) else None
    if place is not None and isinstance(expr, ast.Attribute):
        owner = c.thing(expr.value)
        if isinstance(owner, Selection) and place in QUANTITIES[owner.of]:
            return _spatial(c, owner, QUANTITIES[owner.of][place])
    return None


_PLACE_OF = {"linvel": "pos", "com_vel": "com"}


# World, commands, keyframes ------------------------------------------------------------------------------------------


def _world(c: Checker, name: str, span: Span) -> Thing:
    if name in ("up", "down"):
        z = 1.0 if name == "up" else -1.0
        return Value(const([0.0, 0.0, z]), (XYZ,), kind="vector", frame=WORLD)
    if name == "gravity":
        return Value(
            make("model", what="gravity", of="world", names=(), dtype="float", shape=(3,)),
            (XYZ,),
            ACCELERATION,
            "vector",
            WORLD,
        )
    if name == "floor":
        return Selection("geom", (c.robot.floor_name,), "world.floor", None)
    return _unknown(c, span, "`world`", name, ["up", "down", "gravity", "floor"])


def _command(c: Checker, command: Command, name: str, span: Span) -> Thing:
    fields = dict(command.fields)
    if name in fields:
        return fields[name]
    if len(name) > 1 and all(letter in fields and letter in "xyz" for letter in name) and len(set(name)) == len(name):
        picked = [fields[letter] for letter in name]
        frame = command.frame

        def build() -> Value:
            dim = picked[0].dim
            for v in picked[1:]:
                dim = algebra.same_dim(picked[0], v, "put together")
            node = make("stack", *(v.node for v in picked))
            kind = "vector" if dim.same(VELOCITY) or dim.same(LENGTH) else "axial"
            return Value(node, (Axis("xyz", tuple(name)),), dim, kind, frame)

        return c.guard(span, build)
    if command.partial:
        return UNKNOWN
    return _unknown(c, span, f"the command `{command.name}`", name, list(fields))


def record(command: Command) -> Value:
    """Returns all fields of a command, in order, as one vector of mixed units."""
    if len(command.fields) == 1:
        return command.fields[0][1]
    axis = Axis("command", tuple(name for name, _ in command.fields))
    nodes = [v.node for _, v in command.fields]
    dims = {v.dim for _, v in command.fields}
    node = make("stack", *nodes) if all(n.shape == () for n in nodes) else make("concat", *nodes)
    if node.op == "concat":
        axis = Axis("command", tuple(str(i) for i in range(node.shape[0])))
    return Value(node, (axis,), command.fields[0][1].dim, mixed=len(dims) > 1)


def _keyframe(c: Checker, keyframe: Keyframe, name: str, span: Span) -> Thing:
    names = c.robot.scalar_joints()
    if name != "pos":
        return _unknown(c, span, "a keyframe", name, ["pos"])
    types = {c.robot.joint_type(n) for n in names}
    if len(types) > 1:
        # Only hinges (or only slides) make one unit; the selection it meets decides which joints are taken.
        names = tuple(n for n in names if c.robot.joint_type(n) == "hinge")
        types = {"hinge"}
    node = make("pose", key=keyframe.name, names=names, dtype="float", shape=(len(names),))
    return Value(node, (Axis("joint", names),), per_joint_dim(next(iter(types), "hinge")), aligns=True)


def need_bool(value: Value, what: str) -> None:
    """Raises TypeProblem unless the value is a condition."""
    if not value.is_bool:
        raise TypeProblem(
            "KS209",
            "not-a-condition",
            f"{what} needs true or false, and this is {value.describe()}",
            help="compare it with something",
        )
