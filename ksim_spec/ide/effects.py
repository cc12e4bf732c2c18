"""What lines of a spec come to: slices of the observation, effective weights."""

from __future__ import annotations

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.analysis.reward_bounds import contribution, reward_facts
from ksim_spec.analysis.standstill import Standing
from ksim_spec.language.program import ObservationEntry, Program, RewardTerm
from ksim_spec.robot.index import RobotIndex


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


def range_text(program: Program, index: RobotIndex, term: RewardTerm) -> str:
    """Returns what a term can come to, its share of the most that all can add, and what standing still earns."""
    found = reward_facts(Seeds(program, index))[term.name]
    unit = "" if term.unit == "1" else f" {term.unit}"
    per = "per event" if term.mode == "event" else "/s"
    lines = [f"value {_ends(found.value)}{unit}, adds {_ends(found.adds)} {per}"]
    if found.share is not None:
        lines.append(f"{found.share:.0%} of the most that all terms can add")
    for word, commanded in ("", 0.0), (" at full command", 1.0):
        earned = contribution(program, term, Standing(program, index, commanded=commanded).ranges())
        if earned[0] == earned[1] and term.mode != "event":
            lines.append(f"standing still{word} earns {earned[0]:.3g} /s")
    return "\n\n".join(lines)


def _ends(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{low:.4g}" if low == high else f"{low:.4g} .. {high:.4g}"


def slices(program: Program, group: str) -> dict[str, tuple[ObservationEntry, int, int]]:
    """Returns the entries of an observation group by name, each with the start and stop of its slice."""
    found = next((g for g in program.observations if g.name == group), None)
    return {entry.name: (entry, start, stop) for entry, start, stop in (found.slices() if found is not None else [])}
