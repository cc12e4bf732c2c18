"""Block `action`: what the policy drives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ksim_spec import rules
from ksim_spec.diagnostics import did_you_mean
from ksim_spec.ir.ops import const, make
from ksim_spec.language import actuation
from ksim_spec.language.blocks.attributes import ALWAYS, attributes, bounds, known_here
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import ActionTerm, Program, World
from ksim_spec.language.ranges import NOT_NEGATIVE, POSITIVE, Range, Word, fits, range_of
from ksim_spec.language.scope import Thing
from ksim_spec.language.tables import table_value
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import UNKNOWN, Axis, Unknown, Value, per_joint_dim
from ksim_spec.robot.naming import name_of
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, FORCE, TIME, TORQUE, Dim, in_unit

MODES = {"position": ANGLE, "velocity": ANGLE / TIME, "torque": TORQUE}


def check_action(c: Checker, section: ast.Section | None, world: World) -> list[ActionTerm]:
    """Returns the action terms in order; the action vector is their joints in that order."""
    terms: list[ActionTerm] = []
    start = 0
    for stmt in section.body if section else ():
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "an action block holds targets",
                help="for example `target = position(legs) around home scale 0.5 rad`",
            )
            continue
        term = _action_term(c, stmt, stmt.target.id, start, world, section)
        if term is not None:
            _report_shared(c, stmt, term, terms)
            terms.append(term)
            start += term.size
    size = start
    # Slices were cut before the whole size was known: build the leaf again, now of the right length.
    return [_with_action_size(t, size) for t in terms]


def _report_shared(c: Checker, stmt: ast.Assign, term: ActionTerm, earlier: list[ActionTerm]) -> None:
    taken = {a: t.name for t in earlier for a in t.actuators}
    for actuator in term.actuators:
        if actuator in taken:
            message = f"`{actuator}` is already driven by `{taken[actuator]}`"
            help = "leave its joint out of one of the two"
            c.report(rules.ACTUATOR_DRIVEN_TWICE, stmt.span, message, help=help)
            return


def _with_action_size(term: ActionTerm, size: int) -> ActionTerm:
    from dataclasses import replace

    start = term.target.attr("start")
    raw = make(
        "take", make("action", dtype="float", shape=(size,)), axis=0, indices=tuple(range(start, start + term.size))
    )
    target = make("mul", raw, term.scale)
    if term.around is not None:
        target = make("add", term.around, target)
    return replace(term, target=target)


def _action_term(
    c: Checker, stmt: ast.Assign, name: str, start: int, world: World, section: ast.Section | None
) -> ActionTerm | None:
    attrs = attributes(c, stmt.attrs, BLOCK.takes, "an action")
    call = stmt.value
    if not (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MODES and len(call.args) == 1
    ):
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.value.span,
            "an action is `position`, `velocity`, or `torque` of joints",
            help=_mode_help(call),
        )
        return None
    mode = call.func.id
    selection = c.thing(call.args[0].value)
    if isinstance(selection, Unknown):
        return None
    if not isinstance(selection, Selection) or selection.of != "joint":
        c.report(
            rules.NOT_A_SELECTION,
            call.args[0].span,
            f"`{mode}` needs joints",
            help=f'for example `{mode}(joints("*_knee"))`',
        )
        return None
    joints = selection.names
    joint_type = c.robot.joint_type(joints[0])
    if joint_type not in ("hinge", "slide"):
        message = f"a {joint_type} joint has no single {mode} to drive it by"
        c.report(rules.MIXED_JOINT_TYPES, call.args[0].span, message, help="drive joints that turn or slide")
        return None
    servo = actuation.gains(c, attrs, BLOCK.takes or {}, mode, joint_type == "slide")
    driven = None
    if isinstance(servo, bool):
        c.robot.unsure.update(joints)
    else:
        driven = actuation.drives(c, call.span, mode, joints, servo)
    effort = TORQUE if joint_type == "hinge" else FORCE
    dim = effort if mode == "torque" else per_joint_dim(joint_type, MODES[mode])
    axis = Axis("joint", joints)
    scale = _scale(c, attrs.expr("scale"), dim, axis, stmt)
    around = _around(c, attrs.expr("around"), dim, axis, mode)
    delay = _delay(c, attrs.expr("delay"), world)
    if driven is None or isinstance(servo, bool) or scale is None or delay is None or around is UNKNOWN:
        return None
    assert not isinstance(around, Unknown)
    around_node = around.node if around is not None else None
    for part, expr in ((around_node, attrs.expr("around")), (scale.node, attrs.expr("scale"))):
        if part is not None and not known_here(c, part, ALWAYS, expr.span if expr else stmt.span, "an action"):
            return None
    target = make("action", start=start, dtype="float", shape=(len(joints),))
    if delay != (0, 0):
        at, owner = attrs.found["delay"].span, f"action.{name}"
        c.params.add(f"{owner}.delay.low", float(delay[0]), "low", owner, at)
        c.params.add(f"{owner}.delay.high", float(delay[1]), "high", owner, at)
    actuators = tuple(name_of(a) for a in driven)
    return ActionTerm(
        name,
        mode,  # type: ignore[arg-type]
        joints,
        actuators,
        target,
        around_node,
        scale.node,
        delay,
        servo,
        driven,
        stmt.span,
    )


def _scale(c: Checker, expr: ast.Expr | None, dim: object, axis: Axis, stmt: ast.Assign) -> Value | None:
    if expr is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "an action needs a `scale`",
            help=f"for example `scale 0.5 {dim}`: what an action of 1 moves the target by",
        )
        return None
    like = Value(const([0.0] * axis.size), (axis,))
    value = table_value(c, expr, like) if isinstance(expr, ast.Table) else c.value(expr)
    if isinstance(value, Unknown) or not c.expect_dim(value, dim, expr.span, "the scale"):  # type: ignore[arg-type]
        return None
    laid = actuation.along(c, value, axis, expr.span, "the scale")
    good = laid is not None and fits(c, laid, range_of(BLOCK.takes or {}, "scale"), expr, "the scale")
    return laid if good else None


def _around(c: Checker, expr: ast.Expr | None, dim: Dim, axis: Axis, mode: str) -> Value | Unknown | None:
    if expr is None:
        return None
    like = Value(const([0.0] * axis.size), (axis,))
    thing = table_value(c, expr, like) if isinstance(expr, ast.Table) else c.thing(expr)
    if isinstance(thing, Keyframe) and mode == "position":
        node = make("pose", key=thing.name, names=axis.labels, dtype="float", shape=(axis.size,))
        return Value(node, (axis,), dim)
    if isinstance(thing, Keyframe):
        message = f"`around` is {in_unit(dim)}, and a keyframe holds positions"
        c.report(rules.UNIT_MISMATCH, expr.span, message, help=f"leave it out, or write a value {in_unit(dim)}")
        return UNKNOWN
    if isinstance(thing, Value) and c.expect_dim(thing, dim, expr.span, "`around`"):
        return actuation.along(c, thing, axis, expr.span, "`around`") or UNKNOWN
    if not isinstance(thing, Value | Unknown):
        c.report(
            rules.NOT_A_VALUE,
            expr.span,
            "`around` needs a keyframe, a value, or a table",
            help="for example `around home`",
        )
    return UNKNOWN


def _delay(c: Checker, expr: ast.Expr | None, world: World) -> tuple[int, int] | None:
    if expr is None:
        return 0, 0
    ends = bounds(c, expr, TIME, "a delay", range_of(BLOCK.takes or {}, "delay"))
    if ends is None:
        return None
    low, high = (round(x / world.physics_step) for x in ends)
    return low, high


def _example(c: Checker) -> str:
    """What could stand in an empty `action` block, for a joint of this robot that can be driven."""
    on_joints = [a for a in c.robot.index.actuators if a.transmission.startswith("joint") and a.law.mode and a.gear[0]]
    for a in on_joints:
        kind = c.robot.joint_type(a.target)
        if kind in ("hinge", "slide"):
            unit = FORCE if (a.law.mode, kind) == ("torque", "slide") else per_joint_dim(kind, MODES[a.law.mode])
            return f'for example `drive = {a.law.mode}(joint("{a.target}"))  scale 0.5 {unit}`'
    return "no actuator of this robot takes a target of a joint: give its joints some, for example `<position joint=…>`"


def _mode_help(written: ast.Expr) -> str:
    name = written.func.id if isinstance(written, ast.Call) and isinstance(written.func, ast.Name) else ""
    near = did_you_mean(name, MODES)
    return f"did you mean `{near[0]}`?" if near else "for example `position(legs)`"


def _declare(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    """Declares the action, which is checked at its first use, or when its turn comes."""
    c.scope.declare("action", "the action", partial(_vector, c, sections[0] if sections else None, parts))


def _vector(c: Checker, section: ast.Section | None, parts: Parts) -> Thing:
    """Checks the block and returns the whole action; a missing or broken block is a mistake of its own."""
    assert parts.world is not None
    with c.apart():
        parts.action = check_action(c, section, parts.world)
    joints = [j for t in parts.action for j in t.joints]
    if section and not section.body and not section.broken:
        message = "this `action` block holds no target"
        c.report(rules.EMPTY_BLOCK, section.header_span, message, help=_example(c))
    size = sum(t.size for t in parts.action)
    return Value(make("action", dtype="float", shape=(size,)), (Axis("joint", tuple(joints)),)) if size else UNKNOWN


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    c.scope.lookup("action")


def _declares(program: Program) -> Iterator[Row]:
    for t in program.action:
        yield Row("action", f"action.{t.name}", t.span, {"": t.target}, {"around": t.around, "scale": t.scale})


BLOCK = Block(
    "action",
    "what the policy drives",
    takes={
        "around": "the target for an action of zero: a keyframe, a value, or a table by name",
        "scale": Word("how far an action of 1 moves the target from `around`", POSITIVE),
        "delay": Word("how late an action takes effect; drawn once an episode from the range", Range(0, 16, of="step")),
        "gain": Word("stiffness at the joint of the position servos, which plain motors are made into", POSITIVE),
        "damping": Word("damping of those servos at the joint", NOT_NEGATIVE),
    },
    single=True,
    unique=True,
    needed=(rules.MISSING_ACTION, "action { target = position(legs) around home scale 0.5 rad }"),
    declare=_declare,
    check=_read,
    declares=_declares,
)
