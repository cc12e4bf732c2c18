"""Putting a file in place whole or not at all, and seeing that one has changed."""

from __future__ import annotations

import os
from pathlib import Path

Stamp = tuple[int, int] | None  # modification time (ns) and size; None for a file that is not there


def stamp(path: Path) -> Stamp:
    """Returns what changes when a file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file so that at every moment, a power cut included, `path` holds either the old or the new content.

    A link keeps leading to its file, a file keeps its mode, and one that may not be written raises PermissionError even
    where its folder may be. Raises OSError for whatever else stands in the way; then nothing is left behind.
    """
    target = path.resolve()
    mode: int | None = None
    if target.exists():
        with target.open("r+b") as old:
            mode = os.fstat(old.fileno()).st_mode & 0o7777
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
