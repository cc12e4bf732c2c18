"""Blocks `robot`, `world` and `action`: what is named, how time runs, and what the policy drives."""

from __future__ import annotations

import fnmatch

from ksim_spec import rules
from ksim_spec.diagnostics import Label, did_you_mean, suggest
from ksim_spec.ir.node import walk
from ksim_spec.ir.ops import const, make
from ksim_spec.language import actuation, frames
from ksim_spec.language.blocks.attributes import ALWAYS, LINE_TAKES, attributes, bounds, known_here
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import ActionTerm, AddedSite, World
from ksim_spec.language.scope import Thing
from ksim_spec.language.tables import table_value
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import UNKNOWN, Axis, Frame, Unknown, Value, per_joint_dim
from ksim_spec.robot.naming import name_of, other_name
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, FORCE, LENGTH, NUMBER, TIME, TORQUE, Dim, in_unit

MODES = {"position": ANGLE, "velocity": ANGLE / TIME, "torque": TORQUE}


# robot ---------------------------------------------------------------------------------------------------------------


def declare_robot(c: Checker, section: ast.Section) -> tuple[list[AddedSite], list[tuple[str, str]]]:
    """Declares the names of a robot block; returns added sites and mirror pairs."""
    sites: list[AddedSite] = []
    mirror: list[tuple[str, str]] = []
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "site":
            added = len(sites)
            _added_site(c, stmt, sites)
            c.robot.incomplete = c.robot.incomplete or len(sites) == added
    for stmt in section.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            _alias(c, stmt, stmt.target.id)
        elif isinstance(stmt, ast.Clause) and stmt.word == "mirror":
            mirror += _mirror(c, stmt)
        elif isinstance(stmt, ast.Clause) and stmt.word in ("site", "onboard"):
            continue
        elif not isinstance(stmt, ast.ErrorStmt):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a robot block holds names, `site`, `onboard`, and `mirror`",
                help='for example `base = body("torso")`',
            )
    _find_base(c, section)
    for stmt in section.body:
        if isinstance(stmt, ast.Clause) and stmt.word == "onboard":
            _onboard(c, stmt)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            _part_of_the_robot(c, stmt.target)
    return sites, mirror


def _find_base(c: Checker, section: ast.Section) -> None:
    """Tells the view which body the spec calls `base`: it belongs to the robot."""
    for stmt in section.body:
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id == "base":
            thing = c.thing(stmt.target)
            if isinstance(thing, Selection) and thing.of == "body" and len(thing.names) == 1:
                c.robot.base = thing.one


def _part_of_the_robot(c: Checker, name: ast.Name) -> None:
    """Looks a name up although nothing may use it, so that its mistakes are reported."""
    thing = c.thing(name)
    if isinstance(thing, Value) and not any(n.op in ("read", "model", "pose") for n in walk([thing.node])):
        example = 'for example `base = body("torso")`; numbers go into a `signal` block'
        c.report(rules.NOT_A_SELECTION, name.span, f"`{name.id}` is not a part of the robot", help=example)


def _onboard(c: Checker, stmt: ast.Clause) -> None:
    """Declares that the robot measures quantities that otherwise only the simulator knows."""
    example = 'for example `onboard base.linvel reason "state estimator"`'
    if "reason" not in attributes(c, stmt.attrs, LINE_TAKES["onboard"], "`onboard`"):
        c.report(rules.WRONG_ARGUMENTS, stmt.span, "`onboard` needs a reason", help=example)
    for arg in stmt.args:
        owner = c.thing(arg.value) if isinstance(arg, ast.Attribute) else None
        if isinstance(owner, Unknown) or (isinstance(arg, ast.Attribute) and isinstance(c.thing(arg), Unknown)):
            continue
        if not isinstance(arg, ast.Attribute) or not isinstance(owner, Selection):
            c.report(rules.NOT_A_SELECTION, arg.span, "`onboard` needs quantities of the robot", help=example)
            continue
        c.onboard.update((owner.of, name, arg.name) for name in owner.names)


