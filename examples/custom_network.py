"""Trains a network of one's own: a GRU that remembers, beside a linear layer that does not.

Run it: python examples/custom_network.py [--budget 300000] [--out FOLDER]

Its class is not kept with the run: who opens the run gives it again.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import ksim_spec as ks

SPEC = Path(__file__).parents[1] / "specs" / "cartpole.ksim"


class Recurrent(eqx.Module):
    """outputs = gain * (skip(x) + head(h)), where h = cell(x, h) goes from step to step of an episode."""

    cell: eqx.nn.GRUCell
    head: eqx.nn.Linear
    skip: eqx.nn.Linear
    gain: float  # no array, so it is not trained

    @classmethod
    def init(cls, key: jax.Array, sizes: ks.Sizes, settings: ks.NetworkSettings) -> "Recurrent":
        """Called once for the actor and once for the critic; `settings` are those of the spec's `mlp(…)`."""
        width = settings.hidden[-1]
        a, b, c = jax.random.split(key, 3)
        return cls(
            eqx.nn.GRUCell(sizes.inputs, width, key=a),
            eqx.nn.Linear(width, sizes.outputs, key=b),
            eqx.nn.Linear(sizes.inputs, sizes.outputs, key=c),
            sizes.gain,  # small for an actor: a policy learns best from actions near zero
        )

    def initial_carry(self) -> jax.Array:
        """What one environment remembers when an episode begins."""
        return jnp.zeros(self.cell.hidden_size)

    def __call__(self, carry: jax.Array, x: jax.Array, done: Any) -> tuple[jax.Array, jax.Array]:
        """One control step: the memories (N, width) and the inputs (N, inputs) of N environments."""
        h = jax.vmap(self.cell)(x, carry)
        return h, self.gain * (jax.vmap(self.skip)(x) + jax.vmap(self.head)(h))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=int, default=300_000, help="how many EnvStates to learn from")
    parser.add_argument("--out", type=Path, help="the run folder; a temporary one if left out")
    asked = parser.parse_args(argv)

    out = asked.out or Path(tempfile.mkdtemp()) / "run"
    result = ks.train(SPEC, out, network=Recurrent, budget=asked.budget, set={"policy.actor": "mlp(32)"})
    print(f"{result.env_states} env_states in {result.wall_s:.1f} s, reward {result.last['reward/total']:.4f} a step")

    judged = ks.evaluate(result.run_dir, network=Recurrent, episodes=64)
    print(f"mean return {judged.mean_return:.3f} over {judged.episodes} episodes")

    try:
        ks.open_run(result.run_dir)
    except ks.SpecError as error:
        print(f"without the class: {error}")
    run = ks.open_run(result.run_dir, num_envs=3, network=Recurrent)
    state, memory = run.env.reset(0), run.start()
    memory, action = run.act(memory, state.observation)
    print(f"first actions {action[:, 0]}, memories of shape {memory.actor.shape}")


if __name__ == "__main__":
    main()
