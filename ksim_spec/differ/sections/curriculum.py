"""The curriculum, and what only follows from a change of it."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.contract.schema import Level
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair
from ksim_spec.differ.wording import number
from ksim_spec.rules import changes as change_rules


def levels(c: Comparison) -> None:
    old, new = c.old.levels, c.new.levels
    pairs = pair(old, new, lambda a, b: same_level(c, a, b))
    rule = change_rules.CURRICULUM_CHANGED
    for name in [n for n in old if n not in pairs]:
        c.add(rule, f"curriculum.{name}", "the level was removed", _level(old[name]))
    for name in [n for n in new if n not in pairs.values()]:
        c.add(rule, f"curriculum.{name}", "the level was added", None, _level(new[name]))
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"curriculum.{b}", a, b)
        if not same_level(c, old[a], new[b]):
            text = f"{_level(old[a])} -> {_level(new[b])}"
            notes = [f"changes with it: {', '.join(c.follows)}"] if c.follows else []
            c.add(rule, f"curriculum.{b}", text, _level(old[a]), _level(new[b]), notes=notes)
    reordered(c, "curriculum", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "levels")


def same_level(c: Comparison, a: Level, b: Level | None) -> bool:
    if b is None:
        return False
    numbers = [(x.start, x.end, x.step, x.over_env_states) for x in (a, b)]
    return numbers[0] == numbers[1] and c.renames.same(a.when, b.when)


def _level(level: Level) -> str:
    how = f"over {number(level.over_env_states)} env_states" if level.over_env_states else ""
    how = how or f"by {number(level.step)} when {level.when.text if level.when else ''}"
    return f"{number(level.start)} to {number(level.end)} {how}"


def levels_changed(c: Comparison) -> bool:
    """Whether a level changed, which has its own line: what only follows from that is not told again."""
    return any(not same_level(c, a, c.new.levels.get(n)) for n, a in c.old.levels.items())


def reordered(c: Comparison, path: str, old: Sequence[str], new: Sequence[str], what: str) -> None:
    if list(old) != list(new):
        c.add(change_rules.REORDERED, path, f"{what} stand in another order", list(old), list(new))


LOOKS = (levels,)
