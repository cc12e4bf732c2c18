"""Preflight must agree with what MJX really does with a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mujoco
import numpy as np
import pytest

from ksim_spec.physics.preflight import preflight
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest
from tests.robot.models import BARKOUR, BIPED, HUMANOID, QUADRUPED

BODY = """<mujoco>
  <option {option}/>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1" friction="0.5"/>
    <body name="a" pos="0 0 1"><freejoint/><geom name="ga" size="0.1" {geom}/>
      <body name="b"><joint name="j"/><geom name="gb" size="0.1" pos="0.5 0 0"/></body></body>
  </worldbody>
  <actuator>{actuator}</actuator>
  <sensor>{sensor}</sensor>
</mujoco>"""


def model(option: str = "", geom: str = "", actuator: str = "", sensor: str = "") -> tuple[mujoco.MjModel, RobotIndex]:
    text = BODY.format(option=option, geom=geom, actuator=actuator, sensor=sensor)
    return mujoco.MjModel.from_xml_string(text), RobotIndex.load(text)


REFUSED = [
    {"option": 'integrator="implicit"'},
    {"option": 'solver="PGS"'},
    {"option": 'integrator="implicitfast" density="1.2"'},
    {"sensor": '<contact name="c" body1="a" geom2="floor"/>'},
    {"sensor": '<contact name="c" geom1="ga" geom2="floor" reduce="netforce"/>'},
    {"sensor": '<distance name="d" geom1="ga" geom2="floor"/>'},
    {"actuator": '<adhesion name="x" body="b" ctrlrange="0 1"/>'},
]
IGNORED = [
    ({"actuator": '<position name="x" joint="j" delay="0.02" nsample="12"/>'}, "error"),
    ({"option": 'noslip_iterations="5" cone="elliptic"'}, "error"),
    ({"option": 'noslip_iterations="5"'}, "warning"),
]


@pytest.mark.parametrize("changes", REFUSED, ids=lambda c: " ".join(c.values())[:40])
def test_what_mjx_refuses_is_an_error_with_a_line(changes: dict[str, str]) -> None:
    built, index = model(**changes)
    errors = [d for d in preflight(built, index, "mjx") if d.severity == "error"]
    assert [d.code for d in errors] == ["KS722"]
    source = index.sources.get(errors[0].span.file)
    assert source is not None and source.position(errors[0].span.start).line in (2, 8, 9)
    from mujoco import mjx

    with pytest.raises((NotImplementedError, ValueError)):
        mjx.make_data(mjx.put_model(built, impl="jax"))


@pytest.mark.parametrize(("changes", "severity"), IGNORED)
def test_what_mjx_ignores(changes: dict[str, str], severity: str) -> None:
    built, index = model(**changes)
    [found] = [d for d in preflight(built, index, "mjx") if d.code == "KS723"]
    assert found.severity == severity and found.span.file


def test_the_c_engine_takes_everything() -> None:
    for changes in (*REFUSED, *(c for c, _ in IGNORED)):
        assert preflight(*model(**changes), "cpu") == []


@pytest.mark.parametrize("path", [BIPED, QUADRUPED, HUMANOID, BARKOUR], ids=lambda p: p.stem)
def test_composed_robots_pass(path) -> None:
    scene = compose(SceneRequest(path, floor=0.6))
    for engine in ("cpu", "mjx", "warp"):
        assert preflight(scene.model, RobotIndex.load(path), engine, scene.floor) == []


@pytest.mark.parametrize(
    ("geom", "why"), [('friction="0.9"', "larger"), ('priority="2" friction="0.1"', "higher priority")]
)
def test_masked_friction_is_seen(geom: str, why: str) -> None:
    built, index = model(geom=geom)
    found = preflight(built, index, "cpu", "floor")
    assert [d.code for d in found] == ["KS730"] * len(found)
    assert any("`ga`" in d.message and why in d.message for d in found)


def test_costly_solver_settings_get_a_hint() -> None:
    built, index = model(option='iterations="100"')
    [found] = preflight(built, index, "mjx")
    assert (found.code, found.severity) == ("KS731", "hint")


ARM = """<mujoco><option timestep="0.005" {option}/><worldbody>
    <geom name="floor" type="plane" size="0 0 1" pos="0 0 -0.1" {floor}/>
    <body name="a"><joint name="j" axis="0 1 0" {joint}/><geom name="ga" size="0.05" pos="0.3 0 0" contype="0" conaffinity="0" {geom}/></body>
    <body name="ball" pos="1 0 -0.052"><freejoint/><geom name="gb" size="0.05" friction="2"/></body></worldbody>
  <tendon><fixed name="t" {tendon}><joint joint="j" coef="1"/></fixed></tendon>
  <actuator><general name="x" joint="j" gainprm="5" biastype="affine" biasprm="0 -5 -0.2" {actuator}/></actuator>
  <sensor><jointpos name="s" joint="j" {sensor}/></sensor></mujoco>"""
LEFT_OUT = {
    "polynomial damping of joint `j`": {"joint": 'damping="0.1 5"'},
    "polynomial stiffness of joint `j`": {"joint": 'stiffness="0.1 5"'},
    "polynomial damping of tendon `t`": {"tendon": 'damping="0.1 0.5"'},
    "polynomial stiffness of tendon `t`": {"tendon": 'stiffness="0.1 5" springlength="0.1"'},
    "`damping` of actuator `x`": {"actuator": 'damping="0.5"'},
    "`armature` of actuator `x`": {"actuator": 'armature="0.5"'},
    "`actearly` of actuator `x`": {"actuator": 'dyntype="filter" dynprm="0.05" actearly="true"'},
    "`surfacevel` of geom `floor`": {"floor": 'surfacevel="1 0 0"'},
    "`fluidshape` of geom `ga`": {"geom": 'fluidshape="ellipsoid"', "option": 'density="1000"'},
    "that `x` is switched off by its group": {"actuator": 'group="1"', "option": 'actuatorgroupdisable="1"'},
    "`delay` of sensor `s`": {"sensor": 'delay="0.02" nsample="8"'},
    "`interval` of sensor `s`": {"sensor": 'interval="0.03" nsample="8"'},
}


@cache
def mjx_steps() -> Callable[[Any, Any], Any]:
    """Returns fifty steps of MJX, compiled once for all models that differ in numbers only."""
    import jax
    from mujoco import mjx

    return jax.jit(lambda model, data: jax.lax.fori_loop(0, 50, lambda _, d: mjx.step(model, d), data))


def moved(built: mujoco.MjModel, on_mjx: bool) -> np.ndarray:
    """Returns positions and sensors after a quarter of a second, from a control that pushes."""
    from mujoco import mjx

    if not on_mjx:
        data = mujoco.MjData(built)
        data.ctrl[:] = 1.0
        for _ in range(50):
            mujoco.mj_step(built, data)
        return np.concatenate([data.qpos, data.qvel, data.sensordata])
    model = mjx.put_model(built, impl="jax")
    data = mjx_steps()(model, mjx.make_data(model).replace(ctrl=np.ones(1, np.float32)))
    return np.concatenate([np.asarray(x) for x in (data.qpos, data.qvel, data.sensordata)])


@pytest.mark.parametrize("what", ["", *LEFT_OUT])
def test_what_mjx_leaves_out_of_a_model_is_named(what: str) -> None:
    parts = dict.fromkeys(("option", "floor", "joint", "geom", "tendon", "actuator", "sensor"), "")
    text = ARM.format(**parts | LEFT_OUT.get(what, {}))
    built = mujoco.MjModel.from_xml_string(text)
    told = [d for d in preflight(built, RobotIndex.load(text), "mjx") if d.severity == "error"]
    assert [d.message for d in told] == ([f"the `mjx` engine ignores {what}"] if what else [])
    assert all(d.span.file and d.help for d in told)
    apart = np.abs(moved(built, False) - moved(built, True)).max()
    assert apart > 1e-2 if what else apart < 1e-4, apart


def test_mjx_refuses_margins_of_meshes_and_flags_that_it_lacks() -> None:
    mesh = """<mujoco><option>{flag}</option><asset><mesh name="m" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset><worldbody>
      <geom name="floor" type="plane" size="0 0 1"/>
      <body><freejoint/><geom name="g" type="mesh" mesh="m" margin="{margin}"/></body></worldbody></mujoco>"""
    cases = {("", "0.01"): "a contact margin of a mesh (`g`)", ('<flag override="enable"/>', "0"): "flag `override`"}
    for (flag, margin), what in cases.items():
        text = mesh.format(flag=flag, margin=margin)
        built = mujoco.MjModel.from_xml_string(text)
        told = [d.message for d in preflight(built, RobotIndex.load(text), "mjx") if d.severity == "error"]
        assert told == [f"the `mjx` engine does not support {what}"]
        from mujoco import mjx

        with pytest.raises(NotImplementedError):
            mjx.put_model(built, impl="jax")


@pytest.mark.parametrize("engine", ["cpu", "mjx"])
def test_the_noise_of_a_sensor_is_added_by_no_engine(engine: str) -> None:
    built, index = model(sensor='<jointpos name="s" joint="j" noise="0.1"/>')
    (told,) = (d for d in preflight(built, index, engine) if d.severity != "hint")
    assert (told.code, told.severity) == ("KS723", "warning") and "`noise` of sensor `s`" in told.message
