"""What reward terms can come to: the range of each, what it adds, and its share of the most that can be had."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ksim_spec.analysis.effective_weights import in_a_second
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.intervals.interval import INF, Ends, exactly, product
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import Program, RewardTerm

Counts = Literal["always", "moment", "once"]


@dataclass(frozen=True)
class RewardFact:
    """`value` is the range of a term, `adds` what it adds to the return in a second (on one event, for such a term).

    `share` is its part of the most that all terms together can add in a second, where it and they are bounded.

    `counts` says when the term can be other than 0: `always`; at a `moment`, the step on which something turns true or
    false, or `once`, on the step that ends the episode. What such a term `adds` is that of the one step.
    """

    name: str
    value: Ends
    adds: Ends
    per_step: Ends
    per_episode: Ends | None
    share: float | None
    counts: Counts = "always"


def contribution(program: Program, term: RewardTerm, ranges: Ranges) -> Ends:
    """Returns what a term adds to the return in a second; for a term on events, by one event."""
    total, seconds = product(ranges(term.value).ends, ranges(term.weight).ends), in_a_second(program, term)
    return product(total, (seconds, seconds))


def reward_facts(seeds: Seeds) -> dict[str, RewardFact]:
    """Returns the facts of every reward term, by name, in the order written."""
    program, ranges = seeds.program, seeds.ranges()
    dt = program.world.control_step
    counts: dict[str, Counts] = {r.name: _counts(seeds, r) for r in program.rewards}
    adds = {r.name: contribution(program, r, ranges) for r in program.rewards}
    steps = {r.name: adds[r.name] if r.mode == "event" else product(adds[r.name], (dt, dt)) for r in program.rewards}
    always = [r.name for r in program.rewards if counts[r.name] == "always" and r.mode != "event"]
    best = sum(max(adds[name][1], 0.0) for name in always)
    found: dict[str, RewardFact] = {}
    for r in program.rewards:
        steady, ends = r.name in always, adds[r.name] if r.name in always else steps[r.name]
        in_episode = product(ends, (seeds.seconds, seeds.seconds)) if steady and seeds.seconds < INF else None
        if counts[r.name] == "once":
            in_episode = ends
        share = ends[1] / best if steady and ends[1] > 0 and 0 < best < INF else None
        value = ranges(r.value).ends
        found[r.name] = RewardFact(r.name, value, ends, steps[r.name], in_episode, share, counts[r.name])
    return found


def _counts(seeds: Seeds, term: RewardTerm) -> Counts:
    """Returns when a term can be other than 0."""
    if seeds.ranges()(term.value).ends == (0.0, 0.0):
        return "always"
    endings = {c for t in seeds.program.terminations if t.outcome != "truncate" for c in either(t.when)}
    if endings and without(seeds, term.value, list(endings)) == (0.0, 0.0):
        return "once"
    moments = edges([term.value])
    return "moment" if moments and without(seeds, term.value, moments) == (0.0, 0.0) else "always"


def without(seeds: Seeds, value: Node, conditions: Sequence[Node]) -> Ends:
    """Returns between which numbers a value lies while none of these conditions holds."""
    never = {n: exactly((0.0,) * max(1, math.prod(n.shape))) for n in conditions}
    return Ranges(seeds, seeds.seconds, never)(value).ends


def either(condition: Node) -> list[Node]:
    """Returns the conditions of which one is enough."""
    return [c for a in condition.args for c in either(a)] if condition.op == "or" else [condition]


def edges(roots: Sequence[Node]) -> list[Node]:
    """Returns the conditions that hold for one step at a time: what `rising` and `falling` make."""
    return [n for n in walk(roots) if n.op == "and" and any(_before(a, b) for a, b in (n.args, n.args[::-1]))]


def _before(now: Node, then: Node) -> bool:
    """True where `then` says that the opposite of `now` held a step ago."""
    if now.op == "not":
        return then.op == "prev" and then.args[0] is now.args[0]
    return then.op == "not" and then.args[0].op == "prev" and then.args[0].args[0] is now
