"""Two versions of a task on the same states: what is recorded, what each version makes of it, what is shown."""

import json
import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from ksim_spec.cli.main import main
from ksim_spec.differ.report import Report
from ksim_spec.differ.sides import Opener
from ksim_spec.differ.states import StatesRow
from ksim_spec.replay.compare import compare, rank_correlation
from ksim_spec.replay.compiled_version import Version, open_version
from ksim_spec.replay.evaluate import Evaluation, Replay
from ksim_spec.replay.recording import NUM_ENVS, Recording, record_random

SPECS = Path(__file__).parents[2] / "specs"
STATES = 64 * 60


def plain(name: str) -> str:
    """A spec with short episodes, without what differs between environments: delays of actions and drawn models."""
    text = (SPECS / f"{name}.ksim").read_text().replace("time >= 20 s", "time >= 0.9 s")
    text = re.sub(r"  delay [^\n]*", "", text)
    return re.sub(r"(?s)^randomize \{.*?^\}\n", "", text, flags=re.M)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tasks")
    shutil.copytree(SPECS / "robots", top / "robots")
    return top


def version(folder: Path, text: str, name: str) -> Version:
    path = folder / f"{name}.ksim"
    path.write_text(text)
    return open_version(Opener(), str(path))


@cache
def recorded(folder: Path, name: str) -> tuple[Version, Recording, Evaluation]:
    old = version(folder, plain(name), name)
    recording = record_random(old, STATES)
    return old, recording, Replay(old, recording).evaluate()


@pytest.mark.parametrize("name", ["walk", "trot"])
def test_a_replay_gives_what_the_task_gave_when_it_was_stepped(folder: Path, name: str):
    _, r, found = recorded(folder, name)
    assert r.time_TE.shape == (60, NUM_ENVS) and r.states > 0.99 * STATES
    assert r.begins_TE.sum() > NUM_ENVS  # some episodes end, so memory begins anew in the middle
    gave = r.reward_TE / r.control_dt
    # forces of the last physics step are read by the one, those at its end by the other: torque and impact differ
    apart = np.abs(found.total_TE - gave)[r.valid_TE]
    assert np.quantile(apart, 0.99) < 0.02 * np.abs(gave).mean()
    assert spearmanr(found.total_TE[r.valid_TE], gave[r.valid_TE]).statistic > 0.999
    ended = found.rules["fell"] | found.rules["timeout"]
    assert (r.begins_TE[1:] == ended[:-1]).mean() > 0.999 and ended.any()


def test_a_termination_is_that_of_the_recorded_state(folder: Path):
    _, r, found = recorded(folder, "walk")
    base = next(j for j in r.joints if j.qpos.stop - j.qpos.start == 7)
    qpos = r.qpos_TEQ[..., base.qpos]
    up = 1 - 2 * (qpos[..., 4] ** 2 + qpos[..., 5] ** 2)  # of the rotation matrix, what is up in the body
    fell = (qpos[..., 2] < 0.5) | (np.degrees(np.arccos(np.clip(up, -1, 1))) > 60)
    assert (found.rules["fell"] == fell)[r.valid_TE].mean() > 0.9995


def compared(folder: Path, name: str, text: str) -> StatesRow:
    """The plain spec of a name against another text, on the recording of the plain one."""
    old, recording, _ = recorded(folder, name)
    new = version(folder, text, "after")
    opener = Opener()
    before, after = (opener.open(*opener.locate(v.label)).contract for v in (old, new))
    return compare(old, new, (before, after), recording)


def test_what_means_the_same_is_the_same_in_every_state(folder: Path):
    old = plain("trot")
    lines = old.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("reward {"))
    lines[at + 1], lines[at + 2] = lines[at + 2], lines[at + 1]
    new = re.sub(r"\bdown\b(?= |\.|\n)", "downward", "\n".join(lines)).replace("world.downward", "world.down")
    row = compared(folder, "trot", new)
    assert len(row.terms) > 8 and all(t.same for t in row.terms) and row.total.same
    assert row.rank_correlation == pytest.approx(1.0) and not any(r.gained or r.lost for r in row.rules)


