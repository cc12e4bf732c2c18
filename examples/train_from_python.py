"""Trains a spec from Python, watches it learn, judges the policy, and uses it.

python examples/train_from_python.py [SPEC] [--budget 300000] [--out FOLDER]
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ksim_spec as ks

SPEC = Path(__file__).parents[1] / "specs" / "cartpole.ksim"


def watch(row: dict[str, Any]) -> None:
    print(f"update {row['update']}: {row['env_states']} env_states, reward {row['reward/total']:.4f} a step")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", type=Path, default=SPEC)
    parser.add_argument("--budget", type=int, default=300_000, help="how many EnvStates to learn from")
    parser.add_argument("--out", type=Path, help="the run folder; a temporary one if left out")
    asked = parser.parse_args(argv)

    findings = ks.lint(asked.spec)
    print(f"{findings}{len(findings.errors)} errors, {len(findings.warnings)} warnings")

    out = asked.out or Path(tempfile.mkdtemp()) / "run"
    settings = {"policy.actor": "mlp(32, 32)", "train.learning_rate": 2e-3}
    result = ks.train(asked.spec, out, budget=asked.budget, set=settings, on_update=watch)
    print(f"{result.env_states} env_states in {result.wall_s:.1f} s: {result.run_dir}")

    judged = ks.evaluate(result.run_dir, episodes=64)
    for check in judged.checks:
        print(f"{'passed' if check.passed else 'failed'}: {check.text} (measured {check.value})")

    run = ks.open_run(result.run_dir, num_envs=4)
    state, memory = run.env.reset(0), run.start()
    for _ in range(50):
        memory, action = run.act(memory, state.observation)
        state = run.env.step(state, action)
        memory = memory.after(state.done)
    seconds, angle_E = 50 * run.env.control_step, state.reads["qpos"][:, 1]
    print(f"after {seconds:g} s the poles of four environments are at {angle_E} rad")


if __name__ == "__main__":
    main()
