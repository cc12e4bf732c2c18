"""Trains a spec from Python, watches it learn, judges the policy, and uses it.

Run it: python examples/train_from_python.py [SPEC] [--budget 300000] [--out FOLDER]
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ksim_spec as ks

SPEC = Path(__file__).parents[1] / "specs" / "cartpole.ksim"


def watch(row: dict[str, Any]) -> None:
    print(row["update"], row["env_states"], row["reward/total"])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", type=Path, default=SPEC)
    parser.add_argument("--budget", type=int, default=300_000, help="how many EnvStates to learn from")
    parser.add_argument("--out", type=Path, help="the run folder; a temporary one if left out")
    asked = parser.parse_args(argv)
    spec, budget, out = asked.spec, asked.budget, asked.out or Path(tempfile.mkdtemp()) / "run"

    print(ks.lint(spec))
    result = ks.train(spec, out, budget=budget, on_update=watch)
    for check in ks.evaluate(result.run_dir, episodes=64).checks:
        print(check.text, "passed" if check.passed else "failed", check.value)

    run = ks.open_run(result.run_dir, num_envs=4)
    state, memory = run.env.reset(0), run.start()
    for _ in range(50):
        memory, action = run.act(memory, state.observation)  # (4, 1), float32
        state = run.env.step(state, action)
        memory = memory.after(state.done)
    print(state.reward, state.info.terms)


if __name__ == "__main__":
    main()
