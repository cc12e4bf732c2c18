"""The MJX engine: MuJoCo written in JAX, mapped over environments. For accelerators, and to check the CPU engine with."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax import Array
from mujoco import mjx

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.physics.functional import FunctionalEngine, Row


class MjxEngine(FunctionalEngine):
    """Implements `protocol.Engine` with MJX-JAX."""

    name = "mjx"

    def _put(self, model: mujoco.MjModel) -> tuple[Any, Any]:
        device_model = mjx.put_model(model, impl="jax")
        data = mjx.make_data(device_model)
        if data._impl.ncon == 0:
            device_model = _without_contact_sensors(device_model)
        if "dof_frictionloss" in self.config.fields:  # MJX decides by the nominal values which joints have friction
            friction = np.ones(model.nv, bool)
            device_model = device_model.tree_replace({"_impl.dof_hasfrictionloss": friction})
            data = mjx.make_data(device_model)
        return device_model, data

    def _substeps(self, model: Any, data: Any, ctrl_KU: Array) -> Any:
        # only the state is carried, so that XLA drops what no one reads between the physics steps
        def one(row: Row, ctrl_U: Array) -> tuple[Row, None]:
            after = mjx.step(model, data.replace(**row._asdict(), ctrl=ctrl_U))
            return Row(*(getattr(after, name) for name in Row._fields)), None

        row = Row(*(getattr(data, name) for name in Row._fields))
        controls = jnp.broadcast_to(ctrl_KU, (self.config.substeps, ctrl_KU.shape[-1]))
        row, _ = jax.lax.scan(one, row, controls)
        return data.replace(**row._asdict(), ctrl=controls[-1])

    def _current(self, model: Any, data: Any) -> Any:
        if self.config.stage == "acc":
            data = mjx.forward(model, data)
            # without constraints MJX ends before the sensors of this stage
            return mjx.sensor_acc(model, data) if data._impl.efc_J.size == 0 else data
        data = mjx.sensor_pos(model, mjx.fwd_position(model, data))
        if self.config.stage == "vel":
            data = mjx.sensor_vel(model, mjx.fwd_velocity(model, data))
        return data


def _without_contact_sensors(device_model: Any) -> Any:
    """Returns the model with its contact sensors made inert (reading zero): MJX fails on them where nothing can touch."""
    types = np.where(
        device_model.sensor_type == mujoco.mjtSensor.mjSENS_CONTACT, mujoco.mjtSensor.mjSENS_USER,
        device_model.sensor_type,
    )
    return device_model.replace(sensor_type=types)


def ignored_features(model: mujoco.MjModel) -> list[Diagnostic]:
    """Returns a warning for every feature of the model that MJX steps over without a word."""
    flags = model.opt.enableflags
    found = {
        "actuator delay": bool(model.nu and np.any(model.actuator_delay)),
        "the no-slip solver": model.opt.noslip_iterations > 0,
        "sleep": bool(flags & mujoco.mjtEnableBit.mjENBL_SLEEP),
    }
    return [
        Diagnostic("KS723", "engine-ignores", f"the `mjx` engine ignores {what}", severity="warning",
                   help="use the `cpu` engine, or remove it from the model")
        for what, present in found.items() if present
    ]
