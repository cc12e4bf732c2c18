"""`ksim compile`: the folder it writes, the stages it prints, and what it says when it cannot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.runs.folder import open_folder

SPEC = str(Path(__file__).with_name("small.ksim"))


def test_the_folder_is_what_training_opens(tmp_path, capsys):
    assert main(["compile", SPEC, "-o", str(tmp_path / "a" / "small")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'a' / 'small'}: task.py, model.xml, contract.json")
    assert open_folder(tmp_path / "a" / "small").spec.task == "small"
    assert not list((tmp_path / "a" / "small").rglob("*.tmp"))


def test_compiling_twice_writes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        assert main(["compile", SPEC, "-o", str(tmp_path / name)]) == 0
    for file in (f for f in (tmp_path / "a").rglob("*") if f.is_file()):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize(("stage", "sign"), [("python", "def rewards("), ("ir", "reward.track_linear <- %")])
def test_a_stage_goes_to_stdout_alone(stage, sign, capsys):
    assert main(["compile", SPEC, "--emit", stage]) == 0
    told = capsys.readouterr()
    assert sign in told.out and told.err == ""


def test_overlays_reach_the_contract(capsys):
    assert main(["compile", SPEC, "--emit", "contract", "--set", "policy.actor=mlp(32)"]) == 0
    assert json.loads(capsys.readouterr().out)["networks"]["actor"] == [32]


def test_no_jax_for_the_folder(tmp_path):
    program = f"""
import sys
from ksim_spec.cli.main import main
assert main(["compile", {SPEC!r}, "-o", {str(tmp_path / "x")!r}]) == 0
print(*sorted({{"jax", "equinox", "optax", "mujoco"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "mujoco"


@pytest.mark.parametrize(("stage", "sign"), [("jaxpr", "let"), ("hlo", "HloModule")])
def test_what_jax_makes_of_a_step(stage, sign, capsys):
    assert main(["compile", SPEC, "--emit", stage, "--num-envs", "2"]) == 0
    assert sign in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_2(tmp_path, capsys):
    (tmp_path / "file").write_text("here already")
    assert main(["compile", SPEC, "-o", str(tmp_path / "file" / "x")]) == 2
    told = capsys.readouterr().err
    assert "KS713" in told and "Traceback" not in told


def test_neither_folder_nor_stage_is_2(capsys):
    assert main(["compile", SPEC]) == 2
    assert "-o DIR" in capsys.readouterr().err


def test_a_spec_with_errors_is_2_and_writes_nothing(tmp_path, capsys):
    assert main(["compile", SPEC, "-o", str(tmp_path / "x"), "--set", "command.velocity.x=uniform(1 kg)"]) == 2
    assert "error[KS" in capsys.readouterr().err and not (tmp_path / "x").exists()
