"""Generated JAX code and the NumPy evaluation of the same IR agree, separately for everything that a spec declares."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.ir.evaluate import Evaluator
from ksim_spec.ir.node import walk
from ksim_spec.ir.temporal_ops import is_temporal
from tests.emit.agreement import TOLERANCE, Case, Reference, worst
from tests.emit.state_reference import apply_changes, apply_fields

HERE = Path(__file__).parent
SPECS = [*sorted((HERE.parents[1] / "specs").glob("*.ksim")), *sorted(HERE.glob("*.ksim"))]
ENVS, STEPS = 200, 5  # a thousand states, in episodes long enough for every temporal operator to move on
SHARE_NEAR = 0.05


@cache
def case(path: Path) -> Case:
    return Case(ks.compile(path))


@cache
def episodes(path: Path) -> list[dict[str, Any]]:
    """Returns, for every step, the inputs, what generated code gave, and what NumPy gave."""
    c = case(path)
    program = c.compiled.program
    rng = np.random.default_rng(7)
    roots = program.roots()
    reference = Reference(c, roots)
    names = {n.digest: k for n in walk(reference.roots) if is_temporal(n) for k in [temporal_name(c, n)]}
    memory, old, sticky = None, None, np.zeros(ENVS, bool)
    steps = []
    for step in range(STEPS):
        inputs = c.random_inputs(ENVS, rng, real=step == STEPS - 1)
        values, memory_now = reference.run(inputs, ENVS, memory)
        v, kept = c.advanced(inputs, old)
        memory, old = memory_now, kept
        steps.append(
            {
                "inputs": inputs,
                "values": values,
                "near": dict(reference.near),
                "v": v,
                "kept": kept,
                "memory": {names[k]: x for k, x in memory_now.items()},
                "sticky": sticky.copy(),
            }
        )
        for near in reference.near.values():
            sticky |= near
    return steps


def temporal_name(c: Case, node: Any) -> str:
    from ksim_spec.emit.task_functions import Roles

    return Roles(c.compiled.program, c.compiled.binding).temporal[id(node)]


def rows_out(step: dict[str, Any], node: Any) -> np.ndarray:
    """Rows that do not count for a node: near a threshold now, or a temporal operator may have gone the other way."""
    return step["near"][id(node)] | step["sticky"]


def agree(step: dict[str, Any], node: Any, got: Any, what: str) -> None:
    want, near = step["values"][id(node)], rows_out(step, node)
    assert near.mean() < SHARE_NEAR, f"{what}: {near.mean():.0%} of the states are near a threshold"
    error = worst(got, want, near)
    assert error <= TOLERANCE, f"{what}: off by {error:.2e}"


@pytest.fixture(params=SPECS, ids=lambda p: p.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_temporal_operators(path: Path) -> None:
    c = case(path)
    for step in episodes(path):
        assert set(step["kept"]) == set(c.about["memory"]) == set(step["memory"])
        for key, got in step["kept"].items():
            assert worst(got, step["memory"][key], step["sticky"]) <= TOLERANCE, key
            assert got.shape[1:] == tuple(c.about["memory"][key][1]), key
            assert (got.dtype == bool) == (c.about["memory"][key][0] == "bool"), key


def test_reward_terms(path: Path) -> None:
    c = case(path)
    for step in episodes(path):
        total, terms = c.mapped("rewards", step["inputs"], step["v"])
        expected = np.zeros(ENVS)
        out = np.zeros(ENVS, bool)
        for term in c.compiled.program.rewards:
            dt = c.compiled.program.world.control_step if term.mode == "rate" else 1.0
            value, weight = (step["values"][id(n)] for n in (term.value, term.weight))
            near = rows_out(step, term.value)
            assert near.mean() < SHARE_NEAR
            error = worst(terms[term.name], value * weight * dt, near)
            assert error <= TOLERANCE, f"{term.name}: off by {error:.2e}"
            expected += value * weight * dt
            out |= near
        assert worst(total, expected, out) <= TOLERANCE


def test_terminations(path: Path) -> None:
    c = case(path)
    for step in episodes(path):
        fired = c.mapped("terminations", step["inputs"], step["v"])
        for rule in c.compiled.program.terminations:
            agree(step, rule.when, fired[rule.name], rule.name)


def test_observation_entries(path: Path) -> None:
    c = case(path)
    for step in episodes(path):
        seen = c.mapped("observe", step["inputs"], step["v"])
        for group in c.compiled.program.observations:
            assert seen[group.name].shape == (ENVS, group.size)
            for entry, start, stop in group.slices():
                agree(step, entry.node, seen[group.name][:, start:stop], f"{group.name}.{entry.name}")


def test_checks(path: Path) -> None:
    c = case(path)
    for step in episodes(path):
        found = c.mapped("checks", step["inputs"], step["v"])
        for i, check in enumerate(c.compiled.program.checks):
            if check.value is not None:
                agree(step, check.value, found[str(i)][0], check.text)
                if check.where is not None:
                    agree(step, check.where, found[str(i)][1], check.text)


def test_commands(path: Path) -> None:
    c = case(path)
    step = episodes(path)[0]
    for command in c.compiled.program.commands:
        fields, seconds = c.mapped(f"command_{command.name}", step["inputs"])
        zero = np.zeros(ENVS, bool) if command.zero is None else step["values"][id(command.zero)]
        near = np.zeros(ENVS, bool) if command.zero is None else rows_out(step, command.zero)
        for f in command.fields:
            want = np.where(zero, 0.0, step["values"][id(f.value)])
            assert worst(fields[f.name], want, near) <= TOLERANCE, f.name
        if command.interval is None:
            assert np.all(np.isinf(seconds))
        else:
            agree(step, command.interval, seconds, "interval")


def test_actions(path: Path) -> None:
    c = case(path)
    step = episodes(path)[0]
    control = c.mapped("act", step["inputs"])
    for term in c.compiled.program.action:
        if term.servo is None and np.all(c.model.actuator_gear[:, 0] == 1):
            ids = [c.model.actuator(a).id for a in term.actuators]
            agree(step, term.target, control[:, ids], term.name)


def test_resets(path: Path) -> None:
    c = case(path)
    program, step = c.compiled.program, episodes(path)[0]
    qpos, qvel = c.mapped("start", step["inputs"])
    pose = c.model.key(program.reset.pose).qpos if program.reset.pose else c.model.qpos0
    for i in range(ENVS):
        values = [step["values"][id(change.value)][i] for change in program.reset.changes]
        q, v = apply_changes(c.model, program.reset.changes, values, pose.copy(), np.zeros(c.model.nv))
        assert np.max(np.abs(qpos[i] - q)) < TOLERANCE
        assert np.max(np.abs(qvel[i] - v), initial=0) < TOLERANCE


def test_events(path: Path) -> None:
    c = case(path)
    program, step = c.compiled.program, episodes(path)[0]
    for event in program.events:
        change, seconds = c.mapped(f"event_{event.name}", step["inputs"])
        agree(step, event.interval, seconds, event.name)
        reads = step["inputs"].reads
        for i in range(ENVS):
            values = [step["values"][id(ch.value)][i] for ch in event.changes]
            q, v = (reads[k][i].astype(float) for k in ("qpos", "qvel"))
            _, after = apply_changes(c.model, event.changes, values, q, v.copy())
            # The kick is a difference of float32 velocities, so it is as exact as they are.
            assert np.max(np.abs(change[i] - (after - v)) / np.maximum(1, np.abs(v))) < TOLERANCE


def test_randomized_fields(path: Path) -> None:
    c = case(path)
    program, step = c.compiled.program, episodes(path)[0]
    if not program.randomization:
        return
    inputs = step["inputs"]
    nominal = {n: jnp.asarray(_field(c.model, n), jnp.float32) for n in c.about["fields"]}
    got = jax.jit(jax.vmap(lambda d: c.module.fields(nominal, d, inputs.params, inputs.levels)))(inputs.samples)
    assert set(got) == set(nominal)
    for i in range(ENVS):
        values = [step["values"][id(f.value)][i] for f in program.randomization]
        want = apply_fields(c.model, program.randomization, values, c.compiled.binding.scene)
        for name in nominal:
            error = np.max(np.abs(np.asarray(got[name][i]) - want[name]) / np.maximum(1, np.abs(want[name])))
            assert error < TOLERANCE, f"{name}: off by {error:.2e}"
    moved = {n for n in nominal if not np.allclose(np.asarray(got[n]), nominal[n])}
    assert moved == set(nominal)


def _field(model: Any, name: str) -> np.ndarray:
    return np.asarray(getattr(model.opt if name.startswith("opt.") else model, name.removeprefix("opt.")))


def test_levels(path: Path) -> None:
    c = case(path)
    inputs = episodes(path)[0]["inputs"]
    moved = c.module.levels(inputs.stats, inputs.params, inputs.levels)
    assert set(moved) == {level.name for level in c.compiled.program.levels}
    for level in c.compiled.program.levels:
        low, high = sorted((level.start, level.end))
        old = float(inputs.levels[level.name])
        if level.over is not None:
            want = level.start + (level.end - level.start) * float(inputs.stats["env_states"]) / level.over
        else:
            step = abs(level.step) * (1 if level.end >= level.start else -1)
            (holds,), _ = Evaluator([level.when])(inputs)
            want = old + step if holds else old
        assert float(moved[level.name]) == pytest.approx(min(max(want, low), high), rel=1e-6)
