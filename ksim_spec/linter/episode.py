"""Rules about how episodes end and begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.analysis.reward_bounds import either, without
from ksim_spec.diagnostics import Diagnostic, Label
from ksim_spec.ir.intervals.interval import INF, Ends, product, sound
from ksim_spec.ir.node import walk
from ksim_spec.ir.ops import make
from ksim_spec.language.program import StateChange, Termination
from ksim_spec.linter.context import ALWAYS, NEVER, Subject, text_of, warn

SPILL = 0.05  # share of a joint's range by which a start may lie outside it


def never_fires(s: Subject) -> Iterator[Diagnostic]:
    for t in s.program.terminations:
        if s.anytime(t.when).ends == NEVER == s.pressed(t.when).ends:
            reads = any(n.attr("what") == "pos" and n.attr("of") == "joint" for n in s.reads([t.when], "read"))
            limits = ("joints are taken to stay close to the limits of the robot file",) if reads else ()
            yield warn(
                rules.NEVER_FIRES,
                f"`{t.name}` can never be true",
                t.span,
                "change its condition, or remove it",
                s.unable([t.when]) or limits,
            )


def always_fires(s: Subject) -> Iterator[Diagnostic]:
    for t in s.program.terminations:
        if s.anytime(t.when).ends == ALWAYS:
            yield warn(
                rules.ALWAYS_FIRES,
                f"`{t.name}` is true in every state, so every episode lasts one step",
                t.span,
                "turn its comparison round, or remove it",
            )


def fires_at_start(s: Subject) -> Iterator[Diagnostic]:
    """A rule that holds in the very pose in which episodes begin, or wherever the reset's lines put the robot."""
    for t in s.program.terminations:
        if s.anytime(t.when).ends == ALWAYS:
            continue
        still, begins = s.still(t.when).ends, s.starting(t.when).ends
        if begins == ALWAYS or (still == ALWAYS and begins != NEVER):
            posed = still == ALWAYS
            yield warn(
                rules.FIRES_AT_START,
                f"`{t.name}` is true {'in the pose in which' if posed else 'wherever'} episodes begin",
                t.span,
                f"compare its bound with {'the pose' if posed else 'the lines'} of `reset`",
            )


def start_below_floor(s: Subject) -> Iterator[Diagnostic]:
    """A reset that puts a body under the plane that is to hold it."""
    for change in s.program.reset.changes:
        if not s.program.world.floor or change.target != "pos" or 2 not in change.components:
            continue
        place = make("read", what="pos", of="body", names=change.names, dtype="float", shape=(3,))
        height = s.starting(place).element(2)
        if height[1] < 0:
            yield warn(
                rules.START_BELOW_FLOOR,
                f"an episode begins with `{change.names[0]}` at a height of {text_of(height)} m, and the floor is at 0",
                change.span,
                "write a height above the floor",
            )


def overwritten_change(s: Subject) -> Iterator[Diagnostic]:
    """A line of the reset whose whole effect a later one replaces."""
    changes = s.program.reset.changes
    for i, change in enumerate(changes):
        later = next((x for x in changes[i + 1 :] if _replaces(x, change)), None)
        if later is not None:
            yield Diagnostic(
                rules.OVERWRITTEN_CHANGE,
                "a later line sets the same again, so that this has no effect",
                change.span,
                related=(Label(later.span, "set again here"),),
                help="change the order, write `+=` there, or remove one of the two",
            )


def _replaces(later: StateChange, change: StateChange) -> bool:
    if later.op != "=" or later.target != change.target:
        return False
    return set(change.names) <= set(later.names) and set(change.components) <= set(later.components)


