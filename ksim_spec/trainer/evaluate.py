"""Judging a policy on whole fresh episodes, without exploration noise.

Every environment plays the same number of episodes, so short ones are not over-represented, and only those are counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ksim_spec.settings import TrainConfig
from ksim_spec.trainer.policy import Memory
from ksim_spec.trainer.rollout import Actor, clean, normalized
from ksim_spec.trainer.state import strong
from ksim_spec.trainer.task_protocol import StepInfo, Task

Kind = Literal["mean", "rms", "min", "max", "fraction"]
Measure = Callable[[Mapping[str, Any]], Array]
CHUNK = 50  # control steps per call of the compiled program


@dataclass(frozen=True)
class Reducer:
    """Turns per-step metrics into one number over all counted steps.

    `value` and `where` map StepInfo.metrics (plus `time`, seconds in the episode) to arrays (E, ...); every element is
    one sample, counted where `where` (same shape, or (E,)) holds. `fraction` is the share of samples that are true.
    `after` skips the first seconds of an episode.
    """

    kind: Kind
    value: Measure
    where: Measure | None = None
    after: float = 0.0


@dataclass(frozen=True)
class EvalResult:
    """What the episodes gave; `reduced` has None where nothing counted."""

    episodes: int
    survived: float  # fraction of episodes that did not end in failure
    returns: Float[np.ndarray, "N"]
    seconds: Float[np.ndarray, "N"]
    failed: np.ndarray
    succeeded: np.ndarray
    terms: dict[str, float]  # weighted reward, mean per control step
    term_returns: dict[str, float]  # mean per episode
    reduced: dict[str, float | None]
    faults: int
    control_dt: float

    def reached(self, seconds: float) -> float | None:
        """Returns the fraction of episodes that reached a time (within half a control step), or ended in success."""
        there = self.succeeded | (self.seconds >= seconds - 0.5 * self.control_dt)
        return float(there.mean()) if self.episodes else None


class _Tally(NamedTuple):
    """Running sums of one reducer."""

    number: Array
    weight: Array


class _Carry(NamedTuple):
    task_state: Any
    env_state: Any
    memory: Memory
    played: Array  # episodes finished, per environment
    active: Array  # inside a counted episode (false between the cut at `seconds` and the next reset)
    tallies: dict[str, _Tally]
    terms: dict[str, Array]
    steps: Array
    faults: Array


def act(
    task: Task, config: TrainConfig, actor: Actor, memory: Memory, obs: Mapping[str, Array]
) -> tuple[Memory, Array]:
    """Returns the memory after one step, and the deterministic actions for raw observations of every environment."""
    x = normalized(config, actor.normalizer, task.actor_group, clean(obs[task.actor_group]))
    memory, normal = actor.policy.act(memory, x)
    return memory, actor.policy.action(normal.loc)


def act_on(
    task: Task, config: TrainConfig, actor: Actor, obs: Mapping[str, Float[Array, "T E L"]], begins: Bool[Array, "T E"]
) -> Float[Array, "T E A"]:
    """Returns the deterministic actions for recorded observations; `begins` marks the first of an episode."""
    x = normalized(config, actor.normalizer, task.actor_group, clean(obs[task.actor_group]))
    ended = jnp.concatenate([begins[1:], jnp.zeros_like(begins[:1])])
    x_ETL, done_ET = jnp.swapaxes(x, 0, 1), jnp.swapaxes(ended, 0, 1)
    loc_ETA = actor.policy.distribution(x_ETL, None, done_ET).loc
    return jnp.swapaxes(actor.policy.action(loc_ETA), 0, 1)


def _start(kind: Kind) -> _Tally:
    fill = {"min": jnp.inf, "max": -jnp.inf}.get(kind, 0.0)
    return _Tally(jnp.float32(fill), jnp.float32(0))


def _add(reducer: Reducer, tally: _Tally, metrics: Mapping[str, Any], counted: Array) -> _Tally:
    value = jnp.asarray(reducer.value(metrics), jnp.float32)
    mask = counted & (metrics["time"] > reducer.after)
    if reducer.where is not None:
        where = jnp.asarray(reducer.where(metrics), bool)
        where = where.reshape(where.shape + (1,) * (value.ndim - where.ndim))
        mask = mask.reshape(mask.shape + (1,) * (value.ndim - mask.ndim)) & where
    mask = jnp.broadcast_to(mask.reshape(mask.shape + (1,) * (value.ndim - mask.ndim)), value.shape)
    weight = tally.weight + mask.sum(dtype=jnp.float32)
    if reducer.kind in ("min", "max"):
        pick, fill = (jnp.minimum, jnp.inf) if reducer.kind == "min" else (jnp.maximum, -jnp.inf)
        extreme = jnp.where(mask, value, fill)
        extreme = extreme.min() if reducer.kind == "min" else extreme.max()
        return _Tally(pick(tally.number, extreme), weight)
    sample = jnp.square(value) if reducer.kind == "rms" else value
    return _Tally(tally.number + jnp.where(mask, sample, 0.0).sum(), weight)


def _combine(kind: Kind, parts: list[tuple[float, float]]) -> float | None:
    """Returns the reduced number from per-chunk tallies, summed in double precision."""
    weight = math.fsum(w for _, w in parts)
    if weight == 0:
        return None
    if kind in ("min", "max"):
        return (min if kind == "min" else max)(n for n, w in parts if w)
    mean = math.fsum(n for n, _ in parts) / weight
    return math.sqrt(mean) if kind == "rms" else mean


def _make_chunk(
    task: Task, config: TrainConfig, reducers: Mapping[str, Reducer], quota: int, seconds: float
) -> Callable[..., Any]:
    def chunk(carry: _Carry, actor: Actor, params: Any) -> tuple[_Carry, dict[str, Array]]:
        def step(carry: _Carry, _: None) -> tuple[_Carry, dict[str, Array]]:
            memory, action = act(task, config, actor, carry.memory, carry.env_state.obs)
            task_state, env_state, info = task.step(carry.task_state, action, params)
            counted = carry.active & (carry.played < quota)
            ended = env_state.done | info.fault_E
            full = info.time_E >= seconds - 0.5 * task.control_dt
            finished = counted & (ended | full)
            next_carry = _Carry(
                task_state,
                env_state,
                memory.after(ended),
                carry.played + finished,
                jnp.where(ended, True, carry.active & ~full),
                {k: _add(r, carry.tallies[k], _measures(info), counted) for k, r in reducers.items()},
                {k: carry.terms[k] + jnp.where(counted, clean(info.terms[k]), 0).sum() for k in task.term_names},
                carry.steps + counted.sum(dtype=jnp.float32),
                carry.faults + (info.fault_E & counted).sum(dtype=jnp.int32),
            )
            failed = (info.fail_E & ~info.success_E) | info.fault_E
            succeeded = info.success_E & ~info.fault_E
            seen = {
                "finished": finished,
                "failed": failed,
                "succeeded": succeeded,
                "ret": info.episode_return_E,
                "time": info.time_E,
            }
            return next_carry, seen

        return jax.lax.scan(step, carry, None, length=CHUNK)

    return chunk


def _measures(info: StepInfo) -> dict[str, Any]:
    return {**info.metrics, "time": info.time_E}


def evaluate(
    task: Task,
    config: TrainConfig,
    actor: Actor,
    params: Any,
    key: PRNGKeyArray,
    episodes: int,
    seconds: float,
    reducers: Mapping[str, Reducer],
) -> EvalResult:
    """Plays at least `episodes` episodes of at most `seconds` and returns what they gave.

    The number is rounded up to a multiple of task.num_envs. Give a task of its own: one whose simulator lives on the
    host cannot be training at the same time.
    """
    quota = math.ceil(episodes / task.num_envs)
    params = strong(params)

    def begin(key: PRNGKeyArray, params: Any) -> _Carry:
        task_state, env_state = task.init(key, params)
        return strong(_fresh(task, reducers, task_state, env_state, actor.policy.start(task.num_envs)))

    carry = jax.jit(begin)(key, params)
    chunk = jax.jit(_make_chunk(task, config, reducers, quota, seconds), donate_argnums=0)
    chunk = chunk.lower(carry, actor, params).compile()
    seen: list[dict[str, np.ndarray]] = []
    tallies: dict[str, list[tuple[float, float]]] = {name: [] for name in reducers}
    terms, steps = dict.fromkeys(task.term_names, 0.0), 0.0
    limit = math.ceil(seconds / task.control_dt / CHUNK + 1) * (quota + 1)
    for _ in range(limit):
        carry, part = chunk(carry, actor, params)
        seen.append(jax.device_get(part))
        found = jax.device_get((carry.tallies, carry.terms, carry.steps))
        for name, tally in found[0].items():
            tallies[name].append((float(tally.number), float(tally.weight)))
        terms = {name: terms[name] + float(total) for name, total in found[1].items()}
        steps += float(found[2])
        carry = carry._replace(**_empty(task, reducers))
        if int(np.min(carry.played)) >= quota:
            break
    reduced = {name: _combine(reducers[name].kind, parts) for name, parts in tallies.items()}
    return _result(seen, terms, steps, reduced, int(carry.faults), task.control_dt)


def _empty(task: Task, reducers: Mapping[str, Reducer]) -> dict[str, Any]:
    """Returns zeroed sums; they restart with every chunk so that float32 never adds small to large."""
    return strong(
        {
            "tallies": {name: _start(r.kind) for name, r in reducers.items()},
            "terms": {name: jnp.float32(0) for name in task.term_names},
            "steps": jnp.float32(0),
        }
    )


def _fresh(task: Task, reducers: Mapping[str, Reducer], task_state: Any, env_state: Any, memory: Memory) -> _Carry:
    played, active = jnp.zeros(task.num_envs, jnp.int32), jnp.ones(task.num_envs, bool)
    return _Carry(task_state, env_state, memory, played, active, faults=jnp.int32(0), **_empty(task, reducers))


def _result(
    seen: list[dict[str, np.ndarray]],
    terms: dict[str, float],
    steps: float,
    reduced: dict[str, float | None],
    faults: int,
    control_dt: float,
) -> EvalResult:
    whole = {name: np.concatenate([part[name] for part in seen]) for name in seen[0]}
    finished = whole["finished"]
    failed = whole["failed"][finished]
    count = int(finished.sum())
    return EvalResult(
        episodes=count,
        survived=float(1.0 - failed.mean()) if count else math.nan,
        returns=whole["ret"][finished],
        seconds=whole["time"][finished],
        failed=failed,
        succeeded=whole["succeeded"][finished],
        terms={name: total / max(steps, 1.0) for name, total in terms.items()},
        term_returns={name: total / max(count, 1) for name, total in terms.items()},
        reduced=reduced,
        faults=faults,
        control_dt=control_dt,
    )
