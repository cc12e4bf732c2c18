"""Actor and critic networks (Equinox) and the action distribution.

The raw action is the sample before tanh. It is what training keeps, because undoing tanh loses precision near ±1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ksim_spec.train.config import PolicyConfig
from ksim_spec.train.interface import Task
from ksim_spec.train.symmetry import Mirror, SignedPermutation, mirror_of


@jax.custom_vjp
def swish(x: Array) -> Array:
    """Returns x * sigmoid(x) (Ramachandran et al. 2017).

    Its derivative is worked out from x alone: keeping the sigmoid costs more than doing it again (measured on two
    cores: a tenth of a gradient step of 128 x 128 networks).
    """
    return x * jax.nn.sigmoid(x)


def _swish_forward(x: Array) -> tuple[Array, Array]:
    return swish(x), x


def _swish_backward(x: Array, gradient: Array) -> tuple[Array]:
    s = jax.nn.sigmoid(x)
    return (gradient * (s + x * s * (1.0 - s)),)


swish.defvjp(_swish_forward, _swish_backward)

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "swish": swish,
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
        rows = self._rest(self.layers[0](x.reshape(-1, x.shape[-1])))
        return rows.reshape(*x.shape[:-1], rows.shape[-1])

    def of_both(
        self, x: Float[Array, "... I"], mirror: SignedPermutation
    ) -> tuple[Float[Array, "... O"], Float[Array, "... O"]]:
        """Returns the outputs for x and for its mirror image.

        The first layer's weights are mirrored instead of the inputs, which are far more numbers. What follows sees the
        two as alternating rows of one matrix, so that nothing is copied between the products (measured: the gradient
        takes six tenths of the time that it takes with one half behind the other).
        """
        index, sign = mirror
        swap = np.zeros((len(index), len(index)), np.float32)
        swap[np.arange(len(index)), list(index)] = sign  # mirrored x = swap @ x
        first = self.layers[0]
        weights = jnp.concatenate([first.weight, jnp.asarray(swap.T) @ first.weight], 1)
        both = x.reshape(-1, x.shape[-1]) @ weights
        rows = self._rest(both.reshape(-1, first.bias.shape[0]) + first.bias)
        outputs = rows.reshape(*x.shape[:-1], 2, rows.shape[-1])
        return outputs[..., 0, :], outputs[..., 1, :]

    def _rest(self, x: Float[Array, "N H"]) -> Float[Array, "N O"]:
        """What follows the first layer's product."""
        for layer in self.layers[1:]:
            x = layer(ACTIVATIONS[self.activation](x))
        return x


class Normal(NamedTuple):
    """Independent normals over raw actions; `std` is (A,) where it does not depend on the state."""

    loc: Float[Array, "... A"]
    std: Float[Array, "... A"] | Float[Array, "A"]


class Policy(eqx.Module):
    """Actor, critic and exploration noise. Observations come in normalised; values are in normalised units.

    With a `mirror` both are symmetric by construction: the action of a mirrored observation is the mirrored action, the
    value the same. Each is the mean of what the network says of an observation and, mirrored back, of its mirror image
    (Abdolhosseini et al. 2019, "NET"; Su et al. 2024).
    """

    actor: MLP
    std_param: Float[Array, "A"] | None
    critic: MLP  # last, so that a flattened policy is the actor's numbers and then the critic's
    config: PolicyConfig = eqx.field(static=True)
    mirror: Mirror | None = eqx.field(static=True)

    def __init__(
        self, key: PRNGKeyArray, actor_inputs: int, critic_inputs: int, action_size: int, config: PolicyConfig,
        mirror: Mirror | None = None,
    ) -> None:  # fmt: skip
        actor_key, critic_key = jax.random.split(key)
        by_state = config.std == "state"
        outputs = action_size * (2 if by_state else 1)
        # A nearly zero last layer starts every state at the same distribution, so no early action is an accident.
        self.actor = MLP(actor_key, actor_inputs, config.actor, outputs, config.activation, 0.01)
        self.critic = MLP(critic_key, critic_inputs, config.critic, 1, config.activation, 0.1)
        self.std_param = None if by_state else jnp.zeros(action_size, jnp.float32)
        self.config, self.mirror = config, mirror

    def distribution(self, obs: Float[Array, "... L"]) -> Normal:
        """Returns the normal over raw actions; its std is min_std + softplus, and init_std at the start."""
        out = self.actor(obs) if self.mirror is None else self._symmetric_actor(obs, self.mirror)
        loc, raw_std = (out, self.std_param) if self.std_param is not None else jnp.split(out, 2, axis=-1)
        if self.mirror is not None and self.std_param is not None:
            raw_std = (raw_std + raw_std[np.array(self.mirror.action[0])]) / 2
        start = jnp.log(jnp.expm1(jnp.float32(self.config.init_std - self.config.min_std)))
        spread = self.config.min_std + jax.nn.softplus(raw_std + start)
        return Normal(loc, spread)

    def value(self, obs: Float[Array, "... L"]) -> Float[Array, "..."]:
        """Returns the predicted return in units of the value normaliser."""
        if self.mirror is None:
            return self.critic(obs)[..., 0]
        here, there = self.critic.of_both(obs, self.mirror.critic)
        return (here + there)[..., 0] / 2

    def _symmetric_actor(self, obs: Float[Array, "... L"], mirror: Mirror) -> Float[Array, "... O"]:
        index, sign = (np.array(x) for x in mirror.action)
        if self.std_param is None:  # spreads change places without a sign
            index, sign = np.concatenate([index, len(index) + index]), np.concatenate([sign, np.ones_like(sign)])
        here, there = self.actor.of_both(obs, mirror.actor)
        return (here + there[..., index] * sign.astype(np.float32)) / 2

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


def make_policy(task: Task, config: PolicyConfig, key: PRNGKeyArray) -> Policy:
    """Returns untrained networks that fit the task."""
    sizes = task.obs_sizes
    mirror = mirror_of(task) if config.symmetric else None
    return Policy(key, sizes[task.actor_group], sizes[task.critic_group], task.action_size, config, mirror)


def log_prob(normal: Normal, raw: Float[Array, "... A"]) -> Float[Array, "..."]:
    """Returns the log density of the raw action. Squashing adds a term that cancels in ratios, so it is left out."""
    z = (raw - normal.loc) / normal.std
    return (-0.5 * jnp.square(z) - jnp.log(normal.std) - 0.5 * LOG_2PI).sum(-1)


def kl_divergence(old: Normal, new: Normal) -> Float[Array, "..."]:
    """Returns KL(old || new); squashing both does not change it."""
    ratio = jnp.square(old.std / new.std)
    shift = jnp.square((old.loc - new.loc) / new.std)
    return (0.5 * (ratio + shift - 1.0 - jnp.log(ratio))).sum(-1)
