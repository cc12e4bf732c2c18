"""What MuJoCo refuses when it builds a robot is found in its file: every case here, and nothing in a sound robot."""

from __future__ import annotations

import warnings

import mujoco
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.robot.file_problems import file_problems
from ksim_spec.robot.file_values import values
from ksim_spec.robot.index import RobotIndex
from tests.robot.models import BIPED, CARTPOLE, QUADRUPED
from tests.robot.wheels import folder, robots

ROBOT = """<mujoco>{head}<worldbody>{world}
  <body name="b" {body}><joint name="a" {joint}/>{inside}<geom name="g" {geom}/></body></worldbody>
  <actuator><motor name="m" {motor}/></actuator></mujoco>"""
PARTS = {"head": "", "world": "", "body": "", "joint": "", "inside": "", "geom": 'size="0.1"', "motor": 'joint="a"'}
INERTIAL = '<inertial pos="0 0 0" mass="1" diaginertia="{}"/>'
REFUSED = {
    "the mass of `g` is negative": {"geom": 'size="0.1" mass="-1"'},
    "the density of `g` is negative": {"geom": 'size="0.1" density="-1"'},
    "`b` moves and has no mass": {"geom": 'size="0.1" mass="0"'},
    "`b` moves and has no mass (by its class)": {"head": '<default><geom density="0"/></default>'},
    "`b` moves and has no mass (but its child)": {"geom": 'size="0.1" mass="0"', "inside": '<body><joint/><geom size="1"/></body>'},
    "`g` is a sphere and its size has no radius above 0": {"geom": ""},
    "`g` is a capsule and its size has no length above 0": {"geom": 'type="capsule" size="0.1"'},
    "`g` is a box and its size has no half side above 0": {"geom": 'type="box" size="0.1 0.1"'},
    "`g` is a plane on a body that moves": {"geom": 'type="plane" size="1 1 1"', "inside": '<geom size="0.1"/>'},
    "the joints of `b` are more than the six ways": {"inside": '<joint type="free"/>'},
    "`b` floats inside `body[1]`": {"world": "<body>", "joint": 'type="free"', "geom": 'size="0.1"/></body><geom size="0.1"'},
    "no body has these moments": {"inside": INERTIAL.format("1 1 9")},
    "an `<inertial>` has no `mass`": {"inside": '<inertial pos="0 0 0"/>'},
    "`m` says not what it drives": {"motor": ""},
    "`<geom>` has no `type` called `bax`": {"geom": 'size="0.1" type="bax"'},
    "`<joint>` has no `limited` called `yes`": {"joint": 'limited="yes"'},
    "`<motor>` has no `ctrllimited` called `on`": {"motor": 'joint="a" ctrllimited="on"'},
    "`<option>` has no `cone` called `round`": {"head": '<option cone="round"/>'},
    "`<flag>` has no `contact` called `false`": {"head": '<option><flag contact="false"/></option>'},
    "`pos` of `<body>` has 2 numbers": {"body": 'pos="1 2"'},
    "`axis` of `<joint>` has 1 number": {"joint": 'axis="1"'},
    "`quat` of `<geom>` has 3 numbers": {"geom": 'size="0.1" quat="1 0 0"'},
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_mujoco_refuses_is_found_at_its_line(what: str):
    text = ROBOT.format(**PARTS | REFUSED[what])
    (told,) = values(RobotIndex.load(text))
    assert what.partition(" (")[0] in told.message and told.help
    assert told.span.file == "robot.xml"
    with pytest.raises(ValueError):
        mujoco.MjModel.from_xml_string(text)


SOUND: dict[str, dict[str, str]] = {
    "as it is": {},
    "mass on what is fixed to it": {"geom": 'size="0.1" mass="0"', "inside": '<body><geom size="0.1"/></body>'},
    "an inertial": {"geom": 'size="0.1" mass="0"', "inside": INERTIAL.format("1 1 1")},
    "moments that are balanced": {"head": '<compiler balanceinertia="true"/>', "inside": INERTIAL.format("1 1 9")},
    "a bound of mass": {"head": '<compiler boundmass="0.1" boundinertia="0.1"/>', "geom": 'size="0.1" mass="0"'},
    "a capsule from end to end": {"geom": 'type="capsule" fromto="0 0 0 0 0 1" size="0.1"'},
    "a ball beside a hinge": {"inside": '<joint type="ball"/>'},
    "a free joint in a frame": {"joint": 'type="free"'},
    "a size by its class": {"head": '<default><geom size="0.1"/></default>', "geom": ""},
    "a reversed range": {"joint": 'range="3 1"'},
}


@pytest.mark.parametrize("what", SOUND)
def test_what_mujoco_builds_is_left_alone(what: str):
    text = ROBOT.format(**PARTS | SOUND[what])
    model = mujoco.MjModel.from_xml_string(text)
    index = RobotIndex.load(text)
    assert list(values(index)) == []
    assert [j.range is not None for j in index.joints] == [bool(x) for x in model.jnt_limited]


@pytest.mark.parametrize("package", ["mujoco-mjx", "playground", "mjlab", "dm_control", "gymnasium"])
def test_sound_robots_have_no_problems(package: str):
    if folder(package) is None:
        pytest.skip(f"{package} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MuJoCo's own, about these files
        for path in [BIPED, QUADRUPED, CARTPOLE, *(path for path, _ in robots(package))]:
            try:
                assert file_problems(RobotIndex.load(path)) == [], path
            except SpecError as error:
                raise AssertionError(path) from error
