"""What each reward term earns while nothing is done: the pose of the reset, action zero, a second of real physics."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from ksim_spec.analysis.begun import begun
from ksim_spec.analysis.effective_weights import in_a_second
from ksim_spec.analysis.standstill import Standing
from ksim_spec.emit.binding import Binding
from ksim_spec.emit.rest import following_activations, held_activation, idle_control
from ksim_spec.emit.task_functions import control_factors
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.node import walk
from ksim_spec.language.program import Program
from ksim_spec.robot.index import RobotIndex

SECONDS = 1.0


def idle_rewards(program: Program, binding: Binding, index: RobotIndex, commanded: float) -> dict[str, float]:
    """Returns what each term adds in a second, on average over the first one, while nothing is done.

    It begins as an episode does, with every draw of the reset in its middle and after the time to settle.
    Commands are zero, or at the far ends of their ranges for `commanded` 1; levels are at their ends, noise at its
    middle, episodes do not end, and the robot is the one of the file. A term on events adds what one step of it would.
    """
    levels = {v.name: v.end for v in program.levels}
    roots = [n for r in program.rewards for n in (r.value, r.weight)]
    evaluator, memory = Evaluator(roots, binding.leaves, program.world.control_step), None
    standing = Standing(program, index, commanded=commanded)
    commands = {c.name: {f.name: standing.command(c.name, f.name)[0] for f in c.fields} for c in program.commands}
    samples = {n.attr("stream"): np.full(n.shape, standing(n).low[0]) for n in walk(roots) if n.op == "sample"}
    action = np.zeros(program.action_size)
    sums = np.zeros(len(program.rewards))
    steps = max(1, round(SECONDS / program.world.control_step))
    middle = Standing(program, index).ranges()
    for k, data in enumerate(_resting(program, binding, action, levels, steps, middle)):
        reads = {name: getattr(data, name) for name in binding.reads}
        time = (k + 1) * program.world.control_step
        inputs = Inputs(reads, action, commands, time, samples, program.params, levels)
        values, memory = evaluator(inputs, memory)
        sums += [float(v) * float(w) for v, w in zip(values[::2], values[1::2], strict=True)]
    return {r.name: float(s) * in_a_second(program, r) / steps for r, s in zip(program.rewards, sums, strict=True)}


def _resting(
    program: Program, binding: Binding, action: np.ndarray, levels: dict[str, float], steps: int, middle: Ranges
) -> Iterator[mujoco.MjData]:
    """Yields the simulation after each control step from the start of an episode with that action."""
    model = binding.scene.model
    data = begun(program, model, middle)
    data.ctrl[:] = idle_control(program, model)
    roots = [t.target for t in program.action]
    targets, _ = Evaluator(roots, binding.leaves)(Inputs(action=action, params=program.params, levels=levels))
    for term, target in zip(program.action, targets, strict=True):
        ids = [model.actuator(a).id for a in term.actuators]
        data.ctrl[ids] = np.broadcast_to(target, len(ids)) * control_factors(term, model)
    data.act[:] = held_activation(program, model)
    for place, actuator, low, high in following_activations(program, model):
        data.act[place] = np.clip(data.ctrl[actuator], low, high)
    mujoco.mj_step(model, data, round(program.reset.settle / program.world.physics_step))
    for _ in range(steps):
        mujoco.mj_step(model, data, program.world.substeps)
        shown = mujoco.MjData(model)
        shown.mocap_pos[:], shown.mocap_quat[:] = data.mocap_pos, data.mocap_quat
        shown.qpos[:], shown.qvel[:], shown.act[:], shown.ctrl[:] = data.qpos, data.qvel, data.act, data.ctrl
        mujoco.mj_forward(model, shown)  # what is read is current, not a substep old
        yield shown
