"""Networks from outside: any Equinox module with the methods of `trainer.network.Network`, made fit for the trainer."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.trainer.network import Carry, Rescaled, Sizes, carry_of_rows, remembers, step

ROWS = 2  # enough to tell rows from other axes of the outputs


class Adapted(eqx.Module):
    """A network as arrays, which are trained, and the rest (functions, numbers, names), which stands still.

    With `factor` and `shift` its outputs are scaled and shifted, both learned.
    """

    arrays: Any
    factor: Float[Array, ""] | None
    shift: Float[Array, ""] | None
    rest: Any = eqx.field(static=True)

    @property
    def network(self) -> Any:
        return eqx.combine(self.arrays, self.rest)

    def initial_carry(self) -> Carry:
        return self.network.initial_carry()

    def __call__(self, carry: Carry, x: Array, done: Array | None) -> tuple[Carry, Array]:
        carry, out = self.network(carry, x, done)
        return carry, out if self.factor is None else out * self.factor + self.shift

    def rescaled(self, factor: Float[Array, ""], shift: Float[Array, ""]) -> Adapted:
        """Returns the network whose outputs are these times `factor` plus `shift`."""
        assert self.factor is not None and self.shift is not None
        both = (self.factor * factor, self.shift * factor + shift)
        return eqx.tree_at(lambda n: (n.factor, n.shift), self, both)


def check_class(network: Any) -> None:
    """Raises SpecError for what is given as a network and is no class with the methods of `trainer.network.Network`."""
    if network is None:
        return
    if not isinstance(network, type):
        what = f"`network` is {network!r:.60}, and it has to be a class"
        raise _misfit(what, "give the class itself, whose `init` makes networks of the sizes that are needed")
    there = {name for c in network.__mro__ for name in vars(c)}  # `hasattr` finds a `__call__` in every class
    lacking = [name for name in ("init", "initial_carry", "__call__") if name not in there]
    if not issubclass(network, eqx.Module) or lacking:
        what = f"has no `{lacking[0]}`" if lacking else "is no `equinox.Module`"
        help = "a network is an `equinox.Module` with `init`, `initial_carry` and `__call__`: see `ksim_spec.Network`"
        raise _misfit(f"`network` is the class `{network.__name__}`, which {what}", help)


def adapted(network: Any, sizes: Sizes, critic: bool) -> Any:
    """Returns the network as the trainer needs it: itself, unless it holds more than arrays or is a critic that cannot
    be rescaled. Raises SpecError for one that does not do what `trainer.network.Network` says.
    """
    name = type(network).__name__
    scaled = critic and not isinstance(network, Rescaled)
    if scaled or not all(eqx.is_inexact_array(x) for x in jax.tree.leaves(network)):
        arrays, rest = eqx.partition(network, eqx.is_inexact_array)
        for path, leaf in jax.tree_util.tree_leaves_with_path(rest):
            if eqx.is_array_like(leaf) and not isinstance(leaf, bool | int | float | complex):
                where = f"`{name}{jax.tree_util.keystr(path)}`"
                raise _misfit(
                    f"{where} is an array of {leaf.dtype}, and only floats can be trained",
                    "make it of floats, or keep it out of the module and build it in `__call__`",
                )
        one, zero = (jnp.float32(1), jnp.float32(0)) if scaled else (None, None)
        network = Adapted(arrays, one, zero, rest)
    _check(network, sizes, name)
    return network


def _check(network: Any, sizes: Sizes, name: str) -> None:
    """Raises SpecError where a step of the network returns other shapes than it must."""
    for path, x in jax.tree_util.tree_leaves_with_path(network.initial_carry()):
        if not eqx.is_array_like(x) or jnp.result_type(x) != jnp.float32:
            where = f"`{name}.initial_carry()`" + (f" at `{jax.tree_util.keystr(path)}`" if path else "")
            raise _misfit(f"{where} is not an array of float32", "a carry is a pytree of float32 arrays, or `()`")

    def once(x: Array, done: Array) -> Any:
        carry = carry_of_rows(network, ROWS)
        return carry, *step(network, carry, x, done if remembers(network) else None)

    x, done = jax.ShapeDtypeStruct((ROWS, sizes.inputs), jnp.float32), jax.ShapeDtypeStruct((ROWS,), bool)
    before, after, out = jax.eval_shape(once, x, done)
    if jax.tree.map(_form, before) != jax.tree.map(_form, after):
        raise _misfit(f"the carry of `{name}` changes its form in a step", "return a carry of the shapes it was given")
    wanted = (ROWS, sizes.outputs)
    if getattr(out, "shape", None) != wanted or out.dtype != jnp.float32:
        found = f"{out.dtype}{list(out.shape)}" if hasattr(out, "shape") else type(out).__name__
        raise _misfit(
            f"`{name}` makes {found} of {ROWS} rows of {sizes.inputs} numbers, not float32{list(wanted)}",
            "`__call__(carry, x, done)` returns the carry and one row of outputs for each row of `x`",
        )


def _form(x: Any) -> tuple[Any, ...]:
    return x.shape, str(x.dtype)


def _misfit(message: str, help_text: str) -> SpecError:
    return SpecError([Diagnostic(rules.BAD_ARGUMENT, message, help=help_text)])
