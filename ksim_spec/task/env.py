"""A compiled task to step from Python: `reset` and `step` on JAX arrays, everything that changes in one value."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco
from jax.core import Tracer
from jaxtyping import Array, Bool, Float

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.task.state import EnvState, StepInfo, TaskState
from ksim_spec.task.task import Task


class State(NamedTuple):
    """All environments after a control step, or at the start of their first episodes: a pytree of JAX arrays.

    `env_state` is what can be seen then, and its parts are properties here, too. `info` says how the step ended, before
    any reset; after `Env.reset` all of it is zero. `task_state` is what the task carries on.
    """

    env_state: EnvState
    info: StepInfo
    task_state: TaskState

    @property
    def observation(self) -> dict[str, Float[Array, "E L"]]:
        """Every observation group by name: `actor`, `critic` … Where an episode ended, the first of the next one."""
        return self.env_state.obs

    @property
    def reward(self) -> Float[Array, "E"]:
        """What the last action earned: the sum of the weighted reward terms (`info.terms`), per control step."""
        return self.env_state.reward

    @property
    def done(self) -> Bool[Array, "E"]:
        """Where the step ended an episode: `info.fail_E`, `success_E`, `truncated_E`, or `fault_E` of the physics."""
        return self.env_state.done

    @property
    def command(self) -> dict[str, dict[str, Float[Array, "E"]]]:
        """Every command field by block and name, in SI units and in the frame that the spec gives it."""
        return self.env_state.command

    @property
    def reads(self) -> dict[str, Float[Array, "E ..."]]:
        """The simulator arrays that the task looks at, by MuJoCo's names (`qpos`, `qvel` …), SI, float32."""
        return self.task_state.now.reads


class Env:
    """`num_envs` environments of one compiled task; those whose episode ends begin the next in the same step.

    `reset` and `step` are compiled at their first call, and may also be called inside `jax.jit` and `jax.lax.scan`. On
    the `cpu` engine the simulations lie outside of the state: only the newest state can be stepped.

    `params` are the runtime parameters: reward weights, ranges of draws, curriculum levels, as the spec gives them.
    """

    def __init__(self, task: Task, params: Any = None) -> None:
        self.task = task
        self.params = task.params if params is None else params
        self._init = jax.jit(task.init)
        self._step = jax.jit(lambda state, action_EA, params: task.step(state, action_EA, params))

    @property
    def num_envs(self) -> int:
        return self.task.num_envs

    @property
    def action_size(self) -> int:
        """How many numbers an action of one environment has."""
        return self.task.action_size

    @property
    def observation_sizes(self) -> dict[str, int]:
        """How many numbers each observation group of one environment has."""
        return dict(self.task.obs_sizes)

    @property
    def control_step(self) -> float:
        """Seconds between two actions."""
        return self.task.control_dt

    @property
    def model(self) -> mujoco.MjModel:
        """The composed model that is simulated: the robot with the floor, the sites and the solver of the spec."""
        return self.task.model

    def reset(self, key: Any) -> State:
        """Returns a first episode of every environment.

        `key` is a JAX key, `jax.random.key(0)`, or a whole number that stands for one; it decides everything that will
        be drawn from then on. Raises SpecError for anything else.
        """
        task_state, env_state = self._init(_key(key), self.params)
        action_EA = jax.ShapeDtypeStruct((self.num_envs, self.action_size), jnp.float32)
        *_, info = jax.eval_shape(self._step, task_state, action_EA, self.params)
        return State(env_state, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), info), task_state)

    def step(self, state: State, action: Any) -> State:
        """Returns the state one control step later.

        `action` has shape (num_envs, action_size): raw actions of a policy, 0 for the middle and 1 for one `scale` of
        the spec. Raises SpecError for another shape, for the state of another number of environments, and for one that,
        on the `cpu` engine, is not the newest.
        """
        if not isinstance(state, State):
            raise _bad(f"`state` is of type `{type(state).__name__}`", "give what `reset` or the last `step` returned")
        action_EA = self._action(action)
        self._check_current(state)
        task_state, env_state, info = self._step(state.task_state, action_EA, self.params)
        return State(env_state, info, task_state)

    def _action(self, action: Any) -> Float[Array, "E A"]:
        wanted = (self.num_envs, self.action_size)
        try:
            action_EA = jnp.asarray(action)
        except (TypeError, ValueError):
            raise _bad(f"`action` is of type `{type(action).__name__}`", f"give an array of shape {wanted}") from None
        number = any(jnp.issubdtype(action_EA.dtype, kind) for kind in (jnp.floating, jnp.integer))
        if action_EA.shape != wanted or not number:
            raise _bad(
                f"`action` is {action_EA.dtype}{list(action_EA.shape)}, not float32{list(wanted)}",
                "one row an environment (`num_envs`) with a number for each actuator or joint (`action_size`)",
            )
        return action_EA.astype(jnp.float32)

    def _check_current(self, state: State) -> None:
        num_envs = len(state.env_state.done)
        if num_envs != self.num_envs:
            raise _bad(
                f"`state` has {num_envs} environments, this one {self.num_envs}", "give a state that came from here"
            )
        physics = state.task_state.physics
        if any(isinstance(x, Tracer) for x in jax.tree.leaves(physics)):
            return  # the engine itself looks when the program runs
        if not self.task.engine.can_step(physics):
            engine = self.task.engine.name
            raise _bad(
                f"`state` is not the newest one, and the simulations of the `{engine}` engine have moved on",
                "step what `reset` or `step` returned last; to go on from one state twice, use the `mjx` engine",
            )


def _key(key: Any) -> Any:
    if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < 1 << 32:
        return jax.random.key(key)
    one = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.shape == ()
    if not one:
        given = f"{key.dtype}{list(key.shape)}" if isinstance(key, jax.Array) else f"{key!r:.60}"
        raise _bad(f"`key` is {given}", "give one key, `jax.random.key(0)`, or a whole number from 0 to 2^32 - 1")
    return key


def _bad(message: str, help: str) -> SpecError:
    return SpecError([Diagnostic(rules.BAD_ARGUMENT, message, help=help)])
