"""`floor = plane` takes the place of what things stand on, and of nothing else; the static index sees the same."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from ksim_spec.robot.contacts import TouchFilter
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import Scene, SceneRequest
from ksim_spec.robot.static_contacts import Touch
from ksim_spec.robot.who import robot_bodies

ROBOT = """<mujoco><compiler {compiler}/><asset><hfield name="h" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>
  {world}
  <body name="torso" pos="0 0 0.5"><freejoint/><geom name="foot" size="0.1" {foot}/>
    <body><joint name="j"/><geom size="0.01" pos="0 0 0.2"/></body></body>{more}</worldbody>
  <contact>{pairs}</contact><actuator><motor joint="j"/></actuator></mujoco>"""


def robot(world: str = "", compiler: str = "", foot: str = "", pairs: str = "", more: str = "") -> str:
    return ROBOT.format(world=world, compiler=compiler, foot=foot, pairs=pairs, more=more)


def composed(text: str) -> Scene:
    scene = compose(SceneRequest(text, floor=0.7))
    index = RobotIndex.load(text)
    touch = Touch(index, True, robot_bodies(index))
    model, compiled = scene.model, TouchFilter(scene.model)
    # What lint takes to touch the floor is what can.
    (floor,) = touch.of("geom", "floor")
    for g in touch.geoms:
        name = g.name or f"geom[{g.id}]"
        if g is not floor and name in [model.geom(i).name for i in range(model.ngeom)]:
            assert touch.can_touch(floor, g) == compiled.can_touch(model.geom("floor").id, model.geom(name).id), name
    return scene


def standing(model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    for _ in range(1500):
        mujoco.mj_step(model, data)
    mujoco.mj_forward(model, data)
    return data


PLANE = 'type="plane" size="1 1 1"'
WORLDS = {
    "nothing": "",
    "a floor": f'<geom name="floor" {PLANE}/>',
    "one of another name": f'<geom name="ground" {PLANE}/>',
    "one without a name": f"<geom {PLANE}/>",
    "a wall before it": f'<geom name="wall" {PLANE} zaxis="-1 0 0" pos="3 0 0"/><geom name="ground" {PLANE}/>',
    "a wall alone": f'<geom name="wall" {PLANE} euler="0 -90 0" pos="3 0 0"/>',
    "a wall by its axes": f'<geom name="wall" {PLANE} xyaxes="0 1 0 0 0 1" pos="-3 0 0"/>',
    "a little askew": f'<geom name="ground" {PLANE} euler="2 3 0"/>',
    "a little askew in its class": f'<geom name="ground" {PLANE} zaxis="0.03 0 1"/>',
    "in a frame that is askew": f'<frame euler="3 0 0"><geom name="ground" {PLANE}/></frame>',
    "askew to be level": f'<frame euler="80 0 0"><geom name="ground" {PLANE} euler="-80 0 0"/></frame>',
    "on a body": f'<body name="w" euler="0 0 30"><geom name="ground" {PLANE}/></body>',
    "on a body that is turned": f'<body euler="0 -90 0"><geom name="wall" {PLANE} pos="0 0 -3"/></body>',
    "only to be looked at": f'<geom name="looks" {PLANE} contype="0" conaffinity="0"/>',
    "called floor, and only to be looked at": f'<geom name="floor" {PLANE} contype="0" conaffinity="0"/>',
    "two": f'<geom name="low" {PLANE} pos="0 0 -1"/><geom name="ground" {PLANE} pos="0 0 -2"/>',
    "a height field": '<geom name="hills" type="hfield" hfield="h"/>',
}
GONE = {"two": {"ground"}}


@pytest.mark.parametrize("world", WORLDS)
def test_the_robot_stands_on_one_level_floor(world: str):
    text = robot(WORLDS[world])
    model = composed(text).model
    data = standing(model)
    floor = model.geom("floor").id
    assert data.geom_xmat[floor].reshape(3, 3)[2, 2] == pytest.approx(1.0, abs=1e-9)
    height = -1.0 if world == "two" else 0.0
    assert data.qpos[2] - height == pytest.approx(0.1, abs=2e-3)
    assert {floor} == {int(g) for c in data.contact for g in c.geom} & set(range(model.ngeom)) - {
        model.geom("foot").id,
        model.geom("foot").id + 1,
    }
    before = mujoco.MjModel.from_xml_string(text)
    names = {before.geom(i).name for i in range(before.ngeom)} - GONE.get(world, set())
    walls = {n for n in names if n in ("wall", "looks")}
    assert walls <= {model.geom(i).name for i in range(model.ngeom)}
    for name in walls:  # what is no floor is what it was
        assert np.allclose(model.geom(name).quat, before.geom(name).quat, atol=1e-6)
        assert model.geom(name).contype == before.geom(name).contype


@pytest.mark.parametrize("eulerseq", ["xyz", "ZYX", "zxz"])
@pytest.mark.parametrize("angle", ["degree", "radian"])
def test_the_index_finds_the_walls_that_mujoco_builds(eulerseq: str, angle: str):
    rng = np.random.default_rng(0)
    for _ in range(40):
        turns = rng.uniform(-4, 4, (3, 3)) * (57 if angle == "degree" else 1) * rng.choice([0, 0.02, 1], (3, 1))
        first, second, third = (" ".join(f"{x:.6g}" for x in t) for t in turns)
        inside = f'<frame euler="{second}"><geom name="p" {PLANE} euler="{third}"/></frame>'
        world = f'<body euler="{first}">{inside}</body>'
        text = robot(world, compiler=f'eulerseq="{eulerseq}" angle="{angle}"')
        data = standing_still(text)
        up = data.geom("p").xmat[8]
        (geom,) = (g for g in RobotIndex.load(text).geoms if g.name == "p")
        if abs(up - np.cos(np.radians(5))) > 1e-6:
            assert geom.level == (up > np.cos(np.radians(5)))


def standing_still(text: str) -> mujoco.MjData:
    model = mujoco.MjModel.from_xml_string(text)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return data


def test_what_stays_beside_the_floor_is_said():
    boxes = "".join(f'<geom name="step{i}" type="box" size="1 1 0.1" pos="{3 * i + 3} 0 0"/>' for i in range(3))
    scene = composed(robot(boxes))
    assert scene.notes == ("`step0`, `step1`, and 1 more of the robot file: no level floor, left there",)


def test_the_feet_meet_the_floor_as_the_robot_says():
    ball = (
        '<body pos="2 0 1"><freejoint/><geom name="ball" size="0.1" priority="5" condim="6" solref="0.1 0.1"/></body>'
    )
    model = composed(robot(foot='solref="0.03 0.9" condim="4"', more=ball)).model
    data = standing(model)
    contact = next(c for c in data.contact if model.geom("foot").id in c.geom)
    assert contact.dim == 4 and contact.friction[0] == pytest.approx(0.7)
    assert contact.solref[0] == pytest.approx(0.025)  # the mean of its own and the floor's default 0.02
    assert next(c for c in data.contact if model.geom("ball").id in c.geom).friction[0] == pytest.approx(0.7)


def test_a_floor_with_pairs_keeps_them_and_its_place():
    pairs = '<pair geom1="ground" geom2="foot" friction="0.2 0.2"/>'
    world = f'<geom name="wall" {PLANE} zaxis="1 0 0" pos="-3 0 0"/><geom name="ground" {PLANE} contype="0" conaffinity="0"/>'
    scene = composed(robot(world, pairs=pairs, foot='contype="0" conaffinity="0"'))
    assert scene.floor_pairs == (0,) and scene.model.pair_friction[0, 0] == pytest.approx(0.7)
    assert standing(scene.model).qpos[2] == pytest.approx(0.1, abs=2e-3)
