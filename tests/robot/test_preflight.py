"""Preflight must agree with what MJX really does with a model."""

from __future__ import annotations

import mujoco
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
