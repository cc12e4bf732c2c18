"""What a run records: `metrics.jsonl` (one object per update, flushed) and TensorBoard events."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tensorboardX import SummaryWriter

from ksim_spec._internal.files import write_atomic

Row = dict[str, float | int | None]


def plain(value: object) -> float | int | None:
    """Returns the shortest number that reads back as the same float32 or int; None for what is not finite."""
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        return int(array)
    number = float(str(array.astype(np.float32))) if array.dtype == np.float32 else float(array)
    return number if math.isfinite(number) else None


class RunLog:
    """Appends rows to the files of a run folder. After a resume, rows of lost updates are removed first."""

    def __init__(self, folder: Path, start_env_states: int) -> None:
        self.path = folder / "metrics.jsonl"
        again = self.path.exists()
        if again:
            _cut(self.path, start_env_states)
        self.file = open(self.path, "a", encoding="utf-8")  # noqa: SIM115
        purge = start_env_states + 1 if again else None
        self.events = SummaryWriter(str(folder), purge_step=purge, flush_secs=5, write_to_disk=True)

    def write(self, row: Mapping[str, float | int | None]) -> None:
        """Records one update; `row` has `env_states`."""
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()
        step = int(row["env_states"] or 0)
        for name, value in row.items():
            if value is not None and name != "env_states":
                self.events.add_scalar(name, value, step)

    def close(self) -> None:
        self.file.close()
        self.events.close()


def read_rows(path: Path) -> list[Row]:
    """Returns the rows of a metrics file; a last line that was cut short is left out."""
    rows: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def _cut(path: Path, env_states: int) -> None:
    kept = [row for row in read_rows(path) if int(row["env_states"] or 0) <= env_states]
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in kept).encode())
