"""How long an episode can last, read from its termination rules."""

from __future__ import annotations

import math

from ksim_spec.ir.node import Node
from ksim_spec.language.program import Program


def episode_steps(program: Program) -> int | None:
    """Returns the control steps of an episode that nothing ends early: until a timeout holds, if there is one."""
    dt = program.world.control_step
    found: list[int] = []
    for rule in program.terminations:
        if rule.outcome == "truncate":
            for seconds, strictly in _timeouts(rule.when):
                steps = math.ceil(seconds / dt - 1e-6)
                found.append(steps + 1 if strictly and abs(steps * dt - seconds) < 1e-6 * dt else max(steps, 1))
    return min(found, default=None)


def _timeouts(node: Node) -> list[tuple[float, bool]]:
    """The (seconds, strictly) of `time > seconds` and `time >= seconds`, on their own or in a chain of `or`."""
    if node.op == "or":
        return [t for a in node.args for t in _timeouts(a)]
    if node.op in ("lt", "le") and node.args[0].op == "const" and node.args[1].op == "time":
        return [(float(node.args[0].attr("value")), node.op == "lt")]
    return []
