"""The MJX engine: MuJoCo in JAX, mapped over environments. For accelerators, and to check the CPU engine with."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import mujoco
from jax import Array
from mujoco import mjx

from ksim_spec.physics.fields import small_model
from ksim_spec.physics.mjx_base import FunctionalEngine, Row
from ksim_spec.physics.mjx_preflight import mjx_preflight
from ksim_spec.physics.registry import EngineInfo

_LEAST_FRICTION = 1e-9  # Nm or N: no joint feels it


class MjxEngine(FunctionalEngine):
    """Implements `protocol.Engine` with MJX-JAX."""

    name = "mjx"

    def _put(self, model: mujoco.MjModel) -> tuple[Any, Any]:
        device_model = mjx.put_model(model, impl="jax")
        data = mjx.make_data(device_model)
        device_model = _with_working_contact_sensors(device_model, touches=data._impl.ncon > 0)
        if "dof_frictionloss" in self.config.fields:  # MJX decides by the nominal values which joints have friction
            friction = model.dof_frictionloss > 0
            friction[slice(None) if self.config.friction_dofs is None else list(self.config.friction_dofs)] = True
            device_model = device_model.tree_replace({"_impl.dof_hasfrictionloss": friction})
            data = mjx.make_data(device_model)
        return device_model, data

    def _model_with(self, values: dict[str, Array]) -> Any:
        if "dof_frictionloss" in values:  # in MJX no friction at all is a joint that is locked
            friction = jnp.maximum(values["dof_frictionloss"], _LEAST_FRICTION)
            values = {**values, "dof_frictionloss": friction}
        return super()._model_with(values)

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


def _with_working_contact_sensors(device_model: Any, touches: bool) -> Any:
    """Returns the model with its contact sensors changed so that MJX 3.17 computes them.

    It fails on them where nothing can touch: there they are made inert and read zero. And without a reduction it
    reports the first contacts of the whole model, matching or not: there the closest matching ones are asked for,
    which differ from MuJoCo's only in order, or in choice where more match than the sensor has slots.
    """
    types, parameters = device_model.sensor_type.copy(), device_model.sensor_intprm.copy()
    contact = types == int(mujoco.mjtSensor.mjSENS_CONTACT)
    if not touches:
        types[contact] = int(mujoco.mjtSensor.mjSENS_USER)
    parameters[contact & (parameters[:, 1] == 0), 1] = 1
    return device_model.replace(sensor_type=types, sensor_intprm=parameters)


def _probe() -> str:
    mjx.put_model(small_model())
    return f"MJX-JAX on {jax.default_backend()}"


INFO = EngineInfo(
    name=MjxEngine.name,
    make=MjxEngine,
    suits=lambda platform: platform != "cpu",
    probe=_probe,
    preflight=mjx_preflight,
)
