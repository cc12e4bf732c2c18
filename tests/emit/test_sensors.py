"""The table of MJCF sensors: each has the unit and the frame that its row says, shown by bringing it into the world.

`sensor(…) in world` is compared with a value that MuJoCo computes in the world by another way, so a wrong frame in the
table shows; a wrong unit shows where the spec compares the sensor with a quantity of that unit.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.language.quantities import SENSORS
from ksim_spec.physics.protocol import Starts
from ksim_spec.robot.elements import SENSOR_TAGS
from ksim_spec.robot.scene_request import stage_of
from tests.emit.test_against_mujoco import close, positive, quat_of
from tests.emit.worlds import compile_text, drive, mujoco_state, observed

HERE = Path(__file__).parent
VECTORS = [
    "gyro", "accelerometer", "velocimeter", "magnetometer", "force", "torque", "framexaxis", "frameyaxis",
    "framezaxis", "framelinvel", "frameangvel", "framelinacc", "frameangacc", "subtreecom", "subtreelinvel",
    "subtreeangmom", "framepos", "framequat", "pos_seen", "quat_seen", "axis_seen", "linvel_seen", "angvel_seen",
]  # fmt: skip
# Each with the zero of its own unit, whose addition only checks when the units agree.
SCALARS = {
    "touch": "0 N",
    "rangefinder": "0 m",
    "jointpos": "0 rad",
    "jointvel": "0 rad/s",
    "slidepos": "0 m",
    "slidevel": "0 m/s",
    "actuatorpos": "0 rad",
    "actuatorvel": "0 rad/s",
    "actuatorfrc": "0 Nm",
    "slidefrc": "0 N",
    "jointactuatorfrc": "0 Nm",
}
UNITS = {
    "gyro": "rad/s", "accelerometer": "m/s^2", "velocimeter": "m/s", "magnetometer": "", "force": "N", "torque": "Nm",
    "framepos": "m", "framexaxis": "", "frameyaxis": "", "framezaxis": "", "framelinvel": "m/s", "frameangvel": "rad/s",
    "framelinacc": "m/s^2", "frameangacc": "rad/s^2", "subtreecom": "m", "subtreelinvel": "m/s",
    "subtreeangmom": "kg*m^2/s",
}  # fmt: skip
SPEC = (
    f"""
