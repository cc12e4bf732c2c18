"""What the robot file says of touching agrees with MuJoCo's filter on the composed model."""

import pytest

from ksim_spec.robot.contacts import TouchFilter, outside_geoms
from ksim_spec.robot.elements import Site
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import generated_name, name_of
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest
from ksim_spec.robot.static_contacts import FLOOR, Touch
from ksim_spec.robot.who import robot_bodies
from tests.robot.models import BARKOUR, BIPED, CARTPOLE, HUMANOID, QUADRUPED

MASKS = """<mujoco><worldbody>
  <geom name="ground" type="plane" size="1 1 1"/> <geom name="pit" type="plane" size="1 1 1"/>
  <body name="a"><freejoint/><geom name="a" size="1"/>
    <body name="fixed"><geom name="fixed" size="1"/>
      <body name="b"><joint type="hinge" name="j"/><geom name="b" size="1"/>
        <body name="c"><joint type="hinge" name="k"/><geom name="c" size="1" contype="2" conaffinity="2"/>
          <body name="d"><joint type="hinge" name="l"/><geom name="d" size="1"/></body>
        </body>
        <body name="e"><joint type="hinge" name="m"/><geom name="e" size="1" contype="0" conaffinity="0"/></body>
      </body>
    </body>
  </body>
  <body name="box"><freejoint/><geom name="box" size="1"/></body>
</worldbody>
<contact><pair geom1="e" geom2="pit"/><exclude body1="a" body2="d"/></contact></mujoco>"""


@pytest.mark.parametrize("floor", [None, 0.8], ids=["own floor", "new floor"])
@pytest.mark.parametrize(
    "robot", [BIPED, QUADRUPED, CARTPOLE, HUMANOID, BARKOUR, MASKS], ids=lambda r: "masks" if r is MASKS else r.stem
)
def test_the_same_geoms_touch_as_in_mujoco(robot, floor):
    index = RobotIndex.load(robot)
    model = compose(SceneRequest(robot=robot, floor=floor)).model
    theirs, ours = TouchFilter(model), Touch(index, floor is not None, robot_bodies(index))
    assert index.exact

    def called(geom):
        replaced = floor is not None and ours.of("geom", FLOOR) == [geom]
        return FLOOR if replaced else geom.name or generated_name("geom", geom.id)

    ids = {called(g): model.geom(called(g)).id for g in ours.geoms}
    assert len(ids) == model.ngeom
    found = {(a, b): theirs.can_touch(ids[a], ids[b]) for a in ids for b in ids}
    assert {(called(a), called(b)): ours.can_touch(a, b) for a in ours.geoms for b in ours.geoms} == found
    assert any(found.values()) or floor is None or robot is CARTPOLE
    assert {ids[called(g)] for g in ours.outside} == set(
        outside_geoms(model, [name_of(index.bodies[b]) for b in ours.own])
    )


def test_the_sides_of_a_contact_are_the_geoms_of_its_body():
    index = RobotIndex.load(BIPED)
    touch = Touch(index, True, robot_bodies(index))
    assert [g.name for g in touch.of("geom", FLOOR)] == [FLOOR] and touch.of("geom", "nothing") == []
    assert touch.any_pair(touch.of("site", "left_foot"), touch.outside)
    foot = touch.index.find("site", "left_foot")
    assert isinstance(foot, Site)
    assert {g.body for g in touch.of("site", "left_foot")} == {foot.body}
