"""States for a comparison: episodes of one task, played once and kept as what any version of it can be put into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Bool, Float

from ksim_spec.physics.registry import REFERENCE, make_engine
from ksim_spec.replay.compiled_version import Version
from ksim_spec.runs.trained_policy import open_trained
from ksim_spec.task.task import Task
from ksim_spec.trainer.policy import Memory

NUM_ENVS = 64
_SIZES = {int(mujoco.mjtJoint.mjJNT_FREE): (7, 6), int(mujoco.mjtJoint.mjJNT_BALL): (4, 3)}  # numbers in qpos, qvel
ActFn = Callable[[Memory, Mapping[str, Any], Any], tuple[Memory, Any]]  # with observations and a key, to actions


@dataclass(frozen=True)
class Joint:
    """Where a joint's numbers stand in qpos and qvel."""

    name: str
    kind: int
    qpos: slice
    qvel: slice


def joints_of(model: mujoco.MjModel) -> tuple[Joint, ...]:
    """Returns the joints of a model in its order."""
    found = []
    for i in range(model.njnt):
        nq, nv = _SIZES.get(int(model.jnt_type[i]), (1, 1))
        q, v = int(model.jnt_qposadr[i]), int(model.jnt_dofadr[i])
        found.append(Joint(model.joint(i).name, int(model.jnt_type[i]), slice(q, q + nq), slice(v, v + nv)))
    return tuple(found)


@dataclass(frozen=True)
class Recording:
    """Episodes of E environments over T control steps, of a model with these `joints`.

    `qpos_TEQ` and `qvel_TEV` are the states after a step, before any reset; `begins_TE` marks the first step of an
    episode, and `start_*` holds the state that the step began from. `command` is by `block.field`, `reward_TE` what the
    recorded task itself gave. Rows outside `valid_TE` are steps in which the physics broke down.
    """

    label: str
    control_dt: float
    joints: tuple[Joint, ...]
    action_names: tuple[str, ...]
    qpos_TEQ: Float[np.ndarray, "T E Q"]
    qvel_TEV: Float[np.ndarray, "T E V"]
    start_qpos_TEQ: Float[np.ndarray, "T E Q"]
    start_qvel_TEV: Float[np.ndarray, "T E V"]
    action_TEA: Float[np.ndarray, "T E A"]
    command: dict[str, Float[np.ndarray, "T E"]]
    time_TE: Float[np.ndarray, "T E"]
    reward_TE: Float[np.ndarray, "T E"]
    begins_TE: Bool[np.ndarray, "T E"]
    valid_TE: Bool[np.ndarray, "T E"]

    @property
    def states(self) -> int:
        return int(self.valid_TE.sum())


def record_run(path: Path, states: int, seed: int = 0) -> Recording:
    """Returns states of a trained policy (deterministic actions) in the task that its run holds, pushes and noise on.

    Raises SpecError for a path that is neither a run nor a checkpoint.
    """
    trained = open_trained(path, NUM_ENVS, REFERENCE, agreed=True)
    spec = trained.folder.spec
    names = tuple(name for term in spec.action for name in (term.joints or term.actuators))

    def act(memory: Memory, obs: Mapping[str, Any], _: Any) -> tuple[Memory, Any]:
        return trained.act(memory, obs)

    return _record(trained.task, trained.params, act, trained.start(), str(path), names, states, seed)


def record_random(version: Version, states: int, seed: int = 0) -> Recording:
    """Returns states that a policy before any training sees: random actions as wide as its exploration begins."""
    engine = make_engine(REFERENCE, version.model, Task.engine_config(version.module, NUM_ENVS))
    task = Task(version.module, engine)
    params = {**task.params, "lv": {k: jnp.float32(v) for k, v in version.levels.items()}}
    width = version.spec.policy.init_std

    def act(memory: Memory, _: Mapping[str, Any], key: Any) -> tuple[Memory, Any]:
        return memory, jnp.tanh(width * jax.random.normal(key, (NUM_ENVS, task.action_size)))

    label = f"random actions in {version.label}"
    return _record(task, params, act, Memory(), label, version.action_names, states, seed)


def _record(
    task: Task, params: Any, act: ActFn, memory: Memory, label: str, names: tuple[str, ...], states: int, seed: int
) -> Recording:
    """Plays the task, with engine arrays of its own that always hold positions and velocities."""
    config = task.engine.config
    wanted = replace(config, reads=tuple(dict.fromkeys((*config.reads, "qpos", "qvel"))))
    task = Task(task.functions.module, make_engine(REFERENCE, task.model, wanted))

    def one(carry: Any, key: Any) -> Any:
        state, env, memory, begins_E = carry
        memory, action_EA = act(memory, env.obs, key)
        before, command = state.now.reads, env.command
        state, env, info = task.step(state, action_EA, params)
        seen = {
            "qpos": info.reads["qpos"], "qvel": info.reads["qvel"], "start_qpos": before["qpos"],
            "start_qvel": before["qvel"], "action": action_EA, "command": command, "time": info.time_E,
            "reward": env.reward, "begins": begins_E, "valid": ~info.fault_E,
        }  # fmt: skip
        return (state, env, memory.after(env.done), env.done), seen

    def whole(key: Any) -> Any:
        first, rest = jax.random.split(key)
        state, env = task.init(first, params)
        begins_E = jnp.ones(task.num_envs, bool)
        keys = jax.random.split(rest, max(1, -(-states // task.num_envs)))
        return jax.lax.scan(one, (state, env, memory, begins_E), keys)[1]

    seen = jax.tree.map(np.asarray, jax.device_get(jax.jit(whole)(jax.random.key(seed))))
    command = {f"{b}.{f}": x for b, fields in seen["command"].items() for f, x in fields.items()}
    return Recording(
        label,
        task.control_dt,
        joints_of(task.model),
        names,
        seen["qpos"],
        seen["qvel"],
        seen["start_qpos"],
        seen["start_qvel"],
        seen["action"],
        command,
        seen["time"],
        seen["reward"],
        seen["begins"],
        seen["valid"],
    )
