"""The mirror of a task as the trainer uses it: signed permutations, `mirrored = sign * x[index]`."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ksim_spec.trainer.task_protocol import Task

SignedPermutation = tuple[tuple[int, ...], tuple[int, ...]]  # index, sign


class Mirror(NamedTuple):
    """What mirroring does to the observations of actor and critic, and to actions."""

    actor: SignedPermutation
    critic: SignedPermutation
    action: SignedPermutation


def _map(task: Task, name: str) -> SignedPermutation:
    index, sign = task.mirror[name]
    return tuple(index), tuple(sign)


def mirror_of(task: Task) -> Mirror:
    """Returns what mirroring does to the policy's inputs and outputs. Raises KeyError for a task without a mirror."""
    return Mirror(
        _map(task, f"observe.{task.actor_group}"), _map(task, f"observe.{task.critic_group}"), _map(task, "action")
    )


def with_mirror_image(task: Task, group: str, x: Float[Array, "T E L"]) -> Float[Array, "T E2 L"]:
    """Returns observations of all environments and then of all their mirror images."""
    index, sign = _map(task, f"observe.{group}")
    return jnp.concatenate([x, x[..., np.array(index)] * np.array(sign, np.float32)], 1)
