"""Going to definitions, finding references and renaming."""

from __future__ import annotations

import pytest

from ksim_spec.ide.diagnostics import problems
from ksim_spec.ide.goto_definition import definitions
from ksim_spec.ide.references import Refusal, references, rename
from tests.ide.helpers import ROOT, WALK_TEXT, at, edited, snapshot

TROT = ROOT / "specs" / "trot.ksim"


@pytest.mark.parametrize(
    ("marked", "line"),
    [
        ("gaussian(|v.xy - velocity.xy, 0.5 m/s) ", "  v       = base.linvel in base.heading"),
        ("gaussian(v.xy - |velocity.xy, 0.5 m/s) ", "command velocity in base.heading {"),
        ("base.angvel.z - velocity.y|aw, 0.5", "  yaw = uniform(-1 rad/s, 1 rad/s)"),
        ("gyro      = bas|e.angvel", '  base  = body("torso")'),
        ("push_str|ength * disc", "  push_strength from 0 to 1  by 0.05  when mean(episode_time) > 10 s"),
        ("group costs weight co|st {", "  cost          from 0.1 to 1  duration 8e6 env_states"),
        ("critic includes act|or {", "observe actor {"),
        ("observes cri|tic", "observe critic includes actor {"),
        ("pose ho|me", '  home  = keyframe("stand")'),
    ],
)
def test_a_name_leads_to_the_line_that_declares_it(marked: str, line: str):
    here, offset = at(marked)
    found = definitions(here, offset)
    assert [p.source.line(p.source.position(p.start).line) for p in found] == [line]


@pytest.mark.parametrize(
    ("marked", "lines"),
    [
        ('body("tor|so")', ['<body name="torso"']),
        ('"left_foot", "rig|ht_foot"', ['<site name="right_foot"']),
        ('joints("*_hip_*", "*_kn|ee"', ['<joint name="left_knee"', '<joint name="right_knee"']),
        ('keyframe("st|and")', ['<key name="stand"']),
        ("sum(square(hips.po|s))", ['<joint name="left_hip_roll"', '<joint name="right_hip_roll"']),
        ('geom("flo|or").friction', []),
    ],
)
def test_a_name_of_the_robot_leads_into_its_file(marked: str, lines: list[str]):
    here, offset = at(marked)
    found = definitions(here, offset)
    assert {p.source.path for p in found} <= {ROOT / "specs" / "robots" / "biped.xml"}
    shown = [p.source.line(p.source.position(p.start).line).strip() for p in found]
    assert len(shown) == len(lines) and all(a.startswith(b) for a, b in zip(shown, lines, strict=True)), shown


def test_a_library_function_leads_into_the_library_and_the_robot_into_its_file():
    here, offset = edited("sum(square(delta(action)))", "std.act|ion_rate(action)")
    (found,) = definitions(here, offset)
    assert found.source.text[found.start : found.end] == "action_rate" and found.source.path is not None
    assert found.source.path.name == "locomotion.ksim"
    (robot,) = definitions(*at('robot "robots/bi|ped.xml"'))
    assert robot.source.path is not None and robot.source.path.name == "biped.xml"


def test_functions_parameters_and_binders_of_the_spec():
    text = WALK_TEXT.replace(
        "signal {", "fn twice(q) = q + q\nsignal {\n  both = twice(1 m)\n  top = sum(j.pos for j of legs)", 1
    )
    here = snapshot(text)
    for use, declared in (("= twi|ce(1", "twice(q)"), ("= q| + q", "q) ="), ("sum(j|.pos", "j of legs")):
        start = text.index(use.replace("|", "")) + use.index("|")
        (found,) = definitions(here, start)
        assert text[found.start :].startswith(declared), use


def test_references_are_every_use_and_the_declaration():
    here, offset = at("  mov|ing  = norm")
    found = references(here, offset)
    assert [here.text[p.start : p.end] for p in found] == ["moving"] * 3
    assert len(references(here, offset, declaration=False)) == 2
    assert references(*at("wei|ght 0.5 per s")) == []
    assert len(references(*at("observes cri|tic"))) == 0


def renamed(marked: str, new: str) -> str:
    here, offset = at(marked)
    changes = rename(here, offset, new)
    assert not isinstance(changes, Refusal), changes
    text = here.text
    (own,) = changes.values()
    for change in sorted(own, key=lambda c: -c.start):
        text = text[: change.start] + change.text + text[change.end :]
    assert [p for p in problems(snapshot(text)) if p.severity == "error"] == []
    return text


@pytest.mark.parametrize("name", ["legs", "feet", "base", "home", "v", "gait", "velocity", "cost", "push_strength"])
def test_a_renamed_name_is_renamed_wherever_it_is_used(name: str):
    old = WALK_TEXT
    marked = {"velocity": "command velo|city in", "cost": "\n  cos|t  ", "push_strength": "\n  push_str|ength"}
    text = renamed(marked.get(name, f"\n  {name[0]}|{name[1:]} "), "zz_new")
    assert text.count("zz_new") > 1 and len(problems(snapshot(text))) == len(problems(snapshot(old)))


def test_a_rename_follows_the_paths_of_a_profile():
    here, offset = edited("  no event push\n", "  no event push\n  command.velo|city.x = 0 m/s\n")
    assert len(references(here, offset)) == len(references(*at("command velo|city in"))) + 1


@pytest.mark.parametrize(
    ("marked", "new", "why"),
    [
        ("  mov|ing  =", "gait", "already means"),
        ("  mov|ing  =", "2x", "not a name"),
        ("  mov|ing  =", "sum", "already"),
        ("  track_lin|ear =", "x", "only signals"),
        ("  mov|ing  =", "and", "not a name"),
    ],
)
def test_a_rename_that_would_change_the_meaning_is_refused(marked: str, new: str, why: str):
    refused = rename(*at(marked), new)
    assert isinstance(refused, Refusal) and why in refused.reason


def test_a_parameter_of_a_function_is_not_the_signal_of_that_name():
    text = WALK_TEXT.replace("signal {", "fn lean2(moving) = moving\nsignal {\n  other = lean2(1 m)", 1)
    here = snapshot(text)
    offset = text.index("  moving  =") + 3
    assert len(references(here, offset)) == 3
