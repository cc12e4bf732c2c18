"""What the rest of the package may ask of a physics engine.

One engine advances `num_envs` copies of one MuJoCo model by whole control steps. Every environment owns one *spare*: a
start (state and per-environment model fields) that was computed in advance, so that an environment that ends can
begin again inside the next step without waiting for a reset.

Fields that differ per environment are `MjModel` names (`geom_friction`, `body_mass`) or `opt.<name>` (`opt.gravity`).
What is read are `MjData` names; every read is float32 with the environment axis first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import mujoco
from jax import Array
from jaxtyping import Bool, Float

from ksim_spec.robot.scene_request import Stage

Reads = dict[str, Array]
Fields = Mapping[str, Array]
Physics = Any  # a pytree that only its own engine understands


@dataclass(frozen=True)
class EngineConfig:
    """How a batch of simulations is stepped and what is looked at.

    `stage` is the lowest stage that makes every read current: positions, touching contacts and position sensors need
    `pos`; velocities `vel`; forces and accelerations `acc`, which are those of the control that was just applied.
    `settle` is the number of control steps that a start goes through, under its own control, before it is a start.
    `friction_dofs` are the degrees of freedom of which environments may have a `dof_frictionloss` of their own; None
    stands for all. `mocap_key` is the keyframe that places the mocap bodies, None for the places of the model.
    """

    num_envs: int
    substeps: int = 1
    stage: Stage = "vel"
    reads: tuple[str, ...] = ("qpos", "qvel", "sensordata")
    fields: tuple[str, ...] = ()
    friction_dofs: tuple[int, ...] | None = None
    control_changes: bool = False
    settle: int = 0
    mocap_key: int | None = None

    @property
    def num_controls(self) -> int:
        """Returns K, the number of control rows a step takes: one, or one per physics step."""
        return self.substeps if self.control_changes else 1


class Starts(NamedTuple):
    """Start states; warm start and time begin at the model's defaults, controls and activations too unless given."""

    qpos_EQ: Float[Array, "E nq"]
    qvel_EV: Float[Array, "E nv"]
    ctrl_EU: Float[Array, "E nu"] | None = None
    act_EN: Float[Array, "E na"] | None = None


@runtime_checkable
class Engine(Protocol):
    """Steps a batch of simulations; `init`, `prepare` and `step` may be traced by `jax.jit` and `jax.lax.scan`.

    `Physics` is used linearly: each value is consumed by one call, which returns its successor.
    """

    @property
    def name(self) -> str: ...
    @property
    def config(self) -> EngineConfig: ...
    @property
    def model(self) -> mujoco.MjModel: ...

    def init(self, starts: Starts, fields: Fields) -> tuple[Physics, Reads]:
        """Begins all environments at `starts`, and makes the same starts their spares; returns what is read there."""
        ...

    def prepare(
        self, physics: Physics, mask_E: Bool[Array, "E"], starts: Starts, fields: Fields
    ) -> tuple[Physics, Reads]:
        """Replaces the spares of the environments in the mask and returns what is read at them.

        `fields` holds the values of all environments; constants that depend on them follow. Rows of the reads outside
        the mask are unspecified, but finite.
        """
        ...

    def step(
        self,
        physics: Physics,
        take_E: Bool[Array, "E"],
        ctrl_EKU: Float[Array, "E K nu"],
        dqvel_EV: Float[Array, "E nv"] | None = None,
        xfrc_EB6: Float[Array, "E nbody 6"] | None = None,
    ) -> tuple[Physics, Reads, Bool[Array, "E"]]:
        """Advances every environment by one control step.

        In order: environments in `take_E` become their spare (state and fields); `dqvel_EV` is added to the velocity;
        `xfrc_EB6` (world frame, force first, at the bodies' centres of mass) holds for this step only; the physics
        steps; the derived quantities at the stage of the configuration. The third result marks environments whose
        simulation became unstable: their reads are zero, and they must be taken from their spare at the next step.
        """
        ...

    def can_step(self, physics: Physics) -> bool:
        """Returns whether a physics value, not a traced one, can be stepped. False for one that was stepped before,
        where the simulations lie outside of it and have moved on.
        """
        ...

    def export_state(self, physics: Physics) -> dict[str, Any]:
        """Returns everything a later `import_state` needs to go on bit for bit, as NumPy arrays."""
        ...

    def import_state(self, tree: dict[str, Any]) -> Physics:
        """Returns the physics that `export_state` saved, for an engine of the same model and configuration."""
        ...
