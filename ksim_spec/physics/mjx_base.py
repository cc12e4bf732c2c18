"""What the engines inside JAX share: simulations as arrays, spares taken by selection, one environment's step mapped.

Only the state that integration needs is kept between control steps (`Row`); everything else is computed afresh, so a
saved state is complete by construction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.physics.cpu_host import check_reads
from ksim_spec.physics.fields import check_fields, constants_updater, derived_fields, model_field
from ksim_spec.physics.protocol import EngineConfig, Fields, Reads, Starts

_MAX_STATE = 1e10  # beyond it MuJoCo itself gives a simulation up (mjMAXVAL)


class Row(NamedTuple):
    """The integration state; the environment axis comes first outside of the mapped functions."""

    time: Array
    qpos: Array
    qvel: Array
    act: Array
    qacc_warmstart: Array


class Simulations(NamedTuple):
    """`Physics` of these engines: the running simulations, their spares, and the model fields of both."""

    main: Row
    spare: Row
    main_fields: dict[str, Array]
    spare_fields: dict[str, Array]


class FunctionalEngine:
    """Common parts of the MJX engines; a subclass provides the model, the data and the stages."""

    name = "functional"

    def __init__(self, model: mujoco.MjModel, config: EngineConfig) -> None:
        check_fields(model, config.fields)
        check_reads(config.reads)
        self.model, self.config = model, config
        try:
            self.device_model, self.device_data = _uncommitted(self._put(model))
        except NotImplementedError as error:
            raise SpecError(
                [
                    Diagnostic(
                        rules.ENGINE_UNSUPPORTED,
                        f"the `{self.name}` engine cannot simulate this model",
                        notes=(str(error),),
                        help="use the `cpu` engine, or change the model",
                    )
                ]
            ) from None
        if (key := config.mocap_key) is not None:
            places = {"mocap_pos": model.key_mpos[key], "mocap_quat": model.key_mquat[key]}
            self.device_data = self.device_data.replace(
                **{k: _float32(v).reshape(getattr(self.device_data, k).shape) for k, v in places.items()}
            )
        self._check_varying(config.fields)
        derived = derived_fields(model, config.fields)
        self.derived = tuple(name for name in derived if self._leaf(name) is not None)
        self._constants = constants_updater(model, config.num_envs, config.fields, self.derived)
        # compiled even where the caller traces nothing: operation by operation, MJX takes minutes
        self._reads_at = jax.jit(self._compute_reads)
        self._advance = jax.jit(self._compute_step)

    # -- what differs between the engines

    def _put(self, model: mujoco.MjModel) -> tuple[Any, Any]:
        """Returns the model and one environment's data in MJX's form."""
        raise NotImplementedError

    def _current(self, model: Any, data: Any) -> Any:
        """Returns the data with the stage of the configuration computed at its state."""
        raise NotImplementedError

    def _substeps(self, model: Any, data: Any, ctrl_KU: Array) -> Any:
        """Returns the data after the physics steps of one control step."""
        raise NotImplementedError

    # -- the protocol

    def init(self, starts: Starts, fields: Fields) -> tuple[Simulations, Reads]:
        everyone_E = jnp.ones(self.config.num_envs, bool)
        values = self._with_constants(everyone_E, fields)
        row = self._settled(self._start_rows(starts), values, starts)
        return Simulations(row, row, values, values), self._reads_at(row, values, _float32(starts.ctrl_EU))

    def prepare(
        self, physics: Simulations, mask_E: Bool[Array, "E"], starts: Starts, fields: Fields
    ) -> tuple[Simulations, Reads]:
        values = _select(mask_E, self._with_constants(mask_E, fields), physics.spare_fields)
        row = _select(mask_E, self._settled(self._start_rows(starts), values, starts), physics.spare)
        return physics._replace(spare=row, spare_fields=values), self._reads_at(row, values, _float32(starts.ctrl_EU))

    def step(
        self,
        physics: Simulations,
        take_E: Bool[Array, "E"],
        ctrl_EKU: Float[Array, "E K nu"],
        dqvel_EV: Float[Array, "E nv"] | None = None,
        xfrc_EB6: Float[Array, "E nbody 6"] | None = None,
    ) -> tuple[Simulations, Reads, Bool[Array, "E"]]:
        row = _select(take_E, physics.spare, physics.main)
        values = _select(take_E, physics.spare_fields, physics.main_fields)
        if dqvel_EV is not None:
            row = row._replace(qvel=row.qvel + _float32(dqvel_EV))

        row, reads = self._advance(row, values, _float32(ctrl_EKU), _float32(xfrc_EB6))
        state_EX = jnp.concatenate([row.qpos, row.qvel, row.act], axis=1)
        fault_E = ~(jnp.abs(state_EX) < _MAX_STATE).all(axis=1) | ~_all_finite(reads)
        row = _select(fault_E, self._default_rows(), row)  # a number again, until the spare is taken
        reads = _select(fault_E, jax.tree.map(jnp.zeros_like, reads), reads)
        return physics._replace(main=row, main_fields=values), reads, fault_E

    def can_step(self, physics: Simulations) -> bool:
        return True

    def export_state(self, physics: Simulations) -> dict[str, Any]:
        state = jax.tree.map(np.asarray, physics)
        return {
            "main": state.main._asdict(),
            "spare": state.spare._asdict(),
            "main_fields": dict(state.main_fields),
            "spare_fields": dict(state.spare_fields),
        }

    def import_state(self, tree: dict[str, Any]) -> Simulations:
        tree = jax.tree.map(jnp.asarray, tree)
        return Simulations(Row(**tree["main"]), Row(**tree["spare"]), tree["main_fields"], tree["spare_fields"])

    # -- parts

    def _compute_step(
        self, row: Row, values: dict[str, Array], ctrl_EKU: Array, xfrc_EB6: Array | None
    ) -> tuple[Row, Reads]:
        def one(row: Row, values: dict[str, Array], ctrl_KU: Array, xfrc_B6: Array | None) -> tuple[Row, Reads]:
            model = self._model_with(values)
            data = self._substeps(model, self._data(row, xfrc_B6), ctrl_KU)
            return _row_of(data), self._read(self._current(model, data))

        return jax.vmap(one)(row, values, ctrl_EKU, xfrc_EB6)

    def _start_rows(self, starts: Starts) -> Row:
        rows = self._default_rows()
        rows = rows._replace(qpos=_float32(starts.qpos_EQ), qvel=_float32(starts.qvel_EV))
        return rows if starts.act_EN is None else rows._replace(act=_float32(starts.act_EN))

    def _settled(self, row: Row, values: dict[str, Array], starts: Starts) -> Row:
        """Returns the starts after they have settled under their own control, with the clock at zero again."""
        if not self.config.settle:
            return row
        shape = (self.config.num_envs, self.config.num_controls, self.model.nu)
        ctrl_EU = jnp.zeros(shape[::2]) if starts.ctrl_EU is None else starts.ctrl_EU
        ctrl_EKU = jnp.broadcast_to(_float32(ctrl_EU)[:, None], shape)
        settled = jax.lax.fori_loop(
            0, self.config.settle, lambda _, row: self._advance(row, values, ctrl_EKU, None)[0], row
        )
        return settled._replace(time=row.time)

    def _default_rows(self) -> Row:
        row = _row_of(self.device_data)
        return Row(*(jnp.broadcast_to(x, (self.config.num_envs, *x.shape)).astype(jnp.float32) for x in row))

    def _data(self, row: Row, xfrc_B6: Array | None = None, ctrl_U: Array | None = None) -> Any:
        more = {} if xfrc_B6 is None else {"xfrc_applied": xfrc_B6}
        if ctrl_U is not None:
            more["ctrl"] = ctrl_U
        return self.device_data.replace(**row._asdict(), **more)

    def _compute_reads(self, row: Row, values: dict[str, Array], ctrl_EU: Array | None) -> Reads:
        def one(row: Row, values: dict[str, Array], ctrl_U: Array | None) -> Reads:
            return self._read(self._current(self._model_with(values), self._data(row, ctrl_U=ctrl_U)))

        return jax.tree.map(jnp.nan_to_num, jax.vmap(one)(row, values, ctrl_EU))

    def _read(self, data: Any) -> Reads:
        found = {n: getattr(data, n) if hasattr(data, n) else getattr(data._impl, n) for n in self.config.reads}
        return {name: jnp.asarray(value, jnp.float32) for name, value in found.items()}

    # -- model fields

    def _leaf(self, name: str) -> Array | None:
        """Returns a model field where it is an array that may vary, None where MJX lacks it or has it fixed."""
        owner = self.device_model
        for part in name.split("."):
            owner = getattr(owner, part, None)
        return owner if isinstance(owner, jax.Array) else None

    def _row_shape(self, name: str) -> tuple[int, ...]:
        leaf = self._leaf(name)
        return model_field(self.model, name).shape if leaf is None else leaf.shape

    def _check_varying(self, names: tuple[str, ...]) -> None:
        bad = [name for name in names if self._leaf(name) is None]
        if bad:
            raise SpecError(
                [
                    Diagnostic(
                        rules.FIELD_NOT_PER_ENVIRONMENT,
                        f"`{name}` cannot differ between environments on the `{self.name}` engine",
                        help="the `cpu` engine can vary it",
                    )
                    for name in bad
                ]
            )

    def _with_constants(self, mask_E: Array, fields: Fields) -> dict[str, Array]:
        """Returns the given fields and the constants MuJoCo derives from them, computed by MuJoCo on the host."""
        num_envs = self.config.num_envs
        values = {name: _float32(fields[name]) for name in self.config.fields}
        if self.derived:
            shapes = [
                jax.ShapeDtypeStruct((num_envs, *model_field(self.model, name).shape), np.float32)
                for name in self.derived
            ]
            constants = jax.pure_callback(self._constants, tuple(shapes), mask_E, *values.values())
            values |= dict(zip(self.derived, constants, strict=True))
        return {name: value.reshape(num_envs, *self._row_shape(name)) for name, value in values.items()}

    def _model_with(self, values: dict[str, Array]) -> Any:
        return self.device_model.tree_replace(values) if values else self.device_model


def _uncommitted(tree: Any) -> Any:
    """Returns the tree with arrays that are not tied to the device MJX chose.

    Results of arrays that are tied are tied too, so that the second call of any program would compile it again.
    """
    return jax.tree.map(lambda x: jnp.asarray(np.asarray(x)) if isinstance(x, jax.Array) else x, tree)


def _float32(array: Any) -> Any:
    """Returns a float32 array whose type is not weak: a weak one would compile everything once more."""
    return None if array is None else jnp.asarray(array).astype(jnp.float32)


def _row_of(data: Any) -> Row:
    return Row(*(getattr(data, name) for name in Row._fields))


def _select(mask_E: Array, yes: Any, no: Any) -> Any:
    """Returns, leaf by leaf, the rows of `yes` where the mask holds and those of `no` elsewhere."""
    return jax.tree.map(lambda a, b: jnp.where(mask_E.reshape(-1, *[1] * (a.ndim - 1)), a, b), yes, no)


def _all_finite(reads: Reads) -> Array:
    """Returns for every environment whether all that was read is a number."""
    flat = [jnp.isfinite(x).reshape(x.shape[0], -1).all(axis=1) for x in reads.values()]
    return jnp.stack(flat).all(axis=0) if flat else jnp.bool_(True)
