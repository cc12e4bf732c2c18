"""The configuration that makes git show specs as what they mean: `ksim install-git` writes it and takes it back."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from ksim_spec.syntax.words import DIRECTIVES, SECTIONS

ATTRIBUTES = "*.ksim diff=ksim linguist-language=HCL"

# The line that a hunk belongs to: the block around it.
HUNK = f"^(({'|'.join(dict.fromkeys((*SECTIONS, *DIRECTIVES, 'fn')))})[[:space:]{{].*)$"
SETTINGS: tuple[tuple[str, str], ...] = (
    ("diff.ksim.xfuncname", HUNK),
    ("diff.ksim.textconv", "ksim git-driver --text"),
    ("diff.ksim.command", "ksim git-driver"),
    ("difftool.ksim.cmd", 'ksim git-driver --meaning "$MERGED" "$LOCAL" . . "$REMOTE" . .'),
)


@dataclass(frozen=True)
class Done:
    """A setting that was written, was there already, or stood in the way with another value."""

    key: str
    value: str
    state: str


def install(scope: str) -> list[Done]:
    """Writes every setting into the repository's or the user's configuration; leaves other people's values alone."""
    done: list[Done] = []
    for key, value in SETTINGS:
        found = _git("config", f"--{scope}", "--get", key)
        if found is None:
            _git("config", f"--{scope}", key, value)
            done.append(Done(key, value, "written"))
        else:
            done.append(Done(key, found, "there already" if found == value else "left as it is"))
    return done


def uninstall(scope: str) -> list[Done]:
    """Removes the settings that `install` wrote; what has another value stays."""
    done: list[Done] = []
    for key, value in SETTINGS:
        found = _git("config", f"--{scope}", "--get", key)
        if found == value:
            _git("config", f"--{scope}", "--unset", key)
            done.append(Done(key, value, "removed"))
        elif found is not None:
            done.append(Done(key, found, "left as it is"))
    return done


def in_repository() -> bool:
    return _git("rev-parse", "--git-dir") is not None


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