def _alias(c: Checker, stmt: ast.Assign, name: str) -> None:
    attributes(c, stmt.attrs, LINE_TAKES["robot"], "a name of the robot")

    def resolve() -> Thing:
        if isinstance(stmt.value, ast.Name) and stmt.value.id == "default":
            return Keyframe("")
        thing = c.thing(stmt.value)
        if isinstance(thing, Selection):
            axis = Axis(thing.of if thing.of == "joint" else name, thing.names) if thing.axis else None
            return Selection(thing.of, thing.names, name, axis)
        return thing

    declare(c, name, "robot name", resolve, stmt.target)


def declare(c: Checker, name: str, what: str, resolve: object, at: ast.Expr | ast.Stmt | ast.Section) -> None:
    """Declares a name, reporting one that is already taken."""
    span = at.name_span if isinstance(at, ast.Section) else at.span
    earlier = c.scope.declare(name, what, resolve, span)  # type: ignore[arg-type]
    if earlier is not None:
        c.report(
            rules.DUPLICATE_NAME,
            span,
            f"`{name}` is already declared",
            related=(Label(earlier.span, f"first declared here, as {earlier.what}"),),
            help="rename one of the two",
        )


def _added_site(c: Checker, stmt: ast.Clause, sites: list[AddedSite]) -> None:
    attrs = attributes(c, stmt.attrs, LINE_TAKES["site"], "`site`")
    name = stmt.args[0].id if stmt.args and isinstance(stmt.args[0], ast.Name) else None
    on, at = attrs.expr("on"), attrs.expr("at")
    if name is None or on is None:
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`site` needs a name and a body",
            help='for example `site left_foot on body("left_shin") at (0 m, 0 m, -0.2 m)`',
        )
        return
    if name in c.robot.names("site"):
        c.report(
            rules.DUPLICATE_NAME,
            stmt.span,
            f"the robot already has a site `{name}`",
            help="give it another name, or use the one of the robot",
        )
        return
    body = c.thing(on)
    if isinstance(body, Unknown):
        return
    if not isinstance(body, Selection) or body.of != "body" or len(body.names) != 1:
        c.report(rules.NOT_A_SELECTION, on.span, "`on` needs one body", help='for example `on body("torso")`')
        return
    position = [0.0, 0.0, 0.0]
    if at is not None:
        items = at.items if isinstance(at, ast.Tuple) else ()
        if len(items) != 3:
            c.report(
                rules.SHAPE_MISMATCH,
                at.span,
                "`at` needs three lengths",
                help="for example `at (0 m, 0 m, -0.2 m)`",
            )
            return
        numbers: list[float | None] = []
        for x in items:  # what is wrong with all is said once
            numbers.append(None if None in numbers else c.scalar(x, LENGTH, "a coordinate"))
        if any(x is None for x in numbers):
            return
        position = [x for x in numbers if x is not None]
    site = AddedSite(name, body.one, (position[0], position[1], position[2]))
    sites.append(site)
    c.robot.add_site(name, body.one)


def _mirror(c: Checker, stmt: ast.Clause) -> list[tuple[str, str]]:
    if len(stmt.args) != 2 or not all(isinstance(a, ast.String) for a in stmt.args):
        c.report(
            rules.WRONG_ARGUMENTS,
            stmt.span,
            "`mirror` needs two name patterns",
            help='for example `mirror "left_*" <-> "right_*"`',
        )
        return []
    left, right = (a.value for a in stmt.args if isinstance(a, ast.String))
    names = [n for kind in ("joint", "body", "site", "geom", "actuator") for n in c.robot.names(kind)]
    known = set(names)
    for pattern, other in ((left, right), (right, left)):
        hits = [n for n in names if fnmatch.fnmatchcase(n, pattern)]
        lonely = [n for n in hits if other_name(n, pattern, other) not in known]
        if c.robot.incomplete and (lonely or not hits):
            return []
        if not hits:
            c.report(
                rules.EMPTY_MATCH,
                stmt.span,
                f"`{pattern}` matches nothing on {c.robot.name}",
                help="a pattern matches whole names of the robot, for example `left_*`",
            )
            return []
        if lonely:
            c.report(
                rules.NO_MIRROR_PARTNER,
                stmt.span,
                f"`{lonely[0]}` has no partner `{other_name(lonely[0], pattern, other)}`",
                help="correct the patterns, or the name in the robot file",
            )
            return []
    return [(left, right)]


