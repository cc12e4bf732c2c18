"""What the trainer needs of a network, and how one is taken through time.

A network maps rows of inputs to rows of outputs, one control step a call, and may carry something from step to step.
The trainer keeps that carry for every environment, begins it anew where an episode ends, remembers it at the start of
every rollout, and computes the same steps again from there when it learns, with gradients through time. A network whose
carry is empty is called once for all steps, as if there were no carry.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ksim_spec.settings import NetworkSettings
from ksim_spec.trainer.symmetry import SignedPermutation

Carry = Any  # a pytree of arrays; `()` for a network that remembers nothing


class Sizes(NamedTuple):
    """How many numbers go in and come out, and how large the outputs should be before training, for inputs of size 1.

    A policy learns best from actions near zero, so an actor's `gain` is small.
    """

    inputs: int
    outputs: int
    gain: float


@runtime_checkable
class Stepped(Protocol):
    """What is asked of a network once it is there: to carry something through the steps of an episode."""

    def initial_carry(self) -> Carry:
        """Returns what one environment carries when an episode begins: float32 arrays without an axis for rows."""
        ...

    def __call__(self, carry: Carry, x: Float[Array, "N I"], done: Bool[Array, "N"] | None) -> tuple[Carry, Any]:
        """Returns the next carry, and the outputs (N, O) for one control step of N rows.

        `done` marks rows whose last step ended an episode: x is the first they see of another one, and `carry` (rows
        first) is the initial one there already. It is None where the network carries nothing.
        """
        ...


@runtime_checkable
class Network(Stepped, Protocol):
    """An Equinox module that maps rows of inputs to rows of outputs. Every array of floats in it is trained."""

    @classmethod
    def init(cls, key: PRNGKeyArray, sizes: Sizes, settings: NetworkSettings) -> Network:
        """Returns an untrained network; a function of the arguments alone. Traced, so `key` is no concrete array."""
        ...


@runtime_checkable
class Rescaled(Protocol):
    """A network that can be asked for another whose outputs are its own times `factor` plus `shift`, to serve as critic
    (`trainer.value_scale`). Others are given a learned scale and shift behind their outputs.
    """

    def rescaled(self, factor: Float[Array, ""], shift: Float[Array, ""]) -> Stepped: ...


def class_of(settings: NetworkSettings) -> type[Network]:
    """Returns the class that the settings' kind is made by."""
    module, _, name = settings.made_by.partition(":")
    return getattr(importlib.import_module(module), name)


def remembers(network: Stepped) -> bool:
    """Returns whether a network carries anything from step to step."""
    return bool(jax.tree.leaves(network.initial_carry()))


def carry_of_rows(network: Stepped, rows: int) -> Carry:
    """Returns the carry of so many rows at the first step of an episode."""
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (rows, *jnp.shape(x))), network.initial_carry())


def step(network: Stepped, carry: Carry, x: Float[Array, "N I"], done: Bool[Array, "N"] | None) -> tuple[Carry, Array]:
    """Returns the next carry and the outputs of one control step; the carry of rows that are `done` is not used."""
    if not remembers(network):
        return network(carry, x, None)
    assert done is not None

    def forget(old: Array, new: Array) -> Array:
        return jnp.where(done.reshape(done.shape + (1,) * (old.ndim - 1)), new, old)

    return network(jax.tree.map(forget, carry, carry_of_rows(network, len(x))), x, done)


def unroll(network: Stepped, carry: Carry, x: Float[Array, "... I"], done: Bool[Array, "..."] | None) -> Array:
    """Returns the outputs (B, T, ...) for B sequences of T steps that begin with `carry`.

    `done` marks steps that are the first of an episode. A network that remembers nothing takes any leading axes.
    """
    if not remembers(network):
        out = network(carry, x.reshape(-1, x.shape[-1]), None)[1]
        return out.reshape(*x.shape[:-1], *out.shape[1:])
    assert done is not None

    def one(carry: Carry, now: tuple[Array, Array]) -> tuple[Carry, Any]:
        return step(network, carry, *now)

    _, out = jax.lax.scan(one, carry, (jnp.swapaxes(x, 0, 1), jnp.swapaxes(done, 0, 1)))
    return jnp.swapaxes(out, 0, 1)


class Both(NamedTuple):
    """A network seen as one that says what it makes of its inputs and, beside it, of their mirror image.

    It has a carry for each. `of_both`, where the network has it, may know a faster way than to call it twice.
    """

    network: Any
    mirror: SignedPermutation

    def initial_carry(self) -> Carry:
        carry = self.network.initial_carry()
        return carry, carry

    def __call__(self, carry: Carry, x: Array, done: Array | None) -> tuple[Carry, Float[Array, "N 2 O"]]:
        if hasattr(self.network, "of_both"):
            return carry, self.network.of_both(x, self.mirror)
        index, sign = (jnp.asarray(part) for part in self.mirror)
        a, here = self.network(carry[0], x, done)
        b, there = self.network(carry[1], x[:, index] * sign.astype(x.dtype), done)
        return (a, b), jnp.stack([here, there], 1)
