"""Block `world`: floor, time steps and options of the physics."""

from __future__ import annotations

from ksim_spec import rules
from ksim_spec.diagnostics import suggest
from ksim_spec.language.blocks.attributes import attributes, scalar
from ksim_spec.language.blocks.registry import Block, Line, Parts
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import AddedSite, World
from ksim_spec.language.ranges import NOT_NEGATIVE, Range, Word, range_of
from ksim_spec.robot.naming import name_of
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, TIME

_SOLVER = ("iterations", "ls_iterations", "tolerance")
_MOST = Range(1, 10_000, whole=True)

FLOORS = ("plane", "robot")
SETTINGS = {
    "floor": "`plane` adds one, `robot` leaves the MJCF's own",
    "physics_step": Word("a time; the MJCF's unless given", Range(1e-5, 0.1, dim=TIME)),
    "control_step": Word(
        "a time, a whole number of physics steps; 20 ms unless given", Range(0, 10, open_low=True, dim=TIME)
    ),
    "iterations": Word("most iterations of the constraint solver; the MJCF's unless given", _MOST),
    "ls_iterations": Word("most iterations of its line search; the MJCF's unless given", _MOST),
    "tolerance": Word("at which the solver stops early; the MJCF's unless given", Range(0, 1)),
}


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
            value = c.scalar(stmt.value, TIME, f"`{name}`", range_of(SETTINGS, name))
            if value is not None:
                steps[name], control_at = value, stmt.span
        elif name in _SOLVER:
            value = c.scalar(stmt.value, NUMBER, f"`{name}`", range_of(SETTINGS, name))
            if value is not None:
                solver.append((name, value))
        else:
            c.report(
                rules.UNKNOWN_SETTING,
                stmt.target.span,
                f"the world has no setting `{name}`",
                help=suggest(name, SETTINGS, "settings"),
            )
    lines = section.body if section else ()
    stated = {s.target.id for s in lines if isinstance(s, ast.Assign) and isinstance(s.target, ast.Name)}
    physics, control = steps["physics_step"], steps["control_step"]
    ratio = control / physics
    known = not c.robot.unknown or "physics_step" in stated  # else it is the robot's
    if known and (abs(ratio - round(ratio)) > 1e-6 or round(ratio) < 1):
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
    attrs = attributes(c, stmt.attrs, BLOCK.lines["floor"].takes, "the floor")
    if not (isinstance(stmt.value, ast.Name) and stmt.value.id in FLOORS):
        c.report(
            rules.UNKNOWN_SETTING,
            stmt.value.span,
            "the floor is `plane`, or `robot` for the MJCF's own",
            help="write one of the two",
        )
        return False, None
    row = BLOCK.lines["floor"].takes or {}
    friction = scalar(c, attrs, "friction", NUMBER, "`friction`", row)
    if (attr := attrs.get("friction")) is not None and stmt.value.id == "robot":
        message, help = "the robot's own floor has its own friction", "write it into the robot file, or `floor = plane`"
        c.report(rules.UNKNOWN_ATTRIBUTE, attr.span, message, help=help)
    if stmt.value.id == "plane" and (other := c.robot.takes_floors_name()) is not None:
        c.report(
            rules.FLOOR_NAME,
            stmt.value.span,
            f"the robot has a geom `{name_of(other)}` that is not a floor",
            help="rename it in the MJCF, or leave the floor to the MJCF: `floor = robot`",
        )
    return stmt.value.id == "plane", friction


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.world = check_world(c, sections[0] if sections else None, parts.sites)
    parts.options += parts.world.solver


BLOCK = Block(
    "world",
    "floor, time steps, solver",
    lines={
        "floor": Line(
            "a plane, or the MJCF's own floor", {"friction": Word("sliding friction of the floor", NOT_NEGATIVE)}
        )
    },
    settings=SETTINGS,
    choices=FLOORS,
    single=True,
    unique=True,
    declare=_read,
    outlined="setting",
)