task sensors
robot "{HERE}/sensors.xml" {{
}}
world {{
  floor = plane
}}
action {{
  push = torque(joints("hinge")) scale 1 Nm
  pull = torque(joints("slider")) scale 1 N
}}
observe actor {{
  one = joint("hinge").pos
}}
observe critic {{
"""
    + "\n".join(
        [f'{n} = sensor("{n}") in world' for n in VECTORS]
        + [f'{n} = sensor("{n}") + {zero}' for n, zero in SCALARS.items()]
        + [f'raw_{n} = sensor("{n}")' for n in ("framequat", "quat_seen")]
        + [f'unit_{n} = sensor("{n}").x + 0 {u}' for n, u in UNITS.items()]
    )
    + "\n}\n"
)


@cache
def world(folder: Any) -> Any:
    compiled = compile_text(folder, SPEC)
    model, rng, envs = compiled.binding.scene.model, np.random.default_rng(5), 16
    qpos = rng.normal(size=(envs, model.nq)) * 0.3
    qpos[:, 2] = rng.uniform(0.2, 0.5, envs)
    qpos[:, 3:7] += rng.choice([-1, 1], (envs, 1)) * [1, 0, 0, 0]
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    starts = Starts(*(jnp.asarray(x, jnp.float32) for x in (qpos, rng.normal(size=(envs, model.nv)))))
    engine, reads = drive(compiled, starts, 2, rng)
    return engine, [(mujoco_state(engine, i), observed(compiled, reads, i)) for i in range(envs)], compiled


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return world(tmp_path_factory.mktemp("sensors"))


def test_every_row_of_the_table_is_tried(rows: Any) -> None:
    model = rows[0].model
    tried = {mujoco.mjtSensor(int(t)).name.removeprefix("mjSENS_").lower() for t in model.sensor_type}
    assert set(SENSORS) == {SENSOR_TAGS.get(word, word) for word in tried}


def test_the_stage_of_every_row_is_mujocos(rows: Any) -> None:
    model = rows[0].model
    for number, kind in enumerate(model.sensor_type):
        word = mujoco.mjtSensor(int(kind)).name.removeprefix("mjSENS_").lower()
        assert SENSORS[SENSOR_TAGS.get(word) or word].stage == stage_of(model.sensor_needstage[number]), word


def spatial(model: Any, data: Any, call: Any, name: str, kind: Any = mujoco.mjtObj.mjOBJ_SITE) -> tuple[Any, Any]:
    """Returns (linear, angular) of `mj_objectVelocity` or `mj_objectAcceleration` in the world's axes."""
    out = np.zeros(6)
    owner = model.site(name) if kind == mujoco.mjtObj.mjOBJ_SITE else model.body(name)
    call(model, data, kind, owner.id, out, 0)
    return out[3:], out[:3]


def test_velocities(rows: Any) -> None:
    engine, found, _ = rows
    for data, seen in found:
        linear, angular = spatial(engine.model, data, mujoco.mj_objectVelocity, "imu")
        close(seen["gyro"], angular, "gyro")
        close(seen["velocimeter"], linear, "velocimeter")
        linear, angular = spatial(engine.model, data, mujoco.mj_objectVelocity, "end")
        close(seen["framelinvel"], linear, "framelinvel")
        close(seen["frameangvel"], angular, "frameangvel")


def test_accelerations(rows: Any) -> None:
    """An accelerometer feels gravity as an upward acceleration, which is also how MuJoCo's cacc has it."""
    engine, found, _ = rows
    for data, seen in found:
        linear, _ = spatial(engine.model, data, mujoco.mj_objectAcceleration, "imu")
        close(seen["accelerometer"], linear, "accelerometer", 1e-4)
        linear, angular = spatial(engine.model, data, mujoco.mj_objectAcceleration, "end")
        close(seen["framelinacc"], linear, "framelinacc", 1e-4)
        close(seen["frameangacc"], angular, "frameangacc", 1e-4)


def test_poses(rows: Any) -> None:
    engine, found, _ = rows
    for data, seen in found:
        arm = data.body("arm").xmat.reshape(3, 3)
        close(seen["framepos"], data.site("end").xpos, "framepos")
        close(seen["pos_seen"], data.site("end").xpos, "framepos with a reference, back in the world")
        close(seen["framequat"], positive(data.body("arm").xquat), "framequat")
        close(seen["quat_seen"], quat_of(data.site("end").xmat.reshape(3, 3)), "framequat with a reference")
        for i, axis in enumerate("xyz"):
            close(seen[f"frame{axis}axis"], arm[:, i], axis)
        close(seen["axis_seen"], arm[:, 2], "framezaxis with a reference")
        close(seen["magnetometer"], engine.model.opt.magnetic, "magnetometer")
        assert seen["raw_framequat"][0] >= 0 and seen["raw_quat_seen"][0] >= 0


def test_velocities_with_a_reference_are_relative_to_its_motion(rows: Any) -> None:
    engine, found, _ = rows
    model = engine.model
    for data, seen in found:
        v, w = spatial(model, data, mujoco.mj_objectVelocity, "end")
        v0, w0 = spatial(model, data, mujoco.mj_objectVelocity, "hull", mujoco.mjtObj.mjOBJ_XBODY)
        arm = data.site("end").xpos - data.body("hull").xpos
        close(seen["linvel_seen"], v - v0 - np.cross(w0, arm), "framelinvel with a reference")
        close(seen["angvel_seen"], w - w0, "frameangvel with a reference")


def test_whole_bodies(rows: Any) -> None:
    engine, found, _ = rows
    i = engine.model.body("arm").id
    for data, seen in found:
        close(seen["subtreecom"], data.subtree_com[i], "subtreecom")
        close(seen["subtreelinvel"], data.subtree_linvel[i], "subtreelinvel")
        close(seen["subtreeangmom"], data.subtree_angmom[i], "subtreeangmom")


def test_forces_between_bodies(rows: Any) -> None:
    """A force sensor shows what the parent exerts on the child's side: cfrc_int, about the site."""
    engine, found, _ = rows
    model = engine.model
    arm, root = model.body("arm").id, model.body_rootid[model.body("arm").id]
    for data, seen in found:
        close(seen["force"], data.cfrc_int[arm, 3:], "force", 1e-4)
        moved = data.cfrc_int[arm, :3] - np.cross(data.site("wrist").xpos - data.subtree_com[root], seen["force"])
        close(seen["torque"], moved, "torque", 1e-4)


def test_scalars(rows: Any) -> None:
    engine, found, _ = rows
    touched = []
    for data, seen in found:
        close(seen["jointpos"], data.joint("hinge").qpos, "jointpos")
        close(seen["jointvel"], data.joint("hinge").qvel, "jointvel")
        close(seen["slidepos"], data.joint("slider").qpos, "slidepos")
        close(seen["slidevel"], data.joint("slider").qvel, "slidevel")
        close(seen["actuatorpos"], 2 * data.joint("hinge").qpos[0], "actuatorpos")
        close(seen["actuatorfrc"], data.actuator_force[0], "actuatorfrc")
        close(seen["jointactuatorfrc"], 2 * data.actuator_force[0], "jointactuatorfrc")
        pushed = 0.0
        for i in range(data.ncon):
            wrench = np.zeros(6)
            mujoco.mj_contactForce(engine.model, data, i, wrench)
            pushed += wrench[0]
        touched.append(pushed)
        close(seen["touch"], pushed, "touch", 1e-4)
    assert max(touched) > 1