def repeated_failure(s: Subject) -> Iterator[Diagnostic]:
    """A term per second that is other than 0 only where the episode ends: it is paid for a single step."""
    for r in s.program.rewards:
        if r.mode != "rate" or s.rewards[r.name].counts != "once" or s.anytime(r.weight).ends == NEVER:
            continue
        ending = [t for t in s.program.terminations if t.outcome != "truncate"]
        rule = next((t for t in ending if without(s.seeds, r.value, either(t.when)) == NEVER), ending[0])
        found = warn(
            rules.REPEATED_FAILURE,
            f"`{r.name}` counts only on the step on which the episode ends: for {s.program.world.control_step:g} s "
            "of its weight",
            r.span,
            "pay it once: leave `per s` out of the weight and end the line with `on event`, or remove it",
        )
        yield replace(found, related=(Label(rule.span, "the episode ends here"),))


def no_time_limit(s: Subject) -> Iterator[Diagnostic]:
    endings = s.program.terminations
    limited = any(t.outcome == "truncate" or _on_time_alone(t) for t in endings)
    if endings and s.seeds.seconds == INF and not limited:
        yield warn(
            rules.NO_TIME_LIMIT,
            "nothing truncates an episode: one that does not end otherwise goes on for ever",
            endings[0].span,
            "add `timeout when time >= 20 s  truncate`",
        )


def time_limit_as_failure(s: Subject) -> Iterator[Diagnostic]:
    """A rule on time alone that fails: to the learner the last state is then worth nothing, however good it was."""
    for t in s.program.terminations:
        if t.outcome == "fail" and _on_time_alone(t):
            yield warn(
                rules.TIME_LIMIT_AS_FAILURE,
                f"`{t.name}` calls it a failure that time is up",
                t.span,
                "a time limit is no failure: end the line with `truncate`",
            )


def _on_time_alone(rule: Termination) -> bool:
    return {n.op for n in walk([rule.when]) if not n.args} - {"const", "param", "level"} == {"time"}


def same_start(s: Subject) -> Iterator[Diagnostic]:
    """Every episode begins in exactly the same state."""
    changes = s.program.reset.changes
    if s.program.reset.span.file and not any(True for c in changes for _ in s.reads([c.value], "sample")):
        yield warn(
            rules.SAME_START,
            "every episode begins in exactly the same state: nothing is drawn",
            s.program.reset.span,
            "add a draw, for example `legs.pos += normal(0.05 rad)`",
        )


def start_beyond_limits(s: Subject) -> Iterator[Diagnostic]:
    """A start that puts joints where they cannot be."""
    for k, change in enumerate(s.program.reset.changes):
        if change.target != "joint_pos" or change.op == "*=":
            continue
        worst = [found for name in change.names if (found := _spill(s, k, name))]
        if worst:
            more = (f"so it is with {len(worst) - 1} more joints",) if len(worst) > 1 else ()
            yield warn(
                rules.START_BEYOND_LIMITS,
                f"an episode can begin with {worst[0]}",
                change.span,
                "draw from a smaller range",
                more,
            )


def _spill(s: Subject, line: int, joint: str) -> str:
    """Says in words that a joint is outside its limits after a line of the reset; empty where it is not."""
    limits = s.seeds.joint_positions(joint)
    slack = SPILL * (limits[1] - limits[0])
    pose = s.seeds.posed(s.program.reset.pose, joint)
    start = (pose, pose)
    for change in s.program.reset.changes[: line + 1]:
        if change.target == "joint_pos" and joint in change.names:
            drawn = s.likely(change.value)
            start = _moved(start, change.op, drawn.element(change.names.index(joint) if len(drawn.low) > 1 else 0))
    if limits[0] - slack <= start[0] and start[1] <= limits[1] + slack:
        return ""
    return f"`{joint}` at {text_of(start)}, outside its range ({text_of(limits)})"


def _moved(start: Ends, op: str, by: Ends) -> Ends:
    if op == "*=":
        return product(start, by)
    return sound(start[0] + by[0], start[1] + by[1]) if op == "+=" else by


CHECKS = (
    repeated_failure,
    never_fires,
    always_fires,
    fires_at_start,
    no_time_limit,
    time_limit_as_failure,
    same_start,
    start_beyond_limits,
    start_below_floor,
    overwritten_change,
)
