"""The task step of a spec against another project's environments, run in turn on one machine.

    python benchmarks/peer_env_step.py SPEC --num-envs 1024 --peer-python PYTHON --peer-script SCRIPT --peer-task NAME

The peer is any script that, called as `PYTHON SCRIPT NAME NUM_ENVS`, prints a last line of JSON with `env_steps_per_s`
and `first_batch_s` (seconds from its start to the first stepped batch). Give it an interpreter of its own: projects
differ in the JAX they need. For the comparison to mean something the spec's robot must be the peer's MJCF, with the
same physics and control step. Each side runs in fresh processes, in turn, `--pairs` times; prints one JSON line with
the medians of the ratios. `--own` is how the driver calls itself for our side.
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
from typing import Any

STARTED = time.time()
ROOT = Path(__file__).parents[1]


def own(spec: Path, num_envs: int, length: int) -> dict[str, Any]:
    """Times our side as the peer's script does: random actions in one compiled scan, five turns after two warm-ups."""
    import jax
    import jax.numpy as jnp

    from ksim_spec.compiler import compile_spec, write_compiled
    from ksim_spec.runs.folder import make_task, open_folder

    with tempfile.TemporaryDirectory() as temporary:
        write_compiled(compile_spec(spec), Path(temporary))
        task = make_task(open_folder(Path(temporary)), num_envs)
    params = task.params

    @jax.jit
    def roll(state: Any, key: Any) -> Any:
        def one(carry: Any, key: Any) -> tuple[Any, None]:
            state, total = carry
            action = jax.random.uniform(key, (num_envs, task.action_size), minval=-1.0, maxval=1.0)
            state, env_state, _ = task.step(state, action, params)
            used = env_state.reward.sum() + sum(x.sum() for x in env_state.obs.values())
            return (state, total + used), None

        return jax.lax.scan(one, (state, jnp.float32(0)), jax.random.split(key, length))[0][0]

    state, _ = jax.jit(task.init)(jax.random.key(0), params)
    state = jax.block_until_ready(roll(state, jax.random.key(1)))
    first_s = time.time() - STARTED
    state = jax.block_until_ready(roll(state, jax.random.key(2)))
    rates = []
    for i in range(5):
        begin = time.time()
        state = jax.block_until_ready(roll(state, jax.random.key(3 + i)))
        rates.append(num_envs * length / (time.time() - begin))
    return {"first_batch_s": round(first_s, 2), "env_steps_per_s": round(statistics.median(rates))}


def called(command: list[str]) -> dict[str, Any]:
    """Returns the JSON of a process's last line; ends with its errors when it fails."""
    paths = [str(ROOT)] if command[0] == sys.executable else []
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("spec", type=Path)
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--length", type=int, default=30, help="control steps in one turn of our side")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable, help="the interpreter of the peer")
    parser.add_argument("--peer-script", type=Path, help="the peer's script")
    parser.add_argument("--peer-task", default="", help="its first argument")
    parser.add_argument("--own", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.own:
        print(json.dumps(own(options.spec, options.num_envs, options.length)))
        return
    if options.peer_script is None:
        parser.error("--peer-script is needed")
    ours = [
        sys.executable,
        __file__,
        str(options.spec),
        "--num-envs",
        str(options.num_envs),
        "--own",
        "--length",
        str(options.length),
    ]
    theirs = [options.peer_python, str(options.peer_script), options.peer_task, str(options.num_envs)]
    load = os.getloadavg()[0]
    pairs = []
    for i in range(options.pairs):
        first, second = (ours, theirs) if i % 2 else (theirs, ours)
        a, b = called(first), called(second)
        pairs.append((a, b) if i % 2 else (b, a))

    def median(name: str, side: int) -> float:
        return statistics.median(p[side][name] for p in pairs)

    print(
        json.dumps(
            {
                "spec": options.spec.name,
                "peer_task": options.peer_task,
                "num_envs": options.num_envs,
                "pairs": options.pairs,
                "our_steps_per_s": median("env_steps_per_s", 0),
                "peer_steps_per_s": median("env_steps_per_s", 1),
                "speed_ratio": round(
                    statistics.median(o["env_steps_per_s"] / p["env_steps_per_s"] for o, p in pairs), 3
                ),
                "our_first_batch_s": median("first_batch_s", 0),
                "peer_first_batch_s": median("first_batch_s", 1),
                "first_batch_ratio": round(
                    statistics.median(o["first_batch_s"] / p["first_batch_s"] for o, p in pairs), 3
                ),
                "load_before": round(load, 2),
                "load_after": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
