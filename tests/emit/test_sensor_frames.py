"""Sensors whose vectors are in the axes of something else, brought into the world, are what MuJoCo computes there.

References are a body's frame, its inertial frame, a camera, a site and a geom; the model is read as it is and as MuJoCo
builds it where elements make others.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.physics.protocol import Starts
from ksim_spec.robot.index import RobotIndex
from tests.emit.test_against_mujoco import close, quat_of
from tests.emit.worlds import compile_text, drive, mujoco_state, observed

OBJ = mujoco.mjtObj
# How MJCF calls a frame: kind of object, name, and whose arrays of MjData hold its position and axes.
FRAMES = {
    "xbody": (OBJ.mjOBJ_XBODY, "hull", "xpos", "xmat"), "body": (OBJ.mjOBJ_BODY, "hull", "xipos", "ximat"),
    "camera": (OBJ.mjOBJ_CAMERA, "eye", "cam_xpos", "cam_xmat"), "site": (OBJ.mjOBJ_SITE, "imu", "site_xpos", "site_xmat"),
    "geom": (OBJ.mjOBJ_GEOM, "hull", "geom_xpos", "geom_xmat"),
}  # fmt: skip
MEASURED = ("framepos", "framequat", "framezaxis", "framelinvel", "frameangvel")
GENERATORS = {"plain": "", "replicate": '<replicate count="2" offset="0 0 1"><site name="mark"/></replicate>'}


def robot(extra: str) -> str:
    sensors = "".join(
        f'<{tag} name="{tag}_{kind}" objtype="site" objname="end" reftype="{kind}" refname="{name}"/>'
        for tag in MEASURED
        for kind, (_, name, _, _) in FRAMES.items()
    )
    return f"""<mujoco model="frames">
  <worldbody>
    {extra}
    <body name="hull" pos="0 0 0.5">
      <freejoint/>
      <geom name="hull" type="box" size="0.1 0.05 0.03" pos="0.2 -0.1 0.1" euler="20 30 40" mass="2"/>
      <geom name="weight" size="0.04" pos="-0.3 0.2 0" mass="1"/>
      <camera name="eye" pos="0.3 0.1 -0.2" euler="70 10 -40"/>
      <site name="imu" pos="0.05 0.02 0.03" euler="20 -10 30"/>
      <body name="arm" pos="0.1 0 0.3">
        <joint name="hinge" axis="0 1 0"/>
        <geom name="arm" size="0.03" fromto="0 0 0 0 0.1 0.3" type="capsule" mass="0.5"/>
        <site name="end" pos="0.02 0.1 0.3" euler="10 20 30"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor name="hinge" joint="hinge"/></actuator>
  <sensor>{sensors}<jointactuatorfrc name="effort" joint="hinge"/></sensor>
</mujoco>"""


def spec(path: Any) -> str:
    lines = "\n  ".join(f'{tag}_{kind} = sensor("{tag}_{kind}") in world' for tag in MEASURED for kind in FRAMES)
    return f"""
task frames
robot "{path}" {{
}}
world {{
  floor = plane
}}
action {{
  push = torque(joints("hinge")) scale 1 Nm
}}
observe actor {{
  effort = sensor("effort")
}}
observe critic {{
  {lines}
}}
"""


@pytest.fixture(params=list(GENERATORS), scope="module")
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("frames")
    path = folder / "robot.xml"
    path.write_text(robot(GENERATORS[request.param]))
    assert RobotIndex.load(path).exact == (request.param == "plain")
    compiled = compile_text(folder, spec(path))
    model, rng, envs = compiled.binding.scene.model, np.random.default_rng(5), 8
    qpos = rng.normal(size=(envs, model.nq))
    qpos[:, 2] = 2.0
    qpos[:, 3:7] /= np.linalg.norm(qpos[:, 3:7], axis=1, keepdims=True)
    starts = Starts(*(jnp.asarray(x, jnp.float32) for x in (qpos, rng.normal(size=(envs, model.nv)))))
    engine, reads = drive(compiled, starts, 2, rng)
    return engine.model, [(mujoco_state(engine, i), observed(compiled, reads, i)) for i in range(envs)]


@pytest.mark.parametrize("kind", list(FRAMES))
def test_a_reference_is_undone_on_the_way_to_the_world(rows: Any, kind: str) -> None:
    model, found = rows
    obj, name, position, _ = FRAMES[kind]
    site, number = model.site("end").id, mujoco.mj_name2id(model, int(obj), name)
    for data, seen in found:
        v, v0 = np.zeros(6), np.zeros(6)
        mujoco.mj_objectVelocity(model, data, OBJ.mjOBJ_SITE, site, v, 0)
        mujoco.mj_objectVelocity(model, data, obj, number, v0, 0)
        matrix, arm = data.site_xmat[site].reshape(3, 3), data.site_xpos[site] - getattr(data, position)[number]
        close(seen[f"framepos_{kind}"], data.site_xpos[site], "framepos")
        close(seen[f"framequat_{kind}"], quat_of(matrix), "framequat")
        close(seen[f"framezaxis_{kind}"], matrix[:, 2], "framezaxis")
        close(seen[f"framelinvel_{kind}"], v[3:] - v0[3:] - np.cross(v0[:3], arm), "framelinvel")
        close(seen[f"frameangvel_{kind}"], v[:3] - v0[:3], "frameangvel")


def test_sensors_of_a_built_model_are_those_of_the_file(tmp_path: Any) -> None:
    """What a sensor is, what it measures and what it refers to; only ids differ."""
    plain, built = (RobotIndex.load(robot(extra)).sensors for extra in GENERATORS.values())
    assert [(s.name, s.tag, s.obj, s.reftype, s.ref, s.dim) for s in built] == [
        (s.name, s.tag, s.obj, s.reftype, s.ref, s.dim) for s in plain
    ]
