"""Who the robot is: what its actuators move, wherever the file lists it and however it stands."""

from __future__ import annotations

import pytest

from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.who import floating_base, robot_bodies
from tests.robot.models import BARKOUR, BIPED, CARTPOLE, HAND, HUMANOID, QUADRUPED

ARM = """<body name="base"><geom size="0.1"/><body name="link"><joint name="j1" type="hinge"/><geom size="0.1"/>
  <body name="hand"><joint name="j2" type="hinge"/><geom size="0.1"/></body></body></body>"""
WALKER = ARM.replace('<body name="base">', '<body name="base"><freejoint name="root"/>')
CUBE = '<body name="cube"><freejoint/><geom size="0.1"/></body>'
DOOR = """<body name="door"><joint name="swing" type="hinge"/><geom size="0.1"/>
  <body name="handle"><joint name="turn" type="hinge"/><geom size="0.1"/></body></body>"""
JOINTS = '<motor joint="j1"/><motor joint="j2"/>'


def scene(bodies: str, actuators: str = JOINTS, tendons: str = "") -> RobotIndex:
    return RobotIndex.load(
        f"<mujoco><worldbody>{bodies}</worldbody><tendon>{tendons}</tendon><actuator>{actuators}</actuator></mujoco>"
    )


@pytest.mark.parametrize(("bodies", "own", "base"), [
    (ARM, {"link", "hand"}, None),
    (ARM + CUBE, {"link", "hand"}, None),
    (CUBE + ARM, {"link", "hand"}, None),
    (DOOR + ARM + CUBE, {"link", "hand"}, None),
    (WALKER, {"base", "link", "hand"}, "base"),
    (CUBE + WALKER, {"base", "link", "hand"}, "base"),
    (CUBE + CUBE.replace("cube", "ball") + WALKER + DOOR, {"base", "link", "hand"}, "base"),
])  # fmt: skip
def test_the_robot_is_what_its_actuators_move(bodies: str, own: set[str], base: str | None) -> None:
    index = scene(bodies)
    assert {index.bodies[b].name for b in robot_bodies(index)} == own
    floats = floating_base(index)
    assert (floats.name if floats else None) == base


def test_the_alias_base_belongs_to_the_robot() -> None:
    index = scene(CUBE + ARM + DOOR)
    assert {index.bodies[b].name for b in robot_bodies(index, "door")} == {"link", "hand", "door", "handle"}
    floats = floating_base(index, "cube")
    assert floats is not None and floats.name == "cube" and floating_base(index, "link") is None


def test_of_two_robots_the_floating_base_is_that_of_more_joints_unless_the_spec_says() -> None:
    other = '<body name="gripper"><freejoint/><geom size="0.1"/><body name="jaw"><joint name="j3"/><geom size="0.1"/></body></body>'
    index = scene(other + WALKER, JOINTS + '<motor joint="j3"/>')
    assert len(robot_bodies(index)) == 5
    one, said = floating_base(index), floating_base(index, "gripper")
    assert one is not None and one.name == "base" and said is not None and said.name == "gripper"


@pytest.mark.parametrize(("actuator", "tendon"), [
    ('<motor tendon="t"/>', '<fixed name="t"><joint joint="j2" coef="1"/></fixed>'),
    ('<motor tendon="t"/>', '<spatial name="t"><site site="ground"/><site site="palm"/></spatial>'),
    ('<motor site="palm"/>', ""), ('<motor jointinparent="j1"/>', ""), ('<adhesion body="hand" ctrlrange="0 1"/>', ""),
])  # fmt: skip
def test_actuators_need_not_work_on_joints(actuator: str, tendon: str) -> None:
    marked = ARM.replace('<joint name="j2" type="hinge"/>', '<joint name="j2" type="hinge"/><site name="palm"/>')
    index = scene('<site name="ground"/>' + CUBE + marked, actuator, tendon)
    assert {index.bodies[b].name for b in robot_bodies(index)} == {"link", "hand"}


def test_without_an_actuator_all_that_moves_is_the_robot() -> None:
    index = scene(CUBE + ARM, "")
    assert {index.bodies[b].name for b in robot_bodies(index)} == {"cube", "link", "hand"}


@pytest.mark.parametrize("path", [BIPED, QUADRUPED, CARTPOLE, HUMANOID, BARKOUR], ids=lambda p: p.stem)
def test_a_robot_alone_is_all_that_moves(path) -> None:
    index = RobotIndex.load(path)
    assert len(robot_bodies(index)) == len(index.bodies) - 1


def test_a_hand_beside_an_object_is_the_hand() -> None:
    index = RobotIndex.load(HAND)
    own = {index.bodies[b].name for b in robot_bodies(index)}
    assert own and all(str(name).startswith("rh_") for name in own)
