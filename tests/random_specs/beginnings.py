"""Where episodes begin: starts, drawn fields and commands, held against the lines that the spec says."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from tests.random_specs.check import Disagreement, close
from tests.random_specs.drawn import Draw, Line, field_value, servo_of
from tests.random_specs.levels import Levels
from tests.random_specs.products import Product
from tests.random_specs.truth import yaw_of

ENVS = 4
ROOM = 3e-5


class Beginnings:
    """What `Episodes` checks of starts and draws. `taken` environments are still in the spare simulations."""

    p: Product
    env: Any
    host: Any
    levels: Levels
    age: np.ndarray
    taken: np.ndarray
    run_levels: dict[str, np.ndarray]

    def _state(self, i: int) -> np.ndarray:
        return (self.host.spare if self.taken[i] else self.host.main).state[i].copy()

    def _drawn_fields(self, i: int) -> dict[str, np.ndarray]:
        fields = self.host.spare_fields if self.taken[i] else self.host.main_fields
        return {n: np.asarray(fields[n][i]) for n in self.host.config.fields}

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
                    if line.what in ("kp", "kd"):
                        self._meant(composed, fields, line.what, name)
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

    @staticmethod
    def _meant(model: mujoco.MjModel, fields: dict[str, np.ndarray], what: str, joint: str) -> None:
        """A control means the same target after the servo's gain was drawn."""
        a, bias = servo_of(model, joint), model.actuator_biasprm
        column = 1 if bias[a, 1] else 2
        if what == "kd" and column == 1:
            return
        gain, drawn = fields.get("actuator_gainprm", model.actuator_gainprm), fields["actuator_biasprm"]
        was = model.actuator_gainprm[a, 0] / bias[a, column]
        close(f"the control of `{joint}` per target", gain[a, 0] / drawn[a, column], np.array(was), np.array(1e-5))

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
