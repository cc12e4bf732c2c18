"""Judges trained runs on episodes of one seed and prints what they reached, with what they were trained from.

    python benchmarks/learning.py RUN… [--seed 987654] [--episodes 512] >> benchmarks/learning.jsonl

One JSON line a run: the value of every check of the spec, survival, training time, commit, hash of the task, seed and
versions. `learning.jsonl` keeps the runs that `docs/results.md` is made of (`python docs/generate.py`). The seed must
be one that no setting was chosen on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any


def judged(run: str, seed: int, episodes: int) -> dict[str, Any]:
    """Returns the row of a run; ends the script where `ksim eval` cannot judge it."""
    words = [sys.executable, "-m", "ksim_spec.cli.main", "eval", run, "--format", "json"]
    words += ["--seed", str(seed), "--episodes", str(episodes)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(done.stderr)
    return row(json.loads(done.stdout))


def row(found: dict[str, Any]) -> dict[str, Any]:
    """Returns what is kept of the JSON of `ksim eval`."""
    origin = found["origin"]
    return {
        "task": origin["task"], "seed": origin["seed"], "passed": found["passed"],
        "survived": round(found["survived"], 4), "mean_return": round(found["mean_return"], 2),
        "checks": {c["text"]: None if c["value"] is None else round(c["value"], 4) for c in found["checks"]},
        "episodes": found["episodes"], "episode_seed": found["seed"], "env_states": origin["env_states"],
        "wall_s": origin["wall_s"], "cores": os.cpu_count(), "commit": origin["commit"], "meaning": origin["meaning"],
        "versions": origin["versions"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--seed", type=int, default=987654)
    parser.add_argument("--episodes", type=int, default=512)
    options = parser.parse_args()
    for run in options.runs:
        print(json.dumps(judged(run, options.seed, options.episodes)), flush=True)


if __name__ == "__main__":
    main()
