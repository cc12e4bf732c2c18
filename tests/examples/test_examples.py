"""The examples run as their docstrings say, here with less to learn."""

import importlib.util
import re
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_training_from_python_learns_judges_and_steps(tmp_path, capsys):
    example("train_from_python").main(["--budget", "10000", "--out", str(tmp_path / "run")])
    told = capsys.readouterr().out
    assert re.search(r"^\n1 8192 [\d.e-]+\n2 16384 [\d.e-]+\nmean\(score\) >= 90 % failed 0\.\d+\n\[", told), told
    rewards = re.search(r"\[(.*)\] \{'", told)[1].split()
    assert len({float(x) for x in rewards}) == 4 and (tmp_path / "run" / "checkpoints" / "latest").is_file()


def test_a_network_of_ones_own_is_trained_and_opened_with_its_class(tmp_path, capsys):
    example("custom_network").main(["--budget", "10000", "--out", str(tmp_path / "run")])
    told = capsys.readouterr().out
    assert "16384 env_states in" in told and re.search(r"mean return \d+\.\d+ over 64 episodes", told)
    assert "was trained with the network `example_custom_network.Recurrent` of its own" in told
    assert "memories of shape (3, 32)" in told


def test_a_task_is_stepped_by_hand(capsys):
    spec = FOLDER.parent / "specs" / "cartpole.ksim"
    example("step_by_hand").main([str(spec), "--num-envs", "3", "--seconds", "0.4"])
    told = capsys.readouterr().out
    assert "cartpole: actions 1, observations {'actor': 5}" in told and "qpos (3, 2)" in told
    assert re.search(r"mean reward per step \d+\.\d+, episodes that ended 0\n  \w+ +\+\d", told)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_tried_here_and_says_how_to_run_it(name):
    page = (FOLDER / f"{name}.py").read_text()
    assert f"\nRun it: python examples/{name}.py" in page and 'if __name__ == "__main__":\n    main()\n' in page
    assert f'example("{name}").main' in Path(__file__).read_text()


def test_the_program_in_the_readme_is_the_example():
    page = (FOLDER.parent / "README.md").read_text()
    (program,) = re.findall(r"^```python\nimport ksim_spec as ks\n\nspec, .*?\n\n(.*?)^```", page, re.M | re.S)
    assert textwrap.indent(program, "    ") in (FOLDER / "train_from_python.py").read_text()
