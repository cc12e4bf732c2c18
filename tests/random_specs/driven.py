"""What a step does to the simulations: controls, delays, pushes, and where MuJoCo goes from there."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from tests.random_specs.beginnings import ROOM, Beginnings
from tests.random_specs.check import Disagreement, close
from tests.random_specs.products import Drive


class Driven(Beginnings):
    """What `Episodes` checks of controls and pushes. `past` are actions by environment, newest first."""

    known: np.ndarray
    past: list[list[np.ndarray]]
    delays: list[list[set[int]]]

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
                dof = int(model.joint(name).dofadr[0] if line.what == "joint_vel" else model.body(name).dofadr[0] + 1)
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
