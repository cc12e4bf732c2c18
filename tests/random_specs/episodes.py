"""Steps the compiled task of a product and holds all that it shows against MuJoCo: observations, rewards, terminations,
controls, starts, events, commands, drawn fields.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

import ksim_spec as ks
from tests.random_specs.check import Disagreement, close, compiled
from tests.random_specs.drawn import Draw, Line, field_value
from tests.random_specs.levels import Levels
from tests.random_specs.moments import Expected, Unknown, forward, with_fields
from tests.random_specs.products import Drive, Product, Seen
from tests.random_specs.truth import yaw_of

ENVS, STEPS = 4, 14
ROOM = 3e-5


class Episodes:
    """One product on the CPU engine, step by step."""

    def __init__(self, product: Product, folder: Path, tally: Counter[str], seed: int) -> None:
        self.p, self.tally, self.seed = product, tally, seed
        self.env = ks.make(compiled(product, folder), num_envs=ENVS, backend="cpu")
        engine: Any = self.env.task.engine
        self.host = engine.host
        self.orders: list[Any] = []
        self.host.listener = self.orders.append
        named = {name: e for name, e in product.entries}
        named |= {s.name: s.value for s in product.seen}
        named |= {name: e for name, e, _, _ in product.rewards} | {name: e for name, e, _ in product.rules}
        self.expected = [Expected(product, named) for _ in range(ENVS)]
        self.levels = Levels(tally)
        self.age = np.zeros(ENVS, int)  # control steps of the episode
        self.known = np.ones(ENVS, bool)  # whether MuJoCo can say anything of the episode
        self.past = [[np.zeros(product.size)] for _ in range(ENVS)]  # actions, newest first
        self.delays = [self._delays() for _ in range(ENVS)]
        self.shown: list[dict[str, list[np.ndarray]]] = [{} for _ in range(ENVS)]
        self.clean: list[dict[str, list[np.ndarray]]] = [{} for _ in range(ENVS)]

    def run(self) -> None:
        state = self.env.reset(self.seed)
        self._first(np.ones(ENVS, bool), state, "run")
        rng = np.random.default_rng(self.seed)
        for _ in range(STEPS):
            action = rng.uniform(-1, 1, (ENVS, self.p.size)).astype(np.float32)
            before, model = [self._state(i) for i in range(ENVS)], self._model(0)
            commands = _commands(state)
            state = self.env.step(state, action)
            self._step(state, action, before, model, commands)

    # Where an episode begins ----------------------------------------------------------------------------------------

    def _first(self, rows: np.ndarray, state: Any, when: str) -> None:
        for i in np.flatnonzero(rows):
            self.age[i], self.known[i] = 0, True
            self.expected[i].begin()
            self.past[i], self.delays[i] = [np.zeros(self.p.size)], self._delays()
            self.shown[i], self.clean[i] = {}, {}
        self.taken = rows & (when != "run")  # they live in the spare simulations until the next step
        self._starts(rows)
        self._fields(rows, when)
        if when == "run":
            self._drawn_commands(rows, state, None)
        self._observed(rows, state, np.zeros((ENVS, self.p.size)))

    def _state(self, i: int) -> np.ndarray:
        return (self.host.spare if self.taken[i] else self.host.main).state[i].copy()

    def _drawn_fields(self, i: int) -> dict[str, np.ndarray]:
        fields = self.host.spare_fields if self.taken[i] else self.host.main_fields
        return {n: np.asarray(fields[n][i]) for n in self.host.config.fields}

    def _model(self, i: int) -> mujoco.MjModel:
        return with_fields(self.p.truth.model, self.env.model, self._drawn_fields(i))

    def _starts(self, rows: np.ndarray) -> None:
        model, lines = self.p.truth.model, self.p.drawn.reset
        key = model.key(self.p.pose) if self.p.pose else None
        qpos0, qvel0 = (key.qpos, key.qvel) if key is not None else (model.qpos0, np.zeros(model.nv))
        found: dict[str, np.ndarray] = {}
        for i in np.flatnonzero(rows):
            data = mujoco.MjData(model)
            mujoco.mj_setState(model, data, self._state(i), mujoco.mjtState.mjSTATE_INTEGRATION)
            touched_q, touched_v = np.zeros(model.nq, bool), np.zeros(model.nv, bool)
            for number, line in enumerate(lines):
                for k, name in enumerate(line.names):
                    old, new = _part(model, line.what, name, qpos0, qvel0, touched_q, touched_v), _part(
                        model, line.what, name, data.qpos, data.qvel, touched_q, touched_v)  # fmt: skip
                    label = f"reset.{number}.{line.what}.{'' if line.shared else k}"
                    self._changed(found, label, i, line, old, new, ROOM)
            close("where nothing is set, qpos", data.qpos[~touched_q], qpos0[~touched_q], np.array(ROOM))
            close("where nothing is set, qvel", data.qvel[~touched_v], qvel0[~touched_v], np.array(ROOM))
            if model.nmocap:
                mocap = (
                    key.mpos
                    if key is not None
                    else [model.body_pos[b] for b in range(model.nbody) if model.body_mocapid[b] >= 0]
                )
                close("mocap_pos", data.mocap_pos, np.ravel(mocap), np.array(ROOM))
        self.levels.add(found)

    def _changed(
        self, found: dict[str, np.ndarray], label: str, i: int, line: Line, old: Any, new: Any, room: float
    ) -> None:
        """Holds a change against its line, or notes the level of what was drawn."""
        if not isinstance(line.value, Draw):
            close(label, new, np.array(line.merge(old)), np.array(room * max(1, abs(float(new)))))
            return
        if line.op == "*=" and abs(float(old)) < 0.05:
            return
        drawn = line.drawn(float(old), float(new))
        if line.what == "yaw":
            drawn = (drawn + np.pi) % (2 * np.pi) - np.pi
        if line.what == "height" or room * max(1, abs(float(new))) < 0.01 * line.value.width:
            level = float(line.value.level(drawn))
            row = found.setdefault(label, np.full(ENVS, np.nan))
            if np.isfinite(row[i]) and abs(row[i] - level) > 5e-3:
                raise Disagreement(f"{label} is shared, and draws {row[i]} and {level}")
            row[i] = level

    def _fields(self, rows: np.ndarray, when: str) -> None:
        composed = self.env.model
        found: dict[str, dict[str, np.ndarray]] = {"run": {}, "episode": {}}
        for i in np.flatnonzero(rows):
            fields = self._drawn_fields(i)
            for number, line in enumerate(self.p.drawn.field):
                for k, name in enumerate(line.names):
                    for c in range(3 if line.what in ("com", "gravity") else 1):
                        old, new = (
                            field_value(composed, {}, line, name, c),
                            field_value(composed, fields, line, name, c),
                        )
                        label = f"randomize.{number}.{line.what}.{'' if line.shared else k}.{c}"
                        self._changed(found["run" if line.run else "episode"], label, i, line, old, new, 1e-6)
        self.levels.add(found["episode"])
        if when == "run":
            self.run_levels = found["run"]
            self.levels.add(found["run"], anew=False)
        for label, row in found["run"].items():
            again = rows & np.isfinite(row)
            close(f"{label} per run", row[again], self.run_levels[label][again], np.array(5e-3))

    def _drawn_commands(self, rows: np.ndarray, state: Any, before: Any) -> None:
        """Commands are drawn where rows say so, and stay elsewhere."""
        found: dict[str, np.ndarray] = {}
        for block, fields in self.p.commands.items():
            anew = rows.copy()
            if before is not None and block in self.p.resample:
                anew |= (self.age > 0) & (self.age % self.p.resample[block] == 0)
            for name, draw in fields.items():
                now = np.asarray(state.command[block][name])
                if before is not None:
                    stays = ~anew & ~rows
                    close(f"{block}.{name} between draws", now[stays], before[block][name][stays], np.array(0.0))
                found[f"{block}.{name}"] = np.where(anew, draw.level(now), np.nan)
        self.levels.add(found)

    # What is seen ---------------------------------------------------------------------------------------------------

    def _observed(self, rows: np.ndarray, state: Any, action: np.ndarray) -> None:
        """Holds what is observed of these environments now against MuJoCo."""
        critic, actor = np.asarray(state.observation["critic"]), np.asarray(state.observation["actor"])
        commands, found = _commands(state), {}
        for i in np.flatnonzero(rows):
            wanted = self._wanted(i, action[i], commands)
            if wanted is None:
                continue
            at = 0
            for name, e in self.p.entries:
                want, room = wanted[name]
                close(f"{name} = {e.text} (step {self.age[i]})", critic[i, at : at + want.size], want, room)
                at += want.size
            at = 0
            for s in self.p.seen:
                want, room = wanted[s.name]
                size = want.size * s.history
                self._noisy(s, i, actor[i, at : at + size], want, room, found)
                at += size
            self.tally["values"] += len(wanted)
        self.levels.add(found)

    def _wanted(self, i: int, action: np.ndarray, commands: Any) -> Any:
        if not self.known[i]:
            return None
        try:
            model = self._model(i)
            data = forward(model, self._state(i))
        except Unknown:
            self.known[i] = False
            self.tally["episodes without a value"] += 1
            return None
        mine = {b: {k: float(v[i]) for k, v in row.items()} for b, row in commands.items()}
        return self.expected[i].at(data, model, action, mine, int(self.age[i]))

    def _noisy(
        self, s: Seen, i: int, got: np.ndarray, want: np.ndarray, room: np.ndarray, found: dict[str, np.ndarray]
    ) -> None:
        clean, shown = self.clean[i].setdefault(s.name, []), self.shown[i].setdefault(s.name, [])
        want, room = np.ravel(want), np.ravel(room)
        parts = got.reshape(s.history, -1)
        if shown:
            close(f"{s.name}: what was seen before", parts[1:], shown[-1][:-1], np.zeros(1))
        else:
            close(f"{s.name}: the first sample, repeated", parts, np.repeat(parts[:1], s.history, 0), np.zeros(1))
            clean += [want] * s.delay
        shown.append(parts)
        clean.append(want)
        late = clean[-1 - s.delay]
        newest = parts[0]
        if s.clip is not None:
            if np.abs(newest).max() > s.clip * (1 + 1e-6):
                raise Disagreement(f"{s.name} is clipped to {s.clip}, and is {newest}")
            if np.abs(newest).max() > s.clip * 0.999:
                return
        rest, slack = newest / s.scale - late, np.max(room) + 1e-6 * np.max(np.abs(late), initial=1.0)
        if not np.isfinite(slack):
            return
        draws = [d for d in (s.noise, s.bias) if d is not None]
        if not draws:
            close(f"{s.name}: {s.value.text}", rest, np.zeros_like(rest), np.array(slack + ROOM))
        elif len(draws) == 1 and slack < 0.01 * draws[0].width:
            for k, x in enumerate(rest):
                key = f"{s.name}.{'noise' if s.noise else 'bias'}.{k}"
                level = float(draws[0].level(x))
                if s.bias:
                    known = self.clean[i].setdefault(key, [np.array(level)])[0]
                    if abs(float(known) - level) > 0.02:
                        raise Disagreement(f"{key} moves within an episode: {known} and {level}")
                    if len(shown) > 1:
                        continue
                found.setdefault(key, np.full(ENVS, np.nan))[i] = level

    # A step ---------------------------------------------------------------------------------------------------------

    def _step(
        self, state: Any, action: np.ndarray, before: list[np.ndarray], model: mujoco.MjModel, commands: Any
    ) -> None:
        orders = self.orders[-1]
        self.taken = np.zeros(ENVS, bool)
        controls = np.concatenate([np.repeat(c[None], n, 0) for n, c, _ in orders.stretches])
        found: dict[str, np.ndarray] = {}
        for i in range(ENVS):
            self.past[i].insert(0, np.asarray(action[i], float))
            self._control(i, controls[:, i])
            self._pushed(i, before[i], orders.dqvel, found)
        self.levels.add(found)
        self._replayed(model, before[0], orders, controls)
        self.age += 1
        info, done = state.info, np.asarray(state.done)
        fault = np.asarray(info.fault_E)
        self.known &= ~fault
        for i in np.flatnonzero(~fault):
            self._paid(i, info, self._wanted(i, action[i], commands), done[i])
        self._drawn_commands(done, state, commands)
        self._observed(~done, state, action)
        if done.any():
            self._first_again(done, state)
        self.tally["steps"] += ENVS

    def _first_again(self, done: np.ndarray, state: Any) -> None:
        for i in np.flatnonzero(done):
            self.age[i] = 0
        self._first(done, state, "episode")
        self.tally["episodes"] += int(done.sum())

    def _paid(self, i: int, info: Any, wanted: Any, done: bool) -> None:
        if wanted is None:
            return
        p, due = self.p, {}
        for name, e, weight, event in p.rewards:
            want, room = wanted[name]
            factor = weight * (1 if event else p.dt)
            close(f"{name} = {e.text}", np.asarray(info.terms[name])[i], want * factor, room * abs(factor))
        for name, e, outcome in p.rules:
            want, room = wanted[name]
            if np.isfinite(room).all():
                close(f"{name} when {e.text}", np.asarray(info.rules[name])[i], want, np.array(0.1))
                due[outcome] = due.get(outcome, False) or bool(want)
            else:
                return
        due["truncate"] = due.get("truncate", False) or self.age[i] >= 6
        ended = next((kind for kind in ("fail", "success", "truncate") if due.get(kind)), "")
        for kind, flags in (("fail", info.fail_E), ("success", info.success_E), ("truncate", info.truncated_E)):
            if bool(np.asarray(flags)[i]) != (kind == ended):
                raise Disagreement(f"the episode ends by `{ended}`, and {kind} is {np.asarray(flags)[i]}")
        if done != bool(ended):
            raise Disagreement(f"done is {done} where `{ended}` ended the episode")

    def _delays(self) -> list[set[int]]:
        return [set(range(d.delay[0], d.delay[1] + 1)) for d in self.p.drives]

    def _control(self, i: int, controls_SU: np.ndarray) -> None:
        """What every actuator is told in every physics step: by an action of now or, by one delay, of before."""
        model, driven = self.p.truth.model, set()
        for d, left in zip(self.p.drives, self.delays[i], strict=True):
            ids = [model.actuator(a).id for a in d.actuators]
            driven |= set(ids)
            fit = {delay for delay in left if self._told(d, ids, i, controls_SU, delay)}
            if not fit:
                raise Disagreement(f"{d}: no delay of {left} gives the controls {controls_SU[:, ids]}")
            left &= fit
        key = model.key(self.p.pose) if self.p.pose else None
        if key is not None and np.any(key.ctrl):
            rest = [u for u in range(model.nu) if u not in driven]
            close("controls that nothing drives", controls_SU[0, rest], key.ctrl[rest], np.array(ROOM))

    def _told(self, d: Drive, ids: list[int], i: int, controls_SU: np.ndarray, delay: int) -> bool:
        model, n = self.p.truth.model, len(controls_SU)
        for k, control in enumerate(controls_SU):
            age = max(0, -((k - delay) // n))
            action = self.past[i][age] if age < len(self.past[i]) else np.zeros(self.p.size)
            target = d.around + d.scale * action[d.first : d.first + len(ids)]
            gear, gain = model.actuator_gear[ids, 0], model.actuator_gainprm[ids, 0]
            want = target / (gear * gain) if d.mode == "torque" else target * gear
            if np.abs(control[ids] - want).max() > ROOM * max(1, np.abs(want).max()):
                return False
        return True

    def _pushed(self, i: int, before: np.ndarray, dqvel: Any, found: dict[str, np.ndarray]) -> None:
        model, drawn = self.p.truth.model, self.p.drawn
        if dqvel is None:
            return
        now = self.age[i] > 0 and self.age[i] % drawn.every == 0
        if not now:
            close("a push before its time", dqvel[i], np.zeros(model.nv), np.zeros(1))
            return
        data = mujoco.MjData(model)
        mujoco.mj_setState(model, data, before, mujoco.mjtState.mjSTATE_INTEGRATION)
        touched = np.zeros(model.nv, bool)
        for number, line in enumerate(drawn.event):
            for k, name in enumerate(line.names):
                dof = int(model.joint(name).dofadr[0])
                touched[dof] = True
                old, label = float(data.qvel[dof]), f"event.{number}.{'' if line.shared else k}"
                self._changed(found, label, i, line, old, old + float(dqvel[i, dof]), 1e-5 * max(1.0, abs(old)))
        close("a push of other joints", dqvel[i][~touched], np.zeros(int((~touched).sum())), np.zeros(1))

    def _replayed(self, model: mujoco.MjModel, before: np.ndarray, orders: Any, controls: np.ndarray) -> None:
        """The first environment goes where plain MuJoCo goes, from where it was, under the same controls."""
        if not self.known[0] or not np.isfinite(before).all():
            return
        data = mujoco.MjData(model)
        mujoco.mj_setState(model, data, before, mujoco.mjtState.mjSTATE_INTEGRATION)
        if orders.dqvel is not None:
            data.qvel += orders.dqvel[0]
        for control in controls[:, 0]:
            data.ctrl[:] = control
            mujoco.mj_step(model, data)
        after = mujoco.MjData(model)
        mujoco.mj_setState(model, after, self.host.main.state[0], mujoco.mjtState.mjSTATE_INTEGRATION)
        if any(w.number for w in data.warning) or np.abs(data.qvel).max(initial=0) > 100:
            return
        close("qpos after MuJoCo's own steps", after.qpos, data.qpos, np.array(1e-4))
        room = 1e-3 * max(1.0, float(np.abs(data.qvel).max(initial=0)))
        close("qvel after MuJoCo's own steps", after.qvel, data.qvel, np.array(room))


def _commands(state: Any) -> dict[str, dict[str, np.ndarray]]:
    return {b: {k: np.asarray(v) for k, v in row.items()} for b, row in state.command.items()}


def _part(model: mujoco.MjModel, what: str, name: str, qpos: Any, qvel: Any, q: np.ndarray, v: np.ndarray) -> float:
    """Returns the number of the state that a line of `reset` speaks of, and marks what it may change."""
    if what.startswith("joint"):
        joint = model.joint(name)
        at, dof = int(joint.qposadr[0]), int(joint.dofadr[0])
        if what == "joint_pos":
            q[at] = True
            return float(qpos[at])
        v[dof] = True
        return float(qvel[dof])
    joint = int(model.body(name).jntadr[0])
    at, dof = int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint])
    if what in ("pos.x", "height"):
        k = at + (0 if what == "pos.x" else 2)
        q[k] = True
        return float(qpos[k])
    if what == "linvel.y":
        v[dof + 1] = True
        return float(qvel[dof + 1])
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.array(qpos[at + 3 : at + 7]) / np.linalg.norm(qpos[at + 3 : at + 7]))
    if what == "yaw":
        q[at + 3 : at + 7] = True
        return yaw_of(matrix.reshape(3, 3))
    v[dof + 3 : dof + 6] = True
    return float((matrix.reshape(3, 3) @ qvel[dof + 3 : dof + 6])[2])
