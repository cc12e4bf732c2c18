"""Two small tasks in pure JAX with the interface of a compiled one: a commanded point mass and a pendulum swing-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

DT = 0.05


class EnvState(NamedTuple):
    obs: dict[str, Array]
    command: dict[str, Array]
    action: Array
    reward: Array
    done: Array


class StepInfo(NamedTuple):
    fail_E: Array
    success_E: Array
    truncated_E: Array
    cut_E: Array
    fault_E: Array
    bootstrap_E: Array
    terms: dict[str, Array]
    metrics: dict[str, Array]
    time_E: Array
    episode_return_E: Array


class State(NamedTuple):
    key: Array
    x: Array  # (E, 2): position and velocity, or angle and rate
    command: Array
    steps: Array
    ret: Array


class PointMass:
    """Track a commanded velocity; leaving |position| < 5 fails, `limit` seconds truncate, a wind grows by level."""

    action_size = 1
    obs_sizes: Mapping[str, int] = {"actor": 3, "critic": 4}
    control_dt = DT
    term_names = ("track", "effort")
    actor_group, critic_group = "actor", "critic"
    mirror: Mapping[str, tuple[list[int], list[int]]] = {
        "action": ([0], [-1]),
        "observe.actor": ([0, 1, 2], [-1, -1, -1]),
        "observe.critic": ([0, 1, 2, 3], [-1, -1, -1, 1]),
    }

    def __init__(self, num_envs: int, limit: float = 4.0, fault: float = 0.0) -> None:
        self.num_envs, self.limit, self.fault = num_envs, limit, fault
        self.params = {"track": 1.0, "effort": -0.01, "level": 0.0}  # weakly typed on purpose

    def init(self, key: Array, params: Any) -> tuple[State, EnvState]:
        key, sub = jax.random.split(key)
        x, command = self._start(sub)
        zeros = jnp.zeros(self.num_envs)
        state = State(key, x, command, jnp.zeros(self.num_envs, jnp.int32), zeros)
        action = jnp.zeros((self.num_envs, 1))
        return state, EnvState(self._obs(x, command), {}, action, zeros, jnp.zeros(self.num_envs, bool))

    def _start(self, key: Array) -> tuple[Array, Array]:
        a, b = jax.random.split(key)
        x = jax.random.uniform(a, (self.num_envs, 2), minval=-0.5, maxval=0.5)
        return x, jax.random.uniform(b, (self.num_envs,), minval=-1.0, maxval=1.0)

    def _obs(self, x: Array, command: Array) -> dict[str, Array]:
        actor = jnp.stack([x[:, 0], x[:, 1] * 30.0, command], -1)
        return {"actor": actor, "critic": jnp.concatenate([actor, jnp.ones_like(actor[:, :1])], -1)}

    def _dynamics(self, x: Array, u: Array, params: Any) -> Array:
        v = x[:, 1] + DT * (4.0 * u - 0.5 * x[:, 1] - params["level"])
        return jnp.stack([x[:, 0] + DT * v, v], -1)

    def _terms(self, x: Array, u: Array, command: Array, params: Any) -> dict[str, Array]:
        track = jnp.exp(-jnp.square((x[:, 1] - command) / 0.5))
        return {"track": DT * params["track"] * track, "effort": DT * params["effort"] * jnp.square(u)}

    def _fail(self, x: Array) -> Array:
        return jnp.abs(x[:, 0]) > 5.0

    def stagger(self, state: State, key: Array) -> State:
        return state

    def step(
        self,
        state: State,
        action_EA: Array,
        params: Any,
        value_fn: Callable[[dict[str, Array], Array], Array] | None = None,
    ) -> tuple[State, EnvState, StepInfo]:
        key, sub, fault_key = jax.random.split(state.key, 3)
        u = action_EA[:, 0]
        x = self._dynamics(state.x, u, params)
        fault = jax.random.uniform(fault_key, (self.num_envs,)) < self.fault
        x = jnp.where(fault[:, None], 0.0, x)
        terms = self._terms(x, u, state.command, params)
        reward = jnp.where(fault, 0.0, terms["track"] + terms["effort"])
        steps, ret = state.steps + 1, state.ret + reward
        fail = self._fail(x) & ~fault
        truncated = (steps * DT >= self.limit - 1e-6) & ~fail & ~fault
        done = fail | truncated | fault
        bootstrap = jnp.zeros(self.num_envs)
        if value_fn is not None:
            bootstrap = jnp.where(truncated, value_fn(self._obs(x, state.command), jnp.arange(self.num_envs)), 0.0)
        new_x, new_command = self._start(sub)
        command = jnp.where(done, new_command, state.command)
        next_x = jnp.where(done[:, None], new_x, x)
        info = StepInfo(
            fail,
            jnp.zeros_like(fail),
            truncated,
            jnp.zeros_like(fail),
            fault,
            bootstrap,
            terms,
            {"speed_error": x[:, 1] - state.command, "x": x[:, 0]},
            steps * DT,
            ret,
        )
        next_state = State(key, next_x, command, jnp.where(done, 0, steps), jnp.where(done, 0.0, ret))
        return next_state, EnvState(self._obs(next_x, command), {}, action_EA, reward, done), info

    def levels(self, params: Any) -> dict[str, Array]:
        return {"wind": params["level"]}

    def update_levels(self, params: Any, stats: Mapping[str, Array]) -> Any:
        grow = (stats["episodes"] > 0) & (stats["episode_time"] > 0.9 * self.limit)
        return {**params, "level": jnp.minimum(params["level"] + jnp.where(grow, 0.05, 0.0), 1.0)}

    def export_state(self, state: State) -> Any:
        return state

    def import_state(self, tree: Any) -> State:
        return State(*tree)


class Pendulum(PointMass):
    """Swing up a pendulum whose motor is too weak to lift it at once; spinning faster than 12 rad/s fails."""

    term_names = ("track", "effort")
    obs_sizes: Mapping[str, int] = {"actor": 3, "critic": 4}
    mirror: Mapping[str, tuple[list[int], list[int]]] = {}

    def _start(self, key: Array) -> tuple[Array, Array]:
        x, command = super()._start(key)
        return x + jnp.array([jnp.pi, 0.0]), command

    def _obs(self, x: Array, command: Array) -> dict[str, Array]:
        actor = jnp.stack([jnp.cos(x[:, 0]), jnp.sin(x[:, 0]), x[:, 1]], -1)
        return {"actor": actor, "critic": jnp.concatenate([actor, jnp.ones_like(actor[:, :1])], -1)}

    def _dynamics(self, x: Array, u: Array, params: Any) -> Array:
        rate = x[:, 1] + DT * (15.0 * jnp.sin(x[:, 0]) + 6.0 * u)
        return jnp.stack([x[:, 0] + DT * rate, rate], -1)

    def _terms(self, x: Array, u: Array, command: Array, params: Any) -> dict[str, Array]:
        upright = 0.5 * (1 + jnp.cos(x[:, 0])) / (1 + 0.1 * jnp.square(x[:, 1]))
        return {"track": DT * params["track"] * upright, "effort": DT * params["effort"] * jnp.square(u)}

    def _fail(self, x: Array) -> Array:
        return jnp.abs(x[:, 1]) > 12.0

    def update_levels(self, params: Any, stats: Mapping[str, Array]) -> Any:
        return params