def test_a_weight_moves_its_term_and_no_other(folder: Path):
    old = plain("walk")
    new = old.replace("0.2 m/s)               weight 2.0", "0.2 m/s)               weight 3.0").replace(
        "base.height < 0.5 m", "base.height < 0.6 m"
    )
    assert new.count("weight 3.0") == 1
    row = compared(folder, "walk", new)
    (moved,) = [t for t in row.terms if not t.same]
    assert moved.name == "track_close" and moved.old is not None and moved.new is not None
    assert moved.new.mean == pytest.approx(1.5 * moved.old.mean, rel=1e-4)
    assert moved.new.deviation == pytest.approx(1.5 * moved.old.deviation, rel=1e-4)
    assert sum(moved.old.histogram) == sum(moved.new.histogram) == row.states
    assert row.total.new is not None and row.total.old is not None
    assert row.total.new.mean - row.total.old.mean == pytest.approx(0.5 * moved.old.mean, rel=1e-3)
    assert row.rank_correlation is not None and 0.9 < row.rank_correlation < 1
    fell = next(r for r in row.rules if r.name == "fell")
    assert fell.gained > 0 and fell.lost == 0 and fell.old is not None and fell.new == fell.old + fell.gained
    assert all(f.fires for f in fell.flips) and len({f.environment for f in fell.flips}) == len(fell.flips) == 3


def test_a_term_that_came_and_one_that_went(folder: Path):
    old = plain("trot")
    new = re.sub(r"(?m)^( +)torque( +)= .*$", r"\1drive\2= sum(abs(legs.vel))  weight -1e-3 per rad/s per s", old)
    row = compared(folder, "trot", new)
    by_name = {t.name: t for t in row.terms}
    assert by_name["torque"].new is None and by_name["drive"].old is None
    assert sum(t.same for t in row.terms) == len(row.terms) - 2


def test_a_robot_with_other_joints_takes_what_it_knows(folder: Path):
    _, recording, before = recorded(folder, "walk")
    robot = (folder / "robots" / "biped.xml").read_text()
    renamed = robot.replace("left_knee", "left_bend").replace("right_knee", "right_bend")
    (folder / "robots" / "other.xml").write_text(renamed)
    new = version(folder, plain("walk").replace("biped.xml", "other.xml").replace("*_knee", "*_bend"), "new")
    a, b = before, Replay(new, recording).evaluate()
    # only the recorded actions have no place any more, so what is commanded of the knees differs
    assert all(np.allclose(a.terms[n], b.terms[n], atol=1e-4) for n in a.terms if n not in ("torque", "action_rate"))
    assert not np.allclose(a.terms["action_rate"], b.terms["action_rate"], atol=1e-4)


def test_joints_and_commands_with_other_names_take_what_was_recorded_of_them(folder: Path):
    robot = (folder / "robots" / "biped.xml").read_text()
    (folder / "robots" / "named.xml").write_text(
        robot.replace("left_knee", "left_bend").replace("right_knee", "right_bend")
    )
    text = plain("walk").replace("biped.xml", "named.xml").replace("*_knee", "*_bend")
    new = re.sub(r"\bvelocity\b(?! *[(c])", "wanted", text)
    assert "command wanted in" in new
    row = compared(folder, "walk", new)
    assert len(row.terms) > 8 and all(t.same for t in row.terms) and not row.notes
    assert not any(r.gained or r.lost for r in row.rules)


@pytest.mark.parametrize("seed", range(4))
def test_the_rank_correlation_is_that_of_scipy(seed: int):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 5, 200).astype(float)  # with ties
    y = x + rng.normal(size=200)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert rank_correlation(x, np.ones(200)) is None


def test_on_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "a.ksim").write_text((SPECS / "cartpole.ksim").read_text())
    (folder / "b.ksim").write_text((SPECS / "cartpole.ksim").read_text().replace("weight 1", "weight 2", 1))
    words = ["diff", str(folder / "a.ksim"), str(folder / "b.ksim"), "--on", "random", "--states", "640"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "on 640 states of random actions in" in out and "rank correlation" in out and "▁" in out or "█" in out
    assert main([*words, "--format", "markdown"]) == 0
    assert "<details><summary>on 640 states</summary>" in capsys.readouterr().out
    assert main([*words, "--format", "json"]) == 0
    found = Report.model_validate(json.loads(capsys.readouterr().out))
    assert found.on is not None and found.on.states == 640
    assert main(["diff", str(folder / "a.ksim"), str(folder), "--on", "random"]) == 2
    assert "not folders" in capsys.readouterr().err


def test_a_contract_cannot_be_evaluated(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "a.ksim").write_text((SPECS / "cartpole.ksim").read_text())
    assert main(["compile", str(folder / "a.ksim"), "-o", str(folder / "built")]) == 0
    assert main(["diff", str(folder / "built/contract.json"), str(folder / "a.ksim"), "--on", "random"]) == 2
    assert "KS755" in capsys.readouterr().err
    assert main(["diff", str(folder / "built"), str(folder / "a.ksim"), "--on", str(folder / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["diff", str(folder / "built"), str(folder / "a.ksim"), "--on", "random", "--states", "128"]) == 0
    assert "the same in every state" in capsys.readouterr().out
