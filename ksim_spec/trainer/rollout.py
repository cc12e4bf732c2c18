"""Collecting experience: T control steps of all environments inside one scan, and what is counted on the way."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ksim_spec.settings import TrainConfig
from ksim_spec.trainer.named_vector import Named
from ksim_spec.trainer.normalizer import Normalizer, normalize
from ksim_spec.trainer.policy import Memory, Normal, Policy
from ksim_spec.trainer.task_protocol import Obs, StepInfo, Task, ValueFn
from ksim_spec.trainer.value_scale import ValueScale, denormalize


class Actor(NamedTuple):
    """Everything that turns observations into actions and values."""

    policy: Policy
    normalizer: Normalizer
    value_scale: ValueScale


class Transitions(NamedTuple):
    """What learning needs of every step; `obs` are the observations acted on, not yet normalised."""

    obs: dict[str, Float[Array, "T E L"]]
    normal: Normal
    noise: Float[Array, "T E A"]  # raw action = loc + std * noise
    reward: Float[Array, "T E"]
    done: Bool[Array, "T E"]
    valid: Bool[Array, "T E"]
    bootstrap: Float[Array, "T E"]


COUNTED = ("episodes", "fail", "success", "truncated", "fault", "not_finite", "return", "seconds", "reward")


def groups_of(task: Task) -> tuple[str, ...]:
    """Returns the observation groups that are learned from, without repetition."""
    return tuple(dict.fromkeys((task.actor_group, task.critic_group)))


def normalized(config: TrainConfig, normalizer: Normalizer, group: str, obs: Array) -> Array:
    """Returns a group's observations as the networks see them."""
    return normalize(normalizer[group], obs, config.observation_clip) if config.normalize_observations else obs


def make_value_fn(task: Task, config: TrainConfig, actor: Actor, memory: Memory) -> ValueFn:
    """Returns the critic as a function of raw observations, in (scaled) reward units; `memory` is that before them."""

    def value_fn(obs: Mapping[str, Array], rows: Array) -> Array:
        group = task.critic_group
        x = normalized(config, actor.normalizer, group, clean(obs[group]))
        return denormalize(actor.value_scale, actor.policy.value_after(memory, x, rows))

    return value_fn


def clean(x: Array) -> Array:
    """Returns x with zeros for what is not finite: one bad number must not reach the statistics."""
    return jnp.where(jnp.isfinite(x), x, 0.0)


def _count(info: StepInfo, done: Array, reward: Array, obs: Obs) -> Named:
    """Returns sums over environments of one step: COUNTED, then every reward term as `term/<name>`, and as
    `broken/<name>` the steps on which it was no finite number. Those are no faults of the physics.
    """
    broken = {name: ~jnp.isfinite(x) for name, x in info.terms.items()}
    numbers = functools.reduce(jnp.logical_or, broken.values(), jnp.zeros_like(info.fault_E))
    finite = jnp.isfinite(reward)
    for x in obs.values():
        finite &= jnp.isfinite(x).all(-1)
    whole = done & ~info.cut_E
    at_end = [info.episode_return_E, info.time_E]
    columns = [
        whole,
        info.fail_E & whole,
        info.success_E & whole,
        info.truncated_E & whole & ~info.fail_E,
        info.fault_E & ~numbers,
        numbers | ~finite & ~info.fault_E,
        *(jnp.where(whole, x, 0.0) for x in at_end),
        reward,
        *info.terms.values(),
        *broken.values(),
    ]
    table_KE = clean(jnp.stack([x.astype(jnp.float32) for x in columns]))
    names = [f"{kind}/{name}" for kind in ("term", "broken") for name in info.terms]
    return Named(table_KE.sum(-1), (*COUNTED, *names))


def rollout(
    task: Task,
    config: TrainConfig,
    actor: Actor,
    params: Any,
    task_state: Any,
    env_state: Any,
    memory: Memory,
    key: PRNGKeyArray,
) -> tuple[Any, Any, Memory, Transitions, Named]:
    """Takes rollout_length steps with sampled actions.

    Returns the state of the task, the last EnvState, the networks' memory after it, the transitions with leading axes
    (T, E), and counts summed over steps and environments. Episodes unfinished at the end carry on in the next rollout.
    """
    groups, policy = groups_of(task), actor.policy

    def step(carry: tuple[Any, Any, Memory], noise: Array) -> tuple[tuple[Any, Any, Memory], tuple[Transitions, Named]]:
        task_state, env_state, memory = carry
        obs = {group: clean(env_state.obs[group]) for group in groups}

        def seen_by(group: str) -> Array:
            return normalized(config, actor.normalizer, group, obs[group])

        memory, normal = policy.act(memory, seen_by(task.actor_group))
        if policy.critic_remembers:  # else its values are first needed when the whole rollout is learned from
            memory = policy.watch(memory, seen_by(task.critic_group))
        action = policy.action(normal.loc + normal.std * noise)
        value_fn = make_value_fn(task, config, actor, memory)
        task_state, env_state, info = task.step(task_state, action, params, value_fn)
        valid = ~info.fault_E & jnp.isfinite(env_state.reward)
        kept = Normal(normal.loc, jnp.broadcast_to(normal.std, normal.loc.shape))
        done = env_state.done | info.fault_E
        seen = Transitions(obs, kept, noise, clean(env_state.reward), done, valid, clean(info.bootstrap_E))
        counts = _count(info, env_state.done, env_state.reward, env_state.obs)
        return (task_state, env_state, memory.after(done)), (seen, counts)

    shape = (config.rollout_length, *env_state.done.shape, task.action_size)
    noise_TEA = jax.random.normal(key, shape, jnp.float32)
    carry, (transitions, counts_T) = jax.lax.scan(step, (task_state, env_state, memory), noise_TEA)
    return *carry, transitions, jax.tree.map(lambda x: x.sum(0), counts_T)
