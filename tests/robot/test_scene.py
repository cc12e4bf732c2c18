"""The composed scene: floor, sensors, contacts, and the same model from its XML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.robot.contacts import TouchFilter
from ksim_spec.robot.elements import Actuator
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import ContactRequest, SceneRequest, SensorRequest, SiteRequest
from ksim_spec.robot.servo import served
from ksim_spec.robot.static_contacts import Touch
from tests.robot.models import BARKOUR, BIPED, CARTPOLE, HAND, HUMANOID, QUADRUPED


def settled(model: mujoco.MjModel, seconds: float = 0.6) -> mujoco.MjData:
    data = mujoco.MjData(model)
    if model.nkey:
        mujoco.mj_resetDataKeyframe(model, data, 0)
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
    return data


@pytest.mark.parametrize("path", [BIPED, QUADRUPED, HUMANOID, BARKOUR, HAND, CARTPOLE], ids=lambda p: p.stem)
def test_the_xml_gives_the_very_same_model(path: Path) -> None:
    scene = compose(SceneRequest(path, floor=0.7, physics_step=0.003))
    again = mujoco.MjSpec.from_string(scene.xml, assets=scene.assets).compile()
    assert again.opt.timestep == 0.003
    for name in dir(again):
        ours = getattr(scene.model, name)
        if isinstance(ours, np.ndarray) and not name.startswith("_"):
            np.testing.assert_array_equal(ours, getattr(again, name), err_msg=name)


@pytest.mark.parametrize("path", [BIPED, QUADRUPED, HUMANOID, BARKOUR], ids=lambda p: p.stem)
@pytest.mark.parametrize("friction", [0.3, 1.4])
def test_the_floors_friction_rules(path: Path, friction: float) -> None:
    scene = compose(SceneRequest(path, floor=friction))
    data = settled(scene.model)
    floor = scene.model.geom("floor").id
    touching = [c for c in data.contact if floor in c.geom]
    assert touching
    assert all(c.friction[:2] == pytest.approx(friction) for c in touching)
    assert scene.model.geom_type[floor] == mujoco.mjtGeom.mjGEOM_PLANE


def test_a_floor_takes_over_the_feels_of_the_feet() -> None:
    text = """<mujoco><worldbody><body pos="0 0 0.1"><freejoint/><geom size="0.1" {}/></body></worldbody></mujoco>"""
    own_floor = text.replace("<worldbody>", '<worldbody><geom type="plane" size="0 0 1"/>')
    for feel in ('solimp="0.8 0.9 0.02"', 'solref="0.03 0.8" condim="4" priority="1"', 'solref="-900 -60"'):
        before = settled(mujoco.MjModel.from_xml_string(own_floor.format(feel))).contact[0]
        for robot in (text, own_floor):
            after = settled(compose(SceneRequest(robot.format(feel), floor=0.5)).model).contact[0]
            assert np.allclose(after.solref, before.solref) and np.allclose(after.solimp, before.solimp), feel
            assert after.dim == before.dim and after.friction[0] == pytest.approx(0.5)


def test_masks_and_default_classes_do_not_hide_the_floor() -> None:
    text = """<mujoco><default><geom contype="0" conaffinity="0" material="m" type="box"/></default>
      <asset><material name="m"/></asset>
      <worldbody><body pos="0 0 0.2"><freejoint/><geom contype="8" conaffinity="4" type="sphere" size="0.1"/></body>
      </worldbody></mujoco>"""
    scene = compose(SceneRequest(text, floor=0.5))
    assert settled(scene.model, 1.0).qpos[2] == pytest.approx(0.1, abs=2e-3)


def test_explicit_pairs_get_the_friction_and_are_named() -> None:
    scene = compose(SceneRequest(HUMANOID, floor=0.33))
    assert len(scene.floor_pairs) == 4
    assert np.allclose(scene.model.pair_friction[list(scene.floor_pairs), :2], 0.33)


def test_a_height_field_gives_way_to_a_plane() -> None:
    scene = compose(SceneRequest(BARKOUR, floor=0.6))
    assert scene.model.nhfield == 0
    assert any("height field" in n for n in scene.notes)


def test_without_a_floor_the_model_is_left_alone() -> None:
    scene = compose(SceneRequest(HUMANOID))
    assert scene.floor is None
    assert scene.model.geom("floor").friction[0] == 1.0


def test_another_geom_called_floor_is_an_error() -> None:
    text = '<mujoco><worldbody><body><freejoint/><geom name="floor" size="1"/></body></worldbody></mujoco>'
    with pytest.raises(SpecError) as caught:
        compose(SceneRequest(text, floor=1.0))
    assert caught.value.diagnostics[0].code == "KS164"


# Contacts ----------------------------------------------------------------------------------------------------------


def foot_geoms(path: Path, body: str) -> tuple[int, ...]:
    return tuple(g.id for g in Touch(RobotIndex.load(path), False, ()).of("body", body) if g.contype or g.conaffinity)


def world_force(scene: Any, data: mujoco.MjData, key: str) -> np.ndarray:
    """Force on the `a` side, by the formula of `ContactRequest`."""
    total = np.zeros(3)
    for slot in scene.contacts[key]:
        force, normal, tangent = data.sensordata[slot].reshape(3, 3)
        total -= force[0] * normal + force[1] * tangent + force[2] * np.cross(normal, tangent)
    return total


@pytest.mark.parametrize(
    ("path", "bodies"),
    [
        (BIPED, ("left_foot", "right_foot")),
        (QUADRUPED, ("FL_calf", "FR_calf", "RL_calf", "RR_calf")),
        (BARKOUR, tuple(f"lower_leg_1to1_{leg}" for leg in ("front_left", "front_right", "hind_left", "hind_right"))),
    ],
)
def test_contact_forces_carry_the_weight(path: Path, bodies: tuple[str, ...]) -> None:
    feet = {b: foot_geoms(path, b) for b in bodies}
    wanted = [ContactRequest(f"{b}.on", g) for b, g in feet.items()]
    forces = [ContactRequest(f"{b}.force", g, data=("force", "normal", "tangent")) for b, g in feet.items()]
    scene = compose(SceneRequest(path, floor=0.8, contacts=(*wanted, *forces)))
    data = settled(scene.model, 3.0)
    for b in bodies:
        assert any(data.sensordata[s.start] > 0 for s in scene.contacts[f"{b}.on"])
    total = sum(world_force(scene, data, f"{b}.force") for b in bodies)
    weight = scene.model.body_subtreemass[0] * 9.81
    assert total[2] == pytest.approx(weight, rel=0.02)  # type: ignore[index]
    assert np.linalg.norm(total[:2]) < 0.02 * weight  # type: ignore[index]
    assert scene.stage == "acc"


def test_contact_is_false_in_the_air_and_needs_the_position_stage_only() -> None:
    scene = compose(SceneRequest(BIPED, floor=0.8, contacts=(ContactRequest("c", ("left_sole_outer",)),)))
    data = mujoco.MjData(scene.model)
    data.qpos[2] = 2.0
    mujoco.mj_forward(scene.model, data)
    assert [data.sensordata[s].tolist() for s in scene.contacts["c"]] == [[0.0]]
    assert scene.stage == "pos"


def test_what_can_never_touch_has_no_slots() -> None:
    both = ContactRequest("between", ("left_sole_outer",), ("right_sole_outer",))
    scene = compose(SceneRequest(BIPED, floor=0.8, contacts=(both, ContactRequest("head", ("head",)))))
    assert scene.contacts == {"between": [], "head": []}
    assert len(scene.notes) == 2


@pytest.mark.parametrize("path", [HUMANOID, HAND, BARKOUR], ids=lambda p: p.stem)
def test_the_touch_filter_lets_every_real_contact_through(path: Path) -> None:
    model = compose(SceneRequest(path)).model
    touch, data, rng = TouchFilter(model), mujoco.MjData(model), np.random.default_rng(0)
    seen = 0
    for _ in range(6):
        mujoco.mj_resetData(model, data)
        data.qvel[:] = rng.normal(0, 3, model.nv)
        for _ in range(300):
            mujoco.mj_step(model, data)
            seen += data.ncon
            assert all(touch.can_touch(*map(int, c.geom)) for c in data.contact)
    assert seen > 100


# Sensors, sites, servos, options -------------------------------------------------------------------------------------


def test_sensors_measure_what_was_asked_and_say_where() -> None:
    scene = compose(
        SceneRequest(
            QUADRUPED,
            floor=0.8,
            sites=(SiteRequest("chin", "trunk", (0.3, 0.0, -0.02)),),
            keep_sensors=("imu_gyro",),
            sensors=(
                SensorRequest("trunk", "framepos", "body", "trunk"),
                SensorRequest("com", "framepos", "inertial", "trunk"),
                SensorRequest("chin", "framepos", "site", "chin", reftype="body", ref="trunk"),
                SensorRequest("speed", "framelinvel", "body", "trunk"),
            ),
        )
    )
    data = settled(scene.model)
    got = {key: data.sensordata[slice(*span)] for key, span in scene.sensors.items()}
    assert np.allclose(got["trunk"], data.body("trunk").xpos)
    assert np.allclose(got["com"], data.body("trunk").xipos)
    assert np.allclose(got["chin"], (0.3, 0.0, -0.02), atol=1e-6)
    assert scene.stage == "vel"
    assert [scene.model.sensor(i).name for i in range(scene.model.nsensor)][0] == "imu_gyro"
    assert scene.model.nsensor == 5


def test_unnamed_geoms_are_reachable_by_id() -> None:
    geom = foot_geoms(BARKOUR, "lower_leg_1to1_front_left")[0]
    assert RobotIndex.load(BARKOUR).geoms[geom].name is None
    scene = compose(SceneRequest(BARKOUR, floor=0.6, sensors=(SensorRequest("p", "framepos", "geom", geom),)))
    data = settled(scene.model)
    assert np.allclose(data.sensordata[slice(*scene.sensors["p"])], data.geom(f"geom[{geom}]").xpos)


def test_a_motor_becomes_a_servo_within_its_limits() -> None:
    motor = RobotIndex.load(HUMANOID).find("actuator", "knee_right")
    assert isinstance(motor, Actuator)
    model = compose(SceneRequest(HUMANOID, servos=(served(motor, 50.0, 2.0),))).model
    knee = model.actuator("knee_right")
    assert knee.gear[0] == 1.0 and not knee.ctrllimited[0]
    assert list(knee.forcerange) == [-80.0, 80.0]
    assert (knee.gainprm[0], *knee.biasprm[:3]) == (50.0, 0.0, -50.0, -2.0)


def test_options_by_their_mjcf_names() -> None:
    options = {"iterations": 7, "cone": "elliptic", "flag:eulerdamp": False, "impratio": 2.5}
    opt = compose(SceneRequest(BIPED, options=options)).model.opt
    assert (opt.iterations, opt.cone, opt.impratio) == (7, mujoco.mjtCone.mjCONE_ELLIPTIC, 2.5)
    assert opt.disableflags & mujoco.mjtDisableBit.mjDSBL_EULERDAMP


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (SceneRequest(BIPED, options={"iteration": 1}), "KS163", "iterations"),
        (SceneRequest(BIPED, options={"cone": "round"}), "KS163", "elliptic"),
        (SceneRequest(BIPED, sensors=(SensorRequest("k", "framepos", "site", "left_fot"),)), "KS162", "left_foot"),
        (SceneRequest(BIPED, contacts=(ContactRequest("k", ("left_sole_outr",)),)), "KS162", "left_sole_outer"),
        (SceneRequest("<mujoco><worldbody><geom/></worldbody></mujoco>"), "KS160", ""),
    ],
)
def test_mistakes_in_a_request(request_: SceneRequest, code: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        compose(request_)
    assert caught.value.diagnostics[0].code == code and words in caught.value.diagnostics[0].help


def test_mujocos_refusal_points_at_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.mjcf"
    path.write_text('<mujoco>\n<worldbody>\n<geom size="-1"/>\n</worldbody>\n</mujoco>')
    with pytest.raises(SpecError) as caught:
        compose(SceneRequest(path))
    [found] = caught.value.diagnostics
    source = caught.value.sources.get(found.span.file)
    assert source is not None and source.position(found.span.start).line == 3


NEAR = """<mujoco>{default}<worldbody><geom name="floor" type="plane" size="5 5 1"/>
  <body name="t" pos="0 0 {z}"><freejoint/><geom name="foot" size="0.1" {geom}/></body></worldbody>{more}</mujoco>"""


@pytest.mark.parametrize(("geom", "z", "touches"), [
    ("", 0.13, False), ("", 0.099, True), ('gap="0.05"', 0.13, False), ('gap="0.05"', 0.099, True),
    ('margin="0.05"', 0.13, True), ('margin="0.05" gap="0.05"', 0.17, False), ('class="near"', 0.13, False),
])  # fmt: skip
def test_a_contact_is_one_that_pushes_on_every_engine(geom: str, z: float, touches: bool) -> None:
    import jax
    from mujoco import mjx

    default = '<default><default class="near"><geom gap="0.05"/></default></default>'
    text = NEAR.format(geom=geom, z=z, default=default, more="")
    scene = compose(SceneRequest(text, contacts=(ContactRequest("c", ("foot",), data=("found", "force")),)))
    data = mujoco.MjData(scene.model)
    mujoco.mj_forward(scene.model, data)
    on_mjx = mjx.put_model(scene.model, impl="jax")
    batch = jax.jit(mjx.forward)(on_mjx, mjx.put_data(scene.model, mujoco.MjData(scene.model), impl="jax"))
    for values in (data.sensordata, np.asarray(batch.sensordata)):
        slot = values[scene.contacts["c"][0]]
        assert bool(slot[0] > 0) == touches and bool(slot[1] > 0) == touches


@pytest.mark.parametrize("more", [
    '<actuator><adhesion body="t" ctrlrange="0 1"/></actuator>',
    '<sensor><contact name="near" geom1="foot" geom2="floor" data="dist"/></sensor>',
])  # fmt: skip
def test_a_gap_that_something_else_needs_stays(more: str) -> None:
    text = NEAR.format(geom='gap="0.05"', z=0.13, default="", more=more)
    assert compose(SceneRequest(text, contacts=(ContactRequest("c", ("foot",)),))).model.geom("foot").gap[0] == 0.05


PRESSED = """<mujoco><asset><hfield name="h" nrow="12" ncol="12" size="1 1 0.1 0.1" elevation="{}"/></asset><worldbody>
  <geom name="below" {} /><body name="t" pos="0 0 {}"><freejoint/><geom name="foot" type="box" size="0.4 0.05 0.05" mass="2"/>
  </body></worldbody></mujoco>"""


@pytest.mark.parametrize(("below", "z"), [('type="box" size="0.05 0.4 0.05"', 0.099),
                                          ('type="hfield" hfield="h"', 0.149), ('type="plane" size="1 1 1"', 0.049)])  # fmt: skip
def test_the_force_of_a_contact_is_all_of_it(below: str, z: float) -> None:
    """Crossed boxes meet in eight contacts, a box on a height field in dozens: their forces carry the weight."""
    text = PRESSED.format(" ".join(["1"] * 144), below, z)
    request = ContactRequest("c", ("foot",), ("below",), ("force", "normal"))
    scene = compose(SceneRequest(text, contacts=(request,)))
    data = mujoco.MjData(scene.model)
    for _ in range(1000):
        mujoco.mj_step(scene.model, data)
    mujoco.mj_forward(scene.model, data)
    force = sum(float(data.sensordata[s][0] * data.sensordata[s][5]) for s in scene.contacts["c"])
    assert abs(force) == pytest.approx(2 * 9.81, rel=0.01)
