"""The whole of `task.py`: what a task is (sizes, timing, streams) as one literal, then its functions."""

from __future__ import annotations

import pprint
from collections.abc import Mapping
from typing import Any

from ksim_spec.emit.binding import Binding
from ksim_spec.emit.fields import all_arrays, fields_source, friction_dofs
from ksim_spec.emit.rest import mocap_key
from ksim_spec.emit.task_functions import Roles
from ksim_spec.ir.node import walk
from ksim_spec.ir.temporal_ops import memory_type
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import Program

HEADER = '''"""{title}

Written by `ksim compile`; training runs exactly this. Every function is of one environment and without side effects;
`ksim_spec.task.functions` maps them over environments. SI units, quaternions w first. Arguments:

sim       arrays of the simulator by MuJoCo's names: qpos (Q,), qvel (V,), sensordata (S,) ...
action    in `act` what is to be done, elsewhere what led here: (A,) in the order of the action block, zero at first
commands  numbers by command and field
time      seconds since the episode began
temporal  values of temporal operators by name, as `advance` gave them
samples   standard samples by stream, uniform in [0, 1) or normal
params    runtime parameters by qualified name
levels    curriculum levels by name
"""

import jax.numpy as jnp
import numpy as np

from ksim_spec.emit import math_jax as km
'''


def streams(program: Program) -> dict[str, tuple[str, str, tuple[int, ...]]]:
    """Returns every random stream: name to (distribution, scope, shape of one environment)."""
    found: dict[str, tuple[str, str, tuple[int, ...]]] = {}
    for node in walk(program.roots()):
        if node.op == "sample":
            found[node.attr("stream")] = (node.attr("kind"), node.attr("scope"), node.shape)
    for term in program.action:
        if term.delay != (0, 0):
            found[f"action.{term.name}.delay"] = ("uniform", "episode", ())
    return dict(sorted(found.items()))


def lasting(program: Program, found: Mapping[str, tuple[str, str, tuple[int, ...]]]) -> list[str]:
    """Returns which of the streams `found` last an episode or a run and are read by steps after its start."""
    used = {n.attr("stream") for n in walk(program.roots(start=False)) if n.op == "sample"}
    used |= {f"action.{term.name}.delay" for term in program.action}
    return [name for name, (_, scope, _) in found.items() if name in used and scope in ("episode", "run")]


def description(program: Program, binding: Binding, roles: Roles, mirror: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the literal `TASK`: everything the runtime needs besides the functions."""
    model = binding.scene.model
    found = streams(program)
    delays = []
    for term in program.action:
        ids = [int(model.actuator(a).id) for a in term.actuators]
        if term.delay != (0, 0):
            delays.append({"name": term.name, "actuators": ids, "steps": list(term.delay)})
    mocap = mocap_key(program, model)
    temporal = {roles.temporal[id(n)]: memory_type(n) for n in walk(program.roots()) if id(n) in roles.temporal}
    return {
        "name": program.name,
        "control_step": program.world.control_step,
        "physics_step": program.world.physics_step,
        "substeps": program.world.substeps,
        "stage": binding.stage,
        "reads": list(binding.reads),
        "fields": list(all_arrays(program.randomization, binding.scene)),
        "friction_dofs": list(friction_dofs(program.randomization, binding.scene)),
        "action_size": program.action_size,
        "groups": {g.name: g.size for g in program.observations},
        "critic_group": program.critic_group,
        "terms": [r.name for r in program.rewards],
        "episode_steps": episode_steps(program),
        "terminations": {t.name: t.outcome for t in program.terminations},
        "commands": {c.name: [f.name for f in c.fields] for c in program.commands},
        "events": [e.name for e in program.events],
        "delays": delays,
        "streams": {k: list(v) for k, v in found.items()},
        "lasting": lasting(program, found),
        "memory": {k: [d, list(s)] for k, (d, s) in temporal.items()},
        "levels": {lv.name: lv.start for lv in program.levels},
        "params": dict(sorted(program.params.items())),
        "settle": program.reset.settle,
        **({} if mocap is None else {"mocap_key": mocap}),
        "base": program.base,
        "mirror": dict(mirror),
    }


def task_source(program: Program, binding: Binding, mirror: Mapping[str, Any]) -> str:
    """Returns the text of `task.py`: deterministic for a program and a model; `mirror` is `Mirror.as_plain`."""
    roles = Roles(program, binding)
    title = f"{program.name}: {program.doc}" if program.doc else program.name
    functions = [
        roles.act(), *roles.commands(), roles.start(), *roles.activations(), fields_source(roles),
        *roles.events(), roles.advance(), roles.rewards(), roles.terminations(), roles.observe(), roles.checks(),
        roles.levels(),
    ]  # fmt: skip
    literal = pprint.pformat(description(program, binding, roles, mirror), width=118, sort_dicts=False)
    body = "\n\n".join(functions)
    return f"{HEADER.format(title=title)}\nTASK = {literal}\n\n\n{body}"
