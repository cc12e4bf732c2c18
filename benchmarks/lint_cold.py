"""Seconds of `ksim lint` in a fresh process, first without any bytecode or other cache, then with them.

    python benchmarks/lint_cold.py [SPEC] [--repeats 5]

Prints one JSON line. `python_s` is the interpreter doing nothing; processor seconds stand beside wall time, because
wall time on a busy machine says little. `heavy` lists which of jax and mujoco were imported: none should be.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = "import atexit, sys; "
HEAVY += "atexit.register(lambda: print('heavy', *sorted({'jax', 'mujoco'} & set(sys.modules)), flush=True)); "
LINT = "from ksim_spec.cli.main import run; sys.argv[1:1] = ['lint']; run()"


def run(command: list[str], caches: Path) -> tuple[float, float, str]:
    """Returns wall seconds, processor seconds and output of a process whose caches lie in a folder."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(caches / "bytecode"), "XDG_CACHE_HOME": str(caches)}
    environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run([sys.executable, *command], env=environ, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("spec", nargs="?", type=Path, default=ROOT / "specs" / "walk.ksim")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    lint = ["-c", HEAVY + LINT, str(options.spec)]
    cold, warm, empty, output = [], [], [], ""
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as caches:
            run(["-c", "pass"], Path(caches))  # the interpreter's own bytecode
            cold.append(run(lint, Path(caches)))
            *_, output = cold[-1]
            warm.append(run(lint, Path(caches)))
            empty.append(run(["-c", "pass"], Path(caches)))

    def median(rows: list[tuple[float, float, str]], column: int) -> float:
        return round(statistics.median(row[column] for row in rows), 3)

    heavy = next(line for line in output.splitlines() if line.startswith("heavy")).split()[1:]
    print(
        json.dumps(
            {
                "spec": options.spec.name,
                "no_caches_s": median(cold, 0),
                "no_caches_cpu_s": median(cold, 1),
                "caches_s": median(warm, 0),
                "caches_cpu_s": median(warm, 1),
                "python_s": median(empty, 0),
                "caches_to_python": round(median(warm, 0) / median(empty, 0), 1),
                "heavy": heavy,
                "load_before": round(load, 2),
                "load_after": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
