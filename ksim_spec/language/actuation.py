"""Which actuators an action drives, and with what gains: what the `action` block asks of the robot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.language import algebra
from ksim_spec.language.ranges import range_of
from ksim_spec.language.types import Axis, Value
from ksim_spec.robot import elements as el
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.servo import can_serve, served
from ksim_spec.robot.who import works_on
from ksim_spec.source import Span
from ksim_spec.units import ANGLE, FORCE, LENGTH, TIME, TORQUE

if TYPE_CHECKING:
    from ksim_spec.language.blocks.attributes import Attributes
    from ksim_spec.language.checker import Checker

Gains = tuple[float | None, float | None]


def _example(word: str, slides: bool) -> str:
    return {"gain": "20 N/m" if slides else "20 Nm/rad", "damping": "1 N*s/m" if slides else "1 Nm*s/rad"}[word]


def gains(c: Checker, attrs: Attributes, row: Mapping[str, str], mode: str, slides: bool) -> Gains | None | bool:
    """Returns `gain` and `damping` at the joint; None where neither is written, False where one was reported."""
    written = {word: attrs.expr(word) for word in ("gain", "damping")}
    if not any(written.values()):
        return None
    if mode != "position":
        word = next(w for w, expr in written.items() if expr is not None)
        attr = attrs.get(word)
        assert attr is not None
        c.report(
            rules.UNKNOWN_ATTRIBUTE,
            attr.span,
            f"`{mode}` takes no `{word}`: it belongs to a position servo",
            help="leave it out, or drive the joints by `position(…)`",
        )
        return False
    found: list[float | None] = []
    stiffness = FORCE / LENGTH if slides else TORQUE / ANGLE
    for word, dim in (("gain", stiffness), ("damping", stiffness * TIME)):
        expr = written[word]
        range = range_of(row, word)
        number = c.scalar(expr, dim, f"`{word}`", range, rules.IMPOSSIBLE_GAIN) if expr is not None else None
        if expr is not None and number is None:
            return False
        found.append(number)
    return found[0], found[1]


def drives(
    c: Checker, span: Span, mode: str, joints: tuple[str, ...], given: Gains | None
) -> tuple[el.Actuator, ...] | None:
    """Returns the actuator of each joint, with these gains; None when a joint has none that fits, or several.

    Joints whose actuators were not understood are kept as `unsure`: what hangs on them is no mistake of its own.
    """
    found: list[el.Actuator] = []
    c.robot.unsure.update(joints)
    for joint in joints:
        one = _drive(c, span, mode, joint, given is not None)
        if one is None:
            return None
        if given is not None and one.law.mode == "torque" and given[0] is None:
            example = f"gain {_example('gain', c.robot.slides('joint', joint))}"
            message = f"`damping` alone makes no position servo of the motor `{name_of(one)}`"
            c.report(rules.WRONG_ARGUMENTS, span, message, help=f"give a `gain` too, for example `{example}`")
            return None
        found.append(served(one, *given) if given is not None else one)
    c.robot.unsure.difference_update(joints)
    if given is not None:
        c.robot.drives.update((name_of(a), a) for a in found)
    return tuple(found)


def _drive(c: Checker, span: Span, mode: str, joint: str, with_gains: bool) -> el.Actuator | None:
    on_joint = c.robot.index.actuators_of(joint)
    if not on_joint:
        message, help = f"no actuator drives `{joint}`", "leave the joint out of the action"
        if (other := _elsewhere(c, joint)) is not None:
            works = f"`{name_of(other)}` works on the {other.transmission} `{other.target}`"
            message = f"no actuator is on `{joint}`: {works}"
            help = "an action drives joints; leave the joint out, or give it an actuator of its own in the robot file"
        c.report(rules.JOINT_WITHOUT_ACTUATOR, span, message, help=help)
        return None
    fit = [a for a in on_joint if a.law.mode == mode and a.gear[0]]
    if with_gains and not fit:
        fit = [a for a in on_joint if can_serve(a)]
    if len(fit) == 1:
        return fit[0]
    if fit:
        message = f"{_listed(fit)} drive `{joint}`, and each takes a {mode} target"
        help = "remove one of them from the robot file, or make it another kind of actuator"
        c.report(rules.AMBIGUOUS_ACTUATOR, span, message, help=help)
        return None
    _unfit(c, span, mode, on_joint[0], with_gains)
    return None


def _elsewhere(c: Checker, joint: str) -> el.Actuator | None:
    """Returns an actuator that moves the body of a joint by a tendon, a site or the body itself, or None."""
    index = c.robot.index
    found = index.find("joint", joint)
    bodies = [found.body] if isinstance(found, el.Joint) else []
    others = (a for a in index.actuators if not a.transmission.startswith("joint"))
    return next((a for a in others if set(bodies) & set(works_on(index, a))), None)


def _unfit(c: Checker, span: Span, mode: str, a: el.Actuator, with_gains: bool) -> None:
    kind, name = a.law.mode, name_of(a)
    if not a.gear[0]:
        message, help = f"`{name}` has a gear of 0 and moves nothing", "leave its joint out of the action"
    elif not kind:
        message = f"`{name}` takes no {mode} target: it {a.law.trouble}"
        help = "leave its joint out of the action, or use another actuator in the robot file"
    elif with_gains:
        what = "a motor with a filter" if kind == "torque" else f"a {kind} actuator"
        message = f"`{name}` is {what}; `gain` and `damping` are for position servos and plain motors"
        help = f"use `{kind}(…)` without them"
    else:
        message = f"`{name}` is a {kind} actuator and takes no {mode} target"
        help = (
            "use `torque(…)`, or give `gain` and `damping` to drive it as a position servo"
            if mode == "position" and can_serve(a)
            else f"use `{kind}(…)`"
        )
    c.report(rules.WRONG_ACTUATOR, span, message, help=help)


def _listed(actuators: list[el.Actuator]) -> str:
    names = [f"`{name_of(a)}`" for a in actuators]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def along(c: Checker, value: Value, axis: Axis, span: Span, what: str) -> Value | None:
    """Returns a value with one number for each joint of an action, or one for all; reports one that has neither.

    Numbers of more joints, or in another order, are taken by joint.
    """
    if not value.axes or value.axes == (axis,):
        return value.but(aligns=False)
    if value.sliding is not None and set(axis.labels) <= set(value.sliding.axes[0].labels):
        value = value.sliding
    own = value.axes[0]
    if len(value.axes) > 1 or own.name != axis.name:
        c.report(
            rules.SHAPE_MISMATCH,
            span,
            f"{what} has {_axes_text(value)}, and the action one number for each joint",
            help="give one number, a keyframe, a table by name, or a quantity of the same joints",
        )
        return None
    missing = [name for name in axis.labels if name not in own.labels]
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        c.report(
            rules.SHAPE_MISMATCH,
            span,
            f"{what} has no number for `{missing[0]}`{more}",
            help="give it for all joints of the action, or write an action of its own for the others",
        )
        return None
    return algebra.pick(value, 0, tuple(own.labels.index(name) for name in axis.labels)).but(aligns=False)


def _axes_text(value: Value) -> str:
    return "the axes [" + ", ".join("".join(a.labels) if a.name == "xyz" else str(a) for a in value.axes) + "]"
