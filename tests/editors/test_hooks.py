"""The hooks for pre-commit: what they call is there; with pre-commit installed, they run on a repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ksim_spec.cli.commands import COMMANDS
from tests.highlight.test_classify import ROOT

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
PRE_COMMIT = shutil.which("pre-commit")


def test_every_hook_calls_a_command_on_specs_only():
    commands = {command.name for command in COMMANDS}
    assert set(HOOKS) == {"ksim-fmt", "ksim-lint", "ksim-lock"}
    if not (ROOT / "ksim_spec" / "cli" / "lock.py").is_file():
        del HOOKS["ksim-lock"]  # the command that it calls is not there yet
    for name, hook in HOOKS.items():
        assert hook["entry"].split()[1] in commands
        assert hook["entry"].split()[:2] == ["ksim", name.removeprefix("ksim-")]
        assert re.search(hook["files"], "specs/walk.ksim") and not re.search(hook["files"], "walk.ksim.txt")


@pytest.mark.slow
@pytest.mark.skipif(PRE_COMMIT is None, reason="pre-commit is not installed")
def test_they_format_and_refuse(tmp_path: Path):
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    command = tmp_path / ".git" / "ksim"
    shutil.copytree(ROOT / "specs", tmp_path, dirs_exist_ok=True)
    spec, broken = tmp_path / "walk.ksim", tmp_path / "broken.ksim"
    good = spec.read_text(encoding="utf-8")
    spec.write_text(good.replace("  floor        =", "  floor ="), encoding="utf-8")
    broken.write_text(good.replace("base.linvel in base", "base.linvle in base", 1), encoding="utf-8")
    local = [{**HOOKS[name], "language": "system"} for name in ("ksim-fmt", "ksim-lint")]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    git("init", "-q")
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ksim_spec.cli.main "$@"\n')
    command.chmod(0o755)
    git("add", "-A")
    path = os.pathsep.join([str(command.parent), os.environ["PATH"]])

    def run() -> subprocess.CompletedProcess[str]:
        asked = [str(PRE_COMMIT), "run", "--all-files"]
        return subprocess.run(asked, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True)

    first = run()
    assert first.returncode == 1 and "did you mean `linvel`?" in first.stdout + first.stderr
    assert spec.read_text(encoding="utf-8") == good
    broken.unlink()
    git("add", "-A")
    assert run().returncode == 0
