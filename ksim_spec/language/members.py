"""What `owner.name` means: quantities of selections, components of vectors, fields of commands, the world."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ksim_spec import rules
from ksim_spec.diagnostics import article, suggest
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.frames import heading_of
from ksim_spec.language.quantities import QUANTITIES, SENSORS, Quantity, contact_names, leaf_of, quantity
from ksim_spec.language.scope import Thing
from ksim_spec.language.sources import ContactSensor, Derived, ModelField
from ksim_spec.language.things import KINDS, Command, FrameOf, Keyframe, Selection, World
from ksim_spec.language.types import QUAT, UNKNOWN, WORLD, XYZ, Axis, Frame, Unknown, Value, per_joint_dim
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import FORCE, LENGTH, TIME, TORQUE, VELOCITY, Dim

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker

BUILTIN_NAMES = ("action", "time", "dt", "world", "pi")
WORLD_NAMES = ("up", "down", "gravity", "floor")


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
        c.report(rules.UNKNOWN_MEMBER, span, f"a frame has no `{name}`", help="use it after `in`")
    return UNKNOWN


def _unknown(c: Checker, span: Span, what: str, name: str, candidates: list[str]) -> Unknown:
    c.report(rules.UNKNOWN_MEMBER, span, f"{what} has no `{name}`", help=suggest(name, candidates, "members"))
    return UNKNOWN


# Components ----------------------------------------------------------------------------------------------------------


def _component(c: Checker, value: Value, name: str, span: Span) -> Value | Unknown:
    axis = len(value.axes) - 1
    if axis < 0 or value.axes[axis].name not in ("xyz", "quat", "command"):
        what = "a scalar" if not value.axes else f"a value over {value.axes[-1]}"
        c.report(
            rules.UNKNOWN_MEMBER,
            span,
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


def leaf(row: Quantity, of: str, names: tuple[str, ...], lead: tuple[int, ...], **more: Any) -> Node:
    """Returns the leaf that stands for a row's numbers of elements, in the order of `names`, and nothing around it."""
    assert not isinstance(row.source, Derived)
    shape = (*lead, *row.size)
    return make(row.source.op, what=row.name, of=of, names=names, dtype=row.dtype, shape=shape, **more)


def _outer(s: Selection) -> tuple[Axis, ...]:
    return () if s.axis is None else (s.axis,)


def _quantity(c: Checker, s: Selection, name: str, span: Span) -> Thing:
    if s.of == "sensor":
        value = sensor_value(c, s)
        return value if isinstance(value, Unknown) else _component(c, value, name, span)
    headings = ["heading"] if KINDS[s.of].heading else []
    if name in headings:
        frame = frame_of(c, s)
        if frame is None or frame.quat is None:
            c.report(
                rules.NOT_A_FRAME,
                span,
                f"`{s.alias}` holds several elements, so it has no heading",
                help="pick one body or site",
            )
            return UNKNOWN
        return FrameOf(heading_of(frame))
    table = QUANTITIES[s.of]
    row = table.get(name)
    if row is None:
        return _unknown(c, span, article(s.of), name, [*table, *headings])
    dim = _unit(c, s, row, span)
    if isinstance(dim, Unknown):
        return dim
    value = quantity_value(c, s, row, ("outside",)).but(dim=dim)
    measured = all((s.of, n, name) in c.onboard for n in s.names)
    return value.but(privileged=False) if measured else value


def _unit(c: Checker, s: Selection, row: Quantity, span: Span) -> Dim | Unknown:
    """The unit of a row for these elements; reports joints and actuators that have no common one."""
    if s.of == "joint":
        types = {c.robot.joint_type(n) for n in s.names}
        mixed, help = f"`{s.alias}` mixes {' and '.join(sorted(types))} joints", "select each type on its own"
        slides = types == {"slide"}
        if types <= {"free", "ball"} and len(types) == 1:
            joint_type = next(iter(types))
            mixed, help = f"a {joint_type} joint has no single {row.name}", "use its body: `.pos`, `.quat`, `.linvel`"
            types = {joint_type, ""}
    elif s.of == "actuator":
        types = {c.robot.slides("actuator", n) for n in s.names}
        mixed = f"`{s.alias}` mixes actuators of turning and of sliding joints, which have different units"
        help, slides = "select each kind on its own", types == {True}
    else:
        return row.dim
    if len(types) > 1:
        c.report(rules.MIXED_JOINT_TYPES, span, mixed, help=help)
        return UNKNOWN
    return row.dim if not slides else row.slide if row.slide is not None else slide_dim(row.dim)


