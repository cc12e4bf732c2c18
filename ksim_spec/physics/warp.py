"""The MJX-Warp engine: MuJoCo Warp's kernels behind MJX's interface, for CUDA. On a CPU it runs, slowly, for checks."""

from __future__ import annotations

import importlib.util
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax import Array
from mujoco import mjx

from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.physics.functional import FunctionalEngine
from ksim_spec.physics.protocol import EngineConfig


def warp_installed() -> bool:
    """Returns whether the `warp-lang` package is there, without importing it."""
    return importlib.util.find_spec("warp") is not None


def contact_capacity(model: mujoco.MjModel) -> tuple[int, int]:
    """Returns how many contacts and constraint rows one environment needs at most, found from the model.

    Pairs of geoms that may collide (explicit pairs, and those that type, affinity, body and exclusion rules let
    through), each with up to four contacts (eight for two boxes); a contact has a row per friction direction.
    """
    body, weld = model.geom_bodyid, model.body_weldid
    explicit = {tuple(sorted(pair)) for pair in zip(model.pair_geom1.tolist(), model.pair_geom2.tolist(), strict=True)}
    excluded = set(model.exclude_signature.tolist())
    contacts, rows = 0, 0
    for i in range(model.ngeom):
        for j in range(i + 1, model.ngeom):
            if not ((i, j) in explicit or _may_collide(model, i, j, body, weld, excluded)):
                continue
            count = _contacts_of(model, i, j)
            condim = int(max(model.geom_condim[i], model.geom_condim[j]))
            contacts += count
            rows += count * (1 if condim == 1 else 2 * (condim - 1))
    limits = int(np.count_nonzero(model.jnt_limited)) + 2 * int(np.count_nonzero(model.tendon_limited))
    friction = model.nv + model.ntendon
    return contacts, rows + limits + friction + 6 * model.neq


def _may_collide(model: mujoco.MjModel, i: int, j: int, body: Any, weld: Any, excluded: set[int]) -> bool:
    a, b = int(body[i]), int(body[j])
    if weld[a] == weld[b] or (min(a, b) << 16) + max(a, b) in excluded:
        return False
    kinds, plane = model.geom_type[[i, j]], mujoco.mjtGeom.mjGEOM_PLANE
    if (kinds == plane).all() or not (
        model.geom_contype[i] & model.geom_conaffinity[j] or model.geom_contype[j] & model.geom_conaffinity[i]
    ):
        return False
    parents = int(weld[model.body_parentid[weld[a]]]), int(weld[model.body_parentid[weld[b]]])
    filtered = not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT
    return not (filtered and weld[a] and weld[b] and (weld[a] == parents[1] or weld[b] == parents[0]))


def _contacts_of(model: mujoco.MjModel, i: int, j: int) -> int:
    kinds = {int(model.geom_type[i]), int(model.geom_type[j])}
    geom = mujoco.mjtGeom
    if int(geom.mjGEOM_SPHERE) in kinds:
        return 1
    if kinds <= {int(geom.mjGEOM_CAPSULE), int(geom.mjGEOM_PLANE)}:
        return 2
    return 8 if kinds == {int(geom.mjGEOM_BOX)} else 4


class WarpEngine(FunctionalEngine):
    """Implements `protocol.Engine` with MJX-Warp.

    Warp only has the whole forward computation, so every stage costs an extra `forward`. Contacts of all environments
    share one buffer: it holds all that can happen, up to `max_contacts` per environment on average.
    """

    name = "warp"

    def __init__(self, model: mujoco.MjModel, config: EngineConfig, max_contacts: int = 256) -> None:
        if not warp_installed():
            raise SpecError([
                Diagnostic("KS724", "engine-missing", "the `warp` engine needs the package `warp-lang`",
                           help='install it with `pip install "ksim_spec[warp]"`, or use the `mjx` engine')
            ])
        self.max_contacts = max_contacts
        super().__init__(model, config)

    def _put(self, model: mujoco.MjModel) -> tuple[Any, Any]:
        contacts, rows = contact_capacity(model)
        per_env = max(1, min(contacts, self.max_contacts))
        data = mjx.make_data(
            model, impl="warp", naconmax=per_env * self.config.num_envs,
            njmax=max(1, min(rows, 10 * self.max_contacts)),
        )
        return mjx.put_model(model, impl="warp"), data

    def _substeps(self, model: Any, data: Any, ctrl_KU: Array) -> Any:
        # the data are carried whole: Warp works in place on its own buffers
        controls = jnp.broadcast_to(ctrl_KU, (self.config.substeps, ctrl_KU.shape[-1]))

        def one(data: Any, ctrl_U: Array) -> tuple[Any, None]:
            return mjx.step(model, data.replace(ctrl=ctrl_U)), None

        return jax.lax.scan(one, data, controls)[0]

    def _current(self, model: Any, data: Any) -> Any:
        return mjx.forward(model, data)
