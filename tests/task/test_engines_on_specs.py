"""Every shipped task on every engine: observations, rewards and terminations from the same states, one step at a time.

States come from episodes on the CPU engine under random actions, so feet touch, slide and leave the ground. Both engines
begin there without a warm start and take one control step. MJX and Warp compute in float32. Where a change of the
state of that size makes the CPU engine itself end up elsewhere (a foot that just touches, or just does not), nothing
can be compared: such rows are left out, and may only be few.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.physics.protocol import Starts
from ksim_spec.physics.registry import engine_info, make_engine
from ksim_spec.task.module import load_module
from ksim_spec.task.task import Task

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.ksim"))
E, STEPS = 16, 12
# Largest difference that passes at the states themselves, and after a control step: in units of what is compared, and
# relative to it where it is larger than one.
HERE, AFTER, REWARD_AFTER = 2e-5, 2e-2, 2e-3
ROUNDING, MOVED, FEW = 3e-6, 0.25, 4  # of a state; what fraction of the above is too much; rows of E to leave out


class At:
    """An engine on which all episodes begin at given states, whatever the task draws."""

    def __init__(self, engine: Any, at: Starts) -> None:
        self.engine, self.at = engine, at
        self.name, self.config, self.model = engine.name, engine.config, engine.model
        self.step, self.export_state, self.import_state = engine.step, engine.export_state, engine.import_state

    def init(self, starts: Starts, fields: Any) -> Any:
        return self.engine.init(self.at._replace(ctrl_EU=starts.ctrl_EU), fields)

    def prepare(self, physics: Any, mask_E: Any, starts: Starts, fields: Any) -> Any:
        return self.engine.prepare(physics, mask_E, self.at._replace(ctrl_EU=starts.ctrl_EU), fields)


@cache
def compiled(path: Path) -> tuple[Compiled, Any]:
    built = ks.compile(path)
    return built, load_module(built.source, f"{path.stem}_task.py")


def make(path: Path, name: str, at: Starts | None = None) -> Task:
    built, module = compiled(path)
    model = built.binding.scene.model
    model.opt.iterations = model.opt.ls_iterations = 50  # few iterations converge on no engine, each in its own way
    engine = make_engine(name, model, Task.engine_config(module, E))
    return Task(module, At(engine, at) if at else engine)


@cache
def visited(path: Path) -> Starts:
    """Returns states of the CPU engine: every environment's after a number of random steps of its own."""
    task = make(path, "cpu")
    state, _ = jax.jit(task.init)(jax.random.key(5), task.params)
    step, rng = jax.jit(lambda s, a: task.step(s, a, task.params)), np.random.default_rng(5)
    reads = []
    for _ in range(STEPS):
        reads.append({k: np.array(state.now.reads[k]) for k in ("qpos", "qvel")})
        state = step(state, jnp.asarray(rng.uniform(-0.6, 0.6, (E, task.action_size)), jnp.float32))[0]
    pick = (np.arange(E) % STEPS, np.arange(E))
    return Starts(*(jnp.asarray(np.stack([r[k] for r in reads])[pick]) for k in ("qpos", "qvel")))


def one_step(path: Path, engine: str, change: float = 0.0) -> Any:
    at = visited(path)
    noise = change * np.random.default_rng(8).uniform(-1, 1, at.qpos_EQ.shape)
    task = make(path, engine, at._replace(qpos_EQ=jnp.asarray(at.qpos_EQ + noise, jnp.float32)))
    action = jnp.asarray(np.random.default_rng(6).uniform(-0.6, 0.6, (E, task.action_size)), jnp.float32)
    state, shown = jax.jit(task.init)(jax.random.key(7), task.params)
    first = jax.tree.map(np.array, shown.obs)
    _, after, info = jax.jit(lambda s: task.step(s, action, task.params))(state)
    return first, *jax.tree.map(np.array, (after.obs, after.reward, info.terms, info.rules, info.fault_E))


reference = cache(lambda path: one_step(path, "cpu"))


@cache
def steady(path: Path) -> np.ndarray:
    """Returns the rows that count: where rounding errors of the state stay small for a control step."""
    kept = np.ones(E, bool)
    for change in (ROUNDING, -ROUNDING):
        first, after, reward, _, rules, _ = one_step(path, "cpu", change)
        first_cpu, after_cpu, reward_cpu, _, rules_cpu, _ = reference(path)
        for group in after_cpu:
            kept &= (relative(first[group], first_cpu[group]) <= MOVED * AFTER).all(-1)
            kept &= (relative(after[group], after_cpu[group]) <= MOVED * AFTER).all(-1)
        kept &= relative(reward, reward_cpu) <= MOVED * REWARD_AFTER
        for name in rules_cpu:
            kept &= rules[name] == rules_cpu[name]
    assert kept.sum() >= E - FEW, f"only {kept.sum()} of {E} states are fit to compare"
    return kept


def relative(got: Any, want: Any) -> Any:
    return np.abs(got - want) / np.maximum(1, np.abs(want))


def close(got: Any, want: Any, limit: float, what: str) -> None:
    error = relative(got, want)
    worst = np.unravel_index(np.argmax(error), error.shape)
    assert error.max() <= limit, f"{what}{list(worst)}: {got[worst]:.6g}, on the cpu engine {want[worst]:.6g}"


def agree(path: Path, engine: str) -> None:
    first, after, reward, terms, rules, fault = one_step(path, engine)
    first_cpu, after_cpu, reward_cpu, terms_cpu, rules_cpu, fault_cpu = reference(path)
    assert not fault.any() and not fault_cpu.any()
    kept = steady(path)
    for group in first_cpu:
        close(first[group][kept], first_cpu[group][kept], HERE, f"first {group}")
        close(after[group][kept], after_cpu[group][kept], AFTER, group)
    for name in terms_cpu:
        close(terms[name][kept], terms_cpu[name][kept], REWARD_AFTER, name)
    close(reward[kept], reward_cpu[kept], REWARD_AFTER, "reward")
    for name in rules_cpu:
        np.testing.assert_array_equal(rules[name][kept], rules_cpu[name][kept], name)


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_mjx_agrees_on_every_spec(path: Path) -> None:
    agree(path, "mjx")


@pytest.mark.slow
@pytest.mark.skipif(not engine_info("warp").installed, reason="warp-lang is not installed")
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_warp_agrees_on_every_spec(path: Path) -> None:
    agree(path, "warp")