def slide_dim(dim: Dim) -> Dim:
    """Returns what a quantity of a hinge (rad, rad/s, Nm) is measured in on a slide (m, m/s, N)."""
    return FORCE if dim.same(TORQUE) else per_joint_dim("slide", dim)


def quantity_value(c: Checker, s: Selection, row: Quantity, other: tuple[str, ...]) -> Value:
    """Returns a row's value for elements; `other` is the other side of contacts."""
    outer = _outer(s)
    lead = tuple(a.size for a in outer)
    there = s.of != "joint" or isinstance(row.source, ModelField) or all(c.robot.measures("joint", n) for n in s.names)
    privileged = not (row.measured and there)
    if privileged and leaf_of(row).place_of_frame and all(c.robot.placed_by_joints(s.of, n) for n in s.names):
        privileged = False
    if isinstance(row.source, Derived):
        base = quantity(s.of, row.source.base)
        node = row.source.make(leaf(base, s.of, s.names, lead, **_sided(base, other)), c.control_dt)
    elif row.free is not None and s.of == "body" and len(s.names) == 1 and c.robot.is_free_body(s.one):
        quat = leaf(quantity(s.of, "quat"), s.of, s.names, lead)
        node = make("rotate", quat, leaf(row.free, s.of, s.names, lead))
        privileged = not (row.free.measured and c.robot.measures("body", s.one))
    else:
        node = leaf(row, s.of, s.names, lead, **_sided(row, other))
    if row.kind == "rotation":
        node = make("quat_positive", node)
    last = {"scalar": (), "rotation": (QUAT,)}.get(row.kind, (XYZ,))
    frame = None if row.kind == "scalar" else WORLD
    return Value(node, (*outer, *last), row.dim, row.kind, frame, privileged)


def _sided(row: Quantity, other: tuple[str, ...]) -> dict[str, Any]:
    return {"other": other} if isinstance(row.source, ContactSensor) else {}


def sensor_value(c: Checker, s: Selection) -> Value | Unknown:
    """Returns the value of one MJCF sensor, with the unit and frame of its type."""
    tag, size = c.robot.sensor_type(s.one), c.robot.sensor_size(s.one)
    row = SENSORS.get(tag)
    node = make("read", what="value", of="sensor", names=s.names, dtype="float", shape=() if size == 1 else (size,))
    privileged = row is None or not row.measured or not c.robot.measures("sensor", s.one)
    if row is None:
        axes = () if size == 1 else (Axis("element", tuple(str(i) for i in range(size))),)
        return Value(node, axes, privileged=True)
    dim = slide_dim(row.dim) if c.robot.sensor_slides(s.one) else row.dim
    if row.kind == "scalar":
        return Value(node, (), dim, privileged=privileged)
    axes, frame = (XYZ,), WORLD
    if row.kind == "rotation":
        node, axes = make("quat_positive", node), (QUAT,)
    about = c.robot.sensor_frame(s.one)
    if about is not None:
        of, name = about
        label = f'{of}("{name}")' if KINDS[of].plural else f"the {of} frame of `{name}`"
        frame = frame_of(c, Selection(of, (name,), label, None)) or WORLD
    return Value(node, axes, dim, row.kind, frame, privileged)


def contact_with(c: Checker, e: ast.InFrame) -> Thing:
    """Returns `x.contact with y`: contact between two selections only."""
    if not (isinstance(e.value, ast.Attribute) and e.value.name in contact_names()):
        c.report(
            rules.NOT_A_CONTACT,
            e.span,
            "`with` does not follow a contact here",
            help="for example `feet.contact with world.floor`",
        )
        return UNKNOWN
    one, other = c.thing(e.value.value), c.thing(e.frame)
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    if not all(isinstance(x, Selection) and KINDS[x.of].touches for x in (one, other)):
        c.report(
            rules.NOT_A_CONTACT,
            e.span,
            "a contact is between bodies, sites, or geoms",
            help="for example `feet.contact with world.floor`",
        )
        return UNKNOWN
    assert isinstance(one, Selection) and isinstance(other, Selection)
    return quantity_value(c, one, quantity(one.of, e.value.name), (other.of, *other.names))


