"""Overlays: `extends`, `include`, `override`, `remove`, profiles and `--set`, all before anything is derived."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksim_spec.language.load import Loaded, load_spec, load_text
from ksim_spec.language.program import Program

WALK = Path(__file__).parent / "good" / "walk.ksim"


def program(loaded: Loaded) -> Program:
    assert loaded.program is not None, [d.message for d in loaded.diagnostics]
    return loaded.program


def extended(body: str, folder: Path) -> Loaded:
    path = folder / "child.ksim"
    text = f'task child "A child"\n\nextends "{WALK}"\n\n{body}\n'
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


def messages(loaded: Loaded) -> list[str]:
    return [d.message for d in loaded.diagnostics if d.severity == "error"]


def test_a_setting_on_the_command_line_changes_what_follows_from_it():
    changed = program(
        load_spec(WALK, sets=["world.physics_step=2 ms", "world.control_step=10 ms", "train.num_envs=32"])
    )
    assert changed.world.substeps == 5 and changed.train.num_envs == 32
    assert changed.action[0].delay == (0, 10), "20 ms are ten physics steps of 2 ms now"


def test_a_weight_on_the_command_line():
    changed = program(load_spec(WALK, sets=["reward.track.weight=3 per s"]))
    assert changed.params["reward.track.weight"] == 3
    assert program(load_spec(WALK)).params["reward.track.weight"] == 2


def test_a_command_range_and_a_new_setting():
    changed = program(load_spec(WALK, sets=["command.velocity.x=uniform(0 m/s, 2 m/s)", "train.discount=0.9"]))
    assert changed.params["command.velocity.x.uniform.1"] == 2 and changed.train.discount == 0.9


@pytest.mark.parametrize(
    "text, message",
    [
        ("reward.trak.weight=3 per s", "there is no `reward.trak.weight`"),
        ("rewards.track.weight=3 per s", "there is no `rewards` block"),
        ("train.num_env=3", "`train` has no setting `num_env`"),
        ("reward.track.weight", "`reward.track.weight` is not `path=value`"),
        ("reward.track.weight=3 m", None),
        ("=", None),
        ("train.num_envs=", None),
        ("train.num_envs=)", None),
        ("....=1", None),
        ("train=1", "`train` is a block, which has no value"),
        ("profile.x.y=2", None),
        ("robot=1", None),
        ("task=1", None),
    ],
)
def test_mistakes_on_the_command_line_are_reported(text: str, message: str | None) -> None:
    found = messages(load_spec(WALK, sets=[text]))
    assert found and (message is None or message in found)


def test_a_child_inherits_overrides_and_removes(tmp_path: Path) -> None:
    child = program(
        extended(
            "override reward.track.weight = 5 per s\noverride world.control_step = 40 ms\nremove reward.torque\n"
            "remove event.push\nreward {\n  tall = base.height weight 1 per m per s\n}",
            tmp_path,
        )
    )
    assert child.name == "child"
    assert [r.name for r in child.rewards] == ["track", "turn", "air_time", "tall"]
    assert child.params["reward.track.weight"] == 5 and child.world.substeps == 10 and child.events == ()


@pytest.mark.parametrize(
    "line, message",
    [
        ("override reward.trakc.weight = 5 per s", "there is no `reward.trakc.weight`"),
        ("remove reward.torqe", "there is no `reward.torqe`"),
        ("remove event.pushes", "there is no `event.pushes`"),
    ],
)
def test_an_absent_target_is_an_error(line: str, message: str, tmp_path: Path) -> None:
    assert message in messages(extended(line, tmp_path))


def test_included_definitions_are_shared(tmp_path: Path) -> None:
    (tmp_path / "shared.ksim").write_text(
        "fn twice(x) = 2 * x\n\nsignal {\n  tall = base.height\n}\n", encoding="utf-8"
    )
    text = WALK.read_text(encoding="utf-8").replace("../../../specs", str(WALK.parents[3] / "specs"))
    text = text.replace("robot ", 'include "shared.ksim"\n\nrobot ', 1)
    text = text.replace("linvel = v\n", "linvel = v\n  tall = twice(tall)\n")
    path = tmp_path / "walk.ksim"
    path.write_text(text, encoding="utf-8")
    assert "tall" in [e.name for e in program(load_spec(path)).group("critic").entries]


def test_files_that_include_each_other_and_missing_ones_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.ksim").write_text('include "b.ksim"\n', encoding="utf-8")
    (tmp_path / "b.ksim").write_text('include "a.ksim"\n', encoding="utf-8")
    assert any("includes itself" in m for m in messages(load_spec(tmp_path / "a.ksim")))
    (tmp_path / "c.ksim").write_text('extends "d.ksim"\n', encoding="utf-8")
    assert "there is no file `d.ksim`" in messages(load_spec(tmp_path / "c.ksim"))


PLAY = "\nprofile play {\n  no noise\n  no delay\n  no event push\n  no randomize\n  train.num_envs = 1\n  reward.track.weight = 9 per s\n}\n"


def test_a_profile_leaves_out_what_it_says(tmp_path: Path) -> None:
    text = WALK.read_text(encoding="utf-8") + PLAY
    played = program(load_text(text, "walk.ksim", WALK, profile="play"))
    assert played.events == () and played.randomization == () and played.action[0].delay == (0, 0)
    assert played.group("actor").entries[0].noise == "" and played.train.num_envs == 1
    assert played.params["reward.track.weight"] == 9
    plain = program(load_text(text, "walk.ksim", WALK))
    assert plain.events and plain.train.num_envs == 64 and plain.group("actor").entries[0].noise


def test_an_unknown_profile_names_a_near_one():
    loaded = load_text(WALK.read_text(encoding="utf-8") + PLAY, "walk.ksim", WALK, profile="paly")
    assert [(d.message, d.help) for d in loaded.diagnostics if d.severity == "error"] == [
        ("there is no profile `paly`", "did you mean `play`?")
    ]
