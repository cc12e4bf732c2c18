"""What nobody means to write neither ends in a traceback nor takes long or much memory: `ksim lint` and `ksim lsp`."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile import INPUTS, ROBOT, good, spec
from tests.ide.client import Client

SECONDS = 2.0  # of a quiet processor, for each input
QUIET = 0.0050  # seconds that `_spin` takes on one
MEGABYTES = 500
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux to measure a process")
needs_pygls = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")


def _spin() -> float:
    begin, made = time.process_time(), {}
    for k in range(12_000):
        made[k % 500, str(k)] = (k, str(k))
        if isinstance(made, list):
            made.clear()
    sorted(made)
    return time.process_time() - begin


def limit() -> float:
    """Returns what `SECONDS` come to while others keep the machine busy, which shares its caches and cores."""
    return SECONDS * max(1.0, statistics.median(_spin() for _ in range(9)) / QUIET)


# Runs a command and writes down what it used: a process starts out with the memory of the one that forks it, and a test
# run is large.
LAUNCHER = """
import resource, subprocess, sys
said, used, *command = sys.argv[1:]
with open(said, "wb") as out:
    code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode
spent = resource.getrusage(resource.RUSAGE_CHILDREN)
open(used, "w").write(f"{code} {spent.ru_utime + spent.ru_stime} {spent.ru_maxrss}")
"""


@pytest.mark.parametrize("build", INPUTS, ids=lambda b: b.__name__)
def test_lint(build: Callable[[Path], Path], tmp_path: Path):
    path = build(tmp_path)
    lint = [sys.executable, "-m", "ksim_spec.cli.main", "lint", "--format", "concise", str(path)]
    said, used = tmp_path / "said", tmp_path / "used"
    subprocess.run([sys.executable, "-c", LAUNCHER, str(said), str(used), *lint], check=True, timeout=120)
    text = said.read_bytes().decode("utf-8", "replace")
    code, seconds, kilobytes = used.read_text().split()
    assert int(code) in (0, 1, 2), text[-2000:]
    assert "Traceback" not in text and "SECRET" not in text
    assert float(seconds) <= limit()
    assert int(kilobytes) / 1024 <= MEGABYTES


class Watched:
    """A server whose processor time and memory are read."""

    def __init__(self) -> None:
        self.client = Client()

    def seconds(self) -> float:
        fields = Path(f"/proc/{self.client.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        lines = Path(f"/proc/{self.client.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    found = Watched()
    yield found
    assert found.client.stop() == 0


@needs_pygls
@pytest.mark.parametrize("build", INPUTS, ids=lambda b: b.__name__)
def test_the_language_server(build: Callable[[Path], Path], tmp_path: Path, watched: Watched):
    path, client = build(tmp_path), watched.client
    before = watched.seconds()
    uri = client.open(path, path.read_bytes().decode("utf-8", "replace"))
    found = client.diagnostics(uri)
    assert all("SECRET" not in d["message"] for d in found)
    for method in ("documentSymbol", "codeLens", "foldingRange"):
        client.request(f"textDocument/{method}", textDocument={"uri": uri})
    client.request("textDocument/hover", textDocument={"uri": uri}, position={"line": 0, "character": 1})
    client.notify("textDocument/didClose", textDocument={"uri": uri})
    assert watched.seconds() - before <= limit()
    assert watched.megabytes() <= MEGABYTES


@needs_pygls
def test_two_editors_on_one_file_and_a_robot_that_changes_under_them(tmp_path: Path):
    path = spec(tmp_path, good())
    one, other = Client(), Client()
    uri = one.open(path, good())
    assert other.open(path, good()) == uri
    assert one.diagnostics(uri) == [] == other.diagnostics(uri)
    path.write_text(good().replace("base.height", "base.hight"), encoding="utf-8")  # the first one saves
    one.change(uri, 2, path.read_text(encoding="utf-8"))
    one.notify("textDocument/didSave", textDocument={"uri": uri})
    assert one.diagnostics(uri, 2)
    other.change(uri, 2, good() + "# mine\n")
    assert other.diagnostics(uri, 2) == [], "an open text counts, not the file"
    for broken in ("<mujoco><worldbody>", "", ROBOT.replace("torso", "trunk"), ROBOT):
        (tmp_path / "robot.xml").write_text(broken, encoding="utf-8")
        other.notify("workspace/didChangeWatchedFiles", changes=[{"uri": (tmp_path / "robot.xml").as_uri(), "type": 2}])
        assert bool(other.diagnostics(uri)) == (broken != ROBOT)
    assert one.stop() == other.stop() == 0
