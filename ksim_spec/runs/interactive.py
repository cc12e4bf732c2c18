"""A trained policy stepped in real time, one control step a call, while someone watches and steers it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ksim_spec.runs.play import command_row, commanded
from ksim_spec.runs.trained_policy import open_trained
from ksim_spec.viewer.steered import Moment


class Live:
    """One environment under the deterministic policy. Its episodes begin anew by the spec's own rules.

    `ranges` says for every command field `block.field` between which values the spec draws it, in SI units: three
    deviations either side for a normal draw, and one unit either side of a field that is always the same.
    """

    def __init__(
        self, path: Path, command: Mapping[str, float] | None = None, seed: int = 0, agreed: bool = False
    ) -> None:
        """Raises SpecError for a path that is no run, for a command field that is not there, and unless `agreed` where
        the policy was trained in another task than the folder holds.
        """
        self._trained = trained = open_trained(path, 1, agreed=agreed)
        task, spec = trained.task, trained.folder.spec
        self.model, self.step_s, self.body = task.model, task.control_dt, str(task.about["base"] or "")
        self.ranges = {name: _range(spec.command_ranges.get(name)) for name in _fields(spec.commands)}
        self.command: dict[str, float] = {}
        self._init = jax.jit(task.init)

        def step(state: Any, env: Any, memory: Any, params: Any) -> Any:
            memory, action = trained.act(memory, env.obs)
            state, env, _info = task.step(state, action, params)
            seen = state.now.reads["qpos"][0], command_row(env.command), state.now.step_E[0]
            return state, env, memory.after(env.done), seen

        self._step = jax.jit(step)
        self._key = jax.random.key(seed)
        self.steer(command or {})
        self.restart()

    def steer(self, command: Mapping[str, float]) -> None:
        """Fixes these command fields from the next control step on, and only these; raises SpecError for others."""
        self._now = commanded(self._trained, command)
        self.command, self._redraw = dict(command), True

    def restart(self) -> None:
        """Begins a new episode."""
        self._key, key = jax.random.split(self._key)
        self._state, self._env = self._init(key, self._now)
        self._memory = self._trained.start()
        self._redraw = False

    def step(self) -> Moment:
        """Advances by one control step and returns what is to be seen then."""
        if self._redraw:
            now = self._state.now
            due = {name: np.zeros_like(left) for name, left in now.command_left.items()}
            self._state, self._redraw = self._state._replace(now=now._replace(command_left=due)), False
        stepped = self._step(self._state, self._env, self._memory, self._now)
        self._state, self._env, self._memory, seen = stepped
        qpos_Q, command_C, step = jax.device_get(seen)
        command_C = np.asarray(command_C, float) if len(command_C) else None
        return Moment(np.asarray(qpos_Q, float), command_C, float(step) * self.step_s)

    def paced(self, seconds: float | None, frame_s: float) -> Iterator[Moment]:
        """Yields a moment for every frame to be drawn, in real time, or as fast as it goes where that is slower."""
        self.step()  # compiles
        begin, steps = time.perf_counter(), 0
        while seconds is None or steps * self.step_s < seconds:
            due = max(1, int((time.perf_counter() - begin) / self.step_s) - steps)
            late = due * self.step_s > 4 * frame_s
            due = 1 if late else due
            for _ in range(due):
                moment = self.step()
            steps += due
            if late:  # what was missed is not made up for
                begin = time.perf_counter() - steps * self.step_s
            yield moment
            time.sleep(max(0.0, begin + steps * self.step_s - time.perf_counter()))


def _fields(commands: Mapping[str, Any]) -> list[str]:
    return [f"{block}.{name}" for block, names in commands.items() for name in names]


def _range(ends: tuple[float, float] | None) -> tuple[float, float]:
    """Returns the ends for a slider; one either side of zero where they are not known."""
    low, high = ends or (0.0, 0.0)
    return (low, high) if low < high else (low - 1.0, low + 1.0)
