"""What a compiled task costs: what the engine must compute and return each control step, and which terms ask for it."""

from __future__ import annotations

import math
from typing import Any

import mujoco

from ksim_spec.compiler import Compiled
from ksim_spec.emit.binding import stage_of_leaf
from ksim_spec.emit.fields import all_arrays
from ksim_spec.ir.node import walk
from ksim_spec.language.program import Program
from ksim_spec.robot.scene_request import STAGES

_BYTES = 4  # everything outside the physics is float32


def cost(compiled: Compiled) -> dict[str, Any]:
    """Returns the stage and the terms that force it, reads, sensors, contact slots, varied fields, and batch memory."""
    program, binding = compiled.program, compiled.binding
    scene, model = binding.scene, binding.scene.model
    data = mujoco.MjData(model)
    return {
        "stage": binding.stage,
        "stage_because": _because(compiled),
        "physics_steps_per_control_step": program.world.substeps,
        "reads": {name: int(getattr(data, name).size) for name in binding.reads},
        "sensors": int(model.nsensor),
        "contacts": {key: len(slots) for key, slots in scene.contacts.items()},
        "contact_slots": len({slot.start for slots in scene.contacts.values() for slot in slots}),
        "fields_per_environment": {n: _field_size(model, n) for n in all_arrays(program.randomization, scene)},
        "model": {k: int(getattr(model, k)) for k in ("nq", "nv", "nu", "nbody", "ngeom")},
        "dataset_bytes": _dataset_bytes(program),
    }


def _because(compiled: Compiled) -> list[str]:
    """The declarations that need the highest stage there is; empty for the lowest, which anything needs."""
    wanted, scene = compiled.binding.stage, compiled.binding.scene
    if wanted == STAGES[0]:
        return []
    checks = {f"check.{i}": f"check {c.text}" for i, c in enumerate(compiled.program.checks)}
    found = [
        checks.get(d.name, d.name)
        for d in compiled.program.ordered()
        if any(stage_of_leaf(n, scene) == wanted for n in walk(node for _, node in d.nodes))
    ]
    return list(dict.fromkeys(found))


def _field_size(model: Any, name: str) -> int:
    owner, _, rest = name.rpartition(".")
    value = getattr(model.opt if owner == "opt" else model, rest)
    return int(math.prod(getattr(value, "shape", ())) or 1)


def _dataset_bytes(program: Program) -> int:
    """One update's dataset: observations of both groups, distribution and noise, four scalars, for every EnvState."""
    groups = {"actor", program.critic_group}
    numbers = sum(program.group(g).size for g in groups) + 3 * program.action_size + 4
    return numbers * _BYTES * program.train.num_env_states
