"""Generalised advantage estimation (Schulman et al. 2016) with ends of episodes told apart."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class Targets(NamedTuple):
    """What one step teaches: advantage for the actor, return for the critic."""

    advantage: Float[Array, "B T"]
    ret: Float[Array, "B T"]


def gae(
    reward_BT: Float[Array, "B T"],
    done_BT: Bool[Array, "B T"],
    bootstrap_BT: Float[Array, "B T"],
    valid_BT: Bool[Array, "B T"],
    value_BT1: Float[Array, "B T1"],
    discount: float,
    lam: float,
) -> Targets:
    """Returns advantages and returns (advantage + value) of B sequences of T steps.

    value_BT1 holds T + 1 values, the last of the observation after the sequence. A step that ends an episode looks no
    further: a failure is worth its reward alone, a truncation also discount * bootstrap (the value of its true final
    observation, 0 elsewhere). Steps that are not valid (a simulator fault) teach nothing: zero advantage, and the step
    before one treats the episode as cut off with the value of the observation it led to.
    """
    more = 1.0 - done_BT.astype(jnp.float32)
    value, value_next = value_BT1[:, :-1], value_BT1[:, 1:]
    delta = reward_BT + discount * (bootstrap_BT + more * value_next) - value
    delta = jnp.where(valid_BT, delta, 0.0)
    decay = jnp.where(valid_BT, discount * lam * more, 0.0)

    def step(later: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        advantage = now[0] + now[1] * later
        return advantage, advantage

    _, advantage = jax.lax.scan(step, jnp.zeros_like(delta[:, 0]), (delta.T, decay.T), reverse=True)
    return Targets(advantage.T, advantage.T + value)
