"""Random streams: counter-based, keyed by name, so that adding one never changes another.

The sample of a stream at a counter (a step, a refill), for an environment and an element, is one Threefry block under
the stream's own key: it depends neither on the other streams nor on the number of environments. All streams of a scope
are hashed in one elementwise program, which compiles several times faster than a call per stream.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

Streams = Mapping[str, tuple[str, str, tuple[int, ...]]]
Samples = dict[str, Array]
Word = UInt32[Array, "..."] | np.uint32

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)


def threefry(k0: Word, k1: Word, x0: Word, x1: Word) -> tuple[Array, Array]:
    """Returns Threefry-2x32 with 20 rounds of the counter (x0, x1) under the key (k0, k1), element by element.

    Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011); agrees with JAX's generator.
    """
    shape = jnp.broadcast_shapes(*(jnp.shape(x) for x in (k0, k1, x0, x1)))
    k0, k1, x0, x1 = (jnp.asarray(x, jnp.uint32) for x in (k0, k1, x0, x1))
    k2 = k0 ^ k1 ^ _PARITY
    x0, x1 = _rounds(jnp.broadcast_to(x0 + k0, shape), jnp.broadcast_to(x1 + k1, shape), _ROTATIONS[0])
    keys = jnp.stack(jnp.broadcast_arrays(k2, k0, k1, k2, k0))  # of the four injections that are left

    def eight(j: Array, x: tuple[Array, Array]) -> tuple[Array, Array]:
        i = 2 * j
        x0, x1 = _rounds(*x, _ROTATIONS[1])
        x0, x1 = _rounds(x0 + keys[i], x1 + keys[i + 1] + (i + 2).astype(jnp.uint32), _ROTATIONS[0])
        return x0 + keys[i + 1], x1 + keys[i + 2] + (i + 3).astype(jnp.uint32)

    # A loop, not 20 rounds in a row: its result is stored once instead of being fused into, and computed again by,
    # everything that uses a sample. Eight rounds a turn, so that the numbers go through memory twice and not five times
    # (measured: six tenths of the time).
    return jax.lax.fori_loop(0, 2, eight, (x0 + k1, x1 + k2 + np.uint32(1)))


def _rounds(x0: Array, x1: Array, rotations: tuple[int, ...]) -> tuple[Array, Array]:
    for rotation in rotations:
        x0 = x0 + x1
        x1 = ((x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))) ^ x0
    return x0, x1


def _unit(bits: UInt32[Array, "..."]) -> Float[Array, "..."]:
    """Returns floats in [0, 1) from the upper 23 bits."""
    return jax.lax.bitcast_convert_type((bits >> np.uint32(9)) | np.uint32(0x3F800000), jnp.float32) - 1.0


@cache
def _layout(names: tuple[tuple[str, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Returns, per column of all streams side by side, the hash of its stream's name and its element number."""
    ids = [np.full(size, zlib.crc32(name.encode()), np.uint32) for name, size in names]
    elements = [np.arange(size, dtype=np.uint32) for _, size in names]
    return np.concatenate(ids), np.concatenate(elements)


def samples(key: PRNGKeyArray, streams: Streams, scopes: tuple[str, ...], counter: Array, num_envs: int) -> Samples:
    """Returns the standard samples of every stream of some scopes for all environments: (E, *shape), float32."""
    mine = [(name, kind, shape) for name, (kind, its, shape) in streams.items() if its in scopes]
    mine.sort(key=lambda row: (row[1], row[0]))  # one kind after the other, so that each is one run of columns
    if not mine:
        return {}
    names = tuple((name, math.prod(shape)) for name, _, shape in mine)
    stream_N, element_N = _layout(names)
    run = jax.random.key_data(key).astype(jnp.uint32)
    # A stream's own key is its name hashed under the run's key.
    k0_N, k1_N = threefry(run[0], run[1], jnp.asarray(stream_N), np.uint32(0))
    # Which block of a stream: environment and element in one word, the counter of the scope in the other.
    place_EN = jnp.arange(num_envs, dtype=jnp.uint32)[:, None] * np.uint32(4096) + jnp.asarray(element_N)[None]
    first_EN, second_EN = threefry(k0_N[None], k1_N[None], place_EN, jnp.asarray(counter).astype(jnp.uint32))
    normals = sum(math.prod(shape) for _, kind, shape in mine if kind == "normal")
    # Box and Muller: the radius from one word, the direction from the other.
    radius_EN = jnp.sqrt(-2.0 * jnp.log1p(-_unit(first_EN[:, :normals])))
    normal_EN = radius_EN * jnp.cos(np.float32(2.0 * math.pi) * _unit(second_EN[:, :normals]))
    uniform_EN = _unit(first_EN[:, normals:])
    out: Samples = {}
    start = 0
    for name, kind, shape in mine:
        size = math.prod(shape)
        block, offset = (normal_EN, start) if kind == "normal" else (uniform_EN, start - normals)
        out[name] = block[:, offset : offset + size].reshape((num_envs, *shape))
        start += size
    return out
