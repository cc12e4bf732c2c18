"""What lines of a spec come to: slices of the observation, effective weights."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.ir.known import evaluate
from ksim_spec.language.episode import episode_steps
from ksim_spec.language.program import ObservationEntry, Program, RewardTerm


@dataclass(frozen=True)
class Weight:
    """What a reward term adds while its value is 1 SI, with the curriculum at its start and end."""

    per_step: tuple[float, float]
    per_second: tuple[float, float] | None
    per_episode: tuple[float, float] | None


def weight(program: Program, term: RewardTerm) -> Weight | None:
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


def shown(ends: tuple[float, float]) -> str:
    """Returns `0.5`, or `0.1 → 1` where the curriculum moves it."""
    texts = [f"{round(x, 12):.4g}" for x in ends]
    return texts[0] if texts[0] == texts[1] else " → ".join(texts)


def weight_text(program: Program, term: RewardTerm) -> str:
    """Returns the effective weight of a term in words; empty where it is not known."""
    found = weight(program, term)
    if found is None:
        return ""
    if found.per_second is None:
        return f"{shown(found.per_step)} per event"
    return f"{shown(found.per_second)}/s, {shown(found.per_step)}/step"


def slices(program: Program, group: str) -> dict[str, tuple[ObservationEntry, int, int]]:
    """Returns the entries of an observation group by name, each with the start and stop of its slice."""
    found = next((g for g in program.observations if g.name == group), None)
    return {entry.name: (entry, start, stop) for entry, start, stop in (found.slices() if found is not None else [])}
