"""What a product's expressions must come to from step to step, in the states that the engine went through."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np

from tests.random_specs.leaves import Expr
from tests.random_specs.products import Product
from tests.random_specs.truth import Moment

WORLDS = 3  # one as it is, the others blurred
LOOSE = 20  # how much more than blurred worlds differ a result may be off
DERIVED = ("body_mass", "body_inertia", "body_ipos", "dof_damping", "dof_armature", "dof_frictionloss", "jnt_stiffness",
           "qpos0", "actuator_gainprm", "actuator_biasprm")  # fmt: skip


class Unknown(Exception):
    """MuJoCo itself has no sensible value in this state."""


class Expected:
    """Values of expressions of one environment over an episode; each expression has its own memory."""

    def __init__(self, product: Product, expressions: Mapping[str, Expr]) -> None:
        self.product, self.expressions = product, expressions
        self.own = product.truth.own_bodies(product.base)
        self.rng = np.random.default_rng(0)
        self.begin()

    def begin(self) -> None:
        """Forgets what was: an episode begins."""
        self.memories: list[dict[str, dict[Any, Any]]] = [{k: {} for k in self.expressions} for _ in range(WORLDS)]

    def at(
        self, data: mujoco.MjData, drawn: mujoco.MjModel | None, action: np.ndarray, commands: Any, step: int
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Returns by name the value and how far from it float32 may end; infinite where nothing can be said.

        Called again with other commands in the same step it gives what is observed after commands were drawn anew.
        """
        p = self.product
        found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for name, e in self.expressions.items():
            rows = []
            for w in range(WORLDS):
                rng = self.rng if w else None
                memory = self.memories[w][name]
                moment = Moment(p.truth, data, self.own, action, commands, step, p.dt, memory, rng, drawn)
                with np.errstate(all="ignore"):
                    rows.append(np.asarray(e.value(moment), float))
            unsure = any(self.memories[w][name].get("unsure") for w in range(WORLDS))
            spread = np.max([np.abs(r - rows[0]) for r in rows[1:]], axis=0)
            room = LOOSE * spread + 2e-5 * np.maximum(1, np.abs(rows[0]))
            flips = _flips(e, rows)
            if flips:
                for memory in self.memories:
                    memory[name]["unsure"] = True
            found[name] = (rows[0], np.full(room.shape, np.inf) if unsure or flips else room)
        return found


def _flips(e: Expr, rows: list[np.ndarray]) -> bool:
    """Whether blurring decides a condition, or makes a jump of it."""
    size = np.maximum(1, np.abs(rows[0]))
    return bool(np.any([np.abs(r - rows[0]) > 0.02 * size for r in rows[1:]]))


def forward(model: mujoco.MjModel, state: np.ndarray) -> mujoco.MjData:
    """Returns MuJoCo's own view of a state. Raises Unknown where it is no state to speak of."""
    data = mujoco.MjData(model)
    mujoco.mj_setState(model, data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
    if not np.isfinite(state).all() or np.abs(data.qvel).max(initial=0) > 300:
        raise Unknown
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    mujoco.mj_rnePostConstraint(model, data)
    if any(w.number for w in data.warning):
        raise Unknown
    return data


def with_fields(model: mujoco.MjModel, composed: mujoco.MjModel, fields: Mapping[str, np.ndarray]) -> mujoco.MjModel:
    """Returns the reference's model with drawn fields, which are those of the composed model, by name."""
    if not fields:
        return model
    own = copy.copy(model)
    for name, value in fields.items():
        if name == "opt.gravity":
            own.opt.gravity[:] = value
        elif name == "geom_friction":
            for g in range(composed.ngeom):
                own.geom_friction[model.geom(composed.geom(g).name).id] = value[g]
        elif name in DERIVED:
            getattr(own, name)[...] = value
    mujoco.mj_setConst(own, mujoco.MjData(own))
    return own
