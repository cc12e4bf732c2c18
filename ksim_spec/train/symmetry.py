"""Mirrored experience: every sequence counts a second time as its mirror image (Abdolhosseini et al. 2019, "DUP").

A mirrored sample keeps the probability that its original was drawn with, so the clipped ratio also keeps the policy
near its own mirror image.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ksim_spec.train.config import TrainConfig
from ksim_spec.train.interface import Task
from ksim_spec.train.policy import Normal


class Mirror:
    """Mirrors vectors of a task: observations by group, and actions."""

    def __init__(self, task: Task) -> None:
        self._maps: Mapping[str, tuple[np.ndarray, np.ndarray]] = {
            name: (np.array(index, int), np.array(sign, np.float32)) for name, (index, sign) in task.mirror.items()
        }

    def _mirrored(self, name: str, x: Float[Array, "... L"]) -> Float[Array, "... L"]:
        index, sign = self._maps[name]
        return x[..., index] * sign

    def with_obs(self, group: str, x: Float[Array, "T E L"]) -> Float[Array, "T E2 L"]:
        """Returns observations of all sequences and then of all their mirror images."""
        return jnp.concatenate([x, self._mirrored(f"observe.{group}", x)], 1)

    def with_noise(self, x: Float[Array, "T E A"]) -> Float[Array, "T E2 A"]:
        """Returns raw actions, or their deviations, of all sequences and of their mirror images."""
        return jnp.concatenate([x, self._mirrored("action", x)], 1)

    def with_normal(self, normal: Normal) -> Normal:
        """Returns the distributions that drew the actions of all sequences and of their mirror images."""
        index, _ = self._maps["action"]
        return Normal(self.with_noise(normal.loc), jnp.concatenate([normal.std, normal.std[..., index]], 1))


def twice(x: Float[Array, "T E"]) -> Float[Array, "T E2"]:
    """Returns what does not change in the mirror, for all sequences and for their mirror images."""
    return jnp.concatenate([x, x], 1)


def mirror_for(task: Task, config: TrainConfig) -> Mirror | None:
    """Returns the mirror that training uses, None without `symmetry`."""
    return Mirror(task) if config.symmetry == "augment" else None
