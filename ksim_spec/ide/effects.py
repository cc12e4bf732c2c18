"""What lines of a spec come to: slices of the observation, effective weights."""

from __future__ import annotations

from ksim_spec.language.program import ObservationEntry, Program, RewardTerm
from ksim_spec.language.weights import effective


def shown(ends: tuple[float, float]) -> str:
    """Returns `0.5`, or `0.1 → 1` where the curriculum moves it."""
    texts = [f"{round(x, 12):.4g}" for x in ends]
    return texts[0] if texts[0] == texts[1] else " → ".join(texts)


def weight_text(program: Program, term: RewardTerm) -> str:
    """Returns the effective weight of a term in words; empty where it is not known."""
    found = effective(program, term)
    if found is None:
        return ""
    if found.per_second is None:
        return f"{shown(found.per_step)} per event"
    return f"{shown(found.per_second)}/s, {shown(found.per_step)}/step"


def slices(program: Program, group: str) -> dict[str, tuple[ObservationEntry, int, int]]:
    """Returns the entries of an observation group by name, each with the start and stop of its slice."""
    found = next((g for g in program.observations if g.name == group), None)
    return {entry.name: (entry, start, stop) for entry, start, stop in (found.slices() if found is not None else [])}
