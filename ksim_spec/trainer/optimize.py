"""The learning half of an update: epochs of shuffled minibatches of whole sequences, and one Adam step for each."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from ksim_spec.settings import TrainConfig
from ksim_spec.trainer.loss import PARTS, Batch, loss, targets_of
from ksim_spec.trainer.named_vector import Named
from ksim_spec.trainer.normalizer import Normalizer
from ksim_spec.trainer.policy import Memory, Normal, Policy
from ksim_spec.trainer.rollout import Transitions, clean, normalized
from ksim_spec.trainer.state import TrainState
from ksim_spec.trainer.task_protocol import Task
from ksim_spec.trainer.value_scale import rescale

MIN_RATE, MAX_RATE = 1e-5, 1e-2  # bounds of the adaptive learning rate, unless it begins outside them


def make_dataset(
    task: Task, config: TrainConfig, normalizer: Normalizer, seen: Transitions, env_state: Any, memory: Memory
) -> Batch:
    """Returns all sequences, environment first, so that picking sequences copies whole blocks of memory.

    `memory` is that before the first step.
    """

    def obs(group: str, last: bool) -> Array:
        x = seen.obs[group]
        if last:
            x = jnp.concatenate([x, clean(env_state.obs[group])[None]])
        return normalized(config, normalizer, group, jnp.swapaxes(x, 0, 1))

    def env_first(x: Array) -> Array:
        return jnp.swapaxes(x, 0, 1)

    return Batch(
        obs(task.actor_group, False),
        obs(task.critic_group, True),
        Normal(*map(env_first, seen.normal)),
        env_first(seen.noise),
        env_first(seen.reward) * config.reward_scale,
        env_first(seen.done),
        env_first(seen.valid),
        env_first(seen.bootstrap),
        memory,
    )


def _faded(config: TrainConfig, state: TrainState, final: float) -> Array:
    """Returns a factor that goes evenly from 1 at the first update to `final` when the budget is spent."""
    return 1.0 - jnp.minimum(state.update / config.num_updates, 1.0) * (1.0 - final)


def _learning_rate(config: TrainConfig, state: TrainState) -> Array:
    if config.learning_rate_schedule == "linear":
        return config.learning_rate * _faded(config, state, config.final_learning_rate)
    rate = config.learning_rate * state.rate_factor
    return jnp.clip(rate, *_rate_bounds(config)) if config.learning_rate_schedule == "adaptive" else rate


def _rate_bounds(config: TrainConfig) -> tuple[float, float]:
    """Returns between which rates an adaptive one moves; where it begins is always between them."""
    return min(MIN_RATE, config.learning_rate), max(MAX_RATE, config.learning_rate)


def _clip_gradient(config: TrainConfig, gradient: Float[Array, "P"], num_actor: int) -> tuple[Array, Array]:
    """Clips actor and critic each by its own norm: they share nothing, so neither should shrink the other."""
    square = jnp.square(gradient)
    norms = jnp.sqrt(jnp.stack([square[:num_actor].sum(), square[num_actor:].sum()]))
    if config.max_grad_norm is not None:
        scale = config.max_grad_norm / jnp.maximum(norms, config.max_grad_norm)
        is_actor = jnp.arange(gradient.shape[0]) < num_actor
        gradient = gradient * jnp.where(is_actor, scale[0], scale[1])
    return gradient, jnp.sqrt(jnp.square(norms).sum())


def learn(
    config: TrainConfig, state: TrainState, dataset: Batch, key: PRNGKeyArray, axis: str | None
) -> tuple[TrainState, Named]:
    """Returns the state after num_epochs passes over the dataset in shuffled minibatches of whole sequences."""
    scale, rate = state.value_scale, _learning_rate(config, state)
    bonus = config.entropy * _faded(config, state, config.final_entropy)
    adam = optax.scale_by_adam()
    flat_policy, unravel = ravel_pytree(state.policy)
    num_actor = flat_policy.size - ravel_pytree(state.policy.critic)[0].size

    def with_targets(policy: Policy, batch: Batch) -> Batch:
        value_BT1 = policy.value(batch.critic_obs, batch.memory, batch.done)
        return batch._replace(targets=targets_of(config, scale, batch, value_BT1))

    def minibatch(carry: tuple[Array, optax.OptState], batch: Batch) -> tuple[Any, Named]:
        flat, optimizer = carry
        gradient, parts = jax.grad(lambda f: loss(unravel(f), config, scale, batch, bonus), has_aux=True)(flat)
        if axis is not None:
            gradient, parts = jax.lax.pmean((gradient, parts), axis)
        gradient, norm = _clip_gradient(config, gradient, num_actor)
        step, new_optimizer = adam.update(gradient, optimizer)
        moved = flat - rate * jnp.asarray(step)
        ok = jnp.isfinite(norm)  # a gradient that is not finite is dropped and counted
        carry = jax.tree.map(lambda new, old: jnp.where(ok, new, old), (moved, new_optimizer), carry)
        more = jnp.stack([norm, 1.0 - ok.astype(jnp.float32)])
        return carry, Named(jnp.concatenate([parts.values, more]), (*PARTS, "loss/grad_norm", "loss/skipped"))

    def epoch(carry: tuple[Array, optax.OptState], shuffle_E: Array) -> tuple[Any, Named]:
        data = with_targets(unravel(carry[0]), dataset) if config.advantages == "epoch" else dataset
        order = jnp.argsort(shuffle_E)
        batches = jax.tree.map(lambda x: x[order].reshape(config.num_minibatches, -1, *x.shape[1:]), data)
        return jax.lax.scan(minibatch, carry, batches)

    if config.advantages == "update":
        dataset = with_targets(state.policy, dataset)
    shuffle_NE = jax.random.bits(key, (config.num_epochs, dataset.reward.shape[0]))
    (flat, optimizer), parts_NM = jax.lax.scan(epoch, (flat_policy, state.optimizer), shuffle_NE)

    policy = unravel(flat)
    means = jax.tree.map(lambda x: x.mean((0, 1)), parts_NM)
    last = jax.tree.map(lambda x: x[-1].mean(0), parts_NM)  # of the last epoch
    if config.normalize_values:
        scale, policy = rescale(scale, policy, last["return_mean"], last["return_square"])
    factor = state.rate_factor
    if config.learning_rate_schedule == "adaptive":
        change = jnp.where(last["loss/kl"] > 2 * config.target_kl, 1 / 1.5, 1.0)
        change = jnp.where(last["loss/kl"] < 0.5 * config.target_kl, 1.5, change)
        low, high = _rate_bounds(config)
        factor = jnp.clip(factor * change, low / config.learning_rate, high / config.learning_rate)
    state = state._replace(policy=policy, optimizer=optimizer, value_scale=scale, rate_factor=factor)
    return state, _learning_metrics(means, last, rate)


def _learning_metrics(means: Named, last: Named, rate: Array) -> Named:
    """Returns means over the update; KL is of the last epoch (how far the update went), `skipped` a fraction."""
    spread = jnp.maximum(last["return_square"] - jnp.square(last["return_mean"]), 1e-8)
    explained = 1.0 - 2.0 * last["loss/critic"] / spread
    names = (
        "loss/actor",
        "loss/critic",
        "loss/entropy",
        "loss/clip_fraction",
        "loss/std",
        "loss/grad_norm",
        "loss/skipped",
    )
    more = jnp.stack([last["loss/kl"], explained, rate])
    more_names = ("loss/kl", "loss/explained_variance", "loss/learning_rate")
    return Named(jnp.concatenate([means.pick(*names), more]), names + more_names)
