"""What lines of `reset` and `event` change: which part of the state, by how much."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec import rules
from ksim_spec.diagnostics import suggest
from ksim_spec.ir.ops import make
from ksim_spec.language.algebra import by_joint, of_joint
from ksim_spec.language.blocks.attributes import (
    DRAWN,
    KICK,
    attributes,
    known_here,
)
from ksim_spec.language.blocks.drawn import refuse_pair
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import StateChange
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import UNKNOWN, XYZ, Axis, Unknown, Value, per_joint_dim
from ksim_spec.syntax import ast
from ksim_spec.units import (
    ANGLE,
    ANGULAR_VELOCITY,
    LENGTH,
    NUMBER,
    VELOCITY,
    Dim,
)

TAKES = {"shared": "one draw for all elements, not one for each"}  # attributes of a line that changes something


@dataclass(frozen=True)
class StateTarget:
    """A part of the state that a reset or event may change."""

    target: str
    names: tuple[str, ...]
    components: tuple[int, ...]
    axes: tuple[Axis, ...]
    dim: Dim


BODY_STATE: dict[str, tuple[str, Dim, tuple[int, ...], bool]] = {
    # name: (target, dimension, components, is a velocity)
    "pos": ("pos", LENGTH, (0, 1, 2), False),
    "height": ("pos", LENGTH, (2,), False),
    "yaw": ("yaw", ANGLE, (), False),
    "roll": ("roll", ANGLE, (), False),
    "pitch": ("pitch", ANGLE, (), False),
    "linvel": ("linvel", VELOCITY, (0, 1, 2), True),
    "angvel": ("angvel", ANGULAR_VELOCITY, (0, 1, 2), True),
}


def state_target(c: Checker, expr: ast.Expr, velocities_only: bool) -> StateTarget | None:
    """Returns what a line of a reset or event changes; reports what cannot be changed."""
    swizzle = None
    inner = expr
    if isinstance(expr, ast.Attribute) and isinstance(expr.value, ast.Attribute) and set(expr.name) <= set("xyz"):
        swizzle, inner = expr.name, expr.value
    if not isinstance(inner, ast.Attribute):
        c.report(
            rules.NOT_A_STATE,
            expr.span,
            "this is not a part of the state",
            help="for example `legs.pos` or `base.linvel.xy`",
        )
        return None
    owner = c.thing(inner.value)
    if isinstance(owner, Unknown):
        return None
    if isinstance(owner, Selection) and owner.of == "joint" and inner.name in ("pos", "vel"):
        return _joint_target(c, owner, inner, velocities_only)
    if isinstance(owner, Selection) and owner.of == "body" and len(owner.names) == 1 and inner.name in BODY_STATE:
        return _body_target(c, owner, inner, swizzle, velocities_only, expr)
    known = ["pos", "vel"] if isinstance(owner, Selection) and owner.of == "joint" else list(BODY_STATE)
    c.report(
        rules.NOT_A_STATE,
        inner.span,
        f"`{inner.name}` is not a part of the state that can be set",
        help=suggest(inner.name, known, "parts"),
    )
    return None


def _joint_target(c: Checker, owner: Selection, inner: ast.Attribute, velocities_only: bool) -> StateTarget | None:
    if velocities_only and inner.name != "vel":
        c.report(rules.NOT_A_STATE, inner.span, "an event changes velocities", help="use `.vel`")
        return None
    joint_type = c.robot.joint_type(owner.names[0])
    if joint_type not in ("hinge", "slide"):
        help = "place its body instead: `.pos`, `.yaw`, `.linvel`, `.angvel`"
        if joint_type == "ball":
            help = "leave it where the keyframe has it: `pose` puts it there"
        message = f"`{owner.names[0]}` is a {joint_type} joint, whose `{inner.name}` is not one number"
        c.report(rules.NOT_A_STATE, inner.span, message, help=help)
        return None
    dim = per_joint_dim(joint_type, ANGLE if inner.name == "pos" else ANGULAR_VELOCITY)
    axes = (owner.axis,) if owner.axis is not None else ()
    return StateTarget(f"joint_{inner.name}", owner.names, (), axes, dim)


def _body_target(
    c: Checker, owner: Selection, inner: ast.Attribute, swizzle: str | None, velocities_only: bool, expr: ast.Expr
) -> StateTarget | None:
    if not c.robot.is_free_body(owner.one):
        c.report(
            rules.NOT_A_STATE,
            inner.span,
            f"`{owner.alias}` does not float freely, so it cannot be placed",
            help="set its joints instead",
        )
        return None
    target, dim, components, is_velocity = BODY_STATE[inner.name]
    if velocities_only and not is_velocity:
        c.report(rules.NOT_A_STATE, inner.span, "an event changes velocities", help="use `.linvel` or `.angvel`")
        return None
    axes: tuple[Axis, ...] = (XYZ,) if len(components) == 3 else ()
    if swizzle is not None:
        if len(components) != 3:
            c.report(rules.UNKNOWN_MEMBER, inner.span, f"`{inner.name}` has no components", help="set all of it")
            return None
        if len(set(swizzle)) < len(swizzle):
            twice = next(letter for letter in swizzle if swizzle.count(letter) > 1)
            message, help = f"`.{swizzle}` sets `{twice}` twice", "name each component once"
            c.report(
                rules.UNKNOWN_MEMBER,
                expr.name_span if isinstance(expr, ast.Attribute) else expr.span,
                message,
                help=help,
            )
            return None
        components = tuple("xyz".index(letter) for letter in swizzle)
        axes = (Axis("xyz", tuple(swizzle)),) if len(swizzle) > 1 else ()
    return StateTarget(target, owner.names, components, axes, dim)


def state_change(
    c: Checker, stmt: ast.Assign, block: str, number: int, scope: str, velocities_only: bool
) -> StateChange | None:
    """Returns what line `number` of a block changes."""
    attrs = attributes(c, stmt.attrs, TAKES, "this line")
    target = state_target(c, stmt.target, velocities_only)
    if target is None:
        return None
    if target.target in ("roll", "pitch") and stmt.op != "+=":
        message = f"`{target.target}` can only be added to"
        c.report(rules.NOT_A_STATE, stmt.span, message, help="the pose sets the orientation; turn it with `+=`")
        return None
    if (not target.axes or target.axes[0].size != 2) and refuse_pair(c, stmt.value, "what is assigned"):
        return None
    stream, owner = f"{block}.{path_text(stmt.target)}", f"{block}.{number}"
    c.draws = c.drawing(stream, scope, owner, target.axes, shared="shared" in attrs)
    thing = c.thing(stmt.value)
    if isinstance(thing, Keyframe) and target.target == "joint_pos":
        thing = Value(
            make("pose", key=thing.name, names=target.names, dtype="float", shape=(len(target.names),)),
            target.axes,
            target.dim,
        )
    if isinstance(thing, Value) and thing.aligns and target.target.startswith("joint"):
        table = thing
        thing = c.guard(
            stmt.value.span,
            lambda: by_joint(table, target.names) if target.axes else of_joint(table, target.names[0]),
        )
    value = thing if isinstance(thing, Value) else c.value(stmt.value) if not isinstance(thing, Unknown) else UNKNOWN
    c.draws = None
    if isinstance(value, Unknown):
        return None
    wanted = NUMBER if stmt.op == "*=" else target.dim
    if not c.expect_dim(value, wanted, stmt.value.span, "what is assigned"):
        return None
    if value.axes and [a.labels for a in value.axes] != [a.labels for a in target.axes]:
        message = f"this has the axes {axes_text(value.axes)}, and the target {axes_text(target.axes)}"
        c.report(rules.SHAPE_MISMATCH, stmt.value.span, message, help="pick the parts of one that the other has")
        return None
    where = "a kick" if velocities_only else "where an episode begins"
    if not known_here(c, value.node, KICK if velocities_only else DRAWN, stmt.value.span, where):
        return None
    return StateChange(target.target, target.names, target.components, stmt.op, value.node, stmt.span)


def axes_text(axes: tuple[Axis, ...]) -> str:
    """Axes for a message; components by their letters, for `xy` and `yz` differ."""
    return f"[{', '.join(''.join(a.labels) if a.name == 'xyz' else str(a) for a in axes)}]" if axes else "none"


def path_text(expr: ast.Expr) -> str:
    if isinstance(expr, ast.Attribute):
        return f"{path_text(expr.value)}.{expr.name}"
    if isinstance(expr, ast.Name):
        return expr.id
    if isinstance(expr, ast.Call):
        names = ",".join(a.value.value for a in expr.args if isinstance(a.value, ast.String))
        return f"{path_text(expr.func)}({names})"
    return "?"
