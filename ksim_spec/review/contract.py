"""The policy contract: everything that must agree between a trained policy and what runs it."""

from __future__ import annotations

import hashlib
from typing import Any

import mujoco

from ksim_spec.emit.binding import Binding, pose_positions
from ksim_spec.emit.mirror import Mirror
from ksim_spec.ir.hash import Canon, digest, number_text
from ksim_spec.ir.node import Node
from ksim_spec.language.program import ActionTerm, ObservationGroup, Program

SCHEMA_VERSION = 1


def contract(program: Program, binding: Binding, mirror: Mirror | None = None) -> dict[str, Any]:
    """Returns the contract as plain values: observation layout, action map, rates, commands, networks, model facts.

    `mirrored` says by name of a vector which element with which sign becomes each element of its mirror image.
    """
    model = binding.scene.model
    canon = Canon(program.params)
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "task": program.name,
        "robot": program.robot_name,
        "timing": {"control_step": program.world.control_step, "physics_step": program.world.physics_step},
        "observations": {g.name: _group(g, canon) for g in program.observations},
        "action": [_action(t, model, program, canon) for t in program.action],
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
    return {**body, "mirrored": mirror.as_plain() if mirror else {}, "hashes": hashes(program, body)}


def _group(group: ObservationGroup, canon: Canon) -> list[dict[str, Any]]:
    return [
        {
            "name": e.name,
            "slice": [start, stop],
            "unit": e.unit,
            "frame": e.frame,
            "scale": e.scale,
            "noise": e.noise,
            "labels": list(e.labels),
            "privileged": e.privileged,
            "expression": canon(e.node),
        }
        for e, start, stop in group.slices()
    ]


def _action(term: ActionTerm, model: mujoco.MjModel, program: Program, canon: Canon) -> dict[str, Any]:
    actuators = [model.actuator(a) for a in term.actuators]
    return {
        "name": term.name,
        "mode": term.mode,
        "joints": list(term.joints),
        "actuators": list(term.actuators),
        "home": pose_positions(model, program.reset.pose, term.joints).tolist(),
        "delay_physics_steps": list(term.delay),
        "expression": canon(term.target),
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
    """Returns `structure` (what is computed, without parameter values) and `meaning` (values included).

    Neither depends on the order of rewards. `meaning` does not depend on how signals and rewards are called either, nor
    on the units that numbers are written in; a declaration that draws keeps its name in both, for its stream has it.
    """
    contract = {k: v for k, v in body.items() if k not in ("task", "observations", "action")}
    structure = {"contract": contract, **_computed(program, Canon())}
    meaning = {
        "contract": contract,
        **_computed(program, Canon(program.params)),
        "delays": [t.delay for t in program.action],
        "train": program.train.model_dump(),
        "policy": program.policy.model_dump(),
        "settle": number_text(program.reset.settle),
    }
    return {"structure": digest(structure), "meaning": digest(meaning)}


def _computed(program: Program, canon: Canon) -> dict[str, Any]:
    """Everything that is worked out from expressions, by canonical digests."""

    def maybe(node: Node | None) -> str | None:
        return None if node is None else canon(node)

    return {
        "observations": {
            g.name: [(canon(e.node), e.unit, e.frame, e.privileged) for e in g.entries] for g in program.observations
        },
        "action": [(t.mode, t.joints, t.actuators, canon(t.target), t.servo) for t in program.action],
        "rewards": sorted((canon(r.value), canon(r.weight), r.mode) for r in program.rewards),
        "terminations": sorted((canon(t.when), t.outcome) for t in program.terminations),
        "reset": [
            program.reset.pose,
            [(s.target, s.names, s.components, s.op, canon(s.value)) for s in program.reset.changes],
        ],
        "events": [
            (e.name, canon(e.interval), [(s.target, s.names, s.components, s.op, canon(s.value)) for s in e.changes])
            for e in program.events
        ],
        "randomize": [(f.name, f.quantity, f.names, f.op, f.scope, canon(f.value)) for f in program.randomization],
        "commands": [
            (c.name, c.frame, maybe(c.interval), maybe(c.zero), [(f.name, f.dim, canon(f.value)) for f in c.fields])
            for c in program.commands
        ],
        "levels": [(v.name, v.start, v.end, v.step, v.over, maybe(v.when)) for v in program.levels],
        "checks": sorted(
            (k.kind, k.statistic, k.op, number_text(k.bound), k.argument, str(maybe(k.value)), str(maybe(k.where)))
            for k in program.checks
        ),
    }
