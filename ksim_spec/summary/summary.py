"""The resolved spec as plain values: everything a person would ask about a task without training it.

All numbers are SI. Nothing here imports JAX; the composed model is there because a spec is only known with its robot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import mujoco
import numpy as np

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.compiler import Compiled
from ksim_spec.contract.build import hashes
from ksim_spec.emit.binding import pose_positions
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.intervals.interval import Ends
from ksim_spec.ir.node import Node
from ksim_spec.language.declarations import texts as texts_of
from ksim_spec.language.declarations import written
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import (
    ActionTerm,
    CommandField,
    Level,
    ObservationGroup,
    Program,
    RewardTerm,
    StateChange,
)
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.servo import joint_force, targets
from ksim_spec.summary.reward_bounds import idle_actuators, reward_values, termination_values, who
from ksim_spec.summary.step_cost import cost

SCHEMA_VERSION = 1


def describe(compiled: Compiled) -> dict[str, Any]:
    """Returns the resolved spec of a task as JSON-able values.

    Keys: task, robot, who, timing, world, observations, action, idle_actuators, commands, signals, rewards,
    terminations, reset, events, randomize, curriculum, checks, networks, train, cost, notes, hashes.
    """
    program = compiled.program
    texts = texts_of(written(program.items), compiled.loaded.sources)
    steps = episode_steps(program)
    values, fires = reward_values(compiled), termination_values(compiled)
    return {
        "schema_version": SCHEMA_VERSION,
        "task": {"name": program.name, "doc": program.doc},
        "robot": program.robot_name,
        "who": who(compiled),
        "timing": _timing(program, steps),
        "world": _world(compiled),
        "observations": {g.name: _group(g, texts) for g in program.observations},
        "action": [row for t in program.action for row in _action(t, compiled)],
        "idle_actuators": idle_actuators(compiled),
        "commands": {c.name: _command(compiled, c.name, c.frame, c.fields, texts) for c in program.commands},
        "signals": [
            {
                "name": name,
                "type": value.describe(),
                "source": "privileged" if value.privileged else "robot",
                "expression": texts[f"signal.{name}:value"],
            }
            for name, value in program.signals
        ],
        "rewards": [{**_reward(r, program, texts), **values[r.name]} for r in program.rewards],
        "terminations": [
            {"name": t.name, "outcome": t.outcome, "when": texts[f"terminate.{t.name}.when"], **fires[t.name]}
            for t in program.terminations
        ],
        "reset": {
            "pose": program.reset.pose or "the model's reference pose",
            "changes": _lines(texts, "reset", program.reset.changes),
            "settle_s": program.reset.settle,
        },
        "events": [
            {
                "name": e.name,
                "every": _ends(program, f"event.{e.name}"),
                "changes": _lines(texts, f"event.{e.name}", e.changes),
            }
            for e in program.events
        ],
        "randomize": [
            {"change": _line(texts, f"randomize.{i}"), "per": f.scope, "of": list(f.names)}
            for i, f in enumerate(program.randomization)
        ],
        "curriculum": [_level(lv, texts) for lv in program.levels],
        "checks": [c.text for c in program.checks],
        "networks": _networks(program),
        "train": _train(program),
        "cost": cost(compiled),
        "notes": list(compiled.binding.scene.notes),
        "hashes": hashes(program, compiled.binding),
    }


# Numbers of the IR ---------------------------------------------------------------------------------------------------


def _ends(program: Program, owner: str) -> list[float] | None:
    """The ends of the interval after which a command or an event comes again (s)."""
    found = program.interval(owner)
    return None if found is None else list(found)


def _lines(texts: Mapping[str, str], block: str, changes: Sequence[StateChange]) -> list[str]:
    return [_line(texts, f"{block}.{i}") for i in range(len(changes))]


def _line(texts: Mapping[str, str], name: str) -> str:
    """A line that changes something, and whether its draw is shared."""
    change = texts[f"{name}:line"]
    rest = texts[name].rpartition(texts[f"{name}:value"])[2].split()
    return f"{change}  shared" if "shared" in rest else change


# Parts ---------------------------------------------------------------------------------------------------------------


def _timing(program: Program, steps: int | None) -> dict[str, Any]:
    world = program.world
    return {
        "physics_step_s": world.physics_step,
        "control_step_s": world.control_step,
        "control_rate_hz": round(1 / world.control_step, 6),
        "physics_steps_per_control_step": world.substeps,
        "episode_s": None if steps is None else round(steps * world.control_step, 9),
        "episode_steps": steps,
        "action_delay_s": {t.name: [round(d * world.physics_step, 9) for d in t.delay] for t in program.action},
    }


def _world(compiled: Compiled) -> dict[str, Any]:
    """The floor that things stand on, or None, and the settings of the solver in the composed model."""
    scene, world = compiled.binding.scene, compiled.program.world
    model, option = scene.model, scene.model.opt
    floors = [n for n in (scene.floor, *(name_of(f) for f in compiled.index.geoms if f.type == "plane")) if n]
    names = [model.geom(i).name for i in range(model.ngeom)]
    floor = next((n for n in floors if n in names), None)
    friction = None if floor is None else [_clean(x) for x in model.geom(floor).friction]
    words = {"solver": mujoco.mjtSolver, "integrator": mujoco.mjtIntegrator, "cone": mujoco.mjtCone}
    kinds = {name: kind(getattr(option, name)).name.partition("_")[2].lower() for name, kind in words.items()}
    numbers = {name: _clean(getattr(option, name)) for name in ("iterations", "ls_iterations", "tolerance")}
    own = {"floor": floor, "of_the_spec": world.floor, "friction": friction}
    return {"floor": own if floor is not None else None, "solver": kinds | numbers}


def _group(group: ObservationGroup, texts: Mapping[str, str]) -> dict[str, Any]:
    entries = []
    for e, start, stop in group.slices():
        entries.append({
            "name": e.name, "slice": [start, stop], "unit": e.unit, "frame": e.frame,
            "source": "privileged" if e.privileged else "robot", "noise": e.noise, "scale": e.scale,
            **{word: texts.get(f"{e.stream}.{word}", "") for word in ("delay", "bias", "clip", "history")},
            "elements": list(e.labels), "expression": texts[f"{e.stream}:value"],
        })  # fmt: skip
    return {"size": group.size, "entries": entries}


def _action(term: ActionTerm, compiled: Compiled) -> list[dict[str, Any]]:
    program, model = compiled.program, compiled.binding.scene.model
    ranges = Seeds(program, compiled.index).ranges()
    home = pose_positions(model, program.reset.pose, term.joints)
    rows = []
    for i, (joint, name) in enumerate(zip(term.joints, term.actuators, strict=True)):
        j, actuator = model.joint(joint), program.actuator(compiled.index, name)
        scale = _at(ranges, term.scale, i)
        around = 0.0 if term.around is None else _at(ranges, term.around, i)
        asked, taken = (around - scale, around + scale), targets(actuator)
        target = [min(max(x, taken[0]), taken[1]) for x in asked]
        force = _force(joint_force(actuator), model, j.id)
        rows.append({
            "term": term.name, "mode": term.mode, "joint": joint, "actuator": name,
            "unit": _target_unit(term.mode, bool(j.type[0] == 2)), "home": _clean(home[i]), "scale": _clean(scale),
            "target_range": [_clean(x) for x in target], "cut": bool(target != [*asked]),
            "joint_range": [_clean(x) for x in j.range] if model.jnt_limited[j.id] else None,
            "force_range": [_clean(x) for x in force] if np.all(np.isfinite(force)) else None,
        })  # fmt: skip
    return rows


def _at(ranges: Ranges, node: Node, i: int) -> float:
    """The number for one joint, with the curriculum where it is largest."""
    found = ranges(node)
    return max(found.element(i if len(found.low) > 1 else 0), key=abs)


def _force(given: Ends, model: mujoco.MjModel, joint: int) -> Ends:
    """What reaches a joint of what its actuator gives: MJCF's `actuatorfrcrange` limits all of them together."""
    if not model.jnt_actfrclimited[joint]:
        return given
    low, high = (float(x) for x in model.jnt_actfrcrange[joint])
    return max(given[0], low), min(given[1], high)


