"""A change between two versions of a task, and the report of all of them with its verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ksim_spec.rules.changes import CLASSES, ChangeRule, Class

Verdict = Literal["compatible", "silently different", "incompatible", "unknown"]  # unknown: a side does not check
# Silent breaks come first: they are what nobody notices.
SHOWN: tuple[Class, ...] = ("meaning", "shape", "behaviour", "cosmetic")


@dataclass(frozen=True)
class Change:
    """One change: `path` names the declaration, `text` says what changed in one clause.

    `old` and `new` are canonical values (None where there is none); an acceptance of the change hangs on them and not
    on any wording.
    """

    rule: ChangeRule
    path: str
    text: str
    old: Any = None
    new: Any = None
    notes: tuple[str, ...] = ()

    @property
    def cls(self) -> Class:
        return self.rule.cls

    @property
    def fingerprint(self) -> str:
        """What this change is called in a file of accepted breaks: the same for the same change, however worded."""
        key = json.dumps([self.rule.code, self.path, self.old, self.new], sort_keys=True, default=str)
        return hashlib.sha256(key.encode()).hexdigest()[:16]


def ordered(changes: Sequence[Change]) -> list[Change]:
    """Returns the changes without repeats, the silent breaks first, else in the order in which they were found."""
    unique = {(c.rule.code, c.path, c.text): c for c in changes}
    return sorted(unique.values(), key=lambda c: SHOWN.index(c.cls))


def strongest(changes: Sequence[Change]) -> Class | None:
    """Returns the class that breaks most among the changes; None without a change."""
    return next((cls for cls in CLASSES if any(c.cls == cls for c in changes)), None)


def verdict(changes: Sequence[Change]) -> Verdict:
    """Returns what becomes of policies that were trained before the changes."""
    cls = strongest(changes)
    return "incompatible" if cls == "shape" else "silently different" if cls == "meaning" else "compatible"
