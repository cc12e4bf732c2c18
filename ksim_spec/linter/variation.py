"""Rules about commands, events, randomization and curricula: what never happens, changes nothing, or breaks a model."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.intervals.interval import INF
from ksim_spec.ir.node import Node
from ksim_spec.language.program import FieldChange
from ksim_spec.linter.context import ALWAYS, NEVER, Subject, text_of, warn
from ksim_spec.robot import elements as el
from ksim_spec.source import Span

_NOMINAL = ("damping", "armature", "frictionloss", "stiffness")  # of joints, known from the robot file


def beyond_episode(s: Subject) -> Iterator[Diagnostic]:
    """Something due later than the longest episode lasts."""
    timers: list[tuple[str, Node | None, Span]] = []
    timers += [(f"the event `{e.name}` never fires", e.interval, e.span) for e in s.program.events]
    timers += [(f"the command `{c.name}` is never redrawn", c.interval, c.resample_span) for c in s.program.commands]
    for what, interval, span in timers:
        if interval is not None and s.anytime(interval).ends[0] >= s.seeds.seconds:
            first, seconds = s.anytime(interval).ends[0], s.seeds.seconds
            yield warn(
                rules.BEYOND_EPISODE,
                f"{what}: it is due after {first:g} s, and an episode lasts at most {seconds:g} s",
                span,
                "shorten the interval, or leave it out",
            )


def changes_nothing(s: Subject) -> Iterator[Diagnostic]:
    """A change by nothing: `+= 0`, `*= 1`, or a factor on what is 0."""
    changes = [(c.target, c.op, c.value, c.span) for c in s.program.reset.changes]
    changes += [(c.target, c.op, c.value, c.span) for e in s.program.events for c in e.changes]
    changes += [(c.name, c.op, c.value, c.span) for c in s.program.randomization]
    for name, op, value, span in changes:
        if s.anytime(value).ends == {"+=": NEVER, "*=": ALWAYS}.get(op):
            help = "draw from a range, or remove it"
            yield warn(rules.CHANGES_NOTHING, f"this leaves `{name}` as it is", span, help)
    for c in s.program.randomization:
        nominal = _nominal(s, c)
        if c.op == "*=" and nominal and not any(nominal):
            yield warn(
                rules.CHANGES_NOTHING,
                f"`{c.name}` is 0 in the robot file, and a factor leaves it at 0",
                c.span,
                "add to it: `+=`",
            )


def _nominal(s: Subject, change: FieldChange) -> list[float]:
    """What the robot file says of the field, for each joint; empty where it is not known without MuJoCo."""
    if change.of != "joint" or change.quantity not in _NOMINAL:
        return []
    joints = [s.robot.find("joint", n) for n in change.names]
    return [getattr(j, change.quantity) for j in joints if isinstance(j, el.Joint)]


_NOT_NEGATIVE = frozenset(("mass", "inertia", "friction", "kp", "kd", *_NOMINAL))
_NOT_ZERO = frozenset(("mass", "inertia"))


def impossible_field(s: Subject) -> Iterator[Diagnostic]:
    """A drawn mass, friction or gain that can be negative, or a mass of nothing."""
    for c in s.program.randomization:
        if c.quantity not in _NOT_NEGATIVE:
            continue
        low = _lowest(s, c)
        if low is not None and (low < 0 or (low == 0 and c.quantity in _NOT_ZERO)):
            what = "negative" if low < 0 else "0"
            drawn = text_of(s.likely(c.value).ends)
            yield warn(
                rules.IMPOSSIBLE_FIELD,
                f"`{c.name}` can become {what}: what is drawn is {drawn}",
                c.span,
                "draw from a range that stays above 0",
            )


def _lowest(s: Subject, change: FieldChange) -> float | None:
    """The smallest value of a field, or for a factor its sign; None where the nominal value is not known."""
    drawn = s.likely(change.value).ends[0]
    if change.op != "+=":
        return drawn
    nominal = _nominal(s, change)
    return min(nominal) + drawn if nominal and drawn > -INF else None


def unused_level(s: Subject) -> Iterator[Diagnostic]:
    used = {n.attr("name") for n in s.nodes if n.op == "level"}
    for level in s.program.levels:
        if level.name not in used:
            yield warn(
                rules.UNUSED_LEVEL,
                f"nothing depends on the level `{level.name}`",
                level.span,
                "use it where a number may stand, or remove it",
            )


def stuck_level(s: Subject) -> Iterator[Diagnostic]:
    """A level whose condition can never hold, or that moves away from its end."""
    for level in s.program.levels:
        if level.when is not None and s.anytime(level.when).ends == NEVER:
            yield warn(
                rules.STUCK_LEVEL,
                f"the level `{level.name}` never moves: its condition can never hold",
                level.span,
                _level_help(s.seeds.seconds),
            )


def _level_help(seconds: float) -> str:
    return "lower its bound" if seconds == INF else f"lower its bound: an episode lasts at most {seconds:g} s"


def unused_command(s: Subject) -> Iterator[Diagnostic]:
    used = {(n.attr("command"), n.attr("field")) for n in s.nodes if n.op == "command"}
    for c in s.program.commands:
        idle = [f for f in c.fields if (c.name, f.name) not in used]
        if len(idle) == len(c.fields):
            yield warn(
                rules.UNUSED_COMMAND,
                f"nothing uses the command `{c.name}`",
                c.span,
                "observe and reward it, or remove it",
            )
        else:
            for f in idle:
                yield warn(
                    rules.UNUSED_COMMAND,
                    f"nothing uses `{c.name}.{f.name}`",
                    f.span,
                    "observe and reward it, or remove it",
                )


CHECKS = (beyond_episode, changes_nothing, impossible_field, stuck_level)


def still_level(s: Subject) -> Iterator[Diagnostic]:
    """A level that ends where it starts."""
    for level in s.program.levels:
        if level.start == level.end:
            yield warn(
                rules.STUCK_LEVEL,
                f"the level `{level.name}` never moves: it ends where it starts",
                level.span,
                "give it another end, or write the number where it is used",
            )


UNUSED = (unused_level, unused_command, still_level)
