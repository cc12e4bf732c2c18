"""One PPO update as one compiled program: rollout, advantages, epochs of minibatches, statistics.

The program sees a TrainState and returns the next one with the metrics of the update. With the name of a mapped axis
(of `jax.vmap`, as the tests have it; `ksim train` maps over none) gradients and statistics are averaged over the axis,
and parameters stay equal along it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, PRNGKeyArray

from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.trainer.named_vector import Named
from ksim_spec.trainer.network import Network
from ksim_spec.trainer.normalizer import init_normalizer, update_moments
from ksim_spec.trainer.optimize import learn, make_dataset
from ksim_spec.trainer.policy import make_policy
from ksim_spec.trainer.rollout import Actor, groups_of, rollout
from ksim_spec.trainer.state import TrainState, strong
from ksim_spec.trainer.symmetry import with_mirror_image
from ksim_spec.trainer.task_protocol import Task
from ksim_spec.trainer.value_scale import init_value_scale

SUMMARY = (
    "episode/count",
    "fault/physics",
    "fault/not_finite",
    "episode/return",
    "episode/seconds",
    "episode/fail_fraction",
    "episode/success_fraction",
    "episode/truncated_fraction",
    "reward/total",
)
OLDER_FUSIONS = "xla_cpu_use_fusion_emitters"
CURRICULUM = ("episode_return", "episode_time", "fail", "success", "reward/total")  # and `reward/<term>`


def compiler_options(once: bool = False) -> dict[str, Any]:
    """Returns options for compiling whole updates here, or programs that run `once`.

    On a CPU, LLVM's first optimisation level compiles in two thirds of the time and runs as fast (the time goes to
    matrix products, which are library code), and XLA's older code for fused operations compiles in half of that and
    runs as fast, too (measured on the update of walk, jaxlib 0.10).
    """
    if jax.default_backend() != "cpu":
        return {}
    older = {OLDER_FUSIONS: False} if _is_option(OLDER_FUSIONS) else {}
    return {"xla_backend_optimization_level": 0 if once else 1, **older}


@functools.cache
def _is_option(name: str) -> bool:
    """Returns whether this jaxlib still knows an option: XLA's come and go, and an unknown one is an error."""
    try:
        jax.jit(lambda x: x).lower(jnp.float32(0)).compile(compiler_options={name: False})
    except Exception:  # whatever type this jaxlib raises
        return False
    return True


def trace_init(
    task: Task,
    config: TrainConfig,
    policy_config: PolicyConfig,
    params: Any = None,
    network: type[Network] | None = None,
) -> tuple[Any, Any]:
    """Returns the traced program of `init_state` and its arguments; its `out_info` is the shape of the state."""

    def build(key: PRNGKeyArray, params: Any) -> TrainState:
        policy_key, task_key, run_key, stagger_key = (jax.random.fold_in(key, i) for i in range(4))
        policy = make_policy(task, policy_config, policy_key, network)
        task_state, env_state = task.init(task_key, params)
        task_state = task.stagger(task_state, stagger_key)
        normalizer = init_normalizer({g: task.obs_sizes[g] for g in groups_of(task)})
        optimizer = optax.scale_by_adam().init(ravel_pytree(policy)[0])
        return strong(
            TrainState(
                policy,
                optimizer,
                normalizer,
                init_value_scale(),
                jnp.float32(1),
                params,
                task_state,
                env_state,
                run_key,
                jnp.int32(0),
                policy.start(task.num_envs),
            )
        )

    args = (jax.random.key(config.seed), strong(task.params if params is None else params))
    return jax.jit(build).trace(*args), args


def init_state(
    task: Task,
    config: TrainConfig,
    policy_config: PolicyConfig,
    params: Any = None,
    network: type[Network] | None = None,
) -> TrainState:
    """Returns the state before the first update; a function of config.seed alone."""
    traced, args = trace_init(task, config, policy_config, params, network)
    return traced.lower().compile(compiler_options=compiler_options(once=True))(*args)


def start(
    task: Task, config: TrainConfig, policy_config: PolicyConfig, network: type[Network] | None = None
) -> tuple[TrainState, Callable[[TrainState], tuple[TrainState, Named]]]:
    """Returns the state before the first update and the compiled update, which donates its argument.

    Both programs compile at the same time. Compiling ahead of time means that the update cannot compile twice.
    """
    traced, args = trace_init(task, config, policy_config, network=network)
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
        task_state, env_state, memory, seen, counts = rollout(
            task, config, actor, state.params, state.task_state, state.env_state, state.memory, rollout_key
        )
        symmetric = state.policy.mirror is not None  # then the statistics must be, too
        seen_obs = {g: with_mirror_image(task, g, x) if symmetric else x for g, x in seen.obs.items()}
        updated = {g: update_moments(m, seen_obs[g], axis) for g, m in state.normalizer.items()}
        # Learning uses the statistics that acting used, or ratios would not start at 1. The first update is the
        # exception: its untrained actor ignores the observation, and the critic needs sensible inputs.
        first = state.update == 0
        normalizer = jax.tree.map(lambda new, old: jnp.where(first, new, old), updated, state.normalizer)
        dataset = make_dataset(task, config, normalizer, seen, env_state, state.memory)
        state = state._replace(normalizer=normalizer, task_state=task_state, env_state=env_state, memory=memory)
        state, learned = learn(config, state, dataset, shuffle_key, axis)
        metrics, stats = _summarize(config, counts, state.update, axis)
        levels = task.levels(state.params)  # those that the update was collected with
        params = strong(task.update_levels(state.params, stats))
        parts = [metrics.values, learned.values, *(jnp.asarray(x, jnp.float32).reshape(1) for x in levels.values())]
        names = metrics.names + learned.names + tuple(f"level/{name}" for name in levels)
        metrics = Named(jnp.concatenate(parts), names)
        return state._replace(normalizer=updated, params=params, update=state.update + 1), metrics

    return update


def _fault_of(broken: str) -> str:
    return f"fault/reward/{broken.removeprefix('broken/')}"


def _summarize(config: TrainConfig, counts: Named, update: Array, axis: str | None) -> tuple[Named, dict[str, Array]]:
    """Returns the metrics of the rollout, and the statistics that curricula see (zero where no episode finished)."""
    states = jnp.float32(config.num_env_states)
    if axis is not None:
        counts, states = jax.lax.psum((counts, states), axis)
    episodes = counts["episodes"]
    terms = tuple(name for name in counts.names if name.startswith("term/"))
    per_episode = counts.pick("return", "seconds", "fail", "success", "truncated") / jnp.maximum(episodes, 1.0)
    per_step = counts.pick("reward", *terms) / states
    updates = update.astype(jnp.float32) + 1.0
    term_names = tuple(f"reward/{name.removeprefix('term/')}" for name in terms)
    broken = tuple(name for name in counts.names if name.startswith("broken/"))
    parts = [counts.pick("episodes", "fault", "not_finite"), jnp.where(episodes > 0, per_episode, jnp.nan), per_step]
    metrics = Named(jnp.concatenate([*parts, counts.pick(*broken)]), (*SUMMARY, *term_names, *map(_fault_of, broken)))
    known = Named(jnp.concatenate([per_episode[:4], per_step]), (*CURRICULUM, *term_names))
    stats = {name: known[name] for name in known.names}
    return metrics, stats | {"episodes": episodes, "update": updates, "env_states": updates * states}
