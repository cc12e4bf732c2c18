"""The clipped surrogate objective (Schulman et al. 2017) on one minibatch of whole sequences."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ksim_spec.settings import TrainConfig
from ksim_spec.trainer.advantages import Targets, gae
from ksim_spec.trainer.named_vector import Named
from ksim_spec.trainer.policy import Memory, Normal, Policy, kl_divergence, log_prob
from ksim_spec.trainer.value_scale import ValueScale, denormalize

PARTS = (
    "loss/actor",
    "loss/critic",
    "loss/entropy",
    "loss/kl",
    "loss/clip_fraction",
    "loss/std",
    "return_mean",
    "return_square",
)


class Batch(NamedTuple):
    """B sequences of T steps with normalised observations; the critic sees one observation more, for the last value.

    `memory` is what the networks carried when the sequences began. `targets` is None where they are recomputed in the
    loss.
    """

    actor_obs: Float[Array, "B T L"]
    critic_obs: Float[Array, "B T1 L"]
    normal: Normal
    noise: Float[Array, "B T A"]
    reward: Float[Array, "B T"]
    done: Bool[Array, "B T"]
    valid: Bool[Array, "B T"]
    bootstrap: Float[Array, "B T"]
    memory: Memory = Memory()
    targets: Targets | None = None


def targets_of(config: TrainConfig, scale: ValueScale, batch: Batch, value_BT1: Float[Array, "B T1"]) -> Targets:
    """Returns advantages and returns in reward units for values in normalised units."""
    value = denormalize(scale, jax.lax.stop_gradient(value_BT1))
    return gae(batch.reward, batch.done, batch.bootstrap, batch.valid, value, config.discount, config.gae_lambda)


def _mean(x: Array, weight: Array) -> Array:
    return jnp.sum(x * weight, (-2, -1)) / jnp.maximum(jnp.sum(weight), 1.0)


def loss(
    policy: Policy, config: TrainConfig, scale: ValueScale, batch: Batch, bonus: Float[Array, ""]
) -> tuple[Array, Named]:
    """Returns the loss and PARTS of it; the last two are moments of the returns in units of `scale`.

    `bonus` is what a nat of entropy is worth in this update.
    """
    weight = batch.valid.astype(jnp.float32)
    value_BT1 = policy.value(batch.critic_obs, batch.memory, batch.done)
    targets = batch.targets or targets_of(config, scale, batch, value_BT1)

    advantage = targets.advantage
    if config.normalize_advantages:
        centred = advantage - _mean(advantage, weight)
        advantage = centred / (jnp.sqrt(_mean(jnp.square(centred), weight)) + 1e-8)
    normal = policy.distribution(batch.actor_obs, batch.memory, batch.done)
    raw = batch.normal.loc + batch.normal.std * batch.noise
    ratio = jnp.exp(log_prob(normal, raw) - log_prob(batch.normal, raw))
    clipped = jnp.clip(ratio, 1 - config.clip, 1 + config.clip)
    actor_loss = -_mean(jnp.minimum(ratio * advantage, clipped * advantage), weight)

    wanted = (targets.ret - scale.mean) / scale.std
    error = wanted - value_BT1[:, :-1]
    critic_loss = 0.5 * _mean(jnp.square(error), weight)
    # The step's own noise serves as the fresh sample: it does not depend on the new parameters.
    entropy = _mean(policy.entropy(normal, batch.noise), weight)
    total = actor_loss + config.value_coefficient * critic_loss - bonus * entropy
    outside = (jnp.abs(ratio - 1) > config.clip).astype(jnp.float32)
    std = jnp.broadcast_to(normal.std.mean(-1), weight.shape)
    watched = [kl_divergence(batch.normal, normal), outside, std, wanted, jnp.square(wanted)]
    means = _mean(jnp.stack(watched), weight)
    values = jnp.concatenate([jnp.stack([actor_loss, critic_loss, entropy]), means])
    return total, Named(jax.lax.stop_gradient(values), PARTS)
