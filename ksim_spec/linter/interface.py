"""Rules about what the policy observes and drives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ksim_spec import rules
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.diagnostics import Diagnostic, Label
from ksim_spec.ir.hash import Canon
from ksim_spec.ir.intervals.interval import INF, Ends
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import ActionTerm, ObservationEntry, ObservationGroup
from ksim_spec.linter.context import Subject, bounded, text_of, warn
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.servo import targets
from ksim_spec.syntax import ast

OUTSIDE = 0.5  # share of a target's range that may lie outside what a joint can reach
EXCESS = 1.5  # times what an actuator can give


def _own(s: Subject) -> Iterator[tuple[ObservationGroup, ObservationEntry]]:
    """Yields each entry once, with the group that it was first written in."""
    seen: set[int] = set()
    for group in s.program.observations:
        for entry in group.entries:
            if id(entry) not in seen:
                seen.add(id(entry))
                yield group, entry


def constant_observation(s: Subject) -> Iterator[Diagnostic]:
    """An entry that is the same number in every state, or parts of one."""
    for _, entry in _own(s):
        node = s.quiet(entry)
        fixed = [low for low, high in s.anytime(node).elements() if low == high]
        if not fixed:
            continue
        count = "" if len(fixed) == entry.size else f"{len(fixed)} of {entry.size} numbers of "
        shown = f"always {fixed[0]:.4g}" if len(set(fixed)) == 1 else "always the same"
        yield warn(
            rules.CONSTANT_OBSERVATION,
            f"{count}`{entry.name}` {'are' if count else 'is'} {shown}",
            entry.span,
            "observe something that changes, or leave it out",
            s.unable([node]),
        )


def duplicate_observation(s: Subject) -> Iterator[Diagnostic]:
    """Two entries of a group that deliver the very same numbers.

    Noise, a bias, a delay or a history make another one: a clean value beside what the actor got with noise is how a
    critic knows more.
    """
    canon, told = Canon(s.program.params), set[int]()
    for group in s.program.observations:
        first: dict[str, ObservationEntry] = {}
        for entry in group.entries:
            other = first.setdefault(canon(entry.node), entry)
            if other is not entry and id(entry) not in told:
                told.add(id(entry))
                found = warn(
                    rules.DUPLICATE_OBSERVATION,
                    f"`{entry.name}` observes the same as `{other.name}`",
                    entry.span,
                    "keep one of them",
                )
                yield replace(found, related=(Label(other.span, "observed here already"),))


def _needed(s: Subject, op: str) -> tuple[list[Node], set[int]]:
    """Returns the nodes of an operation that rewards hang on, and by id those that the actor can see."""
    actor = [e.node for g in s.program.observations if g.name == "actor" for e in g.entries]
    weighed = [r.value for r in s.program.rewards if s.anytime(r.weight).ends != (0.0, 0.0)]
    return list(s.reads(weighed, op)), {id(n) for n in s.reads(actor, op)}


def unobserved_command(s: Subject) -> Iterator[Diagnostic]:
    """A reward follows a command that the actor does not see."""
    needed, seen = _needed(s, "command")
    for block in s.program.commands:
        missing = [n.attr("field") for n in needed if n.attr("command") == block.name and id(n) not in seen]
        missing = [f for f in dict.fromkeys(missing) if len(set(s.seeds.command(block.name, f))) > 1]
        if missing:
            fields = ", ".join(f"`{block.name}.{f}`" for f in missing)
            example = "observe it: add `command = " + (block.name if len(missing) > 1 else f"{block.name}.{missing[0]}")
            yield warn(
                rules.UNOBSERVED_COMMAND,
                f"the reward hangs on {fields}, which the actor does not observe",
                block.span,
                example + "` to `observe actor`",
            )


def unobserved_clock(s: Subject) -> Iterator[Diagnostic]:
    """A reward follows a clock that the actor does not see."""
    needed, seen = _needed(s, "phase")
    for term in s.program.rewards:
        missing = [n for n in needed if id(n) not in seen and any(n is m for m in walk([term.value]))]
        if missing:
            yield warn(
                rules.UNOBSERVED_CLOCK,
                f"`{term.name}` follows a clock that the actor does not observe",
                term.span,
                "observe the sine and the cosine of the phase",
            )
            return


def unobserved_action(s: Subject) -> Iterator[Diagnostic]:
    """A reward hangs on the action before, and the actor does not see what that was."""
    actor = [e.node for g in s.program.observations if g.name == "actor" for e in g.entries]
    if any(True for _ in s.reads(actor, "action")):
        return
    for term in s.program.rewards:
        kept = [n for n in s.reads([term.value], "prev") if any(m.op == "action" for m in walk([n]))]
        if kept and s.anytime(term.weight).ends != (0.0, 0.0):
            yield warn(
                rules.UNOBSERVED_ACTION,
                f"`{term.name}` compares with the action before, which the actor does not observe",
                term.span,
                "add `previous = action` to `observe actor`",
            )
            return


def target_beyond_joint(s: Subject) -> Iterator[Diagnostic]:
    """Most of what the policy can ask for lies where the joint cannot go."""
    for term in s.program.action:
        beyond = [found for i in range(term.size) if (found := _beyond(s, term, i))] if term.mode == "position" else []
        if beyond:
            more = (f"so do most targets of {len(beyond) - 1} more joints",) if len(beyond) > 1 else ()
            yield warn(
                rules.TARGET_BEYOND_JOINT,
                f"most targets of {beyond[0]}",
                term.span,
                "use a smaller `scale`, or another `around`",
                more,
            )


def _beyond(s: Subject, term: ActionTerm, i: int) -> str:
    """Returns in words that most targets of one joint lie outside what it can reach; empty when they do not."""
    low, high = s.seeds.joint_positions(term.joints[i])
    control = _control_range(s, term.actuators[i])
    low, high = max(low, control[0]), min(high, control[1])
    middle, scale = _around(s, term, i), abs(_at(s, term.scale, i))
    if not scale or (low, high) == (-INF, INF):
        return ""
    inside = max(0.0, min(high, middle + scale) - max(low, middle - scale))
    if inside >= (1 - OUTSIDE) * 2 * scale:
        return ""
    asked = text_of((middle - scale, middle + scale))
    return f"`{term.joints[i]}` ({asked}) lie outside its range ({text_of((low, high))})"


def _control_range(s: Subject, actuator: str) -> Ends:
    """The targets that an actuator takes; a motor made into a servo takes all."""
    return targets(s.program.actuator(s.robot, actuator))


def _at(s: Subject, node: Node, i: int) -> float:
    """The number for one joint, with the curriculum at its largest."""
    found = s.anytime(node)
    return max(found.element(i if len(found.low) > 1 else 0), key=abs)


def _around(s: Subject, term: ActionTerm, i: int) -> float:
    return 0.0 if term.around is None else _at(s, term.around, i)


def torque_beyond_actuator(s: Subject) -> Iterator[Diagnostic]:
    """The policy can ask for far more than the actuator gives."""
    for term in s.program.action:
        for i in range(term.size) if term.mode == "torque" else ():
            given = s.seeds.torque(term.joints[i])[1]
            asked = abs(_at(s, term.scale, i))
            if 0 < given < INF and asked > EXCESS * given:
                unit = "N" if s.slides(term.joints[i]) else "Nm"
                yield warn(
                    rules.TORQUE_BEYOND_ACTUATOR,
                    f"the action asks for up to {asked:g} {unit} at `{term.joints[i]}`, whose actuator gives at most "
                    f"{given:g} {unit}",
                    term.span,
                    "use a `scale` that the actuator can give",
                )
                break


def noise_drowns(s: Subject) -> Iterator[Diagnostic]:
    """Noise that is larger than all that a quantity can change by."""
    one = Seeds(s.program, s.robot, 1.0, s.seeds).ranges()
    for _, entry in _own(s):
        node = s.quiet(entry)
        clean, noisy = s.anytime(node), one(entry.node)
        for (low, high), ends in zip(clean.elements(), noisy.elements(), strict=True):
            signal, both = high - low, ends[1] - ends[0]
            if bounded((low, high)) and signal > 0 and both - signal > signal:
                yield warn(
                    rules.NOISE_DROWNS,
                    f"the noise of `{entry.name}` spans {both - signal:.3g}, and the value itself {signal:.3g}",
                    entry.span,
                    "use less noise",
                )
                break


def idle_actuator(s: Subject) -> Iterator[Diagnostic]:
    """Actuators that no action drives: each keeps one control for all of training."""
    driven = {a for term in s.program.action for a in term.actuators}
    idle = [name_of(a) for a in s.robot.actuators if name_of(a) not in driven]
    if not idle or not s.program.action:
        return
    few = ", ".join(f"`{name}`" for name in idle[:2]) + (f", and {len(idle) - 2} more" if idle[2:] else "")
    kept = "keyframe's control" if s.program.reset.control is not None else "control that holds the start's pose"
    note = f"{'they keep' if idle[1:] else 'it keeps'} the {kept}"
    help = "`ksim show` lists the controls; add an action, or take what should not push out of the robot file"
    yield warn(rules.IDLE_ACTUATOR, f"no action drives {few}", s.program.action[-1].span, help, (note,))


def unused_group(s: Subject) -> Iterator[Diagnostic]:
    """A group that is neither the actor's nor the critic's, and that no other takes in."""
    sections = [i for i in s.program.items if isinstance(i, ast.Section) and i.keyword == "observe"]
    includes = (e for i in sections for a in i.attrs if a.word == "includes" for e in a.values)
    included = {e.id for e in includes if isinstance(e, ast.Name)}
    for section in sections:
        if section.name not in {"actor", s.program.critic_group, *included}:
            yield warn(
                rules.UNUSED_GROUP,
                f"no network sees the group `{section.name}`",
                section.header_span,
                f"let the critic see it: `critic = mlp(128, 128)  observes {section.name}`, or remove it",
            )


CHECKS = (
    idle_actuator,
    constant_observation,
    unobserved_command,
    unobserved_clock,
    unobserved_action,
    target_beyond_joint,
    torque_beyond_actuator,
    noise_drowns,
)
ALIKE = (duplicate_observation,)  # what a profile without noise makes alike is not the author's doing
UNUSED = (unused_group,)
