"""All rules in the order of their codes, and how one is found by what a person calls it."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.diagnostics import did_you_mean, meant
from ksim_spec.rules import table
from ksim_spec.rules.rule import FAMILIES, Rule

RULES: tuple[Rule, ...] = tuple(r for r in vars(table).values() if isinstance(r, Rule))
_BY_NAME: dict[str, Rule] = {r.code.lower(): r for r in RULES} | {r.slug: r for r in RULES}
_FAMILIES = {family.name: family.digit for family in FAMILIES}


def find(name: str) -> Rule | None:
    """Returns the rule of a code or slug, in whatever case; None when there is none."""
    return _BY_NAME.get(name.strip().lower())


def group(name: str) -> tuple[Rule, ...]:
    """Returns the rules that a code, a slug, a start of codes such as `KS4`, or a family stands for; maybe none."""
    word = name.strip()
    if rule := find(word):
        return (rule,)
    start = f"KS{_FAMILIES[word.lower()]}" if word.lower() in _FAMILIES else word.upper()
    if len(start) < 3 or not start.startswith("KS"):
        return ()
    return tuple(r for r in RULES if r.code.startswith(start))


def near(name: str, more: Sequence[str] = ()) -> str:
    """Returns the help for a name that is no rule's: the most likely of them and of `more`, or how to see them all."""
    found = did_you_mean(name.lower(), [*(r.slug for r in RULES), *more])
    return meant(name, found[0]) if found else "`ksim explain` lists all rules"
