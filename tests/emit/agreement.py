"""Running a compiled task's generated functions and the NumPy evaluation of the same IR on the same states."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import mujoco
import numpy as np

from ksim_spec.compiler import Compiled
from ksim_spec.emit.binding import Leaf
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node, walk
from ksim_spec.task.module import load_module

Arrays = dict[str, Any]
TOLERANCE = 1e-5
CUTS = ("lt", "le", "eq", "ne", "floor", "mod", "sign")


@dataclass
class Case:
    """A compiled spec, its generated module, and rows of random inputs."""

    compiled: Compiled
    seed: int = 0

    @cached_property
    def module(self) -> Any:
        return load_module(self.compiled.source, f"{self.compiled.program.name}_task.py")

    @property
    def about(self) -> dict[str, Any]:
        return self.module.TASK

    @property
    def model(self) -> mujoco.MjModel:
        return self.compiled.binding.scene.model

    def random_inputs(self, rows: int, rng: np.random.Generator, real: bool) -> Inputs:
        """Returns inputs of random but valid states; with `real`, the simulator arrays are those of MuJoCo."""
        program = self.compiled.program
        reads = (real_reads if real else random_reads)(self, rows, rng)
        commands = {
            c.name: {f.name: rng.normal(size=rows).astype(np.float32) for f in c.fields} for c in program.commands
        }
        samples: Arrays = {}
        for name, (kind, _, shape) in self.about["streams"].items():
            size = (rows, *shape)
            drawn = rng.uniform(size=size) if kind == "uniform" else rng.normal(size=size)
            samples[name] = np.minimum(drawn, np.float32(1 - 2**-24)).astype(np.float32) if kind == "uniform" else drawn
        return Inputs(
            reads,
            rng.uniform(-1, 1, (rows, self.about["action_size"])).astype(np.float32),
            commands,
            rng.uniform(0, 25, rows).astype(np.float32),
            {k: v.astype(np.float32) for k, v in samples.items()},
            {k: np.float32(v) for k, v in self.about["params"].items()},
            {k: np.float32(rng.uniform(0, 1)) for k in self.about["levels"]},
            {
                "episode_time": np.float32(7),
                "episode_return": np.float32(3),
                "success": np.float32(0.5),
                "fail": np.float32(0.1),
                "env_states": np.float32(1e6),
                "episodes": np.float32(4),
            },
        )

    def mapped(self, role: str, inputs: Inputs, values: Arrays | None = None) -> Any:
        """Returns what a generated function gives for every row."""
        out = self._compiled(role, False)(
            inputs.reads,
            inputs.action,
            inputs.commands,
            inputs.time,
            values or {},
            inputs.samples,
            inputs.params,
            inputs.levels,
        )
        return jax.tree.map(np.asarray, out)

    def advanced(self, inputs: Inputs, old: Arrays | None) -> tuple[Arrays, Arrays]:
        """Returns values and memories of the temporal operators from the generated function."""
        first = old is None
        if old is None:
            kinds, rows = self.about["memory"], len(inputs.time)
            old = {k: np.zeros((rows, *s), bool if d == "bool" else np.float32) for k, (d, s) in kinds.items()}
        out = self._compiled("advance", first)(
            inputs.reads,
            inputs.action,
            inputs.commands,
            inputs.time,
            old,
            inputs.samples,
            inputs.params,
            inputs.levels,
        )
        return jax.tree.map(np.asarray, out)

    @cached_property
    def _cache(self) -> dict[tuple[str, bool], Any]:
        return {}

    def _compiled(self, role: str, first: bool) -> Any:
        if (role, first) not in self._cache:
            function = getattr(self.module, role)

            def one(
                sim: Any, action: Any, commands: Any, time: Any, temporal: Any, samples: Any, params: Any, levels: Any
            ) -> Any:
                if role == "advance":
                    return function(sim, action, commands, time, samples, params, levels, first, temporal)
                return function(sim, action, commands, time, temporal, samples, params, levels)

            self._cache[role, first] = jax.jit(jax.vmap(one, in_axes=(0, 0, 0, 0, 0, 0, None, None)))
        return self._cache[role, first]


# States ---------------------------------------------------------------------------------------------------------------


def random_configuration(model: mujoco.MjModel, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns qpos and qvel with unit quaternions and joints within (or without limits near) their ranges."""
    qpos = np.zeros((rows, model.nq))
    for j in range(model.njnt):
        at, kind = int(model.jnt_qposadr[j]), int(model.jnt_type[j])
        if kind == mujoco.mjtJoint.mjJNT_FREE:
            qpos[:, at : at + 3] = rng.normal(size=(rows, 3)) * [2, 2, 0.2] + [0, 0, 0.6]
            qpos[:, at + 3 : at + 7] = random_quats(rows, rng)
        elif kind == mujoco.mjtJoint.mjJNT_BALL:
            qpos[:, at : at + 4] = random_quats(rows, rng)
        else:
            low, high = model.jnt_range[j] if model.jnt_limited[j] else (-2.0, 2.0)
            qpos[:, at] = rng.uniform(low, high, rows)
    return qpos, rng.normal(size=(rows, model.nv)) * 2


