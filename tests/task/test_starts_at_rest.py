"""Where an episode begins is where MuJoCo's keyframe is: velocities, activations, mocap bodies, controls."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.compiler import Compiled
from ksim_spec.physics.registry import engine_info
from ksim_spec.task.module import load_module
from ksim_spec.task.task import Task
from tests.tiny_tasks import compiled

# An arm of three joints that gravity pulls at, each held by another kind of actuator with a memory, and a mocap body.
ROBOT = """<mujoco><option timestep="0.005"><flag contact="disable"/></option><worldbody>
  <body name="upper" pos="0 0 1"><joint name="a" axis="0 1 0" damping="0.2" armature="0.05"/><geom size="0.05" pos="0.2 0 0"/>
    <body name="middle" pos="0.3 0 0"><joint name="b" axis="0 1 0" damping="0.2" armature="0.05"/><geom size="0.04" pos="0.2 0 0"/>
      <body name="lower" pos="0.3 0 0"><joint name="c" axis="0 1 0" damping="0.2" armature="0.05"/><geom size="0.03" pos="0.2 0 0"/>
  </body></body></body>
  <body name="hand" mocap="true" pos="1 0 1"/>
  </worldbody>
  <actuator>
    <position name="a" joint="a" kp="80" kv="2" timeconst="0.2"/>
    <intvelocity name="b" joint="b" kp="60" kv="2"/>
    <general name="c" joint="c" dyntype="filter" dynprm="0.3" gainprm="40" biastype="affine" biasprm="0 -40 -1"
             ctrllimited="true" ctrlrange="-0.5 0.5"/>
  </actuator>
  <keyframe>{}</keyframe></mujoco>"""
POSE = "0.4 -0.6 0.3"
KEYS = {
    "all of it": f'<key name="home" qpos="{POSE}" qvel="1 0 -0.5" act="0.7 -0.2 0.1" ctrl="0.5 0.1 0.2" '
    'mpos="1.2 0 1.1" mquat="0.8 0 0.6 0"/>',
    "the pose": f'<key name="home" qpos="{POSE}"/>',
}
STEPS = 20
READS = ("qpos", "qvel", "sensordata")


def begun(task: Compiled, engine: str) -> tuple[np.ndarray, ...]:
    """Returns positions, velocities and where the mocap body is, at the start and after each step of doing nothing."""
    module = load_module(task.source, "task.py")
    config = Task.engine_config(module, 2)
    batch = Task(module, engine_info(engine).make(task.binding.scene.model, config))
    state, _ = jax.jit(batch.init)(jax.random.key(0), batch.params)
    seen = [state.now.reads]
    step = jax.jit(batch.step)
    for _ in range(STEPS):
        state, _, info = step(state, jnp.zeros((2, batch.action_size)), batch.params)
        seen.append(info.reads)
    return tuple(np.stack([np.asarray(r[name][0]) for r in seen]) for name in READS)


def expected(robot: str, control: list[float], activation: list[float] | None) -> tuple[np.ndarray, ...]:
    """The same of MuJoCo alone, from its keyframe; the activations are those of the keyframe unless given."""
    model = mujoco.MjModel.from_xml_string(robot)
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    data.ctrl[:] = control
    if activation is not None:
        data.act[:] = activation
    rows = [(data.qpos.copy(), data.qvel.copy(), data.mocap_pos[0].copy())]
    for _ in range(STEPS):
        mujoco.mj_step(model, data, 4)
        rows.append((data.qpos.copy(), data.qvel.copy(), data.mocap_pos[0].copy()))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize("engine", ["cpu", "mjx"])
@pytest.mark.parametrize(
    ("key", "control", "activation"),
    [
        ("all of it", [0.4, 0.1, 0.2], None),
        # a follows its target, b holds what it integrated, c its bias-exact control (0.3)
        ("the pose", [0.4, 0.0, 0.3], [0.4, -0.6, 0.3]),
    ],
)
def test_an_episode_begins_where_its_keyframe_is(
    tmp_path: Path, engine: str, key: str, control: list[float], activation: list[float] | None
):
    robot = ROBOT.format(KEYS[key])
    task = compiled(
        tmp_path,
        robot,
        robot='  home = keyframe("home")',
        action='  arm = position(joint("a"))  around home  scale 1 rad',
        observe='  q = joint("a").pos\n  there = body("hand").pos',
        reset="  pose home",
    )
    for ours, theirs in zip(begun(task, engine), expected(robot, control, activation), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_task_whose_model_has_no_activations_says_nothing_of_them(tmp_path: Path):
    robot = '<mujoco><worldbody><body><joint name="a"/><geom size="1"/></body></worldbody>{}</mujoco>'
    actuator = '<actuator><motor name="a" joint="a"/></actuator>'
    action = '  a = torque(joint("a"))  scale 1 Nm'
    source = compiled(tmp_path, robot.format(actuator), action=action).source
    assert "activations" not in source and "mocap" not in source
