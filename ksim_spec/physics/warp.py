"""The MJX-Warp engine: MuJoCo Warp's kernels behind MJX's interface, for CUDA. On a CPU it runs, slowly, for checks."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax import Array
from mujoco import mjx

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.physics.fields import small_model
from ksim_spec.physics.mjx_base import FunctionalEngine
from ksim_spec.physics.preflight import Preflight
from ksim_spec.physics.protocol import EngineConfig
from ksim_spec.physics.registry import EngineInfo, Needs


class Capacity(NamedTuple):
    """What one environment can need at most: contacts, constraint rows of those, and rows of everything else."""

    contacts: int
    contact_rows: int
    other_rows: int


def capacity(model: mujoco.MjModel) -> Capacity:
    """Returns the most contacts and constraint rows of one environment, found from the model.

    Counts the pairs of geoms that may collide (explicit pairs, and those that type, affinity, body and exclusion rules
    let through), with one contact for a sphere, two for a capsule on a plane, eight for two boxes, else four; a
    contact has two rows for each direction of friction. Limits, friction and equalities count as if all were active.
    """
    explicit = {tuple(sorted(pair)) for pair in zip(model.pair_geom1.tolist(), model.pair_geom2.tolist(), strict=True)}
    excluded = set(model.exclude_signature.tolist())
    contacts, rows = 0, 0
    for pair in itertools.combinations(range(model.ngeom), 2):
        if pair in explicit or _may_collide(model, *pair, excluded):
            count, condim = _contacts_of(model, *pair), int(model.geom_condim[list(pair)].max())
            contacts += count
            rows += count * max(1, 2 * (condim - 1))
    limits = int(np.count_nonzero(model.jnt_limited)) + 2 * int(np.count_nonzero(model.tendon_limited))
    return Capacity(contacts, rows, limits + model.nv + model.ntendon + 6 * model.neq)


def _may_collide(model: mujoco.MjModel, i: int, j: int, excluded: set[int]) -> bool:
    weld, a, b = model.body_weldid, int(model.geom_bodyid[i]), int(model.geom_bodyid[j])
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

    def __init__(self, model: mujoco.MjModel, config: EngineConfig, max_contacts: int = 64) -> None:
        self.max_contacts = max_contacts
        super().__init__(model, config)

    def _put(self, model: mujoco.MjModel) -> tuple[Any, Any]:
        most = capacity(model)
        contacts = max(1, min(most.contacts, self.max_contacts))
        rows = max(1, most.other_rows + min(most.contact_rows, 6 * self.max_contacts))
        data = mjx.make_data(model, impl="warp", naconmax=contacts * self.config.num_envs, njmax=rows)
        return mjx.put_model(model, impl="warp"), data

    def _substeps(self, model: Any, data: Any, ctrl_KU: Array) -> Any:
        # the data are carried whole: Warp works in place on its own buffers
        controls = jnp.broadcast_to(ctrl_KU, (self.config.substeps, ctrl_KU.shape[-1]))

        def one(data: Any, ctrl_U: Array) -> tuple[Any, None]:
            return mjx.step(model, data.replace(ctrl=ctrl_U)), None

        return jax.lax.scan(one, data, controls)[0]

    def _current(self, model: Any, data: Any) -> Any:
        return mjx.forward(model, data)


def _probe() -> str:
    with contextlib.redirect_stdout(io.StringIO()):  # it says much when it starts
        warp: Any = importlib.import_module("warp")
        warp.config.quiet = True
        warp.init()
        mjx.put_model(small_model(), impl="warp")
    gpus = [device.name for device in warp.get_cuda_devices()]
    found = f"MJX-Warp with warp-lang {warp.__version__}"
    return f"{found} on {', '.join(gpus)}" if gpus else f"{found} without a CUDA device: right but slow"


def _preflight(look: Preflight) -> Iterator[Diagnostic]:
    if look.model.opt.noslip_iterations > 0:
        yield look.ignored(
            "`noslip_iterations`", look.option("noslip_iterations"), "warning", "remove it, or use the `cpu` engine"
        )
    yield from look.solver_cost()


INFO = EngineInfo(
    name=WarpEngine.name,
    make=WarpEngine,
    suits=lambda platform: platform in ("gpu", "cuda"),
    probe=_probe,
    preflight=_preflight,
    needs=Needs("warp", "warp-lang", "warp"),
)