def _target_unit(mode: str, slide: bool) -> str:
    return {"position": ("rad", "m"), "velocity": ("rad/s", "m/s"), "torque": ("Nm", "N")}[mode][slide]


def _clean(x: Any) -> float:
    """A float without the tail that float32 and products leave."""
    return float(f"{float(x):.9g}")


def _command(
    compiled: Compiled, name: str, frame: str, fields: tuple[CommandField, ...], texts: Mapping[str, str]
) -> dict[str, Any]:
    program, ranges = compiled.program, Seeds(compiled.program, compiled.index).ranges()
    rows = []
    for f in fields:
        ends = ranges(f.value).ends
        rows.append({
            "name": f.name, "unit": f.dim, "value": texts[f"command.{name}.{f.name}:value"],
            "range": [_clean(x) for x in ends] if all(map(math.isfinite, ends)) else None,
            "values": [False, True] if f.value.dtype == "bool" else None,
        })  # fmt: skip
    zero = program.param(f"command.{name}", "probability")
    seen_from = frame if f"command.{name}.in" in texts else None
    return {"frame": seen_from, "fields": rows, "resample_s": _ends(program, f"command.{name}"),
            "zero_probability": zero and zero.value}  # fmt: skip


def _reward(term: RewardTerm, program: Program, texts: Mapping[str, str]) -> dict[str, Any]:
    """`per_step`, `per_second`, `per_episode` as in `Weight`: [levels at start, levels at end]."""
    weight = effective(program, term)

    def shown(pair: tuple[float, float] | None) -> list[float] | None:
        return None if pair is None else [_clean(x) for x in pair]

    return {
        "name": term.name, "expression": texts[f"reward.{term.name}:value"], "unit": term.unit,
        "weight": term.weight_text, "mode": {"rate": "per second", "step": "per step", "event": "on event"}[term.mode],
        "per_step": shown(weight and weight.per_step), "per_second": shown(weight and weight.per_second),
        "per_episode": shown(weight and weight.per_episode),
    }  # fmt: skip


