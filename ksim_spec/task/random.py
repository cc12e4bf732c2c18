"""Random streams: each is keyed by its own name, so that adding one never changes another."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

Streams = Mapping[str, tuple[str, str, tuple[int, ...]]]
Samples = dict[str, Array]


def samples(key: PRNGKeyArray, streams: Streams, scope: str, counter: Array, num_envs: int) -> Samples:
    """Returns the standard samples of every stream of a scope for all environments: (E, *shape), float32.

    The key of a stream is the run's key folded with the stream's name and the counter of its scope.
    """
    out: Samples = {}
    for name, (kind, its_scope, shape) in streams.items():
        if its_scope != scope:
            continue
        stream = jax.random.fold_in(jax.random.fold_in(key, zlib.crc32(name.encode())), counter)
        draw = jax.random.uniform if kind == "uniform" else jax.random.normal
        out[name] = draw(stream, (num_envs, *shape), jnp.float32)
    return out
