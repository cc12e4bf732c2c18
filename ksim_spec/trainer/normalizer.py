"""Running mean and spread of observations and of value targets, over batch and time.

Means combine by Chan's parallel update (Chan, Golub, LeVeque 1979), which is stable in float32. The count is a pair of
floats whose sum is exact far past 2^24, where a single float32 stops counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

STD_FLOOR = 1e-2  # a feature that has not moved yet must not be blown up when it first does


class Moments(NamedTuple):
    """Statistics of one group of L features; `count` is (high, low) words of the number of samples."""

    count: Float[Array, "2"]
    mean: Float[Array, "L"]
    var: Float[Array, "L"]


Normalizer = dict[str, Moments]


def init_moments(size: int) -> Moments:
    """Returns the identity: mean 0, variance 1, no samples."""
    return Moments(jnp.zeros(2, jnp.float32), jnp.zeros(size, jnp.float32), jnp.ones(size, jnp.float32))


def init_normalizer(sizes: Mapping[str, int]) -> Normalizer:
    """Returns identity statistics for every group."""
    return {group: init_moments(size) for group, size in sizes.items()}


def _add_count(count: Float[Array, "2"], n: Float[Array, ""]) -> Float[Array, "2"]:
    """Knuth's two-sum: high + low stays the exact total."""
    n = n + count[1]
    high = count[0] + n
    part = high - count[0]
    low = (count[0] - (high - part)) + (n - part)
    return jnp.stack([high, low])


def update_moments(moments: Moments, x: Float[Array, "... L"], axis: str | None = None) -> Moments:
    """Returns statistics that include the samples `x` (any leading axes), summed over mesh axis `axis` if given."""
    flat = x.reshape(-1, x.shape[-1])
    mean = flat.mean(0)
    n = jnp.float32(flat.shape[0])
    if axis is not None:
        mean, n = jax.lax.pmean(mean, axis), jax.lax.psum(n, axis)
    var = jnp.square(flat - mean).mean(0)
    if axis is not None:
        var = jax.lax.pmean(var, axis)
    count = _add_count(moments.count, n)
    new = n / count[0]  # weight of the new samples; 1 at first, so the initial values are forgotten
    shift = mean - moments.mean
    combined = moments.var + new * (var - moments.var) + new * (1 - new) * jnp.square(shift)
    return Moments(count, moments.mean + new * shift, combined)


def std(moments: Moments) -> Float[Array, "L"]:
    """Returns the standard deviation, at least STD_FLOOR."""
    return jnp.maximum(jnp.sqrt(moments.var), STD_FLOOR)


def normalize(moments: Moments, x: Float[Array, "... L"], clip: float) -> Float[Array, "... L"]:
    """Returns x in standard deviations from the mean, within ±clip."""
    return jnp.clip((x - moments.mean) / std(moments), -clip, clip)
