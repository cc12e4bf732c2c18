"""How long an episode can last, read from its termination rules."""

from __future__ import annotations

from collections.abc import Mapping

from ksim_spec.ir.clock import steps_until
from ksim_spec.ir.node import Node
from ksim_spec.language.program import Program


def episode_steps(program: Program) -> int | None:
    """Returns the control steps of an episode that nothing ends early: until a timeout holds, if there is one."""
    dt = program.world.control_step
    found: list[int] = []
    for rule in program.terminations:
        if rule.outcome == "truncate":
            timeouts = _timeouts(rule.when, program.params)
            found += [max(1, steps_until(seconds, dt, strictly)) for seconds, strictly in timeouts]
    return min(found, default=None)


def _timeouts(node: Node, params: Mapping[str, float]) -> list[tuple[float, bool]]:
    """The (seconds, strictly) of `time > seconds` and `time >= seconds`, on their own or in a chain of `or`."""
    if node.op == "or":
        return [t for a in node.args for t in _timeouts(a, params)]
    if node.op in ("lt", "le") and node.args[1].op == "time":
        limit = node.args[0]
        if limit.op == "const" and limit.shape == ():
            return [(float(limit.attr("value")), node.op == "lt")]
        if limit.op == "param":
            return [(params[limit.attr("name")], node.op == "lt")]
    return []
