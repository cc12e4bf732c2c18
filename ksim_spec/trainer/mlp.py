"""Networks of dense layers: the kind `mlp`, which remembers nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ksim_spec.settings import NetworkSettings
from ksim_spec.trainer.network import Sizes
from ksim_spec.trainer.symmetry import SignedPermutation


@jax.custom_vjp
def swish(x: Array) -> Array:
    """Returns x * sigmoid(x) (Ramachandran et al. 2017).

    Its derivative is worked out from x alone: keeping the sigmoid costs more than doing it again (measured on two
    cores: a tenth of a gradient step of 128 x 128 networks).
    """
    return x * jax.nn.sigmoid(x)


def _swish_forward(x: Array) -> tuple[Array, Array]:
    return swish(x), x


def _swish_backward(x: Array, gradient: Array) -> tuple[Array]:
    s = jax.nn.sigmoid(x)
    return (gradient * (s + x * s * (1.0 - s)),)


swish.defvjp(_swish_forward, _swish_backward)

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "swish": swish,
    "elu": jax.nn.elu,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
}


class Dense(eqx.Module):
    """A linear layer on the last axis of a batch; one matrix product for all leading axes."""

    weight: Float[Array, "I O"]
    bias: Float[Array, "O"]

    def __init__(self, key: PRNGKeyArray, inputs: int, outputs: int, gain: float = 1.0) -> None:
        bound = gain * (3.0 / inputs) ** 0.5  # uniform with variance gain^2 / inputs (LeCun et al. 1998)
        self.weight = jax.random.uniform(key, (inputs, outputs), jnp.float32, -bound, bound)
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Float[Array, "... I"]) -> Float[Array, "... O"]:
        return x @ self.weight + self.bias


class MLP(eqx.Module):
    """Dense layers with an activation between them and none after the last. Fulfils `trainer.network.Network`."""

    layers: tuple[Dense, ...]
    activation: str = eqx.field(static=True)

    @classmethod
    def init(cls, key: PRNGKeyArray, sizes: Sizes, settings: NetworkSettings) -> MLP:
        widths = [sizes.inputs, *settings.hidden, sizes.outputs]
        gains = [1.0] * len(settings.hidden) + [sizes.gain]
        keys = jax.random.split(key, len(gains))
        layers = tuple(Dense(*z) for z in zip(keys, widths[:-1], widths[1:], gains, strict=True))
        return cls(layers, settings.activation or "swish")

    def initial_carry(self) -> tuple[()]:
        return ()

    def __call__(self, carry: Any, x: Float[Array, "N I"], done: None = None) -> tuple[Any, Float[Array, "N O"]]:
        return carry, self._rest(self.layers[0](x))

    def of_both(self, x: Float[Array, "N I"], mirror: SignedPermutation) -> Float[Array, "N 2 O"]:
        """Returns the outputs for x and, beside them, for its mirror image.

        The first layer's weights are mirrored instead of the inputs, which are far more numbers. What follows sees the
        two as alternating rows of one matrix, so that nothing is copied between the products (measured: the gradient
        takes six tenths of the time that it takes with one half behind the other).
        """
        index, sign = mirror
        swap = np.zeros((len(index), len(index)), np.float32)
        swap[np.arange(len(index)), list(index)] = sign  # mirrored x = swap @ x
        first = self.layers[0]
        weights = jnp.concatenate([first.weight, jnp.asarray(swap.T) @ first.weight], 1)
        rows = self._rest((x @ weights).reshape(-1, first.bias.shape[0]) + first.bias)
        return rows.reshape(x.shape[0], 2, rows.shape[-1])

    def rescaled(self, factor: Float[Array, ""], shift: Float[Array, ""]) -> MLP:
        """Returns the network whose outputs are these times `factor` plus `shift`."""
        last = self.layers[-1]
        weight, bias = last.weight * factor, last.bias * factor + shift
        return eqx.tree_at(lambda n: (n.layers[-1].weight, n.layers[-1].bias), self, (weight, bias))

    def _rest(self, x: Float[Array, "N H"]) -> Float[Array, "N O"]:
        """What follows the first layer's product."""
        for layer in self.layers[1:]:
            x = layer(ACTIVATIONS[self.activation](x))
        return x
