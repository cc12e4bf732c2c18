"""The server in a real editor, Neovim without a screen: skipped where it is not installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.highlight.test_classify import ROOT

NVIM = shutil.which("nvim")
pytestmark = [
    pytest.mark.skipif(NVIM is None, reason="Neovim is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed"),
]


def test_diagnostics_formatting_and_hover_arrive(tmp_path: Path):
    specs = tmp_path / "specs"
    shutil.copytree(ROOT / "specs", specs)
    command = tmp_path / "ksim"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ksim_spec.cli.main "$@"\n')
    command.chmod(0o755)
    script = Path(__file__).with_name("neovim.lua")
    done = subprocess.run(
        [str(NVIM), "--headless", "-u", "NONE", "-S", str(script)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "SPEC": str(specs / "walk.ksim"), "KSIM": str(command), "XDG_STATE_HOME": str(tmp_path)},
    )
    said = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    (found,) = said["diagnostics"]
    assert found["line"] == 0 and "did you mean `linvel`?" in found["text"], done.stderr
    assert said["mended"] and said["formatted"]
    assert "[xyz 3] m/s" in said["hover"]
