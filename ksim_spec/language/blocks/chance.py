"""Blocks `reset`, `event`, `randomize` and `curriculum`: where episodes begin and what varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksim_spec import rules
from ksim_spec.diagnostics import article, suggest
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import make
from ksim_spec.language.blocks.attributes import (
    ALWAYS,
    DRAWN,
    HEADER_TAKES,
    KICK,
    LINE_TAKES,
    attributes,
    drawn_interval,
    known_here,
    need_scalar,
)
from ksim_spec.language.blocks.drawn import refuse_pair
from ksim_spec.language.blocks.setting import declare
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Event, FieldChange, Level, Reset, StateChange
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import UNKNOWN, XYZ, Axis, Unknown, Value, per_joint_dim
from ksim_spec.robot.servo import can_serve, servos
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast
from ksim_spec.units import (
    ACCELERATION,
    ANGLE,
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

# State targets -------------------------------------------------------------------------------------------------------


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
        return _body_target(c, owner, inner, swizzle, velocities_only)
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
    dim = per_joint_dim(joint_type, ANGLE if inner.name == "pos" else ANGULAR_VELOCITY)
    axes = (owner.axis,) if owner.axis is not None else ()
    return StateTarget(f"joint_{inner.name}", owner.names, (), axes, dim)


def _body_target(
    c: Checker, owner: Selection, inner: ast.Attribute, swizzle: str | None, velocities_only: bool
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
        components = tuple("xyz".index(letter) for letter in swizzle)
        axes = (Axis("xyz", tuple(swizzle)),) if len(swizzle) > 1 else ()
    return StateTarget(target, owner.names, components, axes, dim)


def _state_change(
    c: Checker, stmt: ast.Assign, block: str, number: int, scope: str, velocities_only: bool
) -> StateChange | None:
    """Returns what line `number` of a block changes."""
    attrs = attributes(c, stmt.attrs, LINE_TAKES["event" if velocities_only else "reset"], "this line")
    target = state_target(c, stmt.target, velocities_only)
    if target is None:
        return None
    if target.target in ("roll", "pitch") and stmt.op != "+=":
        message = f"`{target.target}` can only be added to"
        c.report(rules.NOT_A_STATE, stmt.span, message, help="the pose sets the orientation; turn it with `+=`")
        return None
    if (not target.axes or target.axes[0].size != 2) and refuse_pair(c, stmt.value, "what is assigned"):
        return None
    stream, owner = f"{block}.{_path_text(stmt.target)}", f"{block}.{number}"
    c.draws = c.drawing(stream, scope, owner, target.axes, shared="shared" in attrs)
    thing = c.thing(stmt.value)
    if isinstance(thing, Keyframe) and target.target == "joint_pos":
        thing = Value(
            make("pose", key=thing.name, names=target.names, dtype="float", shape=(len(target.names),)),
            target.axes,
            target.dim,
        )
    value = thing if isinstance(thing, Value) else c.value(stmt.value) if not isinstance(thing, Unknown) else UNKNOWN
    c.draws = None
    if isinstance(value, Unknown):
        return None
    wanted = NUMBER if stmt.op == "*=" else target.dim
    if not c.expect_dim(value, wanted, stmt.value.span, "what is assigned"):
        return None
    if value.axes and [a.labels for a in value.axes] != [a.labels for a in target.axes]:
        message = f"this has the axes {_axes_text(value.axes)}, and the target {_axes_text(target.axes)}"
        c.report(rules.SHAPE_MISMATCH, stmt.value.span, message, help="pick the parts of one that the other has")
        return None
    where = "a kick" if velocities_only else "where an episode begins"
    if not known_here(c, value.node, KICK if velocities_only else DRAWN, stmt.value.span, where):
        return None
    return StateChange(target.target, target.names, target.components, stmt.op, value.node, stmt.span)


def _axes_text(axes: tuple[Axis, ...]) -> str:
    """Axes for a message; components by their letters, for `xy` and `yz` differ."""
    return f"[{', '.join(''.join(a.labels) if a.name == 'xyz' else str(a) for a in axes)}]" if axes else "none"


def _path_text(expr: ast.Expr) -> str:
    if isinstance(expr, ast.Attribute):
        return f"{_path_text(expr.value)}.{expr.name}"
    if isinstance(expr, ast.Name):
        return expr.id
    if isinstance(expr, ast.Call):
        names = ",".join(a.value.value for a in expr.args if isinstance(a.value, ast.String))
        return f"{_path_text(expr.func)}({names})"
    return "?"


# reset ---------------------------------------------------------------------------------------------------------------


def check_reset(c: Checker, sections: list[ast.Section]) -> Reset:
    """Returns the pose, the changes in order, and how long the robot settles before an episode begins."""
    pose, settle = "", 0.0
    changes: list[StateChange] = []
    line = -1
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.Clause) and stmt.word == "pose":
            pose = _pose(c, stmt) or pose
        elif isinstance(stmt, ast.Clause) and stmt.word == "settle":
            settle = _settle(c, stmt) or settle
        elif isinstance(stmt, ast.Assign):
            line += 1
            change = _state_change(c, stmt, "reset", line, "episode", False)
            if change is not None:
                changes.append(change)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a reset block holds `pose`, `settle`, and changes of state",
                help="for example `legs.pos += normal(0.05 rad)`",
            )
    at = sections[0].header_span if sections else NOWHERE
    return Reset(pose, tuple(changes), settle, c.robot.control_of(pose), at)


def _settle(c: Checker, stmt: ast.Clause) -> float | None:
    if not stmt.args:
        c.report(rules.WRONG_ARGUMENTS, stmt.span, "`settle` needs a time", help="for example `settle 0.5 s`")
        return None
    return c.scalar(stmt.args[0], TIME, "the time to settle")


def _pose(c: Checker, stmt: ast.Clause) -> str | None:
    thing = c.thing(stmt.args[0]) if stmt.args else None
    if isinstance(thing, Keyframe):
        return thing.name
    if not isinstance(thing, Unknown):
        c.report(
            rules.NOT_A_POSE,
            stmt.span,
            "`pose` needs a keyframe",
            help='declare one in the robot block: `home = keyframe("stand")`',
        )
    return None


# event ---------------------------------------------------------------------------------------------------------------


def check_event(c: Checker, section: ast.Section) -> Event | None:
    """Returns an event: its interval and what it changes."""
    name = section.name or "event"
    attrs = attributes(c, section.attrs, HEADER_TAKES["event"], "an event")
    every = attrs.expr("every")
    if every is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            section.header_span,
            "an event needs an interval",
            help="for example `event push every 5 s .. 10 s {`",
        )
        return None
    interval = drawn_interval(c, every, TIME, f"event.{name}.interval", "event", "the interval", f"event.{name}")
    changes: list[StateChange] = []
    line = -1
    for stmt in section.body:
        if isinstance(stmt, ast.Assign):
            line += 1
            change = _state_change(c, stmt, f"event.{name}", line, "event", True)
            if change is not None:
                changes.append(change)
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "an event holds changes of velocity",
                help="for example `base.linvel.xy += disc(0.5 m/s)`",
            )
    return Event(name, interval, tuple(changes), section.header_span) if interval is not None else None


# randomize -----------------------------------------------------------------------------------------------------------

FIELDS: dict[str, dict[str, Dim]] = {
    "geom": {"friction": NUMBER},
    "body": {"mass": MASS, "com": LENGTH, "inertia": MASS * LENGTH**2},
    "joint": {
        "kp": TORQUE / ANGLE,
        "kd": TORQUE * TIME / ANGLE,
        "damping": TORQUE * TIME / ANGLE,
        "armature": MASS * LENGTH**2,
        "frictionloss": TORQUE,
        "stiffness": TORQUE / ANGLE,
        "zero": ANGLE,
    },
    "world": {"gravity": ACCELERATION},
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


def _field_change(c: Checker, stmt: ast.Assign, number: int) -> FieldChange | None:
    attrs = attributes(c, stmt.attrs, LINE_TAKES["randomize"], "a randomized field")
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
    if of == "joint" and quantity in ("kp", "kd") and not _has_servos(c, stmt, quantity, names):
        return None
    name = _path_text(stmt.target)
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
        message = f"this has the axes {_axes_text(value.axes)}, and the field {_axes_text(axes)}"
        c.report(rules.SHAPE_MISMATCH, stmt.value.span, message, help="pick the parts of one that the other has")
        return None
    if not known_here(c, value.node, DRAWN, stmt.value.span, "a field of the model"):
        return None
    scope: Literal["episode", "run"] = "run" if per == "run" else "episode"
    return FieldChange(name, quantity, of, names, stmt.op, value.node, scope, stmt.span)


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
    dim = FIELDS[of][quantity]
    if of == "joint" and c.robot.joint_type(names[0]) == "slide":
        return {ANGLE: LENGTH, TORQUE: FORCE}.get(dim, dim / LENGTH**2)
    return dim


# curriculum ----------------------------------------------------------------------------------------------------------

# Means over the episodes that finished in an update; the trainer computes each under the same name.
STATS: dict[str, Dim] = {
    "episode_time": TIME,
    "episode_return": NUMBER,
    "fail": NUMBER,
    "success": NUMBER,
    "env_states": NUMBER,
}


def declare_levels(c: Checker, sections: list[ast.Section]) -> list[tuple[ast.Entry, Value]]:
    """Declares the levels, so that any number may use them; `check_levels` reads the rest."""
    found: list[tuple[ast.Entry, Value]] = []
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.Entry):
            value = Value(make("level", name=stmt.name, dtype="float", shape=()))
            start = next((a.values[0] for a in stmt.attrs if a.word == "from" and a.values), None)
            if isinstance(start, ast.Quantity):
                value = value.but(dim=start.unit.dim)
            declare(c, stmt.name, "curriculum level", _always(value), stmt)
            found.append((stmt, value))
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a curriculum holds levels",
                help="for example `push from 0 to 1 by 0.05 when mean(episode_time) > 10 s`",
            )
    return found


def _always(value: Value) -> object:
    return lambda: value


def _duration(c: Checker, expr: ast.Expr, per_update: int) -> float | None:
    """Returns a duration in env_states; `updates` count as the env_states of that many updates."""
    count = expr.unit.text if isinstance(expr, ast.Quantity) else ""
    if count not in ("env_states", "updates"):
        help = "for example `duration 4e6 env_states`"
        c.report(rules.NOT_A_LITERAL, expr.span, "the duration of a level is in env_states or updates", help=help)
        return None
    number = c.scalar(expr, NUMBER, "the duration of a level")
    return None if number is None else number * (per_update if count == "updates" else 1)


def check_levels(c: Checker, levels: list[tuple[ast.Entry, Value]], per_update: int) -> list[Level]:
    """Returns the levels: ends, step, and what moves them; `per_update` is the env_states of one update."""
    out: list[Level] = []
    for stmt, value in levels:
        attrs = attributes(c, stmt.attrs, LINE_TAKES["curriculum"], "a level")
        first, last = attrs.expr("from"), attrs.expr("to")
        if first is None or last is None:
            c.report(
                rules.WRONG_ARGUMENTS,
                stmt.span,
                f"the level `{stmt.name}` needs `from` and `to`",
                help="for example `from 0 to 1`",
            )
            continue
        start = c.scalar(first, value.dim, "the start of a level")
        end = c.scalar(last, value.dim, "the end of a level")
        if start is None or end is None:
            continue
        by, when, over = attrs.expr("by"), attrs.expr("when"), attrs.expr("duration")
        if over is not None and when is None:
            states = _duration(c, over, per_update)
            if states is not None:
                out.append(Level(stmt.name, start, end, None, None, states, stmt.span))
            continue
        if by is None or when is None:
            c.report(
                rules.WRONG_ARGUMENTS,
                stmt.span,
                f"the level `{stmt.name}` needs `by … when …`, or `duration … env_states`",
                help="for example `by 0.05 when mean(episode_time) > 10 s`, or `duration 4e6 env_states`",
            )
            continue
        step = c.scalar(by, value.dim, "the step of a level")
        condition = _stat_condition(c, when)
        if step is not None and condition is not None:
            out.append(Level(stmt.name, start, end, step, condition, None, stmt.span))
    return out


def _stat_condition(c: Checker, expr: ast.Expr) -> Node | None:
    """A condition on the statistics of the episodes finished in an update: `mean(episode_time) > 10 s`."""
    frame = {name: Value(make("stat", name=name, dtype="float", shape=()), dim=dim) for name, dim in STATS.items()}
    with c.scope.local({**frame}):
        stripped = _without_mean(expr)
        value = c.value(stripped)
    checked = need_scalar(c, value, expr.span, "a condition")
    if checked is None:
        return None
    if not checked.is_bool:
        c.report(
            rules.NOT_A_CONDITION,
            expr.span,
            f"`when` needs true or false, and this is {checked.describe()}",
            help="compare it with something",
        )
        return None
    return checked.node if known_here(c, checked.node, ALWAYS | {"stat"}, expr.span, "a level") else None


def _without_mean(expr: ast.Expr) -> ast.Expr:
    """`mean(stat)` is the statistic itself, which is already a mean over the finished episodes."""
    from dataclasses import replace

    if (
        isinstance(expr, ast.Call)
        and isinstance(expr.func, ast.Name)
        and expr.func.id == "mean"
        and len(expr.args) == 1
    ):
        inner = expr.args[0].value
        if isinstance(inner, ast.Name) and inner.id in STATS:
            return inner
    if isinstance(expr, ast.Binary):
        return replace(expr, left=_without_mean(expr.left), right=_without_mean(expr.right))
    return expr
