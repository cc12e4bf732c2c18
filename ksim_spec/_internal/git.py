"""Running git: one way to start it, and one answer for whatever goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PATIENCE = 120  # s, after which a git that says nothing (a network drive, a lock) is given up


def installed() -> bool:
    """Returns whether there is a git to run."""
    return shutil.which("git") is not None


def run(*words: str, cwd: str | Path | None = None) -> bytes | None:
    """Returns what a git command prints; None where it fails, says nothing for two minutes, or git is not installed."""
    try:
        done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def line(*words: str, cwd: str | Path | None = None) -> str | None:
    """Returns what a git command prints as text without the line's end, None as `run` does."""
    said = run(*words, cwd=cwd)
    return None if said is None else os.fsdecode(said).rstrip("\n")


def complaint(*words: str, cwd: str | Path | None = None) -> str:
    """Returns the first line of what a git command that fails says, without `fatal: `; empty where it succeeds."""
    try:
        done = subprocess.run(["git", *words], cwd=cwd, capture_output=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() if done.returncode else []
    return lines[0].removeprefix("fatal: ") if lines else ""


def conversation(*words: str, cwd: str | Path) -> subprocess.Popen[bytes]:
    """Returns a git command that is asked through its standard input and answers on its standard output."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(["git", *words], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet)
