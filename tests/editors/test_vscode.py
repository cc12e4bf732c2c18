"""The VS Code extension with the tools of its own package: skipped where `npm install` was not run in editors/vscode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.highlight.test_classify import ROOT

VSCODE = ROOT / "editors" / "vscode"
NPM = shutil.which("npm") if (VSCODE / "node_modules").is_dir() else None
pytestmark = pytest.mark.skipif(NPM is None, reason="needs npm, and `npm install` in editors/vscode")


def script(name: str, **environ: str) -> str:
    """Runs a script of the package and returns what it said; fails the test when the script does."""
    done = subprocess.run(
        [str(NPM), "run", "-s", name],
        cwd=VSCODE,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_words_have_the_scopes_that_the_marked_text_says():
    script("test:grammar")


def test_the_client_is_short_and_well_typed():
    assert len((VSCODE / "src" / "extension.ts").read_text(encoding="utf-8").splitlines()) < 300
    script("check")


@pytest.mark.slow
def test_the_client_against_the_real_server(tmp_path: Path):
    command = tmp_path / "ksim"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ksim_spec.cli.main "$@"\n')
    command.chmod(0o755)
    script("build")
    assert "# fail 0" in script("test:client", KSIM=str(command))
