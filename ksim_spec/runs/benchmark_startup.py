"""How long `ksim train` takes from the command to its first finished update, measured in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Start:
    """Seconds to the first line of metrics and to the end of a run of one update; the most memory it held (MiB)."""

    first_update_s: float
    whole_s: float
    peak_mib: float


def cold_and_warm(command: Sequence[str]) -> tuple[Start, Start]:
    """Times `ksim train` twice with a compilation cache of its own: empty at first, then filled by the first run."""
    with tempfile.TemporaryDirectory(prefix="ksim-bench-") as temporary:
        folder = Path(temporary)
        cold = timed_start(command, folder / "cold", folder / "cache")
        return cold, timed_start(command, folder / "warm", folder / "cache")


def train_command(spec: Path, num_env_states: int, options: Sequence[str] = ()) -> list[str]:
    """Returns the command that trains a spec for exactly one update; the run folder is still to be added."""
    own = ["--no-progress", "--no-video", "--budget", str(num_env_states)]
    return [sys.executable, "-m", "ksim_spec.cli.main", "train", str(spec), *own, *options]


def timed_start(command: Sequence[str], run: Path, cache: Path) -> Start:
    """Runs the command in a fresh process and watches for its first metrics; raises SpecError when it fails."""
    paths = [_PACKAGE_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": os.pathsep.join(paths)}
    environ.pop("KSIM_NO_CACHE", None)
    log = run.with_suffix(".log")
    begin = time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen([*command, "--out", str(run)], env=environ, stdout=errors, stderr=errors)
        try:
            first, peak = _watch(run / "metrics.jsonl", process, begin)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode or first is None:
        last = log.read_text(errors="replace").strip().splitlines()[-12:]
        message = "training did not finish its first update"
        raise SpecError([Diagnostic(rules.BENCH_FAILED, message, notes=tuple(last))])
    return Start(round(first, 2), round(time.perf_counter() - begin, 2), round(peak / 1024, 1))


def _watch(path: Path, process: subprocess.Popen[bytes], begin: float) -> tuple[float | None, int]:
    """Returns the seconds until a whole line is in the file (None if none came) and the peak resident memory in KiB."""
    first, peak = None, 0
    while True:
        ended = process.poll() is not None  # before the file, so that a line written just before the end is still seen
        peak = max(peak, _peak_kib(process.pid))
        if first is None and path.is_file() and b"\n" in path.read_bytes():
            first = time.perf_counter() - begin
        if ended:
            return first, peak
        time.sleep(0.02)


def _peak_kib(pid: int) -> int:
    """Returns the peak resident memory of a process so far, 0 where the system does not tell or it has ended.

    Not from its resource usage: that starts at the memory of the process that made it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
