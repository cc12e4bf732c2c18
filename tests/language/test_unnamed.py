"""What has no name in the robot file is said by its kind and number, and every name that a help proposes is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tiny_tasks import errors, found

ROBOT = """<mujoco><worldbody><geom type="plane" size="1 1 1"/><body pos="0 0 1"><joint name="j" axis="0 1 0"/><geom size="0.1"/><site/>
  <body pos="0 0 0.3"><joint axis="0 1 0"/><geom size="0.05"/></body></body></worldbody>
  <actuator><motor joint="j"/></actuator><sensor><jointpos joint="j"/></sensor>
  <keyframe><key qpos="0.1 0.2"/></keyframe></mujoco>"""
DRIVEN = {"action": '  x = torque(joint("j"))  scale 1 Nm'}
READ = {
    'joint("{}").pos': "joint[1]", 'body("{}").height  reason "x"': "body[2]", 'site("{}").pos.z  reason "x"': "site[0]",
    'geom("{}").contact  reason "x"': "geom[1]", 'sensor("{}")': "sensor[0]", 'actuator("{}").force  reason "x"': "actuator[0]",
    'keyframe("{}").pos': "keyframe[0]",
}  # fmt: skip


@pytest.mark.parametrize("line", READ)
def test_a_number_stands_for_a_name(tmp_path: Path, line: str):
    observe = "  x = " + line.format(READ[line])
    if "keyframe" in line:  # a keyframe is a pose: it is held against the joints
        assert not errors(
            tmp_path, ROBOT, **DRIVEN, robot="  home = " + line.format(READ[line])[:-4], reset="  pose home"
        )
    else:
        assert not errors(tmp_path, ROBOT, **DRIVEN, observe=observe)


@pytest.mark.parametrize("line", READ)
@pytest.mark.parametrize("wrong", ["nothing_like_it", "[9]"])
def test_what_a_help_proposes_is_there(tmp_path: Path, line: str, wrong: str):
    kind = READ[line].partition("[")[0]
    name = kind + wrong if wrong.startswith("[") else wrong

    def blocks(name: str) -> dict[str, str]:
        text = line.format(name)
        alias = {"robot": f"  home = {text[:-4]}", "reset": "  pose home"}
        return DRIVEN | (alias if kind == "keyframe" else {"observe": f"  x = {text}"})

    (told,) = (d for d in found(tmp_path, ROBOT, **blocks(name)) if d.severity == "error")
    assert told.code == "KS102"
    proposed = re.findall(r"`([^`]+)`", told.help + " ".join(told.notes))
    assert proposed
    for other in proposed:
        assert not errors(tmp_path, ROBOT, **blocks(other)), other
