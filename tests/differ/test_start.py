"""Where free and ball joints start is in the contract: moving it is a change of the task, in both directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ksim_spec.cli.main import main
from ksim_spec.contract.build import as_plain
from ksim_spec.contract.schema import Contract
from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.change import Change, strongest
from ksim_spec.differ.compare import compare
from ksim_spec.differ.sides import as_contract
from tests.differ.mutations import ROOT, Version, contract

ROBOT = """<mujoco>
  <worldbody>
    <body name="arm" pos="0 0 1">
      <joint name="turn" type="hinge" axis="0 0 1"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
      <body name="hand" pos="0.3 0 0">
        <joint name="wrist" type="ball"/>
        <geom type="sphere" size="0.03"/>
      </body>
    </body>
    <body name="cube" pos="0.4 0 0.05"><freejoint/><geom type="box" size="0.03 0.03 0.03"/></body>
  </worldbody>
  <actuator><position name="turn" joint="turn" kp="10"/></actuator>
  <keyframe><key name="home" qpos="0.1 1 0 0 0 0.4 0 0.05 1 0 0 0"/></keyframe>
</mujoco>"""
SPEC = """task place
robot "robots/biped.xml" {
  arm  = joint("turn")
  home = keyframe("home")
}
world {
  physics_step = 4 ms
  control_step = 20 ms
}
action {
  target = position(arm) scale 1 rad
}
observe actor {
  angle = arm.pos
}
reward {
  still = square(arm.vel) weight -1 per rad^2/s^2 per s
}
reset {
  pose home
}
terminate {
  late when time > 5 s truncate
}
policy {
  actor  = mlp(8)
  critic = mlp(8)
}
train ppo {
  budget = 1e6 env_states
}
"""
PLACE = ROOT / "specs" / "place.ksim"  # as if it were there: `contract` reads the robot that it is given


def version(robot: str = ROBOT, spec: str = SPEC) -> Contract:
    return contract(Version(PLACE, spec, robot))


def keyed(qpos: str) -> Contract:
    return version(ROBOT.replace("0.1 1 0 0 0 0.4 0 0.05 1 0 0 0", qpos))


def both_ways(new: Contract) -> tuple[list[Change], list[Change]]:
    return compare(version(), new), compare(new, version())


@pytest.mark.parametrize(
    ("qpos", "says"),
    [
        ("0.1 1 0 0 0 0.55 0 0.05 1 0 0 0", "cube starts at x 0.4 -> 0.55 m"),
        ("0.1 1 0 0 0 0.4 0 0.15 1 0 0 0", "cube starts at z 0.05 -> 0.15 m"),
        ("0.1 1 0 0 0 0.3 0.1 0.05 1 0 0 0", "cube starts at (0.4, 0, 0.05) -> (0.3, 0.1, 0.05) m"),
        ("0.1 1 0 0 0 0.4 0 0.05 0.70710678 0 0 0.70710678", "cube turned by 90 deg"),
        ("0.1 0.70710678 0.70710678 0 0 0.4 0 0.05 1 0 0 0", "hand turned by 90 deg"),
        ("0.2 1 0 0 0 0.4 0 0.05 1 0 0 0", "turn 0.1 -> 0.2"),
    ],
)
def test_a_start_that_is_moved_in_a_keyframe_is_behaviour(qpos: str, says: str):
    there, back = both_ways(keyed(qpos))
    assert [(c.rule.code, c.path) for c in there] == [("KD321", "reset.pose")] == [(c.rule.code, c.path) for c in back]
    assert strongest(there) == "behaviour" and there[0].notes[0].startswith(says)
    assert (back[0].old, back[0].new) == (there[0].new, there[0].old)


@pytest.mark.parametrize(
    "qpos", ["0.1 1 0 0 0 0.4 0 0.05 -1 0 0 0", "0.1 3 0 0 0 0.4 0 0.05 1 0 0 0", "0.1 -2 0 0 0 0.4 -0 5e-2 1 0 0 0"]
)
def test_the_same_start_written_otherwise_is_no_change(qpos: str):
    assert both_ways(keyed(qpos)) == ([], [])


def test_a_body_is_moved_where_no_keyframe_says_where_it_starts():
    spec = SPEC.replace("  pose home\n", "  arm.pos += 0 rad\n")
    old, new = version(spec=spec), version(ROBOT.replace('pos="0.4 0 0.05"', 'pos="0.5 0 0.05"'), spec)
    assert strongest(compare(old, new)) == "behaviour" == strongest(compare(new, old))
    cube = next(p for p in old.reset.placed or () if p.body == "cube")
    assert cube.position is None and cube.rotation is None
    changes = compare(old, version())
    assert "cube starts at its place in the robot file -> (0.4, 0, 0.05), turned" in [
        n for c in changes for n in c.notes
    ]


def test_a_keyframe_that_no_episode_begins_in_is_not_a_start():
    more = '<key name="other" qpos="0 1 0 0 0 {} 0 0 1 0 0 0"/></keyframe>'
    old, new = (version(ROBOT.replace("</keyframe>", more.format(x))) for x in (0, 1))
    assert [(c.rule.code, c.path) for c in compare(old, new)] == [("KD406", "model.keyframe.other")]


def test_names_of_joints_do_not_count():
    named = version(ROBOT.replace("<freejoint/>", '<freejoint name="cube_free"/>'))
    assert not [c for c in compare(version(), named) if c.rule.code == "KD321"]


def older(whole: Contract) -> dict[str, Any]:
    """A contract as version 2 had it: no starts, and in keyframes only joints that have a name."""
    plain = as_plain(whole)
    del plain["reset"]["placed"]
    plain["schema_version"] = 2
    for key in plain["model"]["elements"]["keyframe"]:
        rows = [r for r in key["attributes"]["qpos"].split("; ") if not r.startswith("cube ")]
        key["attributes"]["qpos"] = "; ".join(rows)
    return plain


def test_a_contract_of_the_older_version_is_read_and_says_what_its_keyframe_says():
    named = ROBOT.replace("<freejoint/>", '<freejoint name="cube_free"/>')
    old, same = as_contract(older(version(named)), "place.ksim.lock"), version(named)
    assert old == same and compare(old, same) == []
    moved = version(named.replace("0.4 0 0.05 1", "0.55 0 0.05 1"))
    assert [c.notes for c in compare(old, moved)] == [("cube starts at x 0.4 -> 0.55 m (+37.5 %)",)]


def test_what_an_older_contract_does_not_say_is_told_and_not_taken_for_equal():
    old = as_contract(older(version()), "place.ksim.lock")
    assert old.reset.placed is None
    for changes in both_ways_of(old, version()):
        assert [(c.rule.code, c.cls) for c in changes] == [("KD410", "cosmetic")]
    assert {c.rule.code for c in compare(old, keyed("0.2 1 0 0 0 0.4 0 0.05 1 0 0 0"))} == {"KD321", "KD410"}


def both_ways_of(old: Contract, new: Contract) -> tuple[list[Change], list[Change]]:
    return compare(old, new), compare(new, old)


@pytest.mark.parametrize(
    "broken", [{"reset": None}, {"model": {"elements": {"keyframe": [{}]}}}, {"model": 3}, {"reset": {}}]
)
def test_a_broken_contract_of_the_older_version_is_refused(broken: dict[str, Any]):
    with pytest.raises(SpecError) as refused:
        as_contract({**older(version()), **broken}, "x.json")
    assert refused.value.diagnostics[0].code == "KS751"


def test_an_older_lock_is_out_of_date_only_in_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    (tmp_path / "arm.xml").write_text(ROBOT)
    (tmp_path / "place.ksim").write_text(SPEC.replace("robots/biped.xml", "arm.xml"))
    monkeypatch.chdir(tmp_path)
    assert main(["lock", "place.ksim"]) == 0
    lock = tmp_path / "place.ksim.lock"
    plain = json.loads(lock.read_text())
    plain["schema_version"] = 2
    del plain["reset"]["placed"]
    lock.write_text(json.dumps(plain))
    assert main(["lock", ".", "--check"]) == 1
    told = capsys.readouterr().out
    assert "out of date" in told and "behaviour" not in told
    assert main(["lock", "."]) == 0 == main(["lock", ".", "--check"])
