"""What reward terms count for: their weights with the control step and the curriculum applied."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.ir.constant_fold import evaluate
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import Program, RewardTerm


@dataclass(frozen=True)
class Weight:
    """What a reward term adds while its value is 1 SI, with the curriculum at its start and end.

    `ends` is the weight itself, the factors of its groups included. A term on events has no rate: `per_step` is what
    one event adds for a value of 1.
    """

    ends: tuple[float, float]
    per_step: tuple[float, float]
    per_second: tuple[float, float] | None
    per_episode: tuple[float, float] | None


def effective(program: Program, term: RewardTerm) -> Weight | None:
    """Returns the effective weight of a term: the one that contracts, `spec.yaml`, `ksim show` and the editor tell.

    None where it hangs on more than parameters and levels.
    """
    ends = []
    for levels in ({v.name: v.start for v in program.levels}, {v.name: v.end for v in program.levels}):
        value = evaluate(term.weight, program.params, levels)
        if value is None:
            return None
        ends.append(float(value))
    dt, steps = program.world.control_step, episode_steps(program)
    whole = (ends[0], ends[1])
    step = _times(whole, dt if term.mode == "rate" else 1.0)
    if term.mode == "event":
        return Weight(whole, step, None, None)
    episode = _times(step, steps) if steps is not None else None
    return Weight(whole, step, _times(whole, in_a_second(program, term)), episode)


def in_a_second(program: Program, term: RewardTerm) -> float:
    """Returns what value times weight counts for in a second; for a term on events, by one event."""
    return 1.0 / program.world.control_step if term.mode == "step" else 1.0


def _times(ends: tuple[float, float], factor: float) -> tuple[float, float]:
    return ends[0] * factor, ends[1] * factor
