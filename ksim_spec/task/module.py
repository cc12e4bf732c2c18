"""Loading a generated `task.py` so that tracebacks and profiles show its lines."""

from __future__ import annotations

import linecache
from pathlib import Path
from types import ModuleType


def load_module(source: str, filename: str) -> ModuleType:
    """Returns the module that the source defines; its lines are known to tracebacks under `filename`."""
    module = ModuleType("ksim_spec_task")
    module.__file__ = filename
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), module.__dict__)
    return module


def load_file(path: Path) -> ModuleType:
    """Returns the module of a compiled folder's `task.py`."""
    return load_module(path.read_text(encoding="utf-8"), str(path))
