"""The static facts of a task as plain values for `ksim show`; a bound that does not exist is None."""

from __future__ import annotations

import math
from typing import Any

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.analysis.reward_bounds import reward_facts
from ksim_spec.analysis.standstill import Standing
from ksim_spec.analysis.zero_action_rollout import idle_rewards
from ksim_spec.compiler import Compiled
from ksim_spec.emit.rest import idle_control
from ksim_spec.ir.intervals.interval import Ends
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.who import trees


def reward_values(compiled: Compiled) -> dict[str, dict[str, Any]]:
    """Returns by term: `range` of its value, what it `adds_per_second` and per episode at least and at most, its
    `share` of the most that all can add, and what it adds per second while nothing is done.

    For a term on events, and one that `counts` at a moment or once an episode, `adds_per_second` is what one step adds.
    """
    program, index = compiled.program, compiled.index
    facts = reward_facts(Seeds(program, index))
    idle, commanded = (idle_rewards(program, compiled.binding, index, share) for share in (0.0, 1.0))
    return {
        name: {
            "counts": fact.counts,
            "range": _ends(fact.value),
            "adds_per_second": _ends(fact.adds),
            "adds_per_step": _ends(fact.per_step),
            "adds_per_episode": None if fact.per_episode is None else _ends(fact.per_episode),
            "share_of_best": None if fact.share is None else _clean(fact.share),
            "doing_nothing": _clean(idle[name]),
            "doing_nothing_at_full_command": _clean(commanded[name]),
        }
        for name, fact in facts.items()
    }


def termination_values(compiled: Compiled) -> dict[str, dict[str, Any]]:
    """Returns by rule whether it `fires`, `always`, `never` or else `sometimes`, and the same `at_start`."""
    program, index = compiled.program, compiled.index
    ranges, standing = Seeds(program, index).ranges(), Standing(program, index).ranges()
    words = {(0.0, 0.0): "never", (1.0, 1.0): "always"}
    return {
        t.name: {
            "fires": words.get(ranges(t.when).ends, "sometimes"),
            "in_the_reset_pose": words.get(standing(t.when).ends, "sometimes"),
        }
        for t in program.terminations
    }


def who(compiled: Compiled) -> dict[str, Any]:
    """Returns who the robot is: the first body of each of its `trees`, how many `bodies` it has, its floating `base`
    (or None), and the first bodies of the `others` that move.
    """
    index, own = compiled.index, compiled.program.own
    roots = sorted({tree for tree in trees(index) if tree})
    mine, others = ([name_of(index.bodies[b]) for b in roots if (b in own) == wanted] for wanted in (True, False))
    return {"trees": mine, "bodies": len(own), "base": compiled.program.base, "others": others}


def idle_actuators(compiled: Compiled) -> list[dict[str, Any]]:
    """Returns the actuators that no action drives: what each works on, what its control means, and its control."""
    program, model = compiled.program, compiled.binding.scene.model
    driven, control = {a for t in program.action for a in t.actuators}, idle_control(program, model)
    return [
        {"actuator": name_of(a), "on": f"{a.transmission} {a.target}".strip(), "kind": a.law.mode or a.tag,
         "control": _clean(control[a.id])}
        for a in compiled.index.actuators if name_of(a) not in driven
    ]  # fmt: skip


def _ends(ends: Ends) -> list[float | None]:
    return [_clean(x) if math.isfinite(x) else None for x in ends]


def _clean(x: float) -> float:
    """A float without the tail that sums and products leave, and what is as good as zero as zero."""
    return float(f"{x:.6g}") if abs(x) > 1e-12 else 0.0
