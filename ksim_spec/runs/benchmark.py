"""How fast a compiled task runs here: bare physics, the whole task step, and a training update, timed in turn.

Bare physics replays on a `mujoco.batch.Batch` of its own what the task's engine was asked to do: the same states,
controls, resets and pushes, with the same stage, persistence and control changes. So both loops simulate the same falls
and contacts, and their ratio is what everything else costs.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from mujoco.batch import Batch, SimulationError

from ksim_spec.physics.cpu import CpuEngine
from ksim_spec.physics.cpu_host import Orders
from ksim_spec.runs.folder import Folder, make_task
from ksim_spec.trainer.ppo import compiler_options, init_state, make_update

Loop = Callable[[], None]


def measure(folder: Folder, *, num_envs: int | None = None, backend: str = "auto", rounds: int = 7) -> dict[str, Any]:
    """Returns control steps per second of each loop and the median of their ratios over alternating rounds.

    Raises SpecError for what the engine cannot do. Takes about ten seconds of compiling and three updates a round.
    """
    config = folder.spec.train
    num_envs = num_envs or config.num_envs
    length = max(config.num_env_states // num_envs, 1)
    task = make_task(folder, num_envs, backend)
    step, bare = step_loops(task, max(length, 16))
    update = update_loop(make_task(folder, num_envs, backend), folder)
    loops = {"physics": (bare, max(length, 16)), "task_step": (step, max(length, 16)), "update": (update, length)}
    load = os.getloadavg()[0]
    rates = alternate({name: (loop, steps * num_envs) for name, (loop, steps) in loops.items()}, rounds)
    shape = task.engine.config
    return {
        "backend": task.engine.name, "num_envs": num_envs, "rollout_length": length, "stage": shape.stage,
        "substeps": shape.substeps, "control_changes": shape.control_changes, "rounds": rounds,
        "cores": len(os.sched_getaffinity(0)), "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "control_steps_per_s": {name: round(statistics.median(r)) for name, r in rates.items()},
        "ratio_to_physics": {
            name: round(statistics.median(a / b for a, b in zip(r, rates["physics"], strict=True)), 3)
            for name, r in rates.items() if name != "physics"
        },
    }  # fmt: skip


def alternate(loops: dict[str, tuple[Loop, int]], rounds: int) -> dict[str, list[float]]:
    """Returns for each loop its control steps per second in every round; who goes first changes from round to round."""
    for loop, _ in loops.values():
        loop()
    rates: dict[str, list[float]] = {name: [] for name in loops}
    names = list(loops)
    for i in range(rounds):
        for name in names if i % 2 else reversed(names):
            loop, steps = loops[name]
            begin = time.perf_counter()
            loop()
            rates[name].append(steps / (time.perf_counter() - begin))
    return rates


def step_loops(task: Any, length: int) -> tuple[Loop, Loop]:
    """Returns the task's step with random actions, `length` times in one compiled scan, and the same physics alone."""
    params = task.params
    state, _ = jax.jit(task.init)(jax.random.key(0), params)

    def roll(state: Any, key: Any) -> tuple[Any, Any]:
        def one(carry: Any, key: Any) -> tuple[Any, Any]:
            state, total = carry
            action_EA = jax.random.uniform(key, (task.num_envs, task.action_size), minval=-1.0, maxval=1.0)
            state, env_state, info = task.step(state, action_EA, params)
            # Every result is used, or XLA would leave out what makes it; the simulator arrays are the physics' own.
            results = (env_state, info._replace(reads={}))
            used = sum(jnp.sum(x.astype(jnp.float32)) for x in jax.tree.leaves(results))
            return (state, total + used), None

        return jax.lax.scan(one, (state, jnp.float32(0)), jax.random.split(key, length))[0]

    recorder = Recorder(task.engine) if isinstance(task.engine, CpuEngine) else None
    compiled = jax.jit(roll, donate_argnums=0)
    box = [state, 0]

    def step() -> None:
        box[1] += 1
        box[0], total = compiled(box[0], jax.random.key(box[1]))
        jax.block_until_ready(total)

    for _ in range(2):  # past the common beginning: some environments stand, some have fallen, some begin again
        step()
    if recorder is None:
        return step, engine_loop(task, length)
    return step, recorder.replay_of(step)


