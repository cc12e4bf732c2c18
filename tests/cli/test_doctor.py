"""`ksim doctor` says what works, and survives what does not."""

import json

from ksim_spec.cli import probes
from ksim_spec.cli.doctor import as_text
from ksim_spec.cli.probes import Finding, ask, to_json
from ksim_spec.render.style import Style


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
    found = ask("engines", "cpu", probes._CPU)
    assert found.status == "ok", found.detail


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
