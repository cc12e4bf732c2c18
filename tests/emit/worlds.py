"""Small compiled tasks on the CPU engine whose states can be handed to MuJoCo itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.physics.cpu import CpuEngine
from ksim_spec.physics.protocol import Starts
from ksim_spec.task.module import load_module
from ksim_spec.task.task import Task

ROBOTS = Path(__file__).parents[2] / "specs" / "robots"

REST = """
terminate { timeout when time >= 20 s truncate }
reward { alive = 1 weight 1 per s }
train ppo { num_envs = 8  num_minibatches = 1  num_env_states_per_minibatch = 8 }
"""


def compile_text(folder: Path, text: str) -> Compiled:
    """Returns the compiled task of a spec text; missing blocks are filled in."""
    path = folder / "tiny.ksim"
    for block in REST.strip().splitlines():
        if block.split()[0] not in {line.split()[0] for line in text.splitlines() if line.strip()}:
            text += "\n" + block.replace("  ", "\n").replace("{ ", "{\n").replace(" }", "\n}") + "\n"
    path.write_text(text, encoding="utf-8")
    return ks.compile(path)


def make_task(compiled: Compiled, num_envs: int) -> Task:
    module = load_module(compiled.source, "tiny_task.py")
    engine = CpuEngine(compiled.binding.scene.model, Task.engine_config(module, num_envs), nthread=1)
    return Task(module, engine)


def drive(compiled: Compiled, starts: Starts, steps: int, rng: np.random.Generator) -> tuple[CpuEngine, Any]:
    """Returns an engine some control steps of random controls after the starts, and what it read there."""
    module = load_module(compiled.source, "tiny_task.py")
    num_envs = len(starts.qpos_EQ)
    engine = CpuEngine(compiled.binding.scene.model, Task.engine_config(module, num_envs), nthread=1)
    physics, reads = engine.init(starts, {})
    for _ in range(steps):
        ctrl = starts.qpos_EQ[:, None, 7:] + rng.uniform(-0.5, 0.5, (num_envs, 1, engine.model.nu))
        physics, reads, _ = engine.step(physics, jnp.zeros(num_envs, bool), jnp.asarray(ctrl, jnp.float32))
    return engine, {k: np.asarray(v) for k, v in reads.items()}


def rollout(task: Task, steps: int, seed: int = 0, scale: float = 0.5, actions: Any = None) -> list[tuple[Any, ...]]:
    """Returns (state, env_state, info) after init (info None) and after every step, with random actions."""
    key = jax.random.key(seed)
    params = task.params
    state, env = jax.jit(task.init)(key, params)
    out: list[tuple[Any, ...]] = [(state, env, None)]
    step = jax.jit(task.step)
    rng = np.random.default_rng(seed)
    for k in range(steps):
        shape = (task.num_envs, task.action_size)
        action = actions[k] if actions is not None else rng.uniform(-scale, scale, shape).astype(np.float32)
        state, env, info = step(state, action, params)
        out.append((state, env, info))
        jax.block_until_ready(env)
    return out


def mujoco_state(engine: Any, row: int) -> mujoco.MjData:
    """Returns a fresh MjData after a full forward at the state in which one environment is now."""
    model, data = engine.model, mujoco.MjData(engine.model)
    mujoco.mj_setState(model, data, engine.host.main.state[row], mujoco.mjtState.mjSTATE_INTEGRATION)
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    mujoco.mj_rnePostConstraint(model, data)
    return data


def observed(compiled: Compiled, reads: dict[str, Any], row: int) -> dict[str, np.ndarray]:
    """Returns every entry of the critic group of one environment, evaluated with NumPy from what the engine read."""
    entries = compiled.program.group("critic").entries
    evaluator = Evaluator([e.node for e in entries], compiled.binding.leaves)
    action = np.zeros(compiled.program.action_size)
    values, _ = evaluator(Inputs({k: v[row] for k, v in reads.items()}, action, params=compiled.program.params))
    return {e.name: v for e, v in zip(entries, values, strict=True)}
