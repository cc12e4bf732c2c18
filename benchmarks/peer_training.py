"""A whole training loop against another project's, run in turn on one machine.

    python benchmarks/peer_training.py SPEC --peer-python PYTHON --peer-script SCRIPT --peer-task NAME [--pairs 3]

The peer is any script that, called as `PYTHON SCRIPT NAME NUM_ENVS`, trains and prints a last line of JSON with
`env_steps_per_s` after its first finished update and `first_update_s`. For the comparison to mean something the spec
must have the peer's networks, num_envs, minibatches and epochs. Our side is `ksim train` as a user runs it, with an
empty compilation cache; both sides are timed between their first and their last update. Prints one JSON line with the
medians of the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from peer_env_step import called

from ksim_spec.language.load import load_spec

ROOT = Path(__file__).parents[1]


def ours(spec: Path, updates: int) -> dict[str, float]:
    """Trains in a fresh process; returns seconds to the first update and states per second after it."""
    budget = updates * load_spec(spec).require().train.num_env_states
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [
            sys.executable,
            "-m",
            "ksim_spec.cli.main",
            "train",
            str(spec),
            "--out",
            str(run),
            "--budget",
            str(budget),
            "--no-video",
            "--no-progress",
        ]
        environ = {**os.environ, "PYTHONPATH": paths, "KSIM_NO_CACHE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    rows = [r for r in rows if "update" in r]
    first, last = rows[0], rows[-1]
    rate = (last["env_states"] - first["env_states"]) / (last["wall_s"] - first["wall_s"])
    return {"first_update_s": first["wall_s"], "env_steps_per_s": rate}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("spec", type=Path)
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--peer-python", required=True, help="the interpreter of the peer")
    parser.add_argument("--peer-script", type=Path, required=True, help="the peer's script")
    parser.add_argument("--peer-task", required=True, help="its first argument")
    options = parser.parse_args()
    num_envs = load_spec(options.spec).require().train.num_envs
    peer = [options.peer_python, str(options.peer_script), options.peer_task, str(num_envs)]
    load, pairs = os.getloadavg()[0], []
    for i in range(options.pairs):
        if i % 2:
            a, b = ours(options.spec, options.updates), called(peer)
        else:
            b, a = called(peer), ours(options.spec, options.updates)
        pairs.append((a, b))

    def median(name: str, side: int) -> float:
        return round(statistics.median(p[side][name] for p in pairs), 1)

    print(
        json.dumps(
            {
                "spec": options.spec.name,
                "peer_task": options.peer_task,
                "num_envs": num_envs,
                "pairs": options.pairs,
                "our_states_per_s": median("env_steps_per_s", 0),
                "peer_states_per_s": median("env_steps_per_s", 1),
                "speed_ratio": round(
                    statistics.median(a["env_steps_per_s"] / b["env_steps_per_s"] for a, b in pairs), 3
                ),
                "our_first_update_s": median("first_update_s", 0),
                "peer_first_update_s": median("first_update_s", 1),
                "load_before": round(load, 2),
                "load_after": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
