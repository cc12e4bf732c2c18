"""The host half of the CPU engine: two `mujoco.batch.Batch`es and NumPy, called from inside a compiled program.

`main` holds the running simulations, `spare` the start each will have next; taking a spare is copying rows. Everything
here is deterministic: results do not depend on the number of threads, nor on whether `main` keeps an MjData for every
simulation (a question of speed only).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mujoco
import numpy as np
from mujoco.batch import DATA_FIELDS, MODEL_FIELDS, Batch, SimulationError

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.physics.cpu_packing import Columns
from ksim_spec.physics.fields import check_fields, derived_fields, needs_set_const
from ksim_spec.physics.protocol import EngineConfig
from ksim_spec.robot.scene_request import STAGES

NEEDED = {stage: getattr(mujoco.mjtStage, f"mjSTAGE_{stage.upper()}").value for stage in STAGES}
# MuJoCo restarts a simulation by itself after the first three; the last means that a control was not a number
_UNSTABLE = slice(mujoco.mjtWarning.mjWARN_BADQPOS.value, mujoco.mjtWarning.mjWARN_BADCTRL.value + 1)
_SERIALS = 1 << 22  # serial numbers stay exact in float32
_NO_ONE = np.zeros(0, np.int64)
TAKE_ANY = 2.0  # added to the second column, which marks who takes a spare, in every row if anyone does


def needs_data(model: mujoco.MjModel) -> bool:
    """Returns whether MuJoCo can only run the model with an MjData for every simulation."""
    return bool(model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_SLEEP)


def check_reads(names: tuple[str, ...]) -> None:
    """Raises `SpecError` for a name that is not a field of `MjData` with a fixed size."""
    bad = [name for name in names if name not in DATA_FIELDS]
    if bad:
        raise SpecError(
            [
                Diagnostic(
                    rules.NOT_READABLE,
                    f"`{name}` cannot be read from a simulation",
                    help=suggest(name, sorted(DATA_FIELDS), "fields of the simulation"),
                )
                for name in bad
            ]
        )


class Orders(NamedTuple):
    """What one control step does to the simulations.

    `take` are the ids of those that become their spare first, `dqvel` and `xfrc` what is added to the velocities and
    applied to the bodies; `stretches` are (physics steps, controls, stage made current after them).
    """

    take: np.ndarray
    dqvel: np.ndarray | None
    xfrc: np.ndarray | None
    stretches: list[tuple[int, np.ndarray, int]]


class Host:
    """Simulations on the host. Every method takes and returns packed float32 arrays, one row per environment.

    The last output column carries a serial number that the next call must bring back: a physics value used twice would
    otherwise silently continue the wrong simulation. `listener` is shown the orders of every step before they are
    carried out, for who wants to do the same again.
    """

    listener: Callable[[Orders], None] | None = None

    def __init__(self, model: mujoco.MjModel, config: EngineConfig, nthread: int, persistent: bool) -> None:
        check_fields(model, config.fields)
        check_reads(config.reads)
        self.model, self.config = model, config
        self.stage = NEEDED[config.stage]
        self.main = Batch(model, config.num_envs, nthread, persistent)
        self.spare = Batch(model, config.num_envs, nthread, needs_data(model))
        self.default_row = self.main.state[0].copy()
        self.set_const = needs_set_const(config.fields)
        self.fields = [*config.fields, *derived_fields(model, config.fields)]
        self.main_fields = {name: self.main.expand(name) for name in self.fields}
        self.spare_fields = {name: self.spare.expand(name) for name in self.fields}
        self.main_reads = {name: self.main.bind(name) for name in config.reads}
        self.spare_reads = {name: self.spare.bind(name) for name in config.reads}
        self.reads = Columns.of({name: array.shape[1:] for name, array in self.main_reads.items()})
        self.cuts = self.reads.slices()
        self.main_out = np.zeros((config.num_envs, self.reads.width + 2), np.float32)
        self.spare_out = np.zeros((config.num_envs, self.reads.width + 1), np.float32)
        self.pushed = False
        self.ctrl, self.qvel, self.xfrc = (self.main.bind(name) for name in ("ctrl", "qvel", "xfrc_applied"))
        self.warnings = self.main.warning[:, _UNSTABLE, 1]
        self.serial = 0
        self.faulty = False

    # -- starts

    def init(self, columns: Columns, packed: np.ndarray) -> np.ndarray:
        """Begins every environment at its start; returns (reads, serial)."""
        views = columns.views(packed)
        everyone = np.arange(self.config.num_envs, dtype=np.int32)
        self._write_spares(everyone, views)
        self._expand_newly_derived()
        self._take(everyone)
        self.main.warning[...] = 0
        return self._spares_out()

    def prepare(self, columns: Columns, packed: np.ndarray) -> np.ndarray:
        """Replaces the spares that the mask names; returns (reads of spares, serial)."""
        views = columns.views(packed)
        self._check_serial(packed)
        ids = np.flatnonzero(views["mask"]).astype(np.int32)
        if ids.size:
            self._write_spares(ids, views)
        return self._spares_out()

    def _write_spares(self, ids: np.ndarray, views: dict[str, np.ndarray]) -> None:
        self.spare.state[ids] = self.default_row
        if (key := self.config.mocap_key) is not None:
            self.spare.bind("mocap_pos")[ids] = self.model.key_mpos[key].reshape(-1, 3)
            self.spare.bind("mocap_quat")[ids] = self.model.key_mquat[key].reshape(-1, 4)
        for name in ("qpos", "qvel", "ctrl", "act"):
            if name in views:
                self.spare.bind(name)[ids] = views[name][ids]
        for name in self.config.fields:
            self.spare_fields[name][ids] = views["field:" + name][ids]
        settle = [self._settle_spares] if self.config.settle else []
        for call in ([self.spare.set_const] if self.set_const else []) + settle + [self._forward_spares]:
            try:
                call(ids)
            except SimulationError:  # such a start shows itself as a fault once it is stepped
                continue

    def _settle_spares(self, ids: np.ndarray) -> None:
        self.spare.step(ids, nstep=self.config.settle * self.config.substeps)
        self.spare.bind("time")[ids] = 0.0

    def _forward_spares(self, ids: np.ndarray) -> None:
        self.spare.forward(ids, self.stage)

    def _expand_newly_derived(self) -> None:
        """Adopts fields that turned out to depend on the ones given, for values the experiment did not think of."""
        if not self.set_const:
            return
        for name in MODEL_FIELDS:
            if name not in self.spare_fields and self.spare.expanded(name) is not None:
                self.fields.append(name)
                self.main_fields[name], self.spare_fields[name] = self.main.expand(name), self.spare.expand(name)

    def _take(self, ids: np.ndarray) -> None:
        self.main.state[ids] = self.spare.state[ids]
        for name, values in self.main_fields.items():
            values[ids] = self.spare_fields[name][ids]

    def _spares_out(self) -> np.ndarray:
        out = self.spare_out
        self._copy_reads(self.spare_reads, out)
        np.nan_to_num(out, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        out[0, -1] = self._next_serial()
        return out

    # -- steps

    def step(self, columns: Columns, packed: np.ndarray) -> np.ndarray:
        """Advances everyone by one control step; returns (reads, fault, serial)."""
        self._check_serial(packed)
        orders = self._orders(columns, packed)
        if self.listener is not None:
            self.listener(orders)
        if orders.take.size:
            self._take(orders.take)
        if orders.dqvel is not None:
            self.qvel += orders.dqvel
        if orders.xfrc is not None or self.pushed:
            self.xfrc[...] = 0 if orders.xfrc is None else orders.xfrc
            self.pushed = orders.xfrc is not None  # it holds for one control step
        failed = self._advance(orders.stretches)
        out = self.main_out
        self._copy_reads(self.main_reads, out)
        self._mark_faults(out, failed)
        out[0, -1] = self._next_serial()
        return out

    def _orders(self, columns: Columns, packed: np.ndarray) -> Orders:
        cuts = columns.slices()
        take = np.flatnonzero(packed[:, 1] != TAKE_ANY) if packed[0, 1] >= TAKE_ANY else _NO_ONE
        dqvel = packed[:, cuts["dqvel"]] if "dqvel" in cuts else None
        xfrc = packed[:, cuts["xfrc"]].reshape(self.xfrc.shape) if "xfrc" in cuts else None
        return Orders(take, dqvel, xfrc, self._stretches(packed[:, cuts["ctrl"]]))

    def _advance(self, stretches: list[tuple[int, np.ndarray, int]]) -> list[np.ndarray]:
        """Steps in stretches over which no control changes; returns the ids of simulations MuJoCo gave up on."""
        failed: list[np.ndarray] = []
        for nstep, control, stage in stretches:
            self.ctrl[...] = control
            try:
                self.main.step(nstep=nstep, stage=stage)
            except SimulationError as error:
                failed.append(error.ids)
        return failed

    def _stretches(self, ctrl: np.ndarray) -> list[tuple[int, np.ndarray, int]]:
        """Returns (physics steps, controls, stage after them) of each stretch; only the last is made current."""
        total, nu = self.config.substeps, self.model.nu
        if not self.config.control_changes:
            return [(total, ctrl, self.stage)]
        ctrl_EKU = ctrl.reshape(len(ctrl), total, nu)
        changed = (ctrl_EKU[:, 1:] != ctrl_EKU[:, :-1]).any(axis=(0, 2))
        starts = [0, *(np.flatnonzero(changed) + 1).tolist()]
        ends = [*starts[1:], total]
        return [
            (end - start, ctrl_EKU[:, start], self.stage if end == total else 0)
            for start, end in zip(starts, ends, strict=True)
        ]

    def _mark_faults(self, out: np.ndarray, failed: list[np.ndarray]) -> None:
        if self.faulty:
            out[:, -2], self.faulty = 0.0, False
        if not failed and not self.main.warning.any():
            return
        out[self.warnings.any(axis=1), -2] = 1.0
        for ids in failed:
            out[ids, -2] = 1.0
        self.main.warning[...] = 0
        self.faulty = True

    def _copy_reads(self, reads: dict[str, np.ndarray], out: np.ndarray) -> None:
        for name, cut in self.cuts.items():
            out[:, cut] = reads[name].reshape(len(out), -1)

    # -- bookkeeping

    def _check_serial(self, packed: np.ndarray) -> None:
        if packed[0, 0] != self.serial:
            raise RuntimeError(
                "a physics state of the CPU engine was used twice: the simulations live outside of it and have moved "
                "on; keep only the newest, or save with export_state and return with import_state"
            )

    def _next_serial(self) -> int:
        self.serial = (self.serial + 1) % _SERIALS
        return self.serial

    def export(self) -> dict[str, Any]:
        """Returns copies of both batches' whole integration states and of all per-environment fields."""
        return {
            "main": self.main.state.copy(),
            "spare": self.spare.state.copy(),
            "main_fields": {name: values.copy() for name, values in self.main_fields.items()},
            "spare_fields": {name: values.copy() for name, values in self.spare_fields.items()},
        }

    def restore(self, tree: dict[str, Any]) -> int:
        """Writes what `export` returned; returns the serial number that the next call must bring."""
        self.main.state[...] = tree["main"]
        self.spare.state[...] = tree["spare"]
        for batch, own, saved in (
            (self.main, self.main_fields, tree["main_fields"]),
            (self.spare, self.spare_fields, tree["spare_fields"]),
        ):
            for name, values in saved.items():
                if name not in own:
                    own[name] = batch.expand(name)
                own[name][...] = values
        self.main.warning[...] = 0
        return self._next_serial()
