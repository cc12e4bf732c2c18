"""Where an episode begins, every draw of the reset in its middle: a state of MuJoCo, worked out without the task."""

from __future__ import annotations

import mujoco
import numpy as np

from ksim_spec.emit.rest import in_pose
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.language.program import Program, StateChange, in_order

_AXES = {"roll": 0, "pitch": 1, "yaw": 2}


def begun(program: Program, model: mujoco.MjModel, middle: Ranges) -> mujoco.MjData:
    """Returns the simulation in the pose of the reset, after its lines; `middle` gives the value of each line."""
    data = in_pose(program, model)
    for change in in_order(program.reset.changes):
        found = middle(change.value)
        value = (np.array(found.low) + np.array(found.high)) / 2
        _apply(model, data, change, value if len(value) > 1 else value[0])
    mujoco.mj_fwdPosition(model, data)
    return data


def _merged(op: str, old: np.ndarray | float, by: np.ndarray | float) -> np.ndarray | float:
    return by if op == "=" else old + by if op == "+=" else old * by


def _apply(model: mujoco.MjModel, data: mujoco.MjData, change: StateChange, value: np.ndarray | float) -> None:
    if change.target in ("joint_pos", "joint_vel"):
        array, where = (data.qpos, model.jnt_qposadr) if change.target == "joint_pos" else (data.qvel, model.jnt_dofadr)
        at = [int(where[model.joint(name).id]) for name in change.names]
        array[at] = _merged(change.op, array[at], value)
        return
    joint = int(model.body_jntadr[model.body(change.names[0]).id])
    p, v = int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint])
    quat, parts = data.qpos[p + 3 : p + 7], list(change.components)
    if change.target in ("pos", "linvel"):
        part = data.qpos[p : p + 3] if change.target == "pos" else data.qvel[v : v + 3]
        part[parts] = _merged(change.op, part[parts], value)
    elif change.target == "angvel":  # MuJoCo keeps it in the body's axes
        spin = _rotated(data.qvel[v + 3 : v + 6], quat)
        spin[parts] = _merged(change.op, spin[parts], value)
        data.qvel[v + 3 : v + 6] = _rotated(spin, quat * [1, -1, -1, -1])
    else:
        _turn(change, float(value), quat)


def _turn(change: StateChange, value: float, quat: np.ndarray) -> None:
    """Turns a body: about the world's z for a yaw, about its own axes for roll and pitch."""
    x = _rotated(np.array([1.0, 0.0, 0.0]), quat)
    now = float(np.arctan2(x[1], x[0]))
    angle = float(_merged(change.op, now, value)) - now if change.target == "yaw" else value
    turn, out = np.zeros(4), np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, np.eye(3)[_AXES[change.target]], angle)
    mujoco.mju_mulQuat(out, *((turn, quat) if change.target == "yaw" else (quat, turn)))
    quat[:] = out


def _rotated(vector: np.ndarray, quat: np.ndarray) -> np.ndarray:
    out = np.zeros(3)
    mujoco.mju_rotVecQuat(out, vector, quat)
    return out
