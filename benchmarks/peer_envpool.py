"""Times an EnvPool task (native C++ environments) with random actions, as `peer_env_step.py` wants its peers.

    PYTHON_WITH_ENVPOOL benchmarks/peer_envpool.py CheetahRun-v1 512

Needs `envpool` and nothing of ours. Prints one JSON line: environment steps per second (median of five turns after a
warm-up) and seconds from the start to the first stepped batch. All cores, synchronous steps, actions drawn in advance.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

STARTED = time.time()

import envpool  # noqa: E402  pyright: ignore[reportMissingImports]
import numpy as np  # noqa: E402


def main(task: str, num_envs: int, length: int = 100) -> None:
    env = envpool.make(task, env_type="gymnasium", num_envs=num_envs)
    space, rng = env.action_space, np.random.default_rng(0)
    low, high = np.maximum(space.low, -1), np.minimum(space.high, 1)
    actions = rng.uniform(low, high, (length, num_envs, *space.shape)).astype(space.dtype)
    env.reset()
    env.step(actions[0])
    first_s = time.time() - STARTED
    rates = []
    for turn in range(6):
        begin = time.time()
        for action in actions:
            env.step(action)
        if turn:
            rates.append(num_envs * length / (time.time() - begin))
    print(
        json.dumps(
            {
                "task": task,
                "num_envs": num_envs,
                "first_batch_s": round(first_s, 2),
                "env_steps_per_s": round(statistics.median(rates)),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
