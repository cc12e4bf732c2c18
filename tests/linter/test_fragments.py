"""Files that others include: checked for what they have, and nothing that stands elsewhere is asked for."""

import random
import re
import shutil
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.ide.snapshot import analyse
from ksim_spec.linter.lint import LintRequest, examined
from ksim_spec.robot.cache import Robots

SPECS = Path(__file__).parents[2] / "specs"
NAMES = ("walk", "cartpole", "humanoid", "trot")
PLAIN = LintRequest()
NEEDED = {"robot", "action", "observe", "reward", "terminate"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return Path(shutil.copytree(SPECS, tmp_path_factory.mktemp("fragments") / "specs"))


def blocks(name: str) -> list[str]:
    found = re.split(r"\n(?=[a-z])", (SPECS / f"{name}.ksim").read_text())
    return [b for b in found if not b.startswith("task")]


def findings(path: Path, text: str, request: LintRequest = PLAIN) -> list[str]:
    path.write_text(text)
    found, _ = examined(request, path)
    return [f"{d.code} {d.message}" for d in found]


@pytest.mark.parametrize("name", NAMES)
def test_some_blocks_of_a_sound_spec_have_no_finding(name, folder):
    every, draw = blocks(name), random.Random(name)
    chosen = [[b] for b in every] + [[b for b in every if draw.random() < p] for p in (0.3, 0.5) for _ in range(6)]
    for some in chosen:
        if not {b.split()[0] for b in some} >= NEEDED:
            assert findings(folder / "part.ksim", "\n".join(some) + "\n") == [], some


SHARED = """
fn speed(x) = norm(x)
signal {
  slow = speed(v.xy) < 0.2 m/s
  wrong = 1 m + 1 s
}
reward {
  calm = exp(-square(knees.vel)) weight cost
  odd = exp(knees.pos, 1) weight 1 per s
}
event kick every 1 ms { knees.vel += strength * normal(1 rad/s) }
"""


def test_what_is_there_is_checked_without_a_robot(folder):
    found = findings(folder / "shared.ksim", SHARED)
    assert [f[:5] for f in found] == ["KS301", "KS203"], found


def test_with_a_robot_its_parts_are_checked(folder):
    found = findings(folder / "shared.ksim", 'robot "robots/biped.xml" {\n  base = body("torsoo")\n}\n')
    assert [f[:5] for f in found] == ["KS102"]


def test_profiles_and_settings_are_those_of_the_specs(folder):
    assert findings(folder / "shared.ksim", "fn twice(x) = x + x\n", LintRequest("play", ("train.num_envs=4",))) == []


def test_the_editor_says_the_same(folder):
    path = folder / "shared.ksim"
    found = analyse(SHARED, str(path), path, Robots()).diagnostics
    assert [d.code for d in found] == ["KS301", "KS203"]


def test_a_folder_with_a_shared_file_passes(folder, capsys):
    text = (SPECS / "walk.ksim").read_text()
    start, end = text.index("command velocity"), text.index("signal {")
    home = folder / "project"
    shutil.copytree(SPECS / "robots", home / "robots")
    (home / "commands.ksim").write_text(text[start:end])
    (home / "walk.ksim").write_text(text[:start] + 'include "commands.ksim"\n' + text[end:])
    assert main(["lint", str(home)]) == 0
    assert "error" not in capsys.readouterr().out


@pytest.mark.parametrize("line", ['task half "A half"\n', 'extends "nothing.ksim"\n'])
def test_a_task_still_needs_its_blocks(line, folder):
    assert findings(folder / "half.ksim", line + blocks("walk")[1])


def test_training_a_fragment_says_what_it_lacks(folder, capsys):
    (folder / "only.ksim").write_text("fn twice(x) = x + x\n")
    assert main(["compile", str(folder / "only.ksim"), "-o", str(folder / "out")]) == 2
    assert "names no robot" in capsys.readouterr().err
