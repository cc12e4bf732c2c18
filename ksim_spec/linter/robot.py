"""Rules about the robot in its world: what nothing holds up, and friction that another geom overrules."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.program import FieldChange
from ksim_spec.linter.context import Subject, warn
from ksim_spec.robot import elements as el
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.who import floating_base, welds
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast

_HOLDS = ("connect", "weld")  # equalities that may tie a body to the world
_PUSHES = ("site", "body")  # what an actuator works on that pushes against the world: a rotor, a jet


def no_floor(s: Subject) -> Iterator[Diagnostic]:
    """A robot that floats above nothing: gravity pulls, and no geom that stays where it is can touch it."""
    base = floating_base(s.robot, s.program.base or "")
    if base is None or _weightless(s) or _held(s):
        return
    fixed, weld = [], welds(s.robot)
    for g in s.seeds.touch.geoms:
        if g.body == 0 or not weld[g.body]:
            fixed.append(g)
    own = [g for g in s.seeds.touch.geoms if g.body in s.program.own and g not in fixed]
    if s.seeds.touch.any_pair(own, fixed):
        return
    yield warn(
        rules.NO_FLOOR,
        f"nothing is below `{name_of(base)}`: it floats, and no geom that stays in its place can touch the robot",
        _world(s),
        "write `floor = plane` in the `world` block",
    )


def _weightless(s: Subject) -> bool:
    gravity = s.robot.options.get("gravity", "0 0 -9.81").split()
    return gravity[2:] in ([], ["0"]) or float(gravity[2]) >= 0 or s.robot.options.get("flag:gravity") == "disable"


def _held(s: Subject) -> bool:
    """Whether something else than a floor may carry the robot: a fluid, a tie, a tendon, a jet, a balance of weight."""
    fluid = any(float(s.robot.options.get(k, "0")) > 0 for k in ("density", "viscosity"))
    tied = any(e.tag in _HOLDS for e in s.robot.all("equality")) or any(
        t.tag == "spatial" for t in s.robot.all("tendon")
    )
    pushed = any(a.transmission in _PUSHES for a in s.robot.actuators)
    balanced = any(b.attrs.get("gravcomp", "0") != "0" for b in s.robot.bodies)
    return fluid or tied or pushed or balanced


def _world(s: Subject) -> Span:
    """Where the world is described, else where the robot is named."""
    sections = [i for i in s.program.items if isinstance(i, ast.Section)]
    said = [i.header_span for word in ("world", "robot") for i in sections if i.keyword == word]
    return said[0] if said else NOWHERE


def overruled_friction(s: Subject) -> Iterator[Diagnostic]:
    """A drawn friction that does nothing, for MuJoCo takes that of the geom with the higher priority or the larger."""
    for change in s.program.randomization:
        if change.quantity != "friction":
            continue
        geoms = [g for name in change.names for g in s.seeds.touch.of("geom", name)]
        over = [rival for g in geoms if (rival := _rival(s, change, g, geoms)) is not None]
        if not over or len(over) < sum(bool(_partners(s, g)) for g in geoms):
            continue
        rival, why = over[0]
        floor = s.program.world.floor and rival is s.seeds.touch.of("geom", "floor")[0]
        name = "the floor of the spec" if floor else f"`{name_of(rival)}`"
        help = "draw `world.floor.friction` instead" if floor else f"draw the friction of {name} instead"
        yield warn(rules.OVERRULED_FRICTION, f"`{change.name}` does nothing: {name} {why}", change.span, help)


def _rival(s: Subject, change: FieldChange, geom: el.Geom, drawn: list[el.Geom]) -> tuple[el.Geom, str] | None:
    """Returns what overrules a geom's friction wherever it touches something, and why; None where it counts."""
    found = None
    for other in _partners(s, geom):
        why = "" if other in drawn else _why(s, change, geom, other)
        if not why:
            return None
        found = found or (other, why)
    return found


def _partners(s: Subject, geom: el.Geom) -> list[el.Geom]:
    """What a geom of the robot can touch of the world, and a geom of the world of what moves."""
    touch, own = s.seeds.touch, s.program.own
    if geom.body in own:
        return [g for g in touch.outside if touch.can_touch(geom, g)]
    return [g for g in touch.geoms if g.body and touch.can_touch(geom, g)]


def _why(s: Subject, change: FieldChange, geom: el.Geom, other: el.Geom) -> str:
    floor = s.seeds.touch.of("geom", "floor")[:1] if s.program.world.floor else []
    if geom in floor:  # it has the highest priority of all
        return ""
    if other in floor or other.priority > geom.priority:
        return "has the higher priority"
    if other.priority < geom.priority or any(name_of(other) in c.names for c in s.program.randomization):
        return ""
    high = s.anytime(change.value).ends[1]
    most = {"=": high, "*=": high * geom.friction[0], "+=": high + geom.friction[0]}[change.op]
    return "has the larger friction" if most <= other.friction[0] and s.robot.exact else ""


CHECKS = (no_floor, overruled_friction)
