"""Where a policy comes from: commit, task, seed and versions, so that a number can be traced to what it came of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ksim_spec._internal import git

DIRTY = "-dirty"


@dataclass(frozen=True)
class Origin:
    """What a policy was trained from: enough to train it again, and to tell whether two numbers are of one task.

    `meaning` is the hash of the task with its settings, None where an old contract has none; `commit` is that of the
    files it came from, None outside git and in checkpoints that did not remember it.
    """

    task: str
    meaning: str | None
    commit: str | None
    seed: int
    env_states: int
    wall_s: float
    versions: dict[str, str]

    def __str__(self) -> str:
        task = self.task if self.meaning is None else f"{self.task} {self.meaning[:9]}"
        head, dirty, _ = (self.commit or "").partition(DIRTY)
        commit = f", commit {head[:9]}{dirty}" if head else ""
        return f"{task}, seed {self.seed}, {self.env_states} env_states in {self.wall_s:.0f} s{commit}"


def commit_of(path: Path) -> str | None:
    """Returns the hash of the commit checked out where the file lies, with `-dirty` where tracked files differ from it.

    None outside a repository, before its first commit, and where git is not installed.
    """
    words = ("describe", "--always", "--abbrev=40", "--exclude=*", f"--dirty={DIRTY}")
    return git.line(*words, cwd=path.parent) or None
