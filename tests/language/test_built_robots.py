"""Robots that only MuJoCo can expand: what sensors measure, and in the axes of what, is read from the built model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_tasks import compiled, errors

SENSORS = """<sensor><framelinvel name="v" objtype="site" objname="tip" reftype="site" refname="imu"/>
  <framepos name="p" objtype="site" objname="tip"/><jointactuatorfrc name="f" joint="a"/><gyro name="w" site="imu"/></sensor>"""
ARM = """<body name="b" pos="0 0 1"><joint name="a" axis="0 1 0"/><geom name="g" size="0.1"/><site name="imu"/>
  <body name="plate" pos="0.1 0 0"><geom name="look" size="0.02" contype="0" conaffinity="0"/></body>
  <body name="c" pos="0.3 0 0"><joint name="d" axis="0 1 0"/><geom size="0.05"/><site name="tip"/></body></body>"""
ROBOTS = {
    "as it is": ("", ""),
    "fusestatic": ('<compiler fusestatic="true"/>', ""),
    "discardvisual": ('<compiler discardvisual="true"/>', ""),
    "replicate": ("", '<replicate count="2" offset="1 0 0"><body name="post"><geom size="0.1"/></body></replicate>'),
    "attach": ('<asset><model name="m" file="part.xml"/></asset>', '<attach model="m" body="p" prefix="p_"/>'),
}


def robot(folder: Path, what: str) -> str:
    head, more = ROBOTS[what]
    (folder / "part.xml").write_text('<mujoco><worldbody><body name="p"><geom size="0.1"/></body></worldbody></mujoco>')
    world = f'<worldbody>{more}{ARM}</worldbody><actuator><motor name="m" joint="a"/></actuator>'
    return f'<mujoco model="m">{head}{world}{SENSORS}</mujoco>'


@pytest.mark.parametrize("what", ROBOTS)
def test_the_axes_of_a_sensor_are_those_of_its_reference(tmp_path: Path, what: str):
    """A velocity in the axes of a site is turned by it, one in those of the world is not, and neither mixes."""
    blocks = {
        "action": '  x = torque(joint("a"))  scale 1 Nm',
        "observe": '  v = sensor("v") in site("imu")  reason "x"\n  f = sensor("f")\n  w = sensor("w")',
    }
    text = robot(tmp_path, what)
    assert not errors(tmp_path, text, **blocks)
    compiled(tmp_path, text, **blocks)
    mixed = blocks | {"reward": '  r = norm(sensor("v") - site("tip").linvel)  weight 1 per m'}
    plain = blocks | {"reward": '  r = norm(sensor("v") - (site("tip").linvel in site("imu")))  weight 1 per m'}
    assert [t[:5] for t in errors(tmp_path, text, **mixed)] == ["KS207"]
    assert [t[:5] for t in errors(tmp_path, text, **plain) if t.startswith("KS2")] == []
