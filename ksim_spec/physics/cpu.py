"""The CPU engine: C MuJoCo on all cores, called from inside the compiled program.

`Physics` is a serial number; the simulations themselves live on the host (see `host`), so a physics value must be used
once, in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax import Array
from jaxtyping import Bool, Float
from mujoco.batch import Batch

from ksim_spec.physics.cpu_callback import call_host
from ksim_spec.physics.cpu_host import TAKE_ANY, Host, needs_data
from ksim_spec.physics.cpu_packing import Columns
from ksim_spec.physics.fields import model_field, small_model
from ksim_spec.physics.protocol import EngineConfig, Fields, Reads, Starts
from ksim_spec.physics.registry import EngineInfo


def keeps_data(model: mujoco.MjModel, config: EngineConfig) -> bool:
    """Returns whether to keep an MjData for every simulation: a step then goes on from the stage the last one ended at.

    Measured (cheetah, humanoid; two cores): twice the speed at 64 environments and stage `vel`, 5 to 30 percent slower
    from 256 environments on, where the data no longer stay in the cache.
    """
    return needs_data(model) or (config.stage == "vel" and config.num_envs <= 128)


class CpuEngine:
    """Implements `protocol.Engine` with `mujoco.batch.Batch`; bit-identical at any number of threads."""

    name = "cpu"

    def __init__(
        self, model: mujoco.MjModel, config: EngineConfig, nthread: int = 0, persistent: bool | None = None
    ) -> None:
        self.model, self.config = model, config
        self.host = Host(model, config, nthread, keeps_data(model, config) if persistent is None else persistent)

    def init(self, starts: Starts, fields: Fields) -> tuple[Float[Array, ""], Reads]:
        columns, arrays = self._start_columns(starts, fields)
        out = self._call(self.host.init, columns, arrays, extra=1)
        return out[0, -1], self._reads(out)

    def prepare(
        self, physics: Float[Array, ""], mask_E: Bool[Array, "E"], starts: Starts, fields: Fields
    ) -> tuple[Float[Array, ""], Reads]:
        columns, arrays = self._start_columns(starts, fields)
        columns = Columns((("serial", (1,)), ("mask", ()), *columns.shapes))
        out = self._call(self.host.prepare, columns, arrays | self._serial(physics) | {"mask": mask_E}, extra=1)
        return out[0, -1], self._reads(out)

    def step(
        self,
        physics: Float[Array, ""],
        take_E: Bool[Array, "E"],
        ctrl_EKU: Float[Array, "E K nu"],
        dqvel_EV: Float[Array, "E nv"] | None = None,
        xfrc_EB6: Float[Array, "E nbody 6"] | None = None,
    ) -> tuple[Float[Array, ""], Reads, Bool[Array, "E"]]:
        model = self.model
        shapes: dict[str, tuple[int, ...]] = {"serial": (1,), "take": (), "ctrl": (self.config.num_controls, model.nu)}
        take = take_E + TAKE_ANY * take_E.any()  # one number tells the host whether to look further
        arrays = self._serial(physics) | {"take": take, "ctrl": ctrl_EKU}
        if dqvel_EV is not None:
            shapes["dqvel"], arrays["dqvel"] = (model.nv,), dqvel_EV
        if xfrc_EB6 is not None:
            shapes["xfrc"], arrays["xfrc"] = (model.nbody, 6), xfrc_EB6
        out = self._call(self.host.step, Columns.of(shapes), arrays, extra=2)
        reads_ER, fault_E = out[:, :-2], out[:, -2] > 0
        fault_E = fault_E | ~jnp.isfinite(reads_ER).all(axis=1)
        return out[0, -1], self._reads(jnp.where(fault_E[:, None], 0.0, reads_ER)), fault_E

    def can_step(self, physics: Array) -> bool:
        jax.block_until_ready(physics)  # the call that made this physics has to be over
        return int(physics) == self.host.serial

    def export_state(self, physics: Array) -> dict[str, Any]:
        if not self.can_step(physics):
            raise ValueError("only the newest physics state of a CPU engine can be saved")
        return self.host.export()

    def import_state(self, tree: dict[str, Any]) -> Float[Array, ""]:
        return jnp.float32(self.host.restore(tree))

    # -- parts

    def _start_columns(self, starts: Starts, fields: Fields) -> tuple[Columns, dict[str, Any]]:
        model = self.model
        shapes: dict[str, tuple[int, ...]] = {"qpos": (model.nq,), "qvel": (model.nv,)}
        arrays: dict[str, Any] = {"qpos": starts.qpos_EQ, "qvel": starts.qvel_EV}
        if starts.ctrl_EU is not None:
            shapes["ctrl"], arrays["ctrl"] = (model.nu,), starts.ctrl_EU
        if starts.act_EN is not None:
            shapes["act"], arrays["act"] = (model.na,), starts.act_EN
        for name in self.config.fields:
            shapes["field:" + name], arrays["field:" + name] = model_field(model, name).shape, fields[name]
        return Columns.of(shapes), arrays

    def _serial(self, physics: Array) -> dict[str, Array]:
        return {"serial": jnp.broadcast_to(physics, (self.config.num_envs, 1))}

    def _reads(self, out: Array) -> Reads:
        return self.host.reads.unpack(out)

    def _call(
        self,
        function: Callable[[Columns, np.ndarray], np.ndarray],
        columns: Columns,
        arrays: dict[str, Any],
        extra: int,
    ) -> Array:
        num_envs = self.config.num_envs
        shape = (num_envs, self.host.reads.width + extra)
        # the serial number in both arrays orders the calls
        return call_host(partial(function, columns), shape, columns.pack(arrays, num_envs))


def _probe() -> str:
    Batch(small_model(), 2).step()
    return f"mujoco.batch on {os.cpu_count()} cores"


INFO = EngineInfo(
    name=CpuEngine.name,
    make=CpuEngine,
    suits=lambda platform: platform == "cpu",
    probe=_probe,
    preflight=lambda look: iter(()),  # C MuJoCo takes everything
)
