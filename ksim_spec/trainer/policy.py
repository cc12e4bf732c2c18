"""Actor and critic networks, what they carry from step to step, and the action distribution.

The raw action is the sample before tanh. It is what training keeps, because undoing tanh loses precision near ±1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ksim_spec.settings import PolicyConfig
from ksim_spec.trainer.custom import adapted
from ksim_spec.trainer.network import (
    Both,
    Carry,
    Network,
    Sizes,
    Stepped,
    carry_of_rows,
    class_of,
    remembers,
    step,
    unroll,
)
from ksim_spec.trainer.symmetry import Mirror, mirror_of
from ksim_spec.trainer.task_protocol import Task

LOG_2PI = 1.8378770664093453


class Normal(NamedTuple):
    """Independent normals over raw actions; `std` is (A,) where it does not depend on the state."""

    loc: Float[Array, "... A"]
    std: Float[Array, "... A"] | Float[Array, "A"]


class Memory(NamedTuple):
    """What actor and critic carry of every environment, rows first; empty where they remember nothing.

    `done` marks rows whose last step ended an episode: the next step does not use what they carry.
    """

    actor: Carry = ()
    critic: Carry = ()
    done: Bool[Array, "E"] | None = None

    def after(self, done: Bool[Array, "E"]) -> Memory:
        """Returns the memory after a step of the environments that ended these episodes."""
        return self if self.done is None else self._replace(done=done)

    def begins(self, done: Bool[Array, "B T"], steps: int) -> Bool[Array, "B T1"] | None:
        """Returns which of `steps` observations are the first of an episode, given which steps ended one."""
        return None if self.done is None else jnp.concatenate([self.done[:, None], done], 1)[:, :steps]


class Policy(eqx.Module):
    """Actor, critic and exploration noise. Observations come in normalised; values are in normalised units.

    With a `mirror` both are symmetric by construction: the action of a mirrored observation is the mirrored action, the
    value the same. Each is the mean of what the network says of an observation and, mirrored back, of its mirror image
    (Abdolhosseini et al. 2019, "NET"; Su et al. 2024).
    """

    actor: Stepped
    std_param: Float[Array, "A"] | None
    critic: Stepped  # last, so that a flattened policy is the actor's numbers and then the critic's
    config: PolicyConfig = eqx.field(static=True)
    mirror: Mirror | None = eqx.field(static=True)

    def __init__(
        self,
        key: PRNGKeyArray,
        actor_inputs: int,
        critic_inputs: int,
        action_size: int,
        config: PolicyConfig,
        mirror: Mirror | None = None,
        network: type[Network] | None = None,
    ) -> None:
        """With `network` actor and critic are of that class, else of the kinds that the settings name."""
        actor_key, critic_key = jax.random.split(key)
        by_state = config.std == "state"
        # A nearly zero last layer starts every state at the same distribution, so no early action is an accident.
        actor_sizes = Sizes(actor_inputs, action_size * (2 if by_state else 1), 0.01)
        critic_sizes = Sizes(critic_inputs, 1, 0.1)
        settings = config.network("actor"), config.network("critic")
        classes = [network or class_of(s) for s in settings]
        self.actor = adapted(classes[0].init(actor_key, actor_sizes, settings[0]), actor_sizes, critic=False)
        self.critic = adapted(classes[1].init(critic_key, critic_sizes, settings[1]), critic_sizes, critic=True)
        self.std_param = None if by_state else jnp.zeros(action_size, jnp.float32)
        self.config, self.mirror = config, mirror

    # One step of every environment ------------------------------------------------------------------------------------

    def start(self, rows: int) -> Memory:
        """Returns the memory of so many environments at the first step of an episode."""
        actor, critic = (carry_of_rows(network, rows) for network in (self._actor, self._critic))
        return Memory(actor, critic, jnp.ones(rows, bool) if jax.tree.leaves((actor, critic)) else None)

    def act(self, memory: Memory, obs: Float[Array, "E L"]) -> tuple[Memory, Normal]:
        """Returns the memory after the actor's step, and the normal over raw actions."""
        carry, out = step(self._actor, memory.actor, obs, memory.done)
        return memory._replace(actor=carry), self._normal(out)

    def watch(self, memory: Memory, obs: Float[Array, "E L"]) -> Memory:
        """Returns the memory after the critic's step."""
        return memory._replace(critic=step(self._critic, memory.critic, obs, memory.done)[0])

    @property
    def critic_remembers(self) -> bool:
        return remembers(self.critic)

    def value_after(self, memory: Memory, obs: Float[Array, "K L"], rows: Any) -> Float[Array, "K"]:
        """Returns the values of observations that the episodes of these rows of the memory went on to."""
        carry, going_on = jax.tree.map(lambda x: x[rows], memory.critic), jnp.zeros(len(obs), bool)
        return self._value(step(self._critic, carry, obs, going_on)[1])

    # Sequences (B, T): where there is no memory, observations may have any leading axes -----------------------------

    def distribution(
        self, obs: Float[Array, "... L"], memory: Memory | None = None, done: Bool[Array, "..."] | None = None
    ) -> Normal:
        """Returns the normal over raw actions; its std is min_std + softplus, and init_std at the start.

        Sequences begin with `memory`, else with an episode; `done` marks steps that ended one, none if left out.
        """
        memory, begins = self._beginnings(obs, memory, done)
        return self._normal(unroll(self._actor, memory.actor, obs, begins))

    def value(
        self, obs: Float[Array, "... L"], memory: Memory | None = None, done: Bool[Array, "..."] | None = None
    ) -> Float[Array, "..."]:
        """Returns the predicted return in units of the value normaliser; `memory` and `done` as in `distribution`."""
        memory, begins = self._beginnings(obs, memory, done)
        return self._value(unroll(self._critic, memory.critic, obs, begins))

    def _beginnings(self, obs: Array, memory: Memory | None, done: Array | None) -> tuple[Memory, Array | None]:
        memory = self.start(len(obs)) if memory is None else memory
        if memory.done is None:
            return memory, None
        steps = obs.shape[1]
        return memory, memory.begins(jnp.zeros((len(obs), steps), bool) if done is None else done, steps)

    # What the networks' outputs mean ----------------------------------------------------------------------------------

    @property
    def _actor(self) -> Stepped:
        return self.actor if self.mirror is None else Both(self.actor, self.mirror.actor)

    @property
    def _critic(self) -> Stepped:
        return self.critic if self.mirror is None else Both(self.critic, self.mirror.critic)

    def _normal(self, out: Array) -> Normal:
        out = out if self.mirror is None else self._symmetric(out, self.mirror)
        loc, raw_std = (out, self.std_param) if self.std_param is not None else jnp.split(out, 2, axis=-1)
        if self.mirror is not None and self.std_param is not None:
            raw_std = (raw_std + raw_std[np.array(self.mirror.action[0])]) / 2
        start = jnp.log(jnp.expm1(jnp.float32(self.config.init_std - self.config.min_std)))
        spread = self.config.min_std + jax.nn.softplus(raw_std + start)
        return Normal(loc, spread)

    def _value(self, out: Array) -> Float[Array, "..."]:
        if self.mirror is None:
            return out[..., 0]
        here, there = out[..., 0, :], out[..., 1, :]
        return (here + there)[..., 0] / 2

    def _symmetric(self, out: Float[Array, "... 2 O"], mirror: Mirror) -> Float[Array, "... O"]:
        index, sign = (np.array(x) for x in mirror.action)
        if self.std_param is None:  # spreads change places without a sign
            index, sign = np.concatenate([index, len(index) + index]), np.concatenate([sign, np.ones_like(sign)])
        here, there = out[..., 0, :], out[..., 1, :]
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


def make_policy(task: Task, config: PolicyConfig, key: PRNGKeyArray, network: type[Network] | None = None) -> Policy:
    """Returns untrained networks that fit the task; with `network` they are of that class.

    Raises SpecError for a class whose networks do not do what `trainer.network.Network` says.
    """
    sizes = task.obs_sizes
    mirror = mirror_of(task) if config.symmetric else None
    return Policy(key, sizes[task.actor_group], sizes[task.critic_group], task.action_size, config, mirror, network)


def log_prob(normal: Normal, raw: Float[Array, "... A"]) -> Float[Array, "..."]:
    """Returns the log density of the raw action. Squashing adds a term that cancels in ratios, so it is left out."""
    z = (raw - normal.loc) / normal.std
    return (-0.5 * jnp.square(z) - jnp.log(normal.std) - 0.5 * LOG_2PI).sum(-1)


def kl_divergence(old: Normal, new: Normal) -> Float[Array, "..."]:
    """Returns KL(old || new); squashing both does not change it."""
    ratio = jnp.square(old.std / new.std)
    shift = jnp.square((old.loc - new.loc) / new.std)
    return (0.5 * (ratio + shift - 1.0 - jnp.log(ratio))).sum(-1)
