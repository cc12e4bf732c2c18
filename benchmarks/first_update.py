"""Seconds from `ksim train` to its first finished update, in fresh processes.

    python benchmarks/first_update.py [SPEC] [--repeats 2]

Prints one JSON line: with an empty compilation cache, with the cache that this run left, the ratio of the two, and the
seconds that Python and the imports take of it (`import jax, mujoco.batch, equinox, optax`), so that a busy machine
shows. Every process trains exactly one update.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from ksim_spec.language.load import load_spec
from ksim_spec.runs.benchmark_startup import cold_and_warm, train_command

SPECS = Path(__file__).parents[1] / "specs"


def seconds_of_imports() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import jax, mujoco.batch, equinox, optax"], check=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("spec", nargs="?", type=Path, default=SPECS / "walk.ksim")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    states = load_spec(options.spec).require().train.num_env_states
    load = os.getloadavg()[0]
    runs, imports = [], []
    for _ in range(options.repeats):
        imports.append(seconds_of_imports())
        runs.append(cold_and_warm(train_command(options.spec, states)))
    cold = statistics.median(c.first_update_s for c, _ in runs)
    warm = statistics.median(w.first_update_s for _, w in runs)
    base = statistics.median(imports)
    print(
        json.dumps(
            {
                "spec": options.spec.name,
                "num_env_states": states,
                "empty_cache_s": round(cold, 2),
                "filled_cache_s": round(warm, 2),
                "filled_to_empty": round(warm / cold, 3),
                "imports_s": round(base, 2),
                "empty_to_imports": round(cold / base, 2),
                "peak_mib": max(s.peak_mib for pair in runs for s in pair),
                "cores": len(os.sched_getaffinity(0)),
                "load_before": round(load, 2),
                "load_after": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
