"""What reward terms can come to: the range of each, what it adds, and its share of the most that can be had."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.analysis.effective_weights import in_a_second
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.intervals.interval import INF, Ends, product
from ksim_spec.language.program import Program, RewardTerm


@dataclass(frozen=True)
class RewardFact:
    """`value` is the range of a term, `adds` what it adds to the return in a second (on one event, for such a term).

    `share` is its part of the most that all terms together can add in a second, where it and they are bounded.
    """

    name: str
    value: Ends
    adds: Ends
    per_step: Ends
    per_episode: Ends | None
    share: float | None


def contribution(program: Program, term: RewardTerm, ranges: Ranges) -> Ends:
    """Returns what a term adds to the return in a second; for a term on events, by one event."""
    total, seconds = product(ranges(term.value).ends, ranges(term.weight).ends), in_a_second(program, term)
    return product(total, (seconds, seconds))


def reward_facts(seeds: Seeds) -> dict[str, RewardFact]:
    """Returns the facts of every reward term, by name, in the order written."""
    program, ranges = seeds.program, seeds.ranges()
    adds = {r.name: contribution(program, r, ranges) for r in program.rewards}
    best = sum(max(adds[r.name][1], 0.0) for r in program.rewards if r.mode != "event")
    dt = program.world.control_step
    found: dict[str, RewardFact] = {}
    for r in program.rewards:
        ends, event = adds[r.name], r.mode == "event"
        in_episode = None if event or seeds.seconds == INF else product(ends, (seeds.seconds, seeds.seconds))
        share = ends[1] / best if not event and ends[1] > 0 and 0 < best < INF else None
        per_step = ends if event else product(ends, (dt, dt))
        found[r.name] = RewardFact(r.name, ranges(r.value).ends, ends, per_step, in_episode, share)
    return found
