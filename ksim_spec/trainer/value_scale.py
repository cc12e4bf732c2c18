"""Keeps the critic's output near unit size whatever the scale of the rewards.

The critic predicts (return - mean) / std of recent returns. When the statistics move, it is rescaled so that
predictions in reward units stay as they were (PopArt, van Hasselt et al. 2016).
"""

from __future__ import annotations

from typing import NamedTuple, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ksim_spec.trainer.network import Rescaled
from ksim_spec.trainer.policy import Policy

RATE = 0.1  # weight of the newest update once there have been ten
STD_FLOOR = 1e-3


class ValueScale(NamedTuple):
    """Running mean and variance of returns, and the number of updates in them."""

    updates: Float[Array, ""]
    mean: Float[Array, ""]
    var: Float[Array, ""]

    @property
    def std(self) -> Float[Array, ""]:
        return jnp.maximum(jnp.sqrt(self.var), STD_FLOOR)


def init_value_scale() -> ValueScale:
    """Returns the identity."""
    return ValueScale(jnp.float32(0), jnp.float32(0), jnp.float32(1))


def denormalize(scale: ValueScale, value: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns values in reward units."""
    return scale.mean + scale.std * value


def rescale(
    scale: ValueScale, policy: Policy, mean: Float[Array, ""], square: Float[Array, ""]
) -> tuple[ValueScale, Policy]:
    """Returns the scale after seeing returns of this mean and mean square, and a policy with unchanged predictions.

    Both are in the units of the old scale.
    """
    var = jnp.maximum(square - jnp.square(mean), 0.0) * jnp.square(scale.std)
    mean = scale.mean + scale.std * mean
    rate = jnp.maximum(1.0 / (scale.updates + 1.0), RATE)
    shift = mean - scale.mean
    new_var = scale.var + rate * (var - scale.var) + rate * (1 - rate) * jnp.square(shift)
    new = ValueScale(scale.updates + 1.0, scale.mean + rate * shift, new_var)
    critic = cast(Rescaled, policy.critic).rescaled(scale.std / new.std, (scale.mean - new.mean) / new.std)
    return new, eqx.tree_at(lambda p: p.critic, policy, critic)