def engine_loop(task: Any, length: int) -> Loop:
    """Returns `length` steps of an engine alone in one scan, from the home pose with random controls and no resets."""
    from ksim_spec.physics.protocol import Starts

    engine, config = task.engine, task.engine.config
    num_envs, model = config.num_envs, engine.model
    low, high = np.where(model.actuator_ctrllimited[:, None], model.actuator_ctrlrange, [-1.0, 1.0]).T
    qpos = model.key_qpos[0] if model.nkey else model.qpos0
    starts = Starts(jnp.tile(jnp.asarray(qpos, jnp.float32), (num_envs, 1)), jnp.zeros((num_envs, model.nv)), None)
    fields = {n: jnp.broadcast_to(x, (num_envs, *x.shape)) for n, x in task.nominal_fields.items()}
    none_E = jnp.zeros(num_envs, bool)

    @jax.jit
    def roll(key: Any) -> Any:
        def one(physics: Any, key: Any) -> tuple[Any, Any]:
            ctrl = jax.random.uniform(key, (num_envs, config.num_controls, model.nu), minval=low, maxval=high)
            physics, reads, _ = engine.step(physics, none_E, ctrl)
            return physics, sum(x.sum() for x in reads.values())

        return jax.lax.scan(one, engine.init(starts, fields)[0], jax.random.split(key, length))[1]

    return lambda: jax.block_until_ready(roll(jax.random.key(0)))


def update_loop(task: Any, folder: Folder) -> Loop:
    """Returns one training update after another, compiled as training compiles it."""
    config = folder.spec.train.model_copy(update={"num_envs": task.num_envs})
    state = init_state(task, config, folder.spec.policy)
    update = jax.jit(make_update(task, config), donate_argnums=0)
    compiled = update.lower(state).compile(compiler_options=compiler_options())
    box: list[Any] = [state]

    def loop() -> None:
        box[0], metrics = jax.block_until_ready(compiled(box[0]))

    return loop


class Recorder:
    """Keeps what a CPU engine is asked to do while a loop runs, and plays it back without anything around it."""

    def __init__(self, engine: CpuEngine) -> None:
        self.engine, self.host = engine, engine.host
        self.steps: list[tuple[Orders, np.ndarray]] = []

    def _keep(self, orders: Orders) -> None:
        dqvel = None if orders.dqvel is None else orders.dqvel.astype(np.float64)
        stretches = [(nstep, np.array(control, np.float64), stage) for nstep, control, stage in orders.stretches]
        self.steps.append((Orders(orders.take, dqvel, None, stretches), self.host.spare.state[orders.take]))

    def replay_of(self, run: Loop) -> Loop:
        """Runs a loop once, and returns a function that does its physics again from the same states."""
        host, config = self.host, self.engine.config
        batch = self.batch = Batch(self.engine.model, config.num_envs, persistent=host.main.persistent)
        for name, values in host.main_fields.items():
            batch.expand(name)[...] = values
        for name in config.reads:
            batch.bind(name)
        ctrl, qvel, start = batch.bind("ctrl"), batch.bind("qvel"), host.main.state.copy()
        host.listener = self._keep
        run()
        host.listener = None
        steps = self.steps

        def replay() -> None:
            batch.state[...] = start
            for orders, rows in steps:
                if orders.take.size:
                    batch.state[orders.take] = rows
                if orders.dqvel is not None:
                    qvel[...] += orders.dqvel
                for nstep, control, stage in orders.stretches:
                    ctrl[...] = control
                    with contextlib.suppress(SimulationError):  # the task resets such an environment at its next step
                        batch.step(nstep=nstep, stage=stage)

        return replay
