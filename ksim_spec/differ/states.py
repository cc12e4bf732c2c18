"""What two versions of a task make of the same states, as plain values and as text."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from ksim_spec.differ.wording import number, percent
from ksim_spec.render.ansi import Style, visible

_BARS = "▁▂▃▄▅▆▇█"
_COLUMN = 30  # characters that a name takes at most before the columns shift


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpreadRow(_Row):
    """Weighted reward per second over all states; `share` is this mean's part of the sum of all terms' sizes.

    `histogram` counts states in equal bins between the `low` and `high` of the term.
    """

    mean: float
    deviation: float
    share: float
    histogram: tuple[int, ...]


class TermRow(_Row):
    """A reward term in both versions; a side is None where there is no such term."""

    name: str
    same: bool
    low: float
    high: float
    old: SpreadRow | None
    new: SpreadRow | None


class FlipRow(_Row):
    """A state in which a rule fires in one version and not in the other: which environment, when in its episode."""

    environment: int
    step: int
    time_s: float
    fires: bool


class RuleRow(_Row):
    """A termination: in how many states it fires, and where the versions disagree (`flips` are some of these)."""

    name: str
    old: int | None
    new: int | None
    gained: int
    lost: int
    flips: tuple[FlipRow, ...]


class PolicyRow(_Row):
    """What the policy of the run does in both versions. `problem` says why it does not load in one of them.

    `changed` is the part of the states in which the forces of the actuators differ, `force` the largest difference,
    and `joint` where it is (N or Nm).
    """

    problem: str
    changed: float
    force: float
    joint: str


class StatesRow(_Row):
    """Two versions evaluated on the same states; the rank correlation is None where a total never varies."""

    source: str
    states: int
    environments: int
    terms: tuple[TermRow, ...]
    total: TermRow
    rank_correlation: float | None
    rules: tuple[RuleRow, ...]
    policy: PolicyRow | None
    notes: tuple[str, ...]


# Text -----------------------------------------------------------------------------------------------------------------


def text(row: StatesRow, style: Style) -> list[str]:
    """Returns the comparison as lines for a terminal."""
    lines = [style.strong(f"on {row.states:,} states of {visible(row.source)}")]
    moved = [t for t in row.terms if not t.same]
    shown = [*moved, row.total] if moved else []
    width = min(_COLUMN, max((len(t.name) for t in shown), default=0))
    lines += [f"  {visible(t.name):{width}}  {_term(t)}" for t in shown]
    lines += [f"  {line}" for line in (*_summary(row, len(row.terms) - len(moved)), *row.notes)]
    return [*lines, ""]


def _term(t: TermRow) -> str:
    if t.old is None or t.new is None:
        side, word = (t.new, "new") if t.old is None else (t.old, "gone")
        assert side is not None
        return f"{word}: {number(side.mean)} per s, spread {number(side.deviation)}, {_share(side)}  {_bars(side)}"
    a, b = (_rounded(x.mean) for x in (t.old, t.new))
    parts = [f"{number(a)} -> {number(b)} per s{percent(a, b)}"]
    parts.append(f"spread {number(_rounded(t.old.deviation))} -> {number(_rounded(t.new.deviation))}")
    if t.old.share or t.new.share:
        parts.append(f"{_share(t.old)} -> {_share(t.new)}")
    return f"{', '.join(parts)}  {_bars(t.old)} -> {_bars(t.new)}"


def _rounded(x: float) -> float:
    return float(f"{x:.3g}")


def _share(side: SpreadRow) -> str:
    return f"{side.share * 100:.0f} %"


def _bars(side: SpreadRow) -> str:
    most = max(side.histogram, default=0)
    return "".join(_BARS[-(-(len(_BARS) - 1) * n // most)] for n in side.histogram) if most else ""


def _summary(row: StatesRow, same: int) -> list[str]:
    lines = []
    if same == len(row.terms):
        lines.append(f"all {same} reward terms are the same in every state")
    else:
        known = row.rank_correlation
        lines.append(f"rank correlation of the two totals {known:.3f}" if known is not None else "a total never varies")
        if same:
            lines.append(f"{same} other term{'s are' if same > 1 else ' is'} the same in every state")
    lines += [_rule(r) for r in row.rules if r.gained or r.lost or None in (r.old, r.new)]
    if row.rules and all(not r.gained and not r.lost and None not in (r.old, r.new) for r in row.rules):
        lines.append("every termination fires in the same states")
    return lines + ([_policy(row.policy)] if row.policy is not None else [])


def _rule(r: RuleRow) -> str:
    if r.old is None or r.new is None:
        count, word = (r.new, "new") if r.old is None else (r.old, "gone")
        return f"`{visible(r.name)}` is {word}: it fires in {count} states"
    flips = [f"environment {f.environment} at {f.time_s:.2f} s" for f in r.flips]
    where = f", as in {', '.join(flips)}" if flips else ""
    return f"`{visible(r.name)}` fires in {r.old} -> {r.new} states: {r.gained} more, {r.lost} no longer{where}"


def _policy(p: PolicyRow) -> str:
    if p.problem:
        return f"the policy does not load: {visible(p.problem)}"
    if not p.changed:
        return "the policy acts the same in every state"
    where = f" at `{visible(p.joint)}`" if p.joint else ""
    return f"the policy acts differently in {p.changed * 100:.3g} % of the states: up to {p.force:.3g} N or Nm{where}"


def markdown(row: StatesRow) -> list[str]:
    """Returns the comparison as sections for a pull request, folded."""
    body = [f"```\n{chr(10).join(text(row, Style(False))).strip()}\n```".replace("````", "```")]
    return [f"<details><summary>on {row.states:,} states</summary>\n", *body, "\n</details>\n"]


def spread(values: Any, low: float, high: float, bins: int = 8) -> tuple[int, ...]:
    """Returns how many values of an array lie in each of some equal bins between two ends."""
    import numpy as np

    if not high > low:
        return ()
    return tuple(int(n) for n in np.histogram(np.clip(values, low, high), bins, (low, high))[0])
