"""`contact_force` is the whole force of a pair of geoms, however many contacts the pair has."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.physics.protocol import Starts
from ksim_spec.robot.contacts import contact_count
from tests.emit.test_against_mujoco import close, contacts
from tests.emit.worlds import compile_text, drive, mujoco_state, observed

ROUGH = " ".join(f"{x:.3f}" for x in np.random.default_rng(0).random(900))
PRISM = " ".join(f"{0.2 * np.cos(a):.5f} {0.2 * np.sin(a):.5f} {z}" for z in (-0.1, 0.1) for a in np.arange(7) * 0.9)
SHAPES = {
    "plane": 'type="plane" size="5 5 .1"', "hfield": 'type="hfield" hfield="rough"', "sphere": 'type="sphere" size=".2"',
    "capsule": 'type="capsule" size=".1 .2"', "ellipsoid": 'type="ellipsoid" size=".1 .2 .15"',
    "cylinder": 'type="cylinder" size=".2 .1"', "box": 'type="box" size=".2 .1 .1"', "mesh": 'type="mesh" mesh="prism"',
}  # fmt: skip
ASSETS = f"""<asset>
  <hfield name="rough" nrow="30" ncol="30" size="0.6 0.6 0.01 0.1" elevation="{ROUGH}"/>
  <mesh name="prism" vertex="{PRISM}"/>
</asset>"""


def robot(below: str, above: str, height: float, yaw: float, flag: str = "") -> str:
    return f"""<mujoco model="stack">{flag}{ASSETS}
  <worldbody>
    <geom name="below" {SHAPES[below]}/>
    <body name="above" pos="0 0 {height}" euler="0 0 {yaw}">
      <freejoint/>
      <geom name="above" {SHAPES[above]} mass="2"/>
      <body name="arm"><joint name="hinge"/><geom size="0.01" mass="0.001" contype="0" conaffinity="0"/></body>
    </body>
  </worldbody>
  <actuator><motor name="hinge" joint="hinge"/></actuator>
</mujoco>"""


def settled(folder: Any, text: str, steps: int = 40) -> tuple[Any, Any, Any]:
    """Returns what the spec sees of a body at rest, the state there, and the composed scene."""
    path = folder / "robot.xml"
    path.write_text(text)
    compiled = compile_text(
        folder,
        f"""
task stack
robot "{path}" {{
}}
world {{
  floor = robot
}}
action {{
  push = torque(joints("hinge")) scale 1 Nm
}}
observe actor {{
  angle = joint("hinge").pos
}}
observe critic {{
  force = body("above").contact_force
  with_below = geom("above").contact_force with geom("below")
  touching = body("above").contact
}}
""",
    )
    model = compiled.binding.scene.model
    starts = Starts(jnp.asarray(model.qpos0[None], jnp.float32), jnp.zeros((1, model.nv)))
    engine, reads = drive(compiled, starts, steps, np.random.default_rng(0))
    return observed(compiled, reads, 0), mujoco_state(engine, 0), compiled.binding.scene


@pytest.mark.parametrize(
    ("below", "above", "height", "yaw", "least"),
    [("box", "box", 0.2, 45, 5), ("hfield", "box", 0.115, 0, 5), ("plane", "mesh", 0.1, 0, 3), ("box", "cylinder", 0.2, 0, 2)],
)  # fmt: skip
def test_every_contact_counts(tmp_path: Any, below: str, above: str, height: float, yaw: float, least: int) -> None:
    seen, data, _ = settled(tmp_path, robot(below, above, height, yaw))
    _, force = contacts(data.model, data, "body", "above")
    assert data.ncon >= least and bool(seen["touching"])
    close(seen["force"], force, "force", 1e-4)
    close(seen["with_below"], force, "force", 1e-4)
    assert force[2] > 5  # it rests, or nearly


def test_more_slots_than_contacts_add_nothing(tmp_path: Any) -> None:
    seen, data, scene = settled(tmp_path, robot("hfield", "sphere", 0.22, 0))
    _, force = contacts(data.model, data, "body", "above")
    assert len(scene.contacts["body.above.contact_force.outside"]) == mujoco.mjMAXCONPAIR > data.ncon
    close(seen["force"], force, "force", 1e-4)


@pytest.mark.parametrize("flag", ["", '<option><flag multiccd="disable"/></option>'], ids=["", "no multiccd"])
def test_no_placement_has_more_contacts_than_a_pair_has_slots(flag: str) -> None:
    rng = np.random.default_rng(0)
    for below in SHAPES:
        for above in list(SHAPES)[2:]:
            model = mujoco.MjModel.from_xml_string(robot(below, above, 0.0, 0, flag))
            data, most = mujoco.MjData(model), 0
            for _ in range(60):
                tilt = rng.normal(size=3) * rng.choice([0.0, 1e-3, 1.0])
                data.qpos[:3] = rng.normal(size=3) * (0.02, 0.02, 0.15)
                data.qpos[3:7] = np.array([1, *tilt]) / np.linalg.norm([1, *tilt])
                mujoco.mj_fwdPosition(model, data)
                most = max(most, data.ncon)
            a, b = model.geom("below").id, model.geom("above").id
            assert 0 < most <= contact_count(model, a, b) == contact_count(model, b, a), (below, above, most)
