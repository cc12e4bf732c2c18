"""Where free and ball joints are when an episode begins: the part of a pose that is more than one number a joint."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ksim_spec.contract.schema import Placed
from ksim_spec.robot.elements import Joint, Keyframe
from ksim_spec.robot.index import RobotIndex

SIZES = {7: "free", 4: "ball"}  # numbers of a joint in a keyframe that are not one


def placed(index: RobotIndex, key: str) -> tuple[Placed, ...]:
    """Returns the start of each free and ball joint in a keyframe; where the MJCF puts it for an empty name."""
    found = index.find("keyframe", key) if key else None
    frame = found if isinstance(found, Keyframe) and found.qpos else None
    joints = [j for j in index.joints if j.nq > 1]
    rows = index.key_positions(frame, joints) if frame is not None else [()] * len(joints)
    return tuple(_placed(index, j, row) for j, row in zip(joints, rows, strict=True))


def _placed(index: RobotIndex, joint: Joint, row: Sequence[float]) -> Placed:
    return from_numbers(joint.name or "", index.bodies[joint.body].label, row)


def from_numbers(joint: str, body: str, row: Sequence[float]) -> Placed:
    """Returns the start of a joint from its numbers in a keyframe: 7 if free, 4 of a ball, none where unsaid."""
    position = (_plain(row[0]), _plain(row[1]), _plain(row[2])) if len(row) == 7 else None
    return Placed(joint=joint, body=body, position=position, rotation=_rotation(row[-4:]) if row else None)


def _rotation(q: Sequence[float]) -> tuple[float, float, float, float]:
    """A quaternion as MuJoCo normalizes it, of the two that mean the same rotation the one that begins above zero."""
    size = math.sqrt(sum(x * x for x in q))
    unit = [x / size for x in q] if size > 1e-15 else [1.0, 0.0, 0.0, 0.0]
    sign = math.copysign(1.0, next((x for x in unit if abs(x) > 1e-12), 1.0))
    w, x, y, z = (_plain(sign * v) for v in unit)
    return w, x, y, z


def _plain(x: float) -> float:
    return float(f"{x:.9g}") + 0.0  # no minus zero
