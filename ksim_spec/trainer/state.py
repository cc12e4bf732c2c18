"""All that changes in a run."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ksim_spec.trainer.normalizer import Normalizer
from ksim_spec.trainer.policy import Memory, Policy
from ksim_spec.trainer.value_scale import ValueScale


class TrainState(NamedTuple):
    """All that changes in a run. The optimiser sees the policy as one vector: one update instead of one per layer.

    `memory` is what the networks carry of every environment. `key` never changes: update u draws from fold_in(key, u).
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
    memory: Memory = Memory()


def strong(tree: Any) -> Any:
    """Returns the tree with every array strongly typed; a weakly typed one would make the program compile twice."""

    def fix(x: Any) -> Array:
        x = jnp.asarray(x)
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return x
        return jax.lax.convert_element_type(x, x.dtype)

    return jax.tree.map(fix, tree)
