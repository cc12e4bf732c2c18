"""The policy contract: everything that must agree between a trained policy and what runs it."""

from __future__ import annotations

import hashlib
from typing import Any

import mujoco

from ksim_spec.emit.binding import Binding, pose_positions
from ksim_spec.ir.hash import canonical, digest
from ksim_spec.language.program import ActionTerm, ObservationGroup, Program

SCHEMA_VERSION = 1


def contract(program: Program, binding: Binding) -> dict[str, Any]:
    """Returns the contract as plain values: observation layout, action map, rates, commands, networks, model facts."""
    model = binding.scene.model
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "task": program.name,
        "robot": program.robot_name,
        "timing": {"control_step": program.world.control_step, "physics_step": program.world.physics_step},
        "observations": {g.name: _group(g) for g in program.observations},
        "action": [_action(t, model, program) for t in program.action],
        "commands": {c.name: {"frame": c.frame, "fields": {f.name: f.dim for f in c.fields}} for c in program.commands},
        "networks": {
            "actor": list(program.policy.actor),
            "critic": list(program.policy.critic),
            "activation": program.policy.activation,
            "distribution": program.policy.distribution,
            "critic_observes": program.critic_group,
            "normalize_observations": program.train.normalize_observations,
        },
        "model": _model(model, binding),
        "mirror": [list(pair) for pair in program.mirror],
    }
    return {**body, "hashes": hashes(program, body)}


def _group(group: ObservationGroup) -> list[dict[str, Any]]:
    return [
        {
            "name": e.name, "slice": [start, stop], "unit": e.unit, "frame": e.frame, "scale": e.scale, "noise": e.noise,
            "labels": list(e.labels), "privileged": e.privileged, "expression": canonical(e.node),
        }
        for e, start, stop in group.slices()
    ]  # fmt: skip


def _action(term: ActionTerm, model: mujoco.MjModel, program: Program) -> dict[str, Any]:
    actuators = [model.actuator(a) for a in term.actuators]
    return {
        "name": term.name,
        "mode": term.mode,
        "joints": list(term.joints),
        "actuators": list(term.actuators),
        "home": pose_positions(model, program.reset.pose, term.joints).tolist(),
        "delay_physics_steps": list(term.delay),
        "expression": canonical(term.target),
        "gain": [float(a.gainprm[0]) for a in actuators],
        "bias": [[float(x) for x in a.biasprm[:3]] for a in actuators],
        "force_range": [[float(x) for x in a.forcerange] for a in actuators],
    }


def _model(model: mujoco.MjModel, binding: Binding) -> dict[str, Any]:
    scalar = [model.joint(j) for j in range(model.njnt) if model.jnt_type[j] in (2, 3)]
    return {
        "joints": [j.name for j in scalar],
        "joint_ranges": [[float(x) for x in j.range] for j in scalar],
        "mass": float(model.body_subtreemass[0]),
        "digest": hashlib.sha256(binding.scene.xml.encode()).hexdigest(),
    }


def hashes(program: Program, body: dict[str, Any]) -> dict[str, str]:
    """Returns `structure` (what is computed, without parameter values) and `meaning` (values included)."""
    rewards = sorted((canonical(r.value), canonical(r.weight), r.mode) for r in program.rewards)
    structure = {
        "rewards": rewards,
        "terminations": sorted((canonical(t.when), t.outcome) for t in program.terminations),
        "reset": [(s.target, s.names, s.components, s.op, canonical(s.value)) for s in program.reset.changes],
        "events": [(e.name, [canonical(s.value) for s in e.changes]) for e in program.events],
        "randomize": [(f.name, f.op, f.scope, canonical(f.value)) for f in program.randomization],
        "commands": [(c.name, [(f.name, canonical(f.value)) for f in c.fields]) for c in program.commands],
        "contract": {k: v for k, v in body.items() if k != "task"},
    }
    values = {
        "structure": structure, "params": _values_by_use(program), "train": program.train.model_dump(),
        "policy": program.policy.model_dump(), "levels": [(lv.name, lv.start, lv.end, lv.step, lv.over) for lv in program.levels],
        "checks": [c.text for c in program.checks],
    }  # fmt: skip
    return {"structure": digest(structure), "meaning": digest(values)}


def _values_by_use(program: Program) -> dict[str, float]:
    return dict(sorted(program.params.items()))
