"""What the robot file says about an element, in a line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex


def fact(index: RobotIndex, kind: str, name: str) -> str:
    """Returns the facts of one element: what it hangs on, its type, range, gains; empty for an unknown one."""
    element = index.find(kind, name)
    if isinstance(element, el.Joint):
        return ", ".join([element.type, *_joint(element), *_drives(index, name)])
    if isinstance(element, el.Actuator):
        return ", ".join(_actuator(element))
    if isinstance(element, el.Body):
        return f"below `{_body(index, element.parent)}`" if element.id else "the world"
    if isinstance(element, el.Geom):
        touches = "" if element.contype or element.conaffinity else ", touches nothing"
        return f"{element.type} on `{_body(index, element.body)}`{touches}"
    if isinstance(element, el.Attached):
        return f"on `{_body(index, element.body)}`"
    if isinstance(element, el.Sensor):
        return f"{element.tag} of `{element.obj}`"
    if isinstance(element, el.Keyframe):
        return f"{len(element.qpos)} positions" if element.qpos else "the reference pose"
    return ""


def _joint(joint: el.Joint) -> list[str]:
    found: list[str] = []
    if joint.range is not None and joint.type == "hinge":
        low, high = (math.degrees(x) for x in joint.range)
        found.append(f"{_ends(joint.range)} rad ({low:.0f} .. {high:.0f} deg)")
    elif joint.range is not None:
        found.append(f"{_ends(joint.range)} {'m' if joint.type == 'slide' else 'rad'}")
    gains = {"damping": joint.damping, "armature": joint.armature, "frictionloss": joint.frictionloss}
    return found + [f"{word} {value:g}" for word, value in gains.items() if value]


def _drives(index: RobotIndex, joint: str) -> list[str]:
    return [f"driven by `{a.label}` ({', '.join(_actuator(a))})" for a in index.actuators_of(joint)]


def _actuator(actuator: el.Actuator) -> list[str]:
    found = [actuator.tag]
    if actuator.kp is not None:
        found.append(f"kp {actuator.kp:g}")
    if actuator.kv:
        found.append(f"kv {actuator.kv:g}")
    if actuator.gear and actuator.gear[0] != 1:
        found.append(f"gear {actuator.gear[0]:g}")
    if actuator.ctrlrange is not None:
        found.append(f"control {_ends(actuator.ctrlrange)}")
    if actuator.forcerange is not None:
        found.append(f"force {_ends(actuator.forcerange)}")
    return found


def _ends(ends: Sequence[float]) -> str:
    return f"{ends[0]:.4g} .. {ends[1]:.4g}"


def _body(index: RobotIndex, number: int) -> str:
    return index.bodies[number].name or f"body #{number}"
