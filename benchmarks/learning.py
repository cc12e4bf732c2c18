"""Judges trained runs on episodes of one seed and prints what they reached, with what they were trained from.

    python benchmarks/learning.py RUN… [--seed 20261127] [--episodes 512] >> benchmarks/learning.jsonl

One JSON line a run: the value of every check of the spec, survival, training time, commit, hash of the spec, seed and
versions. `learning.jsonl` keeps the runs that `docs/results.md` is made of (`python docs/generate.py`). The seed must
be one that no setting was chosen on.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from ksim_spec.runs.evaluate import judge


def row(run: Path, seed: int, episodes: int) -> dict[str, Any]:
    """Judges a run as `ksim eval` does; returns what is kept of it. Raises SpecError for a path that is not a run."""
    found = judge(run, seed=seed, episodes=episodes)
    origin = found.origin
    return {
        "task": origin.task,
        "seed": origin.seed,
        "passed": found.passed,
        "survived": round(found.survived, 4),
        "mean_return": round(found.mean_return, 2),
        "checks": {c.text: None if c.value is None else round(c.value, 4) for c in found.checks},
        "episodes": found.episodes,
        "episode_seed": found.seed,
        "env_states": origin.env_states,
        "wall_s": origin.wall_s,
        "cores": os.cpu_count(),
        "commit": origin.commit,
        "meaning": origin.meaning,
        "versions": origin.versions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--episodes", type=int, default=512)
    options = parser.parse_args()
    for run in options.runs:
        print(json.dumps(row(run, options.seed, options.episodes)), flush=True)


if __name__ == "__main__":
    main()
