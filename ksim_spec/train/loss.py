"""The clipped surrogate objective (Schulman et al. 2017) on one minibatch of whole sequences."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ksim_spec.train.advantages import Targets, gae
from ksim_spec.train.config import TrainConfig
from ksim_spec.train.policy import Normal, Policy, kl_divergence, log_prob
from ksim_spec.train.value_scale import ValueScale, denormalize


class Batch(NamedTuple):
    """B sequences of T steps with normalised observations; the critic sees one observation more, for the last value.

    `targets` is None where they are recomputed in the loss.
    """

    actor_obs: Float[Array, "B T L"]
    critic_obs: Float[Array, "B T1 L"]
    normal: Normal
    noise: Float[Array, "B T A"]
    reward: Float[Array, "B T"]
    done: Bool[Array, "B T"]
    valid: Bool[Array, "B T"]
    bootstrap: Float[Array, "B T"]
    targets: Targets | None = None


def targets_of(config: TrainConfig, scale: ValueScale, batch: Batch, value_BT1: Float[Array, "B T1"]) -> Targets:
    """Returns advantages and returns in reward units for values in normalised units."""
    value = denormalize(scale, jax.lax.stop_gradient(value_BT1))
    return gae(
        batch.reward, batch.done, batch.bootstrap, batch.valid, value, config.discount, config.gae_lambda
    )


def _mean(x: Array, weight: Array) -> Array:
    return jnp.sum(x * weight) / jnp.maximum(jnp.sum(weight), 1.0)


def loss(policy: Policy, config: TrainConfig, scale: ValueScale, batch: Batch) -> tuple[Array, dict[str, Array]]:
    """Returns the loss and its parts: actor and critic losses, entropy, KL from the acting policy, clip fraction."""
    weight = batch.valid.astype(jnp.float32)
    value_BT1 = policy.value(batch.critic_obs)
    targets = batch.targets or targets_of(config, scale, batch, value_BT1)

    advantage = targets.advantage
    if config.normalize_advantages:
        centred = advantage - _mean(advantage, weight)
        advantage = centred / (jnp.sqrt(_mean(jnp.square(centred), weight)) + 1e-8)
    normal = policy.distribution(batch.actor_obs)
    raw = batch.normal.loc + batch.normal.std * batch.noise
    ratio = jnp.exp(log_prob(normal, raw) - log_prob(batch.normal, raw))
    clipped = jnp.clip(ratio, 1 - config.clip, 1 + config.clip)
    actor_loss = -_mean(jnp.minimum(ratio * advantage, clipped * advantage), weight)

    wanted = (targets.ret - scale.mean) / scale.std
    error = wanted - value_BT1[:, :-1]
    critic_loss = 0.5 * _mean(jnp.square(error), weight)
    # The step's own noise serves as the fresh sample: it does not depend on the new parameters.
    entropy = _mean(policy.entropy(normal, batch.noise), weight)
    total = actor_loss + config.value_coefficient * critic_loss - config.entropy * entropy
    spread = _mean(jnp.square(wanted - _mean(wanted, weight)), weight)
    parts = {
        "loss/actor": actor_loss,
        "loss/critic": critic_loss,
        "loss/entropy": entropy,
        "loss/kl": _mean(kl_divergence(batch.normal, normal), weight),
        "loss/clip_fraction": _mean((jnp.abs(ratio - 1) > config.clip).astype(jnp.float32), weight),
        "loss/explained_variance": 1.0 - _mean(jnp.square(error), weight) / jnp.maximum(spread, 1e-8),
        "loss/std": normal.std.mean(),
        "return_mean": _mean(targets.ret, weight),
        "return_square": _mean(jnp.square(targets.ret), weight),
    }
    return total, parts
