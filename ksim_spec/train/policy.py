"""Actor and critic networks (Equinox) and the action distribution.

The raw action is the sample before tanh. It is what training keeps, because undoing tanh loses precision near ±1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ksim_spec.train.config import PolicyConfig

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "swish": jax.nn.swish,
    "elu": jax.nn.elu,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
}
LOG_2PI = 1.8378770664093453


class Dense(eqx.Module):
    """A linear layer on the last axis of a batch; one matrix product for all leading axes."""

    weight: Float[Array, "I O"]
    bias: Float[Array, "O"]

    def __init__(self, key: PRNGKeyArray, inputs: int, outputs: int, gain: float = 1.0) -> None:
        bound = gain * (3.0 / inputs) ** 0.5  # uniform with variance gain^2 / inputs (LeCun et al. 1998)
        self.weight = jax.random.uniform(key, (inputs, outputs), jnp.float32, -bound, bound)
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Float[Array, "... I"]) -> Float[Array, "... O"]:
        return x @ self.weight + self.bias


class MLP(eqx.Module):
    """Dense layers with an activation between them and none after the last."""

    layers: tuple[Dense, ...]
    activation: str = eqx.field(static=True)

    def __init__(
        self, key: PRNGKeyArray, inputs: int, hidden: tuple[int, ...], outputs: int, activation: str, last_gain: float
    ) -> None:
        sizes = [inputs, *hidden, outputs]
        gains = [1.0] * len(hidden) + [last_gain]
        keys = jax.random.split(key, len(gains))
        self.layers = tuple(Dense(*z) for z in zip(keys, sizes[:-1], sizes[1:], gains, strict=True))
        self.activation = activation

    def __call__(self, x: Float[Array, "... I"]) -> Float[Array, "... O"]:
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[self.activation](layer(x))
        return self.layers[-1](x)


class Normal(NamedTuple):
    """Independent normals over raw actions; `std` is (A,) where it does not depend on the state."""

    loc: Float[Array, "... A"]
    std: Float[Array, "... A"] | Float[Array, "A"]


class Policy(eqx.Module):
    """Actor, critic and exploration noise. Observations come in normalised; values are in normalised units."""

    actor: MLP
    std_param: Float[Array, "A"] | None
    critic: MLP  # last, so that a flattened policy is the actor's numbers and then the critic's
    config: PolicyConfig = eqx.field(static=True)

    def __init__(
        self, key: PRNGKeyArray, actor_inputs: int, critic_inputs: int, action_size: int, config: PolicyConfig
    ) -> None:
        actor_key, critic_key = jax.random.split(key)
        by_state = config.std == "state"
        outputs = action_size * (2 if by_state else 1)
        # A nearly zero last layer starts every state at the same distribution, so no early action is an accident.
        self.actor = MLP(actor_key, actor_inputs, config.actor, outputs, config.activation, 0.01)
        self.critic = MLP(critic_key, critic_inputs, config.critic, 1, config.activation, 0.1)
        self.std_param = None if by_state else jnp.zeros(action_size, jnp.float32)
        self.config = config

    def distribution(self, obs: Float[Array, "... L"]) -> Normal:
        """Returns the normal over raw actions; its std is min_std + softplus, and init_std at the start."""
        out = self.actor(obs)
        loc, raw_std = (out, self.std_param) if self.std_param is not None else jnp.split(out, 2, axis=-1)
        start = jnp.log(jnp.expm1(jnp.float32(self.config.init_std - self.config.min_std)))
        spread = self.config.min_std + jax.nn.softplus(raw_std + start)
        return Normal(loc, spread)

    def value(self, obs: Float[Array, "... L"]) -> Float[Array, "..."]:
        """Returns the predicted return in units of the value normaliser."""
        return self.critic(obs)[..., 0]

    def action(self, raw: Float[Array, "... A"]) -> Float[Array, "... A"]:
        """Returns the action of a raw sample; within (-1, 1) for `tanh_normal`."""
        return jnp.tanh(raw) if self.config.distribution == "tanh_normal" else raw

    def entropy(self, normal: Normal, noise: Float[Array, "... A"]) -> Float[Array, "..."]:
        """Returns the entropy in nats: exact for `normal`, for `tanh_normal` estimated at loc + std * noise."""
        total = jnp.broadcast_to(0.5 * (1 + LOG_2PI) + jnp.log(normal.std), normal.loc.shape)
        if self.config.distribution == "tanh_normal":
            raw = normal.loc + normal.std * noise
            total = total + 2 * (jnp.log(2.0) - raw - jax.nn.softplus(-2 * raw))  # log of tanh's derivative
        return total.sum(-1)


def log_prob(normal: Normal, raw: Float[Array, "... A"]) -> Float[Array, "..."]:
    """Returns the log density of the raw action. Squashing adds a term that cancels in ratios, so it is left out."""
    z = (raw - normal.loc) / normal.std
    return (-0.5 * jnp.square(z) - jnp.log(normal.std) - 0.5 * LOG_2PI).sum(-1)


def kl_divergence(old: Normal, new: Normal) -> Float[Array, "..."]:
    """Returns KL(old || new); squashing both does not change it."""
    ratio = jnp.square(old.std / new.std)
    shift = jnp.square((old.loc - new.loc) / new.std)
    return (0.5 * (ratio + shift - 1.0 - jnp.log(ratio))).sum(-1)