def random_quats(rows: int, rng: np.random.Generator) -> np.ndarray:
    q = rng.normal(size=(rows, 4))
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def random_reads(case: Case, rows: int, rng: np.random.Generator) -> Arrays:
    """Returns arrays of the right shapes with independent values that a simulator could show."""
    model = case.model
    qpos, qvel = random_configuration(model, rows, rng)
    out: Arrays = {"qpos": qpos, "qvel": qvel}
    for name in case.about["reads"]:
        if name not in out:
            out[name] = rng.normal(size=(rows, getattr(mujoco.MjData(model), name).size)) * 3
    if "sensordata" in out:
        fill_sensors(case, out["sensordata"], rng)
    return {k: v.astype(np.float32) for k, v in out.items()}


def fill_sensors(case: Case, data: np.ndarray, rng: np.random.Generator) -> None:
    """Makes contact slots 0 or 1, orientations unit, and contact frames orthonormal."""
    model, rows = case.model, len(data)
    for i in range(model.nsensor):
        start, size = int(model.sensor_adr[i]), int(model.sensor_dim[i])
        if model.sensor_type[i] == mujoco.mjtSensor.mjSENS_FRAMEQUAT:
            data[:, start : start + 4] = random_quats(rows, rng)
        if model.sensor_type[i] == mujoco.mjtSensor.mjSENS_CONTACT and size % 9:
            data[:, start : start + size] = rng.integers(0, 2, (rows, size))
    for leaf in case.compiled.binding.leaves.values():
        if isinstance(leaf, Leaf) and leaf.kind == "force":
            for slot in (s for slots in leaf.indices for s in slots):
                frames = np.linalg.qr(rng.normal(size=(rows, 3, 3)))[0]
                data[:, list(slot[3:6])], data[:, list(slot[6:9])] = frames[:, 0], frames[:, 1]


def real_reads(case: Case, rows: int, rng: np.random.Generator) -> Arrays:
    """Returns the arrays of MuJoCo itself at random configurations, after a full forward."""
    model, data = case.model, mujoco.MjData(case.model)
    qpos, qvel = random_configuration(model, rows, rng)
    out: dict[str, list[np.ndarray]] = {n: [] for n in case.about["reads"]}
    for i in range(rows):
        data.qpos[:], data.qvel[:] = qpos[i], qvel[i]
        data.ctrl[:] = rng.normal(size=model.nu)
        mujoco.mj_forward(model, data)
        for name in out:
            out[name].append(getattr(data, name).copy())
    return {k: np.array(v, np.float32) for k, v in out.items()}


# Comparing ------------------------------------------------------------------------------------------------------------


class Reference:
    """The NumPy evaluation of some nodes for all rows, and which rows lie so near a threshold that they do not count."""

    def __init__(self, case: Case, roots: list[Node]) -> None:
        self.roots = list(dict.fromkeys(roots))
        self.evaluator = Evaluator(self.roots, case.compiled.binding.leaves, case.about["control_step"])
        self.under = {id(r): [n for n in walk([r]) if n.op in CUTS] for r in self.roots}

    def run(self, inputs: Inputs, rows: int, memory: Arrays | None = None) -> tuple[dict[int, np.ndarray], Arrays]:
        """Returns values by node id, (rows, …), and memories; sets `near`: node id to the rows to leave out."""
        values: dict[int, list[np.ndarray]] = {id(r): [] for r in self.roots}
        near: dict[int, list[bool]] = {id(r): [] for r in self.roots}
        kept: list[Arrays] = []
        for i in range(rows):
            found, after = self.evaluator.evaluate(inputs.row(i), None if memory is None else _row(memory, i))
            kept.append(after)
            for r in self.roots:
                values[id(r)].append(found[id(r)])
                near[id(r)].append(any(_near(n, found) for n in self.under[id(r)]))
        self.near = {k: np.array(v) for k, v in near.items()}
        return {k: np.array(v) for k, v in values.items()}, {k: np.array([m[k] for m in kept]) for k in kept[0]}


def _row(memory: Arrays, i: int) -> Arrays:
    return {k: v[i] for k, v in memory.items()}


def _near(node: Node, values: dict[int, np.ndarray]) -> bool:
    args = [np.asarray(values[id(a)]) for a in node.args]
    if any(a.dtype == bool for a in args):
        return False
    if node.op == "floor":
        args = [args[0], np.round(args[0])]
    elif node.op == "sign":
        args = [args[0], np.zeros(())]
    elif node.op == "mod":
        args = [np.asarray(args[0] / args[1]), np.round(args[0] / args[1])]
    a, b = args
    return bool(np.any(np.abs(a - b) < TOLERANCE * np.maximum(1, np.maximum(np.abs(a), np.abs(b)))))


def worst(got: Any, want: Any, near: np.ndarray) -> float:
    """Returns the largest error relative to max(1, |x|) over the rows that count; infinite for unequal booleans."""
    got, want = np.asarray(got), np.asarray(want)
    got, want = got.reshape(len(got), -1)[~near], want.reshape(len(want), -1)[~near]
    assert got.shape == want.shape, (got.shape, want.shape)
    if want.dtype == bool or got.dtype == bool:
        return float("inf") if np.any(got != want) else 0.0
    return float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want)), initial=0.0))


def with_time(inputs: Inputs, time: np.ndarray) -> Inputs:
    return replace(inputs, time=time)
