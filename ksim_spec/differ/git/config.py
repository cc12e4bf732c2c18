"""The configuration that makes git show specs as what they mean: `ksim install-git` writes it and takes it back."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from ksim_spec._internal import git
from ksim_spec.syntax.keywords import DIRECTIVES, SECTIONS

ATTRIBUTES = "*.ksim diff=ksim linguist-language=HCL"

# The line that a hunk belongs to: the block around it.
HUNK = f"^(({'|'.join(dict.fromkeys((*SECTIONS, *DIRECTIVES, 'fn')))})[[:space:]{{].*)$"
_MODULE = "ksim_spec.cli.main git-driver"
_BARE = "ksim git-driver"  # how the command was written before: without an environment on PATH it broke `git diff`


def settings(interpreter: str = sys.executable) -> tuple[tuple[str, str], ...]:
    """Returns keys and values. The commands name the interpreter that ksim is installed in, whatever is on PATH.

    git gives up on all files when a driver fails. So where ksim cannot run, or fails, the plain lines are shown.
    """
    # `-P`: nothing in the repository is ever imported
    run = f"{shlex.quote(Path(interpreter).as_posix())} -P -m {_MODULE}"
    lines = 'echo "ksim did not run: the lines alone"; diff -u -L "a/$1" -L "b/$1" "$2" "$5"; true'
    helper = '[ "$GIT_EXTERNAL_DIFF" = git-difftool--helper ] && exec git difftool--helper "$@"'
    return (
        ("diff.ksim.xfuncname", HUNK),
        ("diff.ksim.textconv", f'f() {{ {run} --text "$1" 2>/dev/null || cat "$1"; }}; f'),
        # git asks the driver of the attribute before the difftool that the user has called
        ("diff.ksim.command", f'f() {{ {helper}; {run} "$@" || {{ {lines}; }}; }}; f'),
        (
            "difftool.ksim.cmd",
            f'{run} --meaning "$MERGED" "$LOCAL" . . "$REMOTE" . . || diff -u "$LOCAL" "$REMOTE"',
        ),
    )


def _is_ours(value: str) -> bool:
    """Whether a value was written by `install`, with this interpreter or another one."""
    return _MODULE in value or value.startswith(_BARE)


@dataclass(frozen=True)
class Done:
    """A setting that was written, was there already, or stood in the way with another value."""

    key: str
    value: str
    state: str


def install(scope: str) -> list[Done]:
    """Writes every setting into the repository's or the user's configuration; leaves other people's values alone."""
    done: list[Done] = []
    for key, value in settings():
        found = git.line("config", f"--{scope}", "--get", key)
        if found == value:
            done.append(Done(key, value, "there already"))
        elif found is None or _is_ours(found):
            git.line("config", f"--{scope}", key, value)
            done.append(Done(key, value, "written"))
        else:
            done.append(Done(key, found, "left as it is"))
    return done


def uninstall(scope: str) -> list[Done]:
    """Removes the settings that `install` wrote; what has another value stays."""
    done: list[Done] = []
    for key, value in settings():
        found = git.line("config", f"--{scope}", "--get", key)
        if found is not None and (found == value or _is_ours(found)):
            git.line("config", f"--{scope}", "--unset", key)
            done.append(Done(key, found, "removed"))
        elif found is not None:
            done.append(Done(key, found, "left as it is"))
    return done


def in_repository() -> bool:
    return git.line("rev-parse", "--git-dir") is not None
