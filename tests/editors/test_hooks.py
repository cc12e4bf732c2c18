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
    for name, hook in HOOKS.items():
        assert hook["entry"].split()[1] in commands
        assert hook["entry"].split()[:2] == ["ksim", name.removeprefix("ksim-")]
        assert re.search(hook["files"], "specs/walk.ksim") and not re.search(hook["files"], "walk.ksim.txt")


def test_the_hooks_of_this_repository_are_checks_of_scripts_check():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    check = (ROOT / "scripts" / "check").read_text(encoding="utf-8")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert [" ".join(hook["entry"].split()[:2]) for hook in hooks] == [
        "ruff check",
        "ruff format",
        "ksim fmt",
        "ksim lint",
    ]
    assert all(" ".join(hook["entry"].split()[:2]) in check for hook in hooks)
    assert {hook["language"] for hook in hooks} == {"system"}  # what the environment of a contributor has


class Repository:
    """A repository with the shipped specs, and hooks that call the `ksim` of this checkout."""

    def __init__(self, folder: Path, hooks: list[str]) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "specs", folder, dirs_exist_ok=True)
        local = [{**HOOKS[name], "language": "system"} for name in hooks]
        config = {"repos": [{"repo": "local", "hooks": local}]}
        (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        self.git("init", "-q")
        self.command = folder / ".git" / "ksim"
        self.command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m ksim_spec.cli.main "$@"\n')
        self.command.chmod(0o755)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, capture_output=True)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Returns what the hooks say of everything that there is."""
        self.git("add", "-A")
        asked = [str(PRE_COMMIT), "run", "--all-files"]
        path = os.pathsep.join([str(self.command.parent), os.environ["PATH"]])
        environ = {**os.environ, "PATH": path}
        return subprocess.run(asked, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)


needs_pre_commit = pytest.mark.skipif(PRE_COMMIT is None, reason="pre-commit is not installed")


@pytest.mark.slow
@needs_pre_commit
def test_they_format_and_refuse(tmp_path: Path):
    repository = Repository(tmp_path, ["ksim-fmt", "ksim-lint"])
    spec, broken = tmp_path / "walk.ksim", tmp_path / "broken.ksim"
    good = spec.read_text(encoding="utf-8")
    spec.write_text(good.replace("  floor        =", "  floor ="), encoding="utf-8")
    broken.write_text(good.replace("base.linvel in base", "base.linvle in base", 1), encoding="utf-8")
    first = repository.run()
    assert first.returncode == 1 and "did you mean `linvel`?" in first.stdout + first.stderr
    assert spec.read_text(encoding="utf-8") == good
    broken.unlink()
    assert repository.run().returncode == 0


@pytest.mark.slow
@needs_pre_commit
def test_a_lock_that_is_missing_or_out_of_date_is_refused(tmp_path: Path):
    repository = Repository(tmp_path, ["ksim-lock"])
    spec = tmp_path / "walk.ksim"
    missing = repository.run()
    assert missing.returncode == 1 and "walk.ksim.lock: missing" in missing.stdout
    subprocess.run([repository.command, "lock", "."], cwd=tmp_path, check=True, capture_output=True)
    assert repository.run().returncode == 0
    spec.write_text(spec.read_text(encoding="utf-8").replace("scale 0.25 per rad/s", "scale 0.5 per rad/s", 1))
    stale = repository.run()
    assert stale.returncode == 1 and "walk.ksim.lock: out of date; trained policies: silently different" in stale.stdout
