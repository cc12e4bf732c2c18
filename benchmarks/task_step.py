"""What signals, rewards, observations and resets cost on top of the physics: the task step against the same physics.

    python benchmarks/task_step.py [SPEC...] [--num-envs 1024] [--rounds 15] [--update]

The bare loop replays the very states, controls, resets and pushes of the task on a batch of its own (see
ksim_spec/runs/benchmark.py). Prints one JSON line a spec; the ratio is the median over rounds that both ran in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path

from ksim_spec.compiler import compile_spec, write_compiled
from ksim_spec.runs.benchmark import alternate, step_loops, update_loop
from ksim_spec.runs.folder import make_task, open_folder

SPECS = Path(__file__).parents[1] / "specs"


def compare(spec: Path, num_envs: int, length: int, rounds: int, with_update: bool) -> dict[str, object]:
    """Returns rates and the median ratio of the task step (and of a training update) to bare physics."""
    sets = [f"train.num_envs={num_envs}"] if with_update else []
    with tempfile.TemporaryDirectory() as temporary:
        write_compiled(compile_spec(spec, sets=sets), Path(temporary))
        folder = open_folder(Path(temporary))
        task = make_task(folder, num_envs, "cpu")
        step, bare = step_loops(task, length)
        loops = {"physics": (bare, length * num_envs), "task_step": (step, length * num_envs)}
        if with_update:
            update = update_loop(make_task(folder, num_envs, "cpu"), folder)
            loops["update"] = (update, folder.spec.train.num_env_states)
    load = os.getloadavg()[0]
    rates = alternate(loops, rounds)
    config = task.engine.config
    return {
        "spec": spec.name,
        "num_envs": num_envs,
        "length": length,
        "rounds": rounds,
        "stage": config.stage,
        "substeps": config.substeps,
        "control_changes": config.control_changes,
        **{f"{name}_per_s": round(statistics.median(r)) for name, r in rates.items()},
        **{
            f"{name}_to_physics": round(statistics.median(a / b for a, b in zip(r, rates["physics"], strict=True)), 3)
            for name, r in rates.items()
            if name != "physics"
        },
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("specs", nargs="*", type=Path, default=[SPECS / "walk.ksim", SPECS / "trot.ksim"])
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--length", type=int, default=20, help="control steps in one turn")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--update", action="store_true", help="time a training update too")
    options = parser.parse_args()
    for spec in options.specs:
        print(json.dumps(compare(spec, options.num_envs, options.length, options.rounds, options.update)), flush=True)


if __name__ == "__main__":
    main()
