"""One PPO update as one compiled program: rollout, advantages, epochs of minibatches, statistics.

The program sees a TrainState and returns the next one with the metrics of the update. With a mesh axis name it runs
inside `shard_map`: gradients and statistics are averaged over the axis, parameters stay equal on every device.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ksim_spec.train.config import PolicyConfig, TrainConfig
from ksim_spec.train.interface import Task
from ksim_spec.train.loss import PARTS, Batch, loss, targets_of
from ksim_spec.train.named import Named
from ksim_spec.train.normalizer import Normalizer, init_normalizer, update_moments
from ksim_spec.train.policy import Normal, Policy
from ksim_spec.train.rollout import Actor, Transitions, clean, groups_of, normalized, rollout
from ksim_spec.train.value_scale import ValueScale, init_value_scale, rescale

SUMMARY = (
    "episode/count", "fault/physics", "fault/not_finite", "episode/return", "episode/seconds", "episode/fail_fraction",
    "episode/success_fraction", "episode/truncated_fraction", "reward/total",
)
CURRICULUM = ("episode_return", "episode_time", "fail", "success", "reward/total")  # and `reward/<term>`
MIN_RATE, MAX_RATE = 1e-5, 1e-2  # bounds of the adaptive learning rate


class TrainState(NamedTuple):
    """All that changes in a run. The optimiser sees the policy as one vector: one update instead of one per layer.

    `key` never changes: update u draws from fold_in(key, u).
    """

    policy: Policy
    optimizer: optax.OptState
    normalizer: Normalizer
    value_scale: ValueScale
    rate_factor: Float[Array, ""]  # of the adaptive learning rate
    params: Any
    task_state: Any
    env_state: Any
    key: PRNGKeyArray
    update: Int[Array, ""]


def strong(tree: Any) -> Any:
    """Returns the tree with every array strongly typed; a weakly typed one would make the program compile twice."""

    def fix(x: Any) -> Array:
        x = jnp.asarray(x)
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return x
        return jax.lax.convert_element_type(x, x.dtype)

    return jax.tree.map(fix, tree)


def compiler_options(once: bool = False) -> dict[str, Any]:
    """Returns options for compiling whole updates here, or programs that run `once`.

    On a CPU, LLVM's first optimisation level compiles in two thirds of the time and runs as fast (measured: the
    time goes to matrix products, which are library code).
    """
    return {"xla_backend_optimization_level": 0 if once else 1} if jax.default_backend() == "cpu" else {}


def make_policy(task: Task, policy_config: PolicyConfig, key: PRNGKeyArray) -> Policy:
    """Returns untrained networks that fit the task."""
    sizes = task.obs_sizes
    return Policy(key, sizes[task.actor_group], sizes[task.critic_group], task.action_size, policy_config)


def trace_init(task: Task, config: TrainConfig, policy_config: PolicyConfig, params: Any = None) -> tuple[Any, Any]:
    """Returns the traced program of `init_state` and its arguments; its `out_info` is the shape of the state."""

    def build(key: PRNGKeyArray, params: Any) -> TrainState:
        policy_key, task_key, run_key = (jax.random.fold_in(key, i) for i in range(3))
        policy = make_policy(task, policy_config, policy_key)
        task_state, env_state = task.init(task_key, params)
        normalizer = init_normalizer({g: task.obs_sizes[g] for g in groups_of(task)})
        optimizer = optax.scale_by_adam().init(ravel_pytree(policy)[0])
        return strong(
            TrainState(
                policy, optimizer, normalizer, init_value_scale(), jnp.float32(1), params, task_state, env_state,
                run_key, jnp.int32(0),
            )
        )

    args = (jax.random.key(config.seed), strong(task.params if params is None else params))
    return jax.jit(build).trace(*args), args


def init_state(task: Task, config: TrainConfig, policy_config: PolicyConfig, params: Any = None) -> TrainState:
    """Returns the state before the first update; a function of config.seed alone."""
    traced, args = trace_init(task, config, policy_config, params)
    return traced.lower().compile(compiler_options=compiler_options(once=True))(*args)


def start(
    task: Task, config: TrainConfig, policy_config: PolicyConfig
) -> tuple[TrainState, Callable[[TrainState], tuple[TrainState, Named]]]:
    """Returns the state before the first update and the compiled update, which donates its argument.

    Both programs compile at the same time. Compiling ahead of time means that the update cannot compile twice.
    """
    traced, args = trace_init(task, config, policy_config)
    update = jax.jit(make_update(task, config), donate_argnums=0).lower(traced.out_info)
    with ThreadPoolExecutor(1, thread_name_prefix="compile") as pool:
        compiled = pool.submit(update.compile, compiler_options=compiler_options())
        state = traced.lower().compile(compiler_options=compiler_options(once=True))(*args)
        return state, compiled.result()


def make_update(
    task: Task, config: TrainConfig, axis: str | None = None
) -> Callable[[TrainState], tuple[TrainState, Named]]:
    """Returns the traceable function of one update (not jitted; donate its argument)."""

    def update(state: TrainState) -> tuple[TrainState, Named]:
        key = jax.random.fold_in(state.key, state.update)
        if axis is not None:
            key = jax.random.fold_in(key, jax.lax.axis_index(axis))
        rollout_key, shuffle_key = jax.random.split(key)
        actor = Actor(state.policy, state.normalizer, state.value_scale)
        task_state, env_state, seen, counts = rollout(
            task, config, actor, state.params, state.task_state, state.env_state, rollout_key
        )
        updated = {g: update_moments(m, seen.obs[g], axis) for g, m in state.normalizer.items()}
        # Learning uses the statistics that acting used, or ratios would not start at 1. The first update is the
        # exception: its untrained actor ignores the observation, and the critic needs sensible inputs.
        first = state.update == 0
        normalizer = jax.tree.map(lambda new, old: jnp.where(first, new, old), updated, state.normalizer)
        dataset = _dataset(task, config, normalizer, seen, env_state)
        state = state._replace(normalizer=normalizer, task_state=task_state, env_state=env_state)
        state, learned = _learn(config, state, dataset, shuffle_key, axis)
        metrics, stats = _summarize(config, counts, state.update, axis)
        params = strong(task.update_levels(state.params, stats))
        metrics = Named(jnp.concatenate([metrics.values, learned.values]), metrics.names + learned.names)
        return state._replace(normalizer=updated, params=params, update=state.update + 1), metrics

    return update


def _dataset(task: Task, config: TrainConfig, normalizer: Normalizer, seen: Transitions, env_state: Any) -> Batch:
    """Returns all sequences, environment first, so that picking sequences copies whole blocks of memory."""

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
    )


def _learning_rate(config: TrainConfig, state: TrainState) -> Array:
    if config.learning_rate_schedule == "linear":
        progress = jnp.minimum(state.update / config.num_updates, 1.0)
        return config.learning_rate * (1.0 - progress * (1.0 - config.final_learning_rate))
    return jnp.clip(config.learning_rate * state.rate_factor, min(MIN_RATE, config.learning_rate), MAX_RATE)


def _clip_gradient(config: TrainConfig, gradient: Float[Array, "P"], num_actor: int) -> tuple[Array, Array]:
    """Clips actor and critic each by its own norm: they share nothing, so neither should shrink the other."""
    square = jnp.square(gradient)
    norms = jnp.sqrt(jnp.stack([square[:num_actor].sum(), square[num_actor:].sum()]))
    if config.max_grad_norm is not None:
        scale = config.max_grad_norm / jnp.maximum(norms, config.max_grad_norm)
        is_actor = jnp.arange(gradient.shape[0]) < num_actor
        gradient = gradient * jnp.where(is_actor, scale[0], scale[1])
    return gradient, jnp.sqrt(jnp.square(norms).sum())


def _learn(
    config: TrainConfig, state: TrainState, dataset: Batch, key: PRNGKeyArray, axis: str | None
) -> tuple[TrainState, Named]:
    """Returns the state after num_epochs passes over the dataset in shuffled minibatches of whole sequences."""
    scale, rate = state.value_scale, _learning_rate(config, state)
    adam = optax.scale_by_adam()
    flat_policy, unravel = ravel_pytree(state.policy)
    num_actor = flat_policy.size - ravel_pytree(state.policy.critic)[0].size

    def with_targets(policy: Policy, batch: Batch) -> Batch:
        return batch._replace(targets=targets_of(config, scale, batch, policy.value(batch.critic_obs)))

    def minibatch(carry: tuple[Array, optax.OptState], batch: Batch) -> tuple[Any, Named]:
        flat, optimizer = carry
        gradient, parts = jax.grad(lambda f: loss(unravel(f), config, scale, batch), has_aux=True)(flat)
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
        factor = jnp.clip(factor * change, MIN_RATE / config.learning_rate, MAX_RATE / config.learning_rate)
    state = state._replace(policy=policy, optimizer=optimizer, value_scale=scale, rate_factor=factor)
    return state, _learning_metrics(means, last, rate)


def _learning_metrics(means: Named, last: Named, rate: Array) -> Named:
    """Returns means over the update; KL is of the last epoch (how far the update went), `skipped` a fraction."""
    spread = jnp.maximum(last["return_square"] - jnp.square(last["return_mean"]), 1e-8)
    explained = 1.0 - 2.0 * last["loss/critic"] / spread
    names = ("loss/actor", "loss/critic", "loss/entropy", "loss/clip_fraction", "loss/std", "loss/grad_norm",
             "loss/skipped")
    more = jnp.stack([last["loss/kl"], explained, rate])
    more_names = ("loss/kl", "loss/explained_variance", "loss/learning_rate")
    return Named(jnp.concatenate([means.pick(*names), more]), names + more_names)


def _summarize(
    config: TrainConfig, counts: Named, update: Array, axis: str | None
) -> tuple[Named, dict[str, Array]]:
    """Returns the metrics of the rollout, and the statistics that curricula see (zero where no episode finished)."""
    states = jnp.float32(config.num_env_states)
    if axis is not None:
        counts, states = jax.lax.psum((counts, states), axis)
    episodes = counts["episodes"]
    terms = tuple(name for name in counts.names if name.startswith("term/"))
    per_episode = counts.pick("return", "seconds", "fail", "success", "truncated") / jnp.maximum(episodes, 1.0)
    per_step = counts.pick("reward", *terms) / states
    updates = update.astype(jnp.float32) + 1.0
    parts = [
        counts.pick("episodes", "fault", "not_finite"), jnp.where(episodes > 0, per_episode, jnp.nan), per_step
    ]
    term_names = tuple(f"reward/{name.removeprefix('term/')}" for name in terms)
    metrics = Named(jnp.concatenate(parts), (*SUMMARY, *term_names))
    known = Named(jnp.concatenate([per_episode[:4], per_step]), (*CURRICULUM, *term_names))
    stats = {name: known[name] for name in known.names}
    return metrics, stats | {"episodes": episodes, "update": updates, "env_states": updates * states}
