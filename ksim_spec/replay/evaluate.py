"""Evaluating a version of a task on recorded states: its reward terms, its terminations, and what a policy does there.

Every state is put into the version's own nominal model, made current with a full forward, and read; then the compiled
functions run over the episodes in order, so that temporal operators have the past they would have had. Samples stand at
their middle (no noise, the nominal value of every draw), commands are the recorded ones, curriculum levels are where
training leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from ksim_spec.differ.renames import Renames
from ksim_spec.physics.protocol import Starts
from ksim_spec.physics.registry import REFERENCE, make_engine
from ksim_spec.replay.compiled_version import Version
from ksim_spec.replay.recording import Joint, Recording, joints_of
from ksim_spec.task.functions import Moment, TaskFunctions
from ksim_spec.task.task import Task, where_rows

ActFn = Callable[[Mapping[str, Any], Any], Any]  # observations (T, E, L) by group and where episodes begin, to actions
ROWS = 2048  # states that are made current in one call


@dataclass(frozen=True)
class Evaluation:
    """What a version makes of every state: weighted reward per second of each term, their sum, and which rules fire.

    `force_TEV` is what the actuators exert under a policy's action, by degree of freedom of the recorded model; None
    where no policy was given.
    """

    terms: dict[str, Float[np.ndarray, "T E"]]
    total_TE: Float[np.ndarray, "T E"]
    rules: dict[str, Bool[np.ndarray, "T E"]]
    force_TEV: Float[np.ndarray, "T E V"] | None = None


class Replay:
    """A version of a task that is evaluated on a recording in place of being stepped.

    `renames` say what the version calls what was recorded: joints, actuators, commands. `task` is the version with an
    engine that shows `ROWS` states at a time; `functions` are the version's own, for the recorded environments.
    """

    def __init__(self, version: Version, recording: Recording, renames: Renames | None = None) -> None:
        self.version, self.recording, self.renames = version, recording, renames or Renames()
        self.steps, self.num_envs = recording.time_TE.shape
        self.functions = TaskFunctions(version.module, self.num_envs)
        self.task = _task_that_looks(version, min(ROWS, self.steps * self.num_envs))
        self.given = {**self.functions.params, "lv": {k: jnp.float32(v) for k, v in version.levels.items()}}
        self.pairs = paired(recording.joints, joints_of(version.model), self.renames)
        self.draws = self._middle()
        self.command = self._commands()
        self.action_TEA = self._actions()

    # What the version is given ----------------------------------------------------------------------------------------

    def _middle(self) -> dict[str, Any]:
        """Every standard sample at its median."""
        middles = {"normal": 0.0, "uniform": 0.5}
        return {
            n: jnp.full((self.num_envs, *shape), middles[kind]) for n, (kind, _, shape) in self.task.streams.items()
        }

    def _commands(self) -> dict[str, dict[str, Any]]:
        """The recorded commands as (T, E); fields that were not recorded stand at the middle of their draw."""
        drawn, _ = self.functions.new_commands(self.draws, self.given)
        shape, recorded = self.recording.time_TE.shape, called(self.recording.command, self.renames)
        return {
            block: {f: jnp.asarray(recorded.get(f"{block}.{f}", np.broadcast_to(x, shape))) for f, x in fields.items()}
            for block, fields in drawn.items()
        }  # fmt: skip

    def _actions(self) -> Any:
        """The recorded actions, number by number for what they drive; zero for what nothing drove."""
        names = [self.renames.name("actuator", self.renames.name("joint", n)) for n in self.recording.action_names]
        known = {name: i for i, name in enumerate(names)}
        action = np.zeros((self.steps, self.num_envs, self.task.action_size), np.float32)
        for i, name in enumerate(self.version.action_names):
            if name in known:
                action[..., i] = self.recording.action_TEA[..., known[name]]
        return jnp.asarray(action)

    def _carried(self, qpos: np.ndarray, qvel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns recorded states (N, ...) as states of this model; joints that nobody recorded stand at zero."""
        model = self.version.model
        q = np.tile(model.qpos0.astype(np.float32), (len(qpos), 1))
        v = np.zeros((len(qvel), model.nv), np.float32)
        for a, b in self.pairs:
            q[:, b.qpos], v[:, b.qvel] = qpos[:, a.qpos], qvel[:, a.qvel]
        return q, v

    # Evaluating -------------------------------------------------------------------------------------------------------

    def look(self, qpos: np.ndarray, qvel: np.ndarray, action: Any) -> dict[str, np.ndarray]:
        """Returns the simulator arrays of N recorded states under N actions, all of them current."""
        engine, count = self.task.engine, len(qpos)
        rows = engine.config.num_envs
        padded = -(-count // rows) * rows
        q, v = (np.resize(x, (padded, x.shape[1])) for x in self._carried(qpos, qvel))
        control = jax.jit(self.functions.controls)(action, self.given)
        activation = self.functions.activations(control)
        given = [control] if activation is None else [control, activation]
        given = [np.resize(np.asarray(x), (padded, x.shape[1])) for x in given]
        read = jax.jit(lambda starts: engine.init(starts, {})[1])
        parts = [read(Starts(*(jnp.asarray(x[i : i + rows]) for x in (q, v, *given)))) for i in range(0, padded, rows)]
        return {k: np.concatenate([np.asarray(part[k]) for part in parts])[:count] for k in parts[0]}

    def _grid(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {k: x.reshape(self.steps, self.num_envs, *x.shape[1:]) for k, x in rows.items()}

    def evaluate(self, act: ActFn | None = None) -> Evaluation:
        """Returns what the version makes of the recording; `act` maps observations to the actions of a policy."""
        r, flat = self.recording, self.steps * self.num_envs
        action = self.action_TEA.reshape(flat, -1)
        after = self._grid(self.look(r.qpos_TEQ.reshape(flat, -1), r.qvel_TEV.reshape(flat, -1), action))
        begins = r.begins_TE.reshape(flat)
        qpos, qvel = (x.reshape(flat, -1)[begins] for x in (r.start_qpos_TEQ, r.start_qvel_TEV))
        found = self.look(qpos, qvel, jnp.zeros((int(begins.sum()), self.task.action_size)))
        start = {}
        for k, x in found.items():
            whole = np.zeros((flat, *x.shape[1:]), np.float32)
            whole[begins] = x
            start[k] = whole
        seen = jax.device_get(self._scan(after, self._grid(start)))
        dt, valid = self.task.control_dt, r.valid_TE
        terms = {k: np.where(valid, x / dt, 0.0) for k, x in seen["terms"].items()}
        rules = {k: np.asarray(x, bool) & valid for k, x in seen["rules"].items()}
        force = None if act is None else self._forces(act, seen["obs"])
        return Evaluation(terms, np.where(valid, seen["total"] / dt, 0.0), rules, force)

    def _scan(self, after: dict[str, np.ndarray], start: dict[str, np.ndarray]) -> dict[str, Any]:
        r, functions, given = self.recording, self.functions, self.given
        nothing, begin = jnp.zeros(self.action_TEA.shape[1:]), jnp.zeros(self.num_envs)

        def one(memory: Any, x: Any) -> Any:
            start = Moment(x["start"], nothing, x["command"], begin, {}, self.draws)
            memory = where_rows(x["begins"], functions.advance(start, None, given)[1], memory)
            moment = Moment(x["after"], x["action"], x["command"], x["time"], {}, self.draws)
            values, memory = functions.advance(moment, memory, given)
            moment = moment._replace(temporal=values)
            total, terms = functions.rewards(moment, given)
            seen = {"total": total, "terms": terms, "rules": functions.terminations(moment, given)}
            return memory, {**seen, "obs": functions.observe(moment, given)[self.task.actor_group]}

        xs = {
            "after": after, "start": start, "command": self.command, "action": self.action_TEA, "time": r.time_TE,
            "begins": r.begins_TE,
        }  # fmt: skip
        return jax.jit(lambda xs: jax.lax.scan(one, functions.blank_memory(), xs)[1])(xs)

    def _forces(self, act: ActFn, obs_TEO: np.ndarray) -> np.ndarray:
        """Returns the forces of the actuators under a policy's actions, by recorded degree of freedom."""
        r, flat = self.recording, self.steps * self.num_envs
        action = jax.jit(act)({self.task.actor_group: obs_TEO}, r.begins_TE).reshape(flat, -1)
        found = self.look(r.qpos_TEQ.reshape(flat, -1), r.qvel_TEV.reshape(flat, -1), action)["qfrc_actuator"]
        force = np.zeros_like(r.qvel_TEV)
        for a, b in self.pairs:
            force[..., a.qvel] = found.reshape(self.steps, self.num_envs, -1)[..., b.qvel]
        return np.where(r.valid_TE[..., None], force, 0.0)


def _task_that_looks(version: Version, rows: int) -> Task:
    """Returns the task on an engine that makes its states wholly current and shows the actuators' forces too."""
    config = Task.engine_config(version.module, rows)
    reads = tuple(dict.fromkeys((*config.reads, "qfrc_actuator")))
    return Task(
        version.module,
        make_engine(REFERENCE, version.model, replace(config, stage="acc", fields=(), settle=0, reads=reads)),
    )


def called(command: Mapping[str, np.ndarray], renames: Renames) -> dict[str, np.ndarray]:
    """Returns recorded commands by what a version calls them."""
    return {renames.name("command", name): x for name, x in command.items()}


def paired(recorded: tuple[Joint, ...], own: tuple[Joint, ...], renames: Renames) -> list[tuple[Joint, Joint]]:
    """Returns which joint of a model stands for which recorded one: that of its name, else the next of its kind."""
    by_name = {j.name: j for j in own if j.name}
    named = [(a, by_name.get(renames.name("joint", a.name))) for a in recorded]
    pairs = [(a, b) for a, b in named if b is not None and b.kind == a.kind]
    taken = {b.qpos.start for _, b in pairs}
    free = [b for b in own if b.qpos.start not in taken]
    for a in (a for a in recorded if all(a is not x for x, _ in pairs)):
        found = next((b for b in free if b.kind == a.kind), None)
        if found is not None:
            free.remove(found)
            pairs.append((a, found))
    return pairs
