"""The latest run of a spec: where it is, how far it came, what each reward term gave.

A run folder holds a copy of its spec and `metrics.jsonl`. Runs are looked for in `runs` beside the spec and beside the
folders above it, which is where `ksim train` puts them. Nothing of a run is executed, and no checkpoint is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from ksim_spec._internal.files import Stamp, stamp
from ksim_spec.ide.snapshot import Snapshot, normalized

UP = 3  # folders above the spec's in which `runs` is looked for
LARGEST = 1_000_000  # bytes of a spec
NEWEST = 200  # run folders that are looked at, the newest first
_TAIL = 64_000  # bytes at the end of the metrics that hold the last row
_TASK = re.compile(r"^[ \t]*task[ \t]+([A-Za-z_][A-Za-z0-9_]*)", re.M)
_READ: dict[Path, tuple[Stamp, dict[str, float]]] = {}


@dataclass(frozen=True)
class Run:
    """The last row of a run's metrics; `current` when it was started from the text as it is now."""

    folder: Path
    row: dict[str, float]
    current: bool

    def mean(self, term: str) -> float | None:
        """Returns what a reward term added on average in a control step of the last update."""
        return self.row.get(f"reward/{term}")


def latest_run(snapshot: Snapshot) -> Run | None:
    """Returns the newest run of this task near the spec, or None."""
    path = snapshot.source.path
    task = _TASK.search(snapshot.text)
    if path is None or task is None:
        return None
    for metrics in _metrics_near(path.absolute()):
        text = _text(metrics.with_name("spec.ksim"))
        own = _TASK.search(text)
        row = _last_row(metrics) if own is not None and own[1] == task[1] else {}
        if row:
            return Run(metrics.parent, row, text == snapshot.text)
    return None


def _metrics_near(spec: Path) -> list[Path]:
    """The metrics of runs near a spec, the newest first."""
    found: dict[Path, int] = {}
    for folder in (spec.parent, *list(spec.parents)[1 : UP + 1]):
        try:
            known = [(m, stamp(m)) for run in (folder / "runs").iterdir() if (m := run / "metrics.jsonl").is_file()]
        except OSError:
            continue
        found.update({metrics: at[0] for metrics, at in known if at is not None})
    return sorted(found, key=lambda m: -found[m])[:NEWEST]


def _text(path: Path) -> str:
    """The text of a run's copy of its spec; empty without one. A pipe in its place is not waited for."""
    try:
        with path.open("rb") if path.is_file() else BytesIO() as file:
            return normalized(file.read(LARGEST).decode("utf-8", "replace"))
    except OSError:
        return ""


def _last_row(path: Path) -> dict[str, float]:
    """The numbers of the last whole row, read again only when the file has changed; empty without one."""
    now = stamp(path)
    known = _READ.get(path)
    if known is None or known[0] != now:
        known = _READ[path] = (now, _read_last(path))
    return known[1]


def _read_last(path: Path) -> dict[str, float]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read(_TAIL).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    for line in reversed(lines[-3:]):  # a row that is being written, or was cut short, is passed over
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            return {k: v for k, v in row.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return {}
