"""Block `randomize`: values of the model that vary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ksim_spec import rules
from ksim_spec.diagnostics import article, suggest
from ksim_spec.language.blocks.attributes import (
    DRAWN,
    attributes,
    known_here,
)
from ksim_spec.language.blocks.drawn import refuse_pair
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.blocks.state_change import TAKES, axes_text, path_text
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import FieldChange, Program
from ksim_spec.language.things import Selection, World
from ksim_spec.language.types import XYZ, Unknown
from ksim_spec.robot.servo import can_serve, servos
from ksim_spec.syntax import ast
from ksim_spec.units import (
    ACCELERATION,
    ANGLE,
    FORCE,
    LENGTH,
    MASS,
    NUMBER,
    TIME,
    TORQUE,
    Dim,
)


@dataclass(frozen=True)
class Field:
    """What of the model can be drawn: its dimension, what it is, and its dimension on a joint that slides."""

    dim: Dim
    doc: str
    slide: Dim | None = None


_DRAG = FORCE * TIME / LENGTH
FIELDS: dict[str, dict[str, Field]] = {
    "geom": {"friction": Field(NUMBER, "sliding friction; of the floor, explicit contact pairs with it too")},
    "body": {
        "mass": Field(MASS, "mass; the inertia grows by the same factor"),
        "com": Field(LENGTH, "centre of mass in the body's frame, x, y and z drawn separately"),
        "inertia": Field(MASS * LENGTH**2, "the three principal moments, by one factor"),
    },
    "joint": {
        "kp": Field(
            TORQUE / ANGLE,
            "stiffness of the joint's position servo, as felt at the joint; its control keeps its meaning",
            FORCE / LENGTH,
        ),
        "kd": Field(TORQUE * TIME / ANGLE, "damping of the joint's servo, as felt at the joint", _DRAG),
        "damping": Field(TORQUE * TIME / ANGLE, "the joint's own damping", _DRAG),
        "armature": Field(MASS * LENGTH**2, "inertia of the rotor, as felt at the joint", MASS),
        "frictionloss": Field(TORQUE, "dry friction", FORCE),
        "stiffness": Field(TORQUE / ANGLE, "the joint's own spring", FORCE / LENGTH),
        "zero": Field(ANGLE, "offset of the joint's zero (`qpos0`)", LENGTH),
    },
    "world": {"gravity": Field(ACCELERATION, "gravity, x, y and z drawn separately")},
}


_VECTOR_FIELDS = ("com", "gravity")


def check_randomization(c: Checker, sections: list[ast.Section]) -> list[FieldChange]:
    """Returns the randomized fields in order; the scope is `per episode` unless it says `per run`."""
    found: list[FieldChange] = []
    line = -1
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.Assign):
            line += 1
            change = _field_change(c, stmt, line)
            if change is not None:
                found.append(change)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a randomize block holds fields",
                help='for example `geom("floor").friction *= uniform(0.5, 1.25) per episode`',
            )
    return found


def _report_part(c: Checker, stmt: ast.Assign) -> None:
    """Reports what is no field of an element: a component of one, or something else with a dot in it."""
    target = stmt.target
    assert isinstance(target, ast.Attribute)
    of = target.value
    if isinstance(of, ast.Attribute) and of.name in _VECTOR_FIELDS and set(target.name) <= set("xyz"):
        along = ", ".join("1" if x in target.name else "0" for x in "xyz")
        message = f"`{of.name}` varies as a whole, not its `{target.name}` alone"
        unit = "cm" if of.name == "com" else "m/s^2"
        help = f"draw along an axis: `{path_text(of)} += uniform(1 {unit}) * ({along})`"
        c.report(rules.NOT_A_FIELD, target.name_span, message, help=help)
        return
    message, help = "this is not a field of the model", "a field is that of an element, for example `base.mass`"
    c.report(rules.NOT_A_FIELD, target.span, message, help=help)


def _field_change(c: Checker, stmt: ast.Assign, number: int) -> FieldChange | None:
    attrs = attributes(c, stmt.attrs, BLOCK.takes, "a randomized field")
    per = attrs.word("per") or "episode"
    if per not in ("episode", "run"):
        c.report(rules.UNKNOWN_SCOPE, stmt.span, f"`per {per}` is not a scope", help="use `per episode` or `per run`")
        return None
    if not isinstance(stmt.target, ast.Attribute):
        c.report(
            rules.NOT_A_FIELD, stmt.target.span, "this is not a field of the model", help="for example `base.mass`"
        )
        return None
    owner = c.thing(stmt.target.value)
    if isinstance(owner, Unknown):
        return None
    if not isinstance(owner, Selection | World):
        _report_part(c, stmt)
        return None
    of = owner.of if isinstance(owner, Selection) else "world"
    fields = FIELDS.get(of, {})
    quantity = stmt.target.name
    if quantity not in fields:
        c.report(
            rules.NOT_A_FIELD,
            stmt.target.name_span,
            f"{article(of)} has no field `{quantity}` that can vary",
            help=suggest(quantity, fields, "fields"),
        )
        return None
    names = owner.names if isinstance(owner, Selection) else ()
    if isinstance(owner, Selection) and of == "joint" and not _one_number(c, stmt.target, quantity, owner.one):
        return None
    if of == "geom" and not _own_friction(c, stmt.target, names):
        return None
    if of == "joint" and quantity in ("kp", "kd") and not _has_servos(c, stmt, quantity, names):
        return None
    name = path_text(stmt.target)
    outer = (owner.axis,) if isinstance(owner, Selection) and owner.axis is not None else ()
    axes = (*outer, XYZ) if quantity in _VECTOR_FIELDS else outer
    if (not axes or axes[0].size != 2) and refuse_pair(c, stmt.value, "the change"):
        return None
    # What is shared is shared by elements; the components of a vector are still drawn each by itself.
    own = (XYZ,) if quantity in _VECTOR_FIELDS else ()
    c.draws = c.drawing(f"randomize.{name}", per, f"randomize.{number}", own if "shared" in attrs else axes)
    value = c.value(stmt.value)
    c.draws = None
    if isinstance(value, Unknown):
        return None
    wanted = NUMBER if stmt.op == "*=" else _field_dim(c, of, quantity, names)
    if not c.expect_dim(value, wanted, stmt.value.span, "the change"):
        return None
    if value.axes and [a.labels for a in value.axes] not in ([a.labels for a in axes], [a.labels for a in own]):
        message = f"this has the axes {axes_text(value.axes)}, and the field {axes_text(axes)}"
        c.report(rules.SHAPE_MISMATCH, stmt.value.span, message, help="pick the parts of one that the other has")
        return None
    if not known_here(c, value.node, DRAWN, stmt.value.span, "a field of the model"):
        return None
    scope: Literal["episode", "run"] = "run" if per == "run" else "episode"
    return FieldChange(name, quantity, of, names, stmt.op, value.node, scope, stmt.span)


# A ball joint has these about each of its axes, in one unit, or once.
_OF_A_BALL = ("damping", "armature", "frictionloss", "stiffness")


def _one_number(c: Checker, target: ast.Attribute, quantity: str, joint: str) -> bool:
    """Reports and returns False for a field that a free or a ball joint has not, or in several units."""
    kind = c.robot.joint_type(joint)
    if kind in ("hinge", "slide") or (kind == "ball" and quantity in _OF_A_BALL):
        return True
    help = "a ball joint has " + ", ".join(f"`{q}`" for q in _OF_A_BALL)
    if kind == "free":
        help = "it moves its body along and about three axes; draw the body's `mass`, `com` or `inertia` instead"
    message = f"`{joint}` is a {kind} joint, whose `{quantity}` is not one number"
    c.report(rules.NOT_A_FIELD, target.name_span, message, help=help)
    return False


def _own_friction(c: Checker, target: ast.Attribute, geoms: tuple[str, ...]) -> bool:
    """Reports and returns False when the friction of a geom does nothing where an explicit pair has its own."""
    paired = next((g for g in geoms if c.robot.own_friction(g)), None)
    if paired is None:
        return True
    message = f"`{paired}` touches `{c.robot.own_friction(paired)}` by a pair, which has a friction of its own"
    help = "draw `world.floor.friction`, which the pairs of `floor = plane` follow, or leave the geom out"
    c.report(rules.NOT_A_FIELD, target.name_span, message, help=help)
    return False


def _has_servos(c: Checker, stmt: ast.Assign, quantity: str, joints: tuple[str, ...]) -> bool:
    """Reports and returns False when a gain of a servo is drawn for a joint that has none, or several."""
    assert isinstance(stmt.target, ast.Attribute)
    for joint in joints:
        on_joint = c.robot.actuators_of(joint)
        count = len(servos([a.law for a in on_joint], quantity))
        if count == 1 or joint in c.robot.unsure:
            continue
        what = "position servo" if quantity == "kp" else "servo"
        if count:
            message = f"several {what}s drive `{joint}`, and `{quantity}` is one number"
            help = "remove all but one of them from the robot file"
        else:
            message = f"`{joint}` has no {what} whose `{quantity}` could vary"
            motor = any(can_serve(a) for a in on_joint)
            help = "select joints that have one" + (", or give `gain` and `damping` in the action" if motor else "")
        c.report(rules.NOT_A_FIELD, stmt.target.name_span, message, help=help)
        return False
    return True


def _field_dim(c: Checker, of: str, quantity: str, names: tuple[str, ...]) -> Dim:
    field = FIELDS[of][quantity]
    return field.slide if field.slide and c.robot.joint_type(names[0]) == "slide" else field.dim


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.randomization = check_randomization(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    for i, change in enumerate(program.randomization):
        yield Row("randomization", f"randomize.{i}", change.span, {"": change.value})


BLOCK = Block(
    "randomize",
    "values of the model that vary",
    takes={
        "per": "when it is drawn: `per episode` at each reset, `per run` once for each environment",
        **TAKES,
    },
    changes=True,
    check=_read,
    declares=_declares,
    outlined="change",
)
