"""Work spread over processes: the same results in the same order, and the same lint as of every file alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SPECS = Path(__file__).parents[1] / "specs"
ASK = """
import os, sys
from ksim_spec._internal import parallel as workers
workers._cores = lambda: 2
def work(piece):
    if piece == 30: raise ValueError("thirty")
    return piece, os.getpid()
few = list(workers.spread(work, range(3)))
assert few == [(k, os.getpid()) for k in range(3)], few
many = list(workers.spread(work, range(29)))
assert [k for k, _ in many] == list(range(29)) and os.getpid() not in {p for _, p in many}, many
try: list(workers.spread(work, range(40)))
except ValueError as error: assert error.args == ("thirty",)
else: raise AssertionError("an error in a worker was lost")
"""


def test_pieces_come_back_in_order_and_what_a_worker_raises_is_raised():
    subprocess.run([sys.executable, "-c", ASK], check=True, timeout=60, env=environ())


def test_many_specs_are_told_of_as_each_alone(tmp_path):
    shutil.copytree(SPECS, tmp_path, dirs_exist_ok=True)
    walk, mistakes = (SPECS / "walk.ksim").read_text(), ['body("torsoo")', 'body("torso") +', 'bodyy("torso")']
    for path in tmp_path.glob("*.ksim"):
        path.unlink()
    for k in range(12):
        (tmp_path / f"spec{k:02}.ksim").write_text(walk.replace('body("torso")', mistakes[k % 3], 1))
    names = sorted(p.name for p in tmp_path.glob("*.ksim"))
    together, alone = lint(tmp_path, *names), [lint(tmp_path, name) for name in names]
    assert [one.returncode for one in (together, *alone)] == [1] * 13
    assert together.stdout == "".join(one.stdout for one in alone)
    assert f"{sum(errors(one) for one in alone)} errors in 12 files" in together.stderr
    assert "fixable" in together.stderr  # a fix survives the way from one process to another


def lint(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ksim_spec.cli.main", "lint", "--format", "concise", *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120, env=environ())


def errors(told: subprocess.CompletedProcess[str]) -> int:
    return told.stdout.count(": error")


def environ() -> dict[str, str]:
    here = [str(SPECS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(here)}
