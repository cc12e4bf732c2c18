"""What an actuator takes and gives at its joint, and what becomes of it where a spec gives it gains.

MuJoCo scales by the gear twice: an actuator's length is the joint's position times the gear, the force at the joint the
actuator's times the gear. So a stiffness at the joint is the actuator's times the square of the gear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ksim_spec.robot import elements as el
from ksim_spec.robot.law import Law

Ends = tuple[float, float]
ANYTHING: Ends = (-math.inf, math.inf)


def control_factor(law: Law, gear: float, mode: str) -> float:
    """Returns the control for a target of 1 at the joint (rad, rad/s or Nm; m, m/s or N on a slide)."""
    if mode == "torque":
        return 1.0 / (gear * law.gain)
    own = law.kp if mode == "position" else law.kv or 0.0
    return gear * (own / law.gain)


def force(a: el.Actuator) -> Ends:
    """Returns the forces that an actuator can give at its own side of the gear."""
    low, high = a.forcerange or ANYTHING
    if a.law.mode == "torque" and a.ctrlrange is not None:
        ends = sorted(a.law.gain * x for x in a.ctrlrange)
        low, high = max(low, ends[0]), min(high, ends[1])
    return low, max(low, high)


def joint_force(a: el.Actuator) -> Ends:
    """Returns the forces that an actuator can give at its joint (Nm or N)."""
    gear = a.gear[0]
    if gear == 0:
        return 0.0, 0.0
    low, high = sorted(gear * x for x in force(a))
    return low, high


def targets(a: el.Actuator) -> Ends:
    """Returns the targets at the joint that the control range lets through."""
    if a.ctrlrange is None or not a.law.mode or not a.gear[0]:
        return ANYTHING
    factor = control_factor(a.law, a.gear[0], a.law.mode)
    low, high = sorted(x / factor for x in a.ctrlrange)
    return low, high


def can_serve(a: el.Actuator) -> bool:
    """Returns whether `served` can make a position servo of it: it is one, or a plain motor without a filter."""
    plain = a.law.mode == "torque" and a.law.dynamics == "none"
    return bool(a.gear[0]) and (plain or a.law.mode == "position")


def served(a: el.Actuator, kp: float | None, kd: float | None) -> el.Actuator:
    """Returns a position servo with that stiffness and damping at the joint; None leaves a servo's own.

    A servo keeps its control and force range. A motor's torque limits become the servo's force range, at a gear of 1;
    it has no control range then, for that was one of torques.
    """
    law, square = a.law, a.gear[0] ** 2
    if law.mode == "position":
        stiffness = law.kp if kp is None else kp / square
        damping = law.kv if kd is None else kd / square
        return replace(a, law=replace(law, gain=law.gain * (stiffness / law.kp), kp=stiffness, kv=damping))
    limits = joint_force(a)
    made = Law(kp or 0.0, 0.0, kp or 0.0, kd or 0.0)
    gear = (1.0, *(0.0 for _ in a.gear[1:]))
    return replace(a, law=made, gear=gear, ctrlrange=None, forcerange=limits if math.isfinite(limits[1]) else None)


def servos(on_joint: Sequence[Law], quantity: str) -> list[int]:
    """Returns which of a joint's actuators its `kp` or `kd` belongs to; exactly one where that is clear.

    Of a position and a velocity servo side by side, the velocity servo is what damps.
    """
    if quantity == "kp":
        return [i for i, law in enumerate(on_joint) if law.mode == "position"]
    both = [i for i, law in enumerate(on_joint) if law.mode in ("position", "velocity")]
    return [i for i in both if on_joint[i].kv != 0] or both
