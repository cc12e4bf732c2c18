"""Puts one product through lint, compile, task, NumPy and MuJoCo, and says where they disagree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

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
from tests.random_specs.moments import Expected, Unknown, forward
from tests.random_specs.products import Product

ENVS, STEPS = 3, 5


class Disagreement(AssertionError):
    """Two of the ways to evaluate a product differ."""


def compiled(product: Product, folder: Path) -> Compiled:
    """Returns the compiled task of a product; what lint finds wrong, it finds wrongly."""
    (folder / "robot.xml").write_text(product.robot.xml, encoding="utf-8")
    path = folder / "dice.ksim"
    path.write_text(product.text, encoding="utf-8")
    found = ks.lint(path)
    if found.errors:
        raise Disagreement(f"lint: {found.render('concise')}")
    return ks.compile(path)


def close(name: str, got: Any, want: np.ndarray, room: np.ndarray) -> None:
    """Raises Disagreement unless a value is within the room around what is wanted, element by element."""
    got, want, room = np.ravel(np.asarray(got, float)), np.ravel(want), np.ravel(room)
    if got.shape != want.shape:
        raise Disagreement(f"{name}: {got.size} numbers, not {want.size}")
    if not np.isfinite(got).all() and np.isfinite(room).all():
        raise Disagreement(f"{name}: {got}")
    with np.errstate(invalid="ignore"):
        wrong = np.abs(got - want) > room
    if wrong.any():
        raise Disagreement(f"{name}: {got}, and not {want}")


def quick(product: Product, folder: Path, tally: Counter[str]) -> None:
    """Holds the NumPy evaluation of what the critic sees against MuJoCo, in a few steps of the CPU engine."""
    task = compiled(product, folder)
    module: Any = load_module(task.source, "dice_task.py")
    engine = CpuEngine(task.binding.scene.model, Task.engine_config(module, ENVS), nthread=1)
    names = dict(product.entries)
    rng = np.random.default_rng(1)
    evaluator = Evaluator([e.node for e in task.program.group("critic").entries], task.binding.leaves, product.dt)
    rows = [Expected(product, names) for _ in range(ENVS)]
    memory: list[Any] = [None] * ENVS
    commands = {
        b: {f: 0.3 * (i + j + 1) for j, f in enumerate(row)} for i, (b, row) in enumerate(product.commands.items())
    }
    qpos, qvel = _starts(product, rng)
    nominal = {
        n: jnp.asarray(np.repeat(_field(engine.model, n)[None], ENVS, 0), jnp.float32) for n in module.TASK["fields"]
    }
    physics, reads = engine.init(Starts(jnp.asarray(qpos, jnp.float32), jnp.asarray(qvel, jnp.float32)), nominal)
    action = np.zeros((ENVS, product.size))
    for step in range(STEPS):
        arrays = {k: np.asarray(v) for k, v in reads.items()}
        for i, row in enumerate(rows):
            try:
                data = forward(product.truth.model, _state(product, engine.host.main.state[i], engine.model))
            except Unknown:
                tally["states without a value"] += 1
                return
            wanted = row.at(data, None, action[i], commands, step)
            one = Inputs(
                {k: v[i] for k, v in arrays.items()}, action[i], commands, step * product.dt, params=task.program.params
            )
            values, memory[i] = evaluator(one, memory[i])
            for value, (name, (want, room)) in zip(values, wanted.items(), strict=True):
                close(f"{name} = {names[name].text} (NumPy, step {step})", value, want, room)
                tally["values"] += 1
                tally["values that float32 cannot settle"] += int(not np.isfinite(room).all())
        action = rng.uniform(-1, 1, (ENVS, product.size)).astype(np.float32)
        ctrl = jnp.asarray(rng.uniform(-0.5, 0.5, (ENVS, engine.config.num_controls, engine.model.nu)), jnp.float32)
        physics, reads, fault = engine.step(physics, jnp.zeros(ENVS, bool), ctrl)
        if np.asarray(fault).any():
            return


def _field(model: mujoco.MjModel, name: str) -> np.ndarray:
    return np.asarray(model.opt.gravity if name == "opt.gravity" else getattr(model, name), float)


def _state(product: Product, state: np.ndarray, model: mujoco.MjModel) -> np.ndarray:
    if len(state) != mujoco.mj_stateSize(product.truth.model, mujoco.mjtState.mjSTATE_INTEGRATION):
        raise Disagreement("the composed model has another state than the robot")
    return state


def _starts(product: Product, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns positions near the reference pose, some with the other sign of a quaternion, and velocities."""
    model = product.truth.model
    qpos, qvel = np.repeat(model.qpos0[None], ENVS, 0), rng.normal(size=(ENVS, model.nv)) * 0.5
    for row in range(ENVS):
        mujoco.mj_integratePos(model, qpos[row], rng.normal(size=model.nv) * 0.2, 1.0)
        for j in range(model.njnt):
            at = model.jnt_qposadr[j]
            if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_FREE and row == 1:
                qpos[row, at + 3 : at + 7] *= -1
            if model.jnt_limited[j] and model.jnt_type[j] > 1:
                qpos[row, at] = np.clip(qpos[row, at], *model.jnt_range[j])
    return qpos, qvel
