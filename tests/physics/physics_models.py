"""Small models for the engine tests: a four-legged robot on a floor, and a pendulum that can touch nothing."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from ksim_spec.physics.protocol import Starts

_LEGS = "".join(
    f"""
      <body name="leg{i}" pos="{x} {y} 0">
        <joint name="hip{i}" axis="0 1 0" range="-60 60" damping="0.5" armature="0.01"/>
        <geom name="thigh{i}" type="capsule" fromto="0 0 0 0 0 -0.2" size="0.02" mass="0.3"
              contype="0" conaffinity="0"/>
        <geom name="foot{i}" type="sphere" pos="0 0 -0.22" size="0.03" mass="0.1" contype="0" friction="0.8 0.02 0.01"/>
        <site name="foot{i}" pos="0 0 -0.22"/>
      </body>"""
    for i, (x, y) in enumerate([(0.2, 0.12), (0.2, -0.12), (-0.2, 0.12), (-0.2, -0.12)])
)
_SENSORS = "".join(
    f"""
    <framepos name="pos{i}" objtype="site" objname="foot{i}"/>
    <framelinvel name="vel{i}" objtype="site" objname="foot{i}"/>
    <contact name="touch{i}" geom1="foot{i}" geom2="floor" data="found" num="1"/>
    <contact name="force{i}" geom1="foot{i}" geom2="floor" data="force" num="1"/>
    <actuatorfrc name="torque{i}" actuator="hip{i}"/>"""
    for i in range(4)
)
QUADRUPED = f"""
<mujoco model="quadruped">
  <compiler angle="degree" autolimits="true"/>
  <option timestep="0.004" iterations="20" ls_iterations="20"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 0.1" conaffinity="0" friction="0.8 0.02 0.01"/>
    <body name="trunk" pos="0 0 0.25">
      <freejoint/>
      <geom name="trunk" type="box" size="0.25 0.1 0.05" mass="3" contype="0" conaffinity="0"/>
      <site name="imu"/>{_LEGS}
    </body>
  </worldbody>
  <actuator>{"".join(f'<position name="hip{i}" joint="hip{i}" kp="20" kv="0.5"/>' for i in range(4))}</actuator>
  <sensor>
    <gyro name="gyro" site="imu"/>
    <accelerometer name="acc" site="imu"/>{_SENSORS}
  </sensor>
</mujoco>
"""
PENDULUM = """
<mujoco model="pendulum">
  <option timestep="0.01"/>
  <worldbody>
    <body>
      <joint name="pivot" axis="0 1 0"/>
      <geom name="rod" type="capsule" fromto="0 0 0 0 0 -0.5" size="0.02" mass="1"/>
      <site name="tip" pos="0 0 -0.5"/>
      <body pos="0 0 -0.5"><geom name="bob" type="sphere" size="0.05" mass="1"/></body>
    </body>
  </worldbody>
  <actuator><motor name="pivot" joint="pivot"/></actuator>
  <sensor>
    <framepos name="tip" objtype="site" objname="tip"/>
    <contact name="touch" geom1="rod" geom2="bob" data="found force" num="1"/>
    <accelerometer name="acc" site="tip"/>
  </sensor>
</mujoco>
"""


def load(text: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(text)


def starts(model: mujoco.MjModel, num_envs: int, seed: int = 0, height: float = 0.0) -> Starts:
    """Returns random states near the model's default, `height` above it where the base is free."""
    rng = np.random.default_rng(seed)
    qpos_EQ = np.tile(model.qpos0, (num_envs, 1)) + rng.normal(0, 0.05, (num_envs, model.nq))
    if model.nq > model.nv:
        qpos_EQ[:, 2] += height
        qpos_EQ[:, 3:7] /= np.linalg.norm(qpos_EQ[:, 3:7], axis=1, keepdims=True)
    return Starts(jnp.asarray(qpos_EQ, jnp.float32), jnp.asarray(rng.normal(0, 0.3, (num_envs, model.nv)), jnp.float32))


def controls(model: mujoco.MjModel, shape: tuple[int, ...], seed: int = 1) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).uniform(-0.5, 0.5, (*shape, model.nu)), jnp.float32)