# world ---------------------------------------------------------------------------------------------------------------

_SOLVER = ("iterations", "ls_iterations", "tolerance")
WORLD_SETTINGS = ("floor", "physics_step", "control_step", *_SOLVER)


def check_world(c: Checker, section: ast.Section | None, sites: list[AddedSite]) -> World:
    """Returns floor, solver and timing; the physics step defaults to the MJCF's, the control step to 20 ms."""
    floor, friction = False, None
    steps: dict[str, float] = {"physics_step": c.robot.timestep, "control_step": 0.02}
    solver: list[tuple[str, float]] = []
    control_at = section.header_span if section else None
    for stmt in section.body if section else ():
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if not isinstance(stmt, ast.Assign) or not isinstance(stmt.target, ast.Name):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a world block holds settings",
                help="for example `control_step = 20 ms`",
            )
            continue
        name = stmt.target.id
        if name == "floor":
            floor, friction = _floor(c, stmt)
        elif name in steps:
            value = c.scalar(stmt.value, TIME, f"`{name}`")
            if value is not None and value > 0:
                steps[name], control_at = value, stmt.span
            elif value is not None:
                c.report(
                    rules.EMPTY_RANGE,
                    stmt.value.span,
                    f"`{name}` must be longer than zero",
                    help="for example `4 ms`",
                )
        elif name in _SOLVER:
            value = c.scalar(stmt.value, NUMBER, f"`{name}`")
            if value is not None:
                solver.append((name, value))
        else:
            c.report(
                rules.UNKNOWN_SETTING,
                stmt.target.span,
                f"the world has no setting `{name}`",
                help=suggest(name, WORLD_SETTINGS, "settings"),
            )
    physics, control = steps["physics_step"], steps["control_step"]
    ratio = control / physics
    if abs(ratio - round(ratio)) > 1e-6 or round(ratio) < 1:
        near = max(round(ratio), 1) * physics * 1000
        assert control_at is not None or section is None
        c.report(
            rules.UNEVEN_STEPS,
            control_at or (section.header_span if section else NOWHERE),
            f"the control step ({control * 1000:g} ms) is not a multiple of the physics step ({physics * 1000:g} ms)",
            help=f"for example `control_step = {near:g} ms`",
        )
    c.control_dt = control
    return World(floor, friction, physics, control, tuple(sites), tuple(solver))


def _floor(c: Checker, stmt: ast.Assign) -> tuple[bool, float | None]:
    attrs = attributes(c, stmt.attrs, LINE_TAKES["floor"], "the floor")
    if not (isinstance(stmt.value, ast.Name) and stmt.value.id in ("plane", "robot")):
        c.report(
            rules.UNKNOWN_SETTING,
            stmt.value.span,
            "the floor is `plane`, or `robot` for the MJCF's own",
            help="write one of the two",
        )
        return False, None
    expr = attrs.expr("friction")
    friction = c.scalar(expr, NUMBER, "a friction coefficient") if expr is not None else None
    return stmt.value.id == "plane", friction


# action --------------------------------------------------------------------------------------------------------------


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
    attrs = attributes(c, stmt.attrs, LINE_TAKES["action"], "an action")
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
    servo = actuation.gains(c, attrs, mode, joint_type == "slide")
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
    return actuation.along(c, value, axis, expr.span, "the scale")


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
    ends = bounds(c, expr, TIME, "a delay")
    if ends is None:
        return None
    low, high = (round(x / world.physics_step) for x in ends)
    if low < 0 or high > 16 * world.substeps:
        c.report(
            rules.EMPTY_RANGE,
            expr.span,
            "a delay must be between zero and sixteen control steps",
            help="for example `0 ms .. 20 ms`",
        )
        return None
    return low, high


def _mode_help(written: ast.Expr) -> str:
    name = written.func.id if isinstance(written, ast.Call) and isinstance(written.func, ast.Name) else ""
    near = did_you_mean(name, MODES)
    return f"did you mean `{near[0]}`?" if near else "for example `position(legs)`"


def frame_for(c: Checker, expr: ast.Expr | None) -> Frame | None:
    """Returns the frame of a command header, the world when it names none."""
    from ksim_spec.language.expressions import c_frame

    return frames.WORLD if expr is None else c_frame(c, expr)
