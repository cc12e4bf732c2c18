"""Watching: what is seen as a change, and how it ends."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ksim_spec.cli import watch as module
from ksim_spec.cli.watch import watch

SPEC = """task stand "Stand up"
robot "arm.xml" {
  hinge = joint("hinge")
}
include "shared.ksim"
action {
  target = torque(hinge)  scale 1 Nm
}
observe actor {
  pos = hinge.pos
}
reward {
  upright = cos(hinge.pos)  weight 1.0 per s
}
"""
SHARED = "terminate {\n  timeout when time > 20 s  truncate\n}\n"
ROBOT = """<mujoco><worldbody><body name="a"><joint name="hinge"/><geom size="1"/></body></worldbody>
<actuator><motor name="m" joint="hinge" ctrlrange="-1 1"/></actuator></mujoco>
"""


@pytest.fixture
def turns(monkeypatch):
    """Returns a function that makes `sleep` do one thing after another, and end the watch with Ctrl-C after the last."""

    def plan(*things: Callable[[], object]) -> None:
        left = list(things)

        def sleep(seconds: float) -> None:
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        monkeypatch.setattr(module.time, "sleep", sleep)

    return plan


def test_the_work_is_done_again_after_a_change_only(tmp_path, turns):
    file = tmp_path / "a"
    file.write_text("1")
    codes = iter([1, 0])
    done: list[int] = []
    turns(lambda: None, lambda: file.write_text("changed"), lambda: None)

    def work() -> tuple[int, list[Path]]:
        done.append(next(codes))
        return done[-1], [file]

    assert watch(work) == 0 and done == [1, 0]


@pytest.mark.parametrize("event", ["appears", "vanishes", "is new in a folder"])
def test_files_that_come_and_go_are_changes(event, tmp_path, turns):
    file, other = tmp_path / "a", tmp_path / "b"
    if event == "vanishes":
        file.write_text("1")
    turns({"appears": lambda: file.write_text("1"), "vanishes": file.unlink}.get(event, lambda: other.write_text("1")))
    runs: list[int] = []
    watch(lambda: (runs.append(1) or 0, [file, *tmp_path.glob("b")]), lambda: tmp_path.glob("b"))
    assert len(runs) == 2


def test_a_change_during_the_work_is_not_lost(tmp_path, turns):
    file = tmp_path / "a"
    file.write_text("1")
    runs: list[int] = []
    turns(lambda: file.write_text("two"))

    def work() -> tuple[int, list[Path]]:
        runs.append(1)
        if len(runs) == 2:
            file.write_text("three and more")
        return 0, [file]

    watch(work)
    assert len(runs) == 3


def until(path: Path, held: Callable[[str], bool]) -> str:
    """Waits until what a file holds meets a condition, and returns it."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if held(text := path.read_text()):
            return text
        time.sleep(0.05)
    raise AssertionError(path.read_text())


# What a shell starts in the background inherits that Ctrl-C is ignored, and the tests may have been started so.
HEEDING_INTERRUPTS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from ksim_spec.cli.main import run
run()
"""


def waiting(text: str) -> bool:
    return text.rstrip().endswith("Ctrl-C to stop")


def test_lint_watches_the_spec_its_includes_and_its_robot(tmp_path):
    for name, text in (("a.ksim", SPEC), ("shared.ksim", SHARED), ("arm.xml", ROBOT)):
        (tmp_path / name).write_text(text)
    told = tmp_path / "told.txt"
    command = [sys.executable, "-c", HEEDING_INTERRUPTS, "lint", "a.ksim", "--watch", "--format", "concise"]
    with told.open("w") as out:
        running = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out)
    try:
        before = until(told, waiting)
        assert "no problems" in before
        for name, old, new, word in (
            ("arm.xml", "hinge", "elbow", "`hinge`"),
            ("shared.ksim", "time > 20 s", "tme > 20 s", "`tme`"),
            ("a.ksim", "scale 1 Nm", "scale", "scale"),
        ):
            path, start = tmp_path / name, len(before)
            changed = tmp_path / "new"
            changed.write_text(path.read_text().replace(old, new))
            changed.replace(path)  # at once: a file caught half written would be one more change
            before = until(told, lambda text: word in text[start:] and waiting(text))  # noqa: B023
        running.send_signal(2)
        assert running.wait(90) == 1 and "Traceback" not in told.read_text()
    finally:
        if running.poll() is None:
            os.kill(running.pid, 9)
