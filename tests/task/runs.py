"""Running small cart-pole tasks step by step and keeping everything they showed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import numpy as np

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.physics.cpu import CpuEngine
from ksim_spec.task.module import load_module
from ksim_spec.task.task import Task

ROBOT = Path(__file__).parents[2] / "specs" / "robots" / "cartpole.xml"

BASE = {
    "head": f"""
task cart
robot "{ROBOT}" {{
  slider = joint("slider")
  hinge  = joint("hinge")
  hang   = keyframe("down")
}}
world {{
  physics_step = 10 ms
  control_step = 50 ms
}}
""",
    "action": 'action {\n  push = torque(joints("slider")) scale 1 N\n}\n',
    "observe": "observe actor {\n  cart = slider.pos\n  pole = hinge.pos\n  speed = hinge.vel\n}\n",
    "reward": "reward {\n  far = slider.pos weight 2 per m per s\n}\n",
    "terminate": "terminate {\n  timeout when time >= 100 s truncate\n}\n",
    "reset": "reset {\n  pose hang\n  slider.pos += uniform(0.5 m)\n  hinge.pos += uniform(1 rad)\n"
    "  hinge.vel += normal(1 rad/s)\n}\n",
    "more": "",
}


def text(**blocks: str) -> str:
    """Returns a spec of the base's blocks, some replaced."""
    return "\n".join({**BASE, **{k: v.replace("; ", "\n") for k, v in blocks.items()}}.values())


@cache
def compiled(source: str) -> Compiled:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cart.ksim"
        path.write_text(source, encoding="utf-8")
        return ks.compile(path)


@dataclass
class Run:
    """A task, its jitted step, and what happened: `states[k]`, `shown[k]`, `infos[k]` after k steps (infos[0] None)."""

    task: Task
    states: list[Any]
    shown: list[Any]
    infos: list[Any]
    step: Any

    def reads(self, name: str) -> np.ndarray:
        """Returns a simulator array over time: (steps + 1, E, ...)."""
        return np.array([np.asarray(s.now.reads[name]) for s in self.states])

    def info(self, name: str) -> np.ndarray:
        return np.array([np.asarray(getattr(i, name)) for i in self.infos[1:]])


def build(source: str, num_envs: int, lasting: tuple[str, ...] = ()) -> Task:
    module: Any = load_module(compiled(source).source, "cart_task.py")
    module.TASK["lasting"] += lasting
    model = compiled(source).binding.scene.model
    return Task(module, CpuEngine(model, Task.engine_config(module, num_envs), nthread=1))


def run(
    source: str,
    actions_TEA: Any,
    *,
    seed: int = 0,
    value_fn: Any = None,
    params: Any = None,
    lasting: tuple[str, ...] = (),
) -> Run:
    """Returns a run of one step per row of actions, from a fresh task that keeps some more draws to look at."""
    actions = np.asarray(actions_TEA, np.float32)
    task = build(source, actions.shape[1], lasting)
    params = task.params if params is None else params
    state, shown = jax.jit(task.init)(jax.random.key(seed), params)
    step = jax.jit(lambda s, a, p: task.step(s, a, p, value_fn))
    # The CPU engine's physics moves on in place, so only what was shown can be looked at afterwards.
    out = Run(task, [_kept(state)], [_kept(shown)], [None], step)
    for action in actions:
        state, shown, info = step(state, action, params)
        out.states.append(_kept(state))
        out.shown.append(_kept(shown))
        out.infos.append(_kept(info))
    out.states[-1] = state
    return out


def _kept(tree: Any) -> Any:
    keys = tree._replace(key=jax.random.key_data(tree.key)) if hasattr(tree, "key") else tree
    return jax.tree.map(np.array, keys)


def noise(steps: int, envs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, envs, 1)).astype(np.float32)
