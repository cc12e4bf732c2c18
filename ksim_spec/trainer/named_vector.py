"""Named scalars kept as one vector: dozens of separate scalars would each cost the program kernels to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Named(eqx.Module):
    """A vector (last axis K) with a static name for each entry; reads like a mapping from name to array."""

    values: Float[Array, "... K"]
    names: tuple[str, ...] = eqx.field(static=True)

    @classmethod
    def of(cls, scalars: Mapping[str, Array]) -> Named:
        """Returns the scalars stacked, in their order."""
        return cls(jnp.stack([jnp.asarray(x, jnp.float32) for x in scalars.values()], -1), tuple(scalars))

    def __getitem__(self, name: str) -> Float[Array, "..."]:
        return self.values[..., self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def pick(self, *names: str) -> Float[Array, "... N"]:
        """Returns several entries as one vector."""
        return self.values[..., np.array([self.names.index(n) for n in names], int)]

    def items(self) -> list[tuple[str, np.ndarray | np.floating]]:
        """Returns names with their values on the host: scalars, or arrays of the axes before the last."""
        return list(zip(self.names, np.moveaxis(np.asarray(self.values), -1, 0), strict=True))
