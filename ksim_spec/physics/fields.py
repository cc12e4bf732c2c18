"""Model fields that differ per environment: their shapes, and the constants that must follow them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable

import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float
from mujoco.batch import MODEL_FIELDS, Batch, SimulationError

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest


def model_field(model: mujoco.MjModel, name: str) -> np.ndarray:
    """Returns the model's own value of a field; `opt.<name>` names a field of `MjOption`."""
    owner = model.opt if name.startswith("opt.") else model
    return np.asarray(getattr(owner, name.removeprefix("opt.")))


def check_fields(model: mujoco.MjModel, names: Iterable[str]) -> None:
    """Raises `SpecError` for a name that is not a model field an environment can have a value of its own for."""
    bad = [name for name in names if name not in MODEL_FIELDS]
    if bad:
        raise SpecError(
            [
                Diagnostic(
                    rules.FIELD_NOT_PER_ENVIRONMENT,
                    f"`{name}` cannot differ between environments",
                    help=suggest(name, sorted(MODEL_FIELDS), "fields of a model"),
                )
                for name in bad
            ]
        )


def needs_set_const(names: Iterable[str]) -> bool:
    """Returns whether MuJoCo derives constants from any of the fields (`mj_setConst` reads it)."""
    inputs = set(mujoco.MjModel._setconst_inputs)
    return any(name in inputs or name.startswith("opt.") for name in names)


def derived_fields(model: mujoco.MjModel, names: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the model fields, other than `names`, that `mj_setConst` changes when `names` change.

    Found by experiment, which holds for every release: the fields are disturbed in one simulation and the batch
    reports which others became different.
    """
    if not needs_set_const(names):
        return ()
    rng = np.random.default_rng(0)
    batch = Batch(model, 1, 1)
    for name in names:
        values = batch.expand(name)
        if values.dtype.kind == "f":
            noise = rng.uniform(0.01, 0.1, values.shape)
            values[...] = np.where(values == 0, 0.1 * noise, values * (1 + noise))
    with contextlib.suppress(SimulationError):  # values that were refused late have still had their effect
        batch.set_const()
    return tuple(sorted(n for n in MODEL_FIELDS if n not in names and batch.expanded(n) is not None))


def constants_updater(
    model: mujoco.MjModel, num_envs: int, names: tuple[str, ...], derived: tuple[str, ...]
) -> Callable[..., tuple[np.ndarray, ...]]:
    """Returns a host function of (mask, *values of names) to the float32 values of `derived` for all environments.

    For engines without `mj_setConst` of their own. Rows outside the mask hold the model's constants or earlier results.
    """

    @functools.cache
    def batch() -> Batch:
        return Batch(model, num_envs)

    # jax.pure_callback gives arrays of JAX
    def update(mask_E: Bool[Array, "E"], *values: Float[Array, "E ..."]) -> tuple[np.ndarray, ...]:
        ids = np.flatnonzero(np.asarray(mask_E)).astype(np.int32)
        for name, value in zip(names, values, strict=True):
            batch().expand(name)[ids] = np.asarray(value)[ids]
        for name in derived:
            batch().expand(name)
        if ids.size:
            batch().set_const(ids)
        return tuple(batch().expand(name).astype(np.float32) for name in derived)

    return update


def small_model() -> mujoco.MjModel:
    """Returns a model to try an engine out with."""
    return mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body><joint/><geom size='1'/></body></worldbody></mujoco>"
    )
