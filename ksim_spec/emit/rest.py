"""The simulator at rest where an episode begins: controls of what nothing drives, activations that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from ksim_spec.language.program import Program
from ksim_spec.robot.compiled_reader import law_of

_STEADY = ("none", "filter", "filterexact")  # dynamics whose activation comes to rest at the control
_DYN = mujoco.mjtDyn


def in_pose(program: Program, model: mujoco.MjModel) -> mujoco.MjData:
    """Returns the simulation in the pose of the reset, with its velocities and mocap bodies; positions are current."""
    data = mujoco.MjData(model)
    if program.reset.pose:
        mujoco.mj_resetDataKeyframe(model, data, model.key(program.reset.pose).id)
    mujoco.mj_fwdPosition(model, data)
    return data


def idle_control(program: Program, model: mujoco.MjModel) -> np.ndarray:
    """Returns the control of actuators that nothing drives: the keyframe's, else that of no force in its pose."""
    if program.reset.control is not None:
        return np.array(program.reset.control)
    data = in_pose(program, model)
    control = np.zeros(model.nu)
    for i in range(model.nu):
        law = law_of(model, i)
        if law.kind == "fixed" and law.gain and law.dynamics in _STEADY:
            control[i] = (law.kp * data.actuator_length[i] - law.offset) / law.gain
    return control


def start_velocity(program: Program, model: mujoco.MjModel) -> np.ndarray:
    """Returns the velocities of the reset's keyframe, zero unless it gives some."""
    return np.array(model.key(program.reset.pose).qvel) if program.reset.pose else np.zeros(model.nv)


def mocap_key(program: Program, model: mujoco.MjModel) -> int | None:
    """Returns the number of the keyframe that places the mocap bodies, None where there are none or no keyframe."""
    return int(model.key(program.reset.pose).id) if program.reset.pose and model.nmocap else None


def held_activation(program: Program, model: mujoco.MjModel) -> np.ndarray:
    """Returns the activations at the start of an episode that no control decides: those of the keyframe, all of them
    where it has some, else those with which what integrates its control holds the pose, and zeros.
    """
    if program.reset.activation is not None:
        return np.array(program.reset.activation)
    data, found = in_pose(program, model), np.zeros(model.na)
    for i, adr in _activations(model):
        law = law_of(model, i)
        if law.dynamics == "integrator" and law.kind == "fixed" and law.gain:
            low, high = _range(bool(model.actuator_actlimited[i]), model.actuator_actrange[i])
            found[adr] = np.clip((law.kp * data.actuator_length[i] - law.offset) / law.gain, low, high)
    return found


def following_activations(program: Program, model: mujoco.MjModel) -> list[tuple[int, int, float, float]]:
    """Returns what begins where its control keeps it: activation, actuator, and the ends of the control it follows."""
    if program.reset.activation is not None:
        return []
    found = []
    for i, adr in _activations(model):
        kind = int(model.actuator_dyntype[i])
        low, high = _range(bool(model.actuator_ctrllimited[i]), model.actuator_ctrlrange[i])
        if kind == _DYN.mjDYN_MUSCLE:
            low, high = max(low, 0.0), min(high, 1.0)
        elif kind not in (_DYN.mjDYN_FILTER, _DYN.mjDYN_FILTEREXACT):
            continue
        least, most = _range(bool(model.actuator_actlimited[i]), model.actuator_actrange[i])
        found.append((adr, i, max(low, least), min(high, most)))
    return found


def _activations(model: mujoco.MjModel) -> Iterator[tuple[int, int]]:
    """Yields the actuators with one activation each, and its place."""
    for i in range(model.nu):
        if model.actuator_actnum[i] == 1:
            yield i, int(model.actuator_actadr[i])


def _range(limited: bool, ends: np.ndarray) -> tuple[float, float]:
    return (float(ends[0]), float(ends[1])) if limited else (-np.inf, np.inf)
