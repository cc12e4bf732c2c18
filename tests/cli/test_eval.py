"""`ksim eval`: the check block on fresh episodes, and what the policy was trained from."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.runs.provenance import commit_of

SPECS = Path(__file__).parents[2] / "specs"
TINY = (
    "train.num_envs=8",
    "train.num_minibatches=1",
    "train.num_env_states_per_minibatch=64",
    "train.budget=128",
    "policy.actor=mlp(8)",
    "policy.critic=mlp(8)",
)


def git(*words: str, cwd: Path) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *who, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cart and pole in a repository of its own, with one commit."""
    top = tmp_path_factory.mktemp("tasks")
    shutil.copytree(SPECS / "robots", top / "robots")
    shutil.copy(SPECS / "cartpole.ksim", top)
    git("init", "-q", cwd=top)
    git("add", "-A", cwd=top)
    git("commit", "-qm", "first", cwd=top)
    return top / "cartpole.ksim"


@pytest.fixture(scope="module")
def run(spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "cartpole"
    sets = [part for text in TINY for part in ("--set", text)]
    assert main(["train", str(spec), "--seed", "5", "--out", str(out), "--no-progress", "--no-video", *sets]) == 0
    return out


def judged(run: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> dict:
    capsys.readouterr()
    assert main(["eval", str(run), "--episodes", "8", "--format", "json", *flags]) == 1  # nothing was learnt
    return json.loads(capsys.readouterr().out)


def test_a_policy_that_has_learnt_nothing_fails_its_check(run, capsys):
    found = judged(run, capsys, "--seed", "3")
    (check,) = found["checks"]
    assert check["text"] == "mean(score) >= 90 %" and check["bound"] == 0.9 and not check["passed"]
    assert not found["passed"] and found["survived"] == 1 and found["mean_seconds"] == pytest.approx(20)
    assert (found["episodes"], found["seed"], found["seconds"]) == (8, 3, 20)
    # the one reward term is the score, so that the check and the statistics of terms tell the same in two ways
    swing_per_s = found["terms"]["swing"] / 0.02
    assert 0 < check["value"] < 0.5 and check["value"] == pytest.approx(swing_per_s, rel=1e-3)
    assert found["mean_return"] == pytest.approx(swing_per_s * 20, rel=1e-3)


def test_a_seed_says_which_episodes(run, capsys):
    first, again, other = (judged(run, capsys, "--seed", seed) for seed in ("3", "3", "4"))
    assert first == again and first["mean_return"] != other["mean_return"]


def test_a_judgement_says_what_the_policy_was_trained_from(run, spec, capsys):
    origin, contract = judged(run, capsys)["origin"], json.loads((run / "contract.json").read_text())
    assert origin["commit"] == git("rev-parse", "HEAD", cwd=spec.parent)
    assert origin["meaning"] == contract["hashes"]["meaning"]
    assert (origin["task"], origin["seed"], origin["env_states"]) == ("cartpole", 5, 128)
    assert origin["wall_s"] > 0 and origin["versions"]["mujoco"]
    assert main(["eval", str(run), "--episodes", "8"]) == 1
    shown = capsys.readouterr().out
    assert f"commit {origin['commit'][:9]}\n" in shown and "FAIL  mean(score) >= 90 %" in shown


def test_a_run_of_an_older_version_is_judged_all_the_same(run, tmp_path, capsys):
    old = shutil.copytree(run, tmp_path / "old")
    for file in (old / "checkpoints").glob("*.ckpt"):
        forget(file, ("hashes", "commit"))
    assert judged(old, capsys, "--ignore-contract")["origin"]["commit"] is None
    assert main(["eval", str(old), "--episodes", "8", "--ignore-contract"]) == 1
    assert capsys.readouterr().out.startswith("cartpole, seed 5, 128 env_states in ")


def forget(checkpoint: Path, keys: tuple[str, ...]) -> None:
    """Rewrites a checkpoint without some keys of its settings and its contract."""
    with zipfile.ZipFile(checkpoint) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for name in ("meta.json", "contract.json"):
        held[name] = json.dumps({k: v for k, v in json.loads(held[name]).items() if k not in keys}).encode()
    with zipfile.ZipFile(checkpoint, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)


def test_changes_that_are_not_committed_are_told_of(spec, tmp_path):
    head = git("rev-parse", "HEAD", cwd=spec.parent)
    assert commit_of(spec) == head
    robot = spec.parent / "robots" / "cartpole.xml"
    before = robot.read_text()
    robot.write_text(before + "<!-- -->\n")
    assert commit_of(spec) == f"{head}-dirty"
    robot.write_text(before)
    assert commit_of(spec) == head
    assert commit_of(tmp_path / "no.ksim") is None


def test_without_git_there_is_no_commit(spec, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit_of(spec) is None


def test_each_survival_has_its_own_time_and_everything_else_sees_whole_episodes(spec, tmp_path, capsys):
    text = spec.read_text(encoding="utf-8")
    ends = "terminate {\n  early when time >= 1 s  fail\n}\n"
    checks = "check {\n  survived(0.5 s) >= 100 %\n  survived(1 s) >= 100 %\n  survived(2 s) >= 100 %\n  max(time) <= 2 s\n}\n"
    body = re.sub(r"(?ms)^(terminate|check) \{.*?^\}\n", "", text)
    short = spec.with_name("short.ksim")
    short.write_text(f"{body}\n{ends}\n{checks}", encoding="utf-8")
    out, sets = tmp_path / "run", [part for words in TINY for part in ("--set", words)]
    assert main(["train", str(short), "--out", str(out), "--no-progress", "--no-video", *sets]) == 0
    found = judged(out, capsys)["checks"]
    assert [round(check["value"], 6) for check in found] == [1.0, 1.0, 0.0, 1.0]
