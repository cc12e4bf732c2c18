"""`ksim train --resume`: what may change when a run goes on, and what is told where something may not."""

import json
from pathlib import Path

import pytest

from ksim_spec.cli.main import main

SPEC = Path(__file__).parents[2] / "specs" / "cartpole.ksim"
TINY = {
    "train.num_envs": 8, "train.num_minibatches": 1, "train.num_env_states_per_minibatch": 64, "train.budget": 128,
    "policy.actor": "mlp(8)", "policy.critic": "mlp(8)",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learnt from all of its budget: two updates."""
    out = tmp_path_factory.mktemp("runs") / "cartpole"
    sets = [part for name, value in TINY.items() for part in ("--set", f"{name}={value}")]
    command = ["train", str(SPEC), "--backend", "cpu", "--out", str(out), "--no-progress", "--no-video", *sets]
    assert main(command) == 0
    return out


def resumed(run: Path, *words: str) -> int:
    return main(["train", "--resume", str(run), "--no-progress", "--no-video", *words])


@pytest.mark.parametrize("words", ["--seed 1", "--num-envs 4", "--set train.clip=0.1", "--profile play", "--out x"])
def test_a_run_goes_on_as_it_was_begun(run, words, capsys):
    assert resumed(run, *words.split()) == 2
    assert f"leave out `{words.split()[0]}`" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["", "--budget 128", "--budget 64"])
def test_a_run_that_has_learnt_all_says_so(run, words, capsys):
    assert resumed(run, *words.split()) == 2
    told = capsys.readouterr().err
    assert "all the 128 env_states of its budget" in told and "--budget" in told


def test_it_goes_on_with_its_own_engine(run, capsys):
    assert resumed(run, "--budget", "192", "--backend", "mjx") == 2
    assert "was trained on the engine `cpu`, not `mjx`" in capsys.readouterr().err


def test_it_goes_on_with_a_larger_budget_and_then_knows_it(run, capsys):
    assert resumed(run, "--budget", "192") == 0
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["update"] for row in rows] == [1, 2, 3]
    capsys.readouterr()
    assert resumed(run) == 2 and "all the 192 env_states" in capsys.readouterr().err
