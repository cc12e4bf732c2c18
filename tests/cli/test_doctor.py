"""`ksim doctor` says what works, and survives what does not."""

import json
import subprocess
import sys

import pytest

from ksim_spec.cli.doctor import as_text
from ksim_spec.cli.doctor_probes import Finding, ask, engine_program, to_json
from ksim_spec.render.ansi import Style


def test_a_probe_that_works_gives_its_last_line():
    assert ask("engines", "x", "print('noise'); print('fine')") == Finding("engines", "x", "ok", "fine")


def test_a_probe_tells_what_is_missing_from_what_is_broken():
    assert ask("g", "x", "import nothing_of_this_name").status == "missing"
    broken = ask("g", "x", "raise RuntimeError('no driver')")
    assert (broken.status, broken.detail) == ("broken", "RuntimeError: no driver")


def test_a_probe_that_crashes_is_broken():
    crashed = ask("g", "x", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (crashed.status, crashed.detail) == ("broken", "ended with status -11")


def test_the_cpu_engine_works_here():
    found = ask("engines", "cpu", engine_program("cpu"))
    assert found.status == "ok" and found.detail.startswith("mujoco.batch on "), found.detail


def test_an_engine_that_lacks_its_package_says_how_to_install_it():
    lacking = (
        "import dataclasses; from ksim_spec.physics import cpu, registry\n"
        "needs = registry.Needs('no_such_module', 'no-such-package', 'extra')\n"
        "cpu.INFO = dataclasses.replace(cpu.INFO, needs=needs)\n"
    )
    found = ask("engines", "cpu", lacking + engine_program("cpu"))
    assert found.status == "missing" and "needs no-such-package: pip install -e '.[extra]'" in found.detail


@pytest.mark.parametrize("chosen", ["osmesa", "nonsense"])
def test_opengl_that_is_not_there_keeps_no_engine_from_working(chosen):
    """MuJoCo's import itself fails with this in its sight; what was asked for is still what is drawn with."""
    broken = f"import os; os.environ['MUJOCO_GL'] = {chosen!r}; import mujoco"
    if ask("g", "x", broken).status == "ok":
        pytest.skip(f"{chosen} works here")
    program = f"import os; os.environ['MUJOCO_GL'] = {chosen!r}\nfrom ksim_spec.cli.main import main\nmain(['doctor', '--format', 'json'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout)
    assert {e["name"]: e["status"] for e in told["engines"]}["cpu"] == "ok"
    [drawing] = [v for v in told["video"] if v["name"].startswith("MUJOCO_GL")]
    assert drawing["name"] == f"MUJOCO_GL={chosen}" and drawing["status"] == "broken"


def test_text_and_json_tell_the_same():
    findings = [
        Finding("engines", "cpu", "broken", "why"),
        Finding("video", "encoder", "ok", "ffmpeg"),
        Finding("video", "MUJOCO_GL=egl", "broken", "no library"),
    ]
    text = as_text(findings, Style())
    assert "no  cpu" in text and "Cannot train" in text and "Cannot write videos" in text
    told = json.loads(to_json(findings))
    assert told["schema_version"] == 1 and told["engines"][0] == {"name": "cpu", "status": "broken", "detail": "why"}
