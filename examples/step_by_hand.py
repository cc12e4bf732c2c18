"""Steps a compiled task by hand: some seconds of robots that get random actions, in one compiled loop.

Run it: python examples/step_by_hand.py [SPEC] [--num-envs 16] [--seconds 10]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

import ksim_spec as ks

SPEC = Path(__file__).parents[1] / "specs" / "trot.ksim"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", nargs="?", type=Path, default=SPEC)
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args(argv)

    compiled = ks.compile(asked.spec)
    env = ks.make(compiled, num_envs=asked.num_envs)
    print(f"{compiled.program.name}: actions {env.action_size}, observations {env.observation_sizes}")

    # One step at a time, as one would look around.
    state = env.reset(0)
    state = env.step(state, jnp.zeros((env.num_envs, env.action_size)))
    print(f"after {env.control_step:g} s: reward {state.reward[:3]}, qpos {state.reads['qpos'].shape}")

    # Many steps in one program.
    def one(state: ks.State, key: jax.Array) -> tuple[ks.State, Any]:
        action = 0.3 * jax.random.normal(key, (env.num_envs, env.action_size))
        state = env.step(state, action)
        return state, (state.reward, state.done, state.info.terms)

    @jax.jit
    def roll(key: jax.Array) -> Any:
        first, later = jax.random.split(key)
        keys = jax.random.split(later, round(asked.seconds / env.control_step))
        return jax.lax.scan(one, env.reset(first), keys)[1]

    reward_TE, done_TE, terms_TE = roll(jax.random.key(0))
    print(f"mean reward per step {reward_TE.mean():.4f}, episodes that ended {int(done_TE.sum())}")
    for name, value_TE in sorted(terms_TE.items(), key=lambda pair: -abs(float(pair[1].mean()))):
        print(f"  {name:16} {float(value_TE.mean()):+.5f}")


if __name__ == "__main__":
    main()
