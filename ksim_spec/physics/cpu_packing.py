"""Several arrays with one row per environment as the columns of one float32 array.

Crossing from a compiled program to the host costs 20 to 35 microseconds for every array, whatever its size, so the
engine on the host exchanges exactly one array each way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array


@dataclass(frozen=True)
class Columns:
    """Names, shapes (without the environment axis) and places of the arrays in a packed one."""

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]]) -> Columns:
        return cls(tuple((name, tuple(int(n) for n in shape)) for name, shape in shapes.items()))

    @property
    def width(self) -> int:
        return sum(math.prod(shape) for _, shape in self.shapes)

    def slices(self) -> dict[str, slice]:
        """Returns the columns of each array."""
        out, start = {}, 0
        for name, shape in self.shapes:
            out[name] = slice(start, start + math.prod(shape))
            start += math.prod(shape)
        return out

    def pack(self, arrays: Mapping[str, Array], num_envs: int) -> Array:
        """Returns the traced arrays side by side, (num_envs, width); raises `ValueError` for a shape that differs."""
        parts = []
        for name, shape in self.shapes:
            array = jnp.asarray(arrays[name])
            if array.shape != (num_envs, *shape):
                raise ValueError(f"{name} has shape {array.shape}, expected {(num_envs, *shape)}")
            parts.append(array.astype(jnp.float32).reshape(num_envs, math.prod(shape)))
        return jnp.concatenate(parts, axis=1)

    def unpack(self, packed: Array) -> dict[str, Array]:
        """Returns the traced arrays of a packed one."""
        rows = packed.shape[0]
        shapes = dict(self.shapes)
        return {name: packed[:, cut].reshape(rows, *shapes[name]) for name, cut in self.slices().items()}

    def views(self, packed: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the arrays of a packed NumPy array, without copying."""
        rows = packed.shape[0]
        shapes = dict(self.shapes)
        return {name: packed[:, cut].reshape(rows, *shapes[name]) for name, cut in self.slices().items()}
