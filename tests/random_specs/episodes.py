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
from tests.random_specs.beginnings import ENVS, ROOM
from tests.random_specs.check import Disagreement, close, compiled
from tests.random_specs.driven import Driven
from tests.random_specs.levels import Levels
from tests.random_specs.moments import Expected, Unknown, forward, with_fields
from tests.random_specs.products import Product, Seen

STEPS = 14


class Episodes(Driven):
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
        if not self.p.settles:
            self._starts(rows)
        self._fields(rows, when)
        if when == "run":
            self._drawn_commands(rows, state, None)
        self._observed(rows, state, np.zeros((ENVS, self.p.size)))

    def _model(self, i: int) -> mujoco.MjModel:
        return with_fields(self.p.truth.model, self.env.model, self._drawn_fields(i))

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


def _commands(state: Any) -> dict[str, dict[str, np.ndarray]]:
    return {b: {k: np.asarray(v) for k, v in row.items()} for b, row in state.command.items()}
