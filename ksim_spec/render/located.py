"""What services that show findings beside the code call a file: its path from the root of the repository."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path


def in_repository(path: Path) -> str:
    """Returns a file's path from the root of the repository around the working folder, from that folder outside of one.

    A file that is not below it keeps its absolute path. Separators are slashes.
    """
    absolute, here = Path(_normal(path)), Path.cwd()
    try:
        return absolute.relative_to(_root(here)).as_posix()
    except ValueError:
        return absolute.as_posix()


def _normal(path: Path) -> str:
    """An absolute path without `..`; links stay, for a repository knows a file by the way that leads to it."""
    return os.path.abspath(path)


@lru_cache(maxsize=8)
def _root(folder: Path) -> Path:
    """The nearest folder around one that git keeps (`.git` is a file in a worktree), or the folder itself."""
    return next((f for f in (folder, *folder.parents) if (f / ".git").exists()), folder)