def _level(level: Level, texts: Mapping[str, str]) -> dict[str, Any]:
    when = texts.get(f"curriculum.{level.name}.when", "")
    return {"name": level.name, "from": level.start, "to": level.end, "by": level.step, "when": when,
            "over_env_states": level.over}  # fmt: skip


def _networks(program: Program) -> dict[str, Any]:
    policy, width = program.policy, program.action_size
    outputs = width * (2 if policy.std == "state" else 1)
    ends = (program.group("actor").size, outputs), (program.group(program.critic_group).size, 1)
    both = tuple(zip((policy.actor, policy.critic), ends, strict=True))
    actor, critic = ([inputs, *network.hidden, outputs] for network, (inputs, outputs) in both)
    weights = sum(network.parameters(*sizes) for network, sizes in both)
    own = width if policy.std == "global" else 0
    return {
        "actor": actor, "critic": critic, "critic_observes": program.critic_group, "activation": policy.activation,
        "distribution": policy.distribution, "parameters": weights + own,
    }  # fmt: skip


def _train(program: Program) -> dict[str, Any]:
    train, dt = program.train, program.world.control_step
    return {
        **train.model_dump(mode="json"),
        "rollout_length": train.rollout_length,
        "num_env_states": train.num_env_states,
        "gradient_steps_per_update": train.num_epochs * train.num_minibatches,
        "num_updates": train.num_updates,
        "real_budget": train.real_budget,
        "simulated_hours": round(train.real_budget * dt / 3600, 3),
    }