# Frames --------------------------------------------------------------------------------------------------------------


def frame_of(c: Checker, thing: Thing) -> Frame | None:
    """Returns the frame that a thing stands for, or None: the world, one body, site or geom, or a `.heading`."""
    if isinstance(thing, World):
        return WORLD
    if isinstance(thing, FrameOf):
        return thing.frame
    if not isinstance(thing, Selection) or thing.axis is not None or not KINDS[thing.of].frame:
        return None
    quat, position, linvel = (leaf(quantity(thing.of, q), thing.of, thing.names, ()) for q in ("quat", "pos", "linvel"))
    angvel = quantity_value(c, thing, quantity(thing.of, "angvel"), ()).node
    known = (c.robot.measures(thing.of, thing.one), c.robot.placed_by_joints(thing.of, thing.one))
    return Frame(f"{thing.of}:{thing.one}", thing.alias, quat, position, False, linvel, angvel, *known)


def position_of(c: Checker, expr: ast.Expr) -> Value | None:
    """Returns where a `linvel` or `com_vel` is measured, in the world, or None for any other expression."""
    if not isinstance(expr, ast.Attribute) or expr.name not in _MOVING:
        return None
    owner = c.thing(expr.value)
    row = QUANTITIES[owner.of].get(expr.name) if isinstance(owner, Selection) and owner.of in QUANTITIES else None
    if row is None or not row.place or not isinstance(owner, Selection):
        return None
    return quantity_value(c, owner, quantity(owner.of, row.place), ())


_MOVING = frozenset(row.name for rows in QUANTITIES.values() for row in rows.values() if row.place)


# World, commands, keyframes ------------------------------------------------------------------------------------------


def _world(c: Checker, name: str, span: Span) -> Thing:
    if name in ("up", "down"):
        z = 1.0 if name == "up" else -1.0
        return Value(const([0.0, 0.0, z]), (XYZ,), kind="vector", frame=WORLD)
    if name == "gravity":
        row = quantity("world", name)
        return Value(leaf(row, "world", (), ()), (XYZ,), row.dim, row.kind, WORLD, not row.measured)
    if name == "floor":
        floor = c.robot.floor_name
        if c.robot.any_floor:
            return UNKNOWN
        if floor is None:
            message = f"{c.robot.name} has no floor, and the world has none of its own"
            c.report(rules.UNKNOWN_ELEMENT, span, message, help="write `floor = plane` in the `world` block")
            return UNKNOWN
        return Selection("geom", (floor,), "world.floor", None)
    return _unknown(c, span, "`world`", name, list(WORLD_NAMES))


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


def _keyframe(c: Checker, keyframe: Keyframe, name: str, span: Span) -> Thing:
    names = c.robot.scalar_joints()
    if name != "pos":
        return _unknown(c, span, "a keyframe", name, ["pos"])

    def table(kind: str) -> Value | None:
        mine = tuple(n for n in names if c.robot.joint_type(n) == kind)
        node = make("pose", key=keyframe.name, names=mine, dtype="float", shape=(len(mine),))
        return Value(node, (Axis("joint", mine),), per_joint_dim(kind), aligns=True) if mine else None

    # Only hinges (or only slides) make one unit; the selection it meets decides which joints are taken.
    tables = [t for t in (table("hinge"), table("slide")) if t is not None]
    if not tables:
        c.report(rules.UNKNOWN_MEMBER, span, f"{c.robot.name} has no joint that turns or slides", help="leave it out")
        return UNKNOWN
    return tables[0].but(sliding=tables[1]) if tables[1:] else tables[0]


def need_bool(value: Value, what: str) -> None:
    """Raises TypeProblem unless the value is a condition."""
    if not value.is_bool:
        raise TypeProblem(
            rules.NOT_A_CONDITION,
            f"{what} needs true or false, and this is {value.describe()}",
            help="compare it with something",
        )
