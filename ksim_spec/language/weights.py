"""What reward terms count for: their weights with the control step and the curriculum applied."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.ir.known import evaluate
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import Program, RewardTerm


@dataclass(frozen=True)
class Weight:
    """What a reward term adds while its value is 1 SI, with the curriculum at its start and end.

    A term on events has no rate: `per_step` is what one event adds for a value of 1.
    """

    per_step: tuple[float, float]
    per_second: tuple[float, float] | None
    per_episode: tuple[float, float] | None


def effective(program: Program, term: RewardTerm) -> Weight | None:
    """Returns the effective weight of a term; None where it hangs on more than parameters and levels."""
    ends = []
    for levels in ({v.name: v.start for v in program.levels}, {v.name: v.end for v in program.levels}):
        value = evaluate(term.weight, program.params, levels)
        if value is None:
            return None
        ends.append(float(value))
    start, end = ends
    dt, steps = program.world.control_step, episode_steps(program)
    factor = dt if term.mode == "rate" else 1.0
    per_step = (start * factor, end * factor)
    if term.mode == "event":
        return Weight(per_step, None, None)
    episode = (per_step[0] * steps, per_step[1] * steps) if steps is not None else None
    return Weight(per_step, (per_step[0] / dt, per_step[1] / dt), episode)
