"""Two contracts under comparison, and the changes found so far: what every section of the comparison is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ksim_spec.contract.schema import Contract, Expression
from ksim_spec.differ.change import Change
from ksim_spec.differ.renames import Renames
from ksim_spec.differ.wording import edited
from ksim_spec.rules import changes as change_rules
from ksim_spec.rules.changes import ChangeRule


@dataclass
class Comparison:
    """Two contracts, what was renamed between them, and the changes found so far."""

    old: Contract
    new: Contract
    renames: Renames
    changes: list[Change] = field(default_factory=list)
    causes: dict[str, tuple[str, str]] = field(default_factory=dict)  # texts of names that changed, old and new
    words: dict[str, str] = field(default_factory=dict)  # names in texts that changed, old to new
    follows: list[str] = field(default_factory=list)  # terms whose weight changed only through a level

    def add(
        self, rule: ChangeRule, path: str, text: str, old: Any = None, new: Any = None, notes: Sequence[str] = ()
    ) -> None:
        self.changes.append(Change(rule, path, text, old, new, tuple(notes)))

    def expression(
        self, rule: ChangeRule, path: str, old: Expression | None, new: Expression | None, lead: str = ""
    ) -> bool:
        """Reports an expression that means something else, or that is only written otherwise; True for the former."""
        if self.renames.same(old, new):
            if old is not None and new is not None and old.text != new.text and old.text and new.text:
                self.respelled(path, old.text, new.text)
            return False
        if old is None or new is None:
            there = old or new
            assert there is not None
            text, notes = f"`{there.text}` {'removed' if new is None else 'added'}", ()
        else:
            signals = {name: s.value.text for name, s in self.new.signals.items()}
            text, notes = edited(old, new, self.causes, signals)
        values = [x and x.digest for x in (old, new)]
        self.add(rule, path, f"{lead} {text}".strip(), *values, notes=notes)
        return True

    def respelled(self, path: str, old: str, new: str) -> None:
        renamed = re.sub(r"\w+", lambda m: self.words.get(m[0], m[0]), old)
        if "".join(renamed.split()) != "".join(new.split()):
            self.add(change_rules.RESPELLED, path, f"`{old}` -> `{new}`, the same", old, new)

    def robot_name(self, name: str, old: str, new: str) -> None:
        """Reports a name of the robot that is written otherwise: what it changes is told where it is used."""
        self.add(change_rules.RESPELLED, f"robot.{name}", f"`{name}`: `{old}` -> `{new}`", old, new)

    def renamed(self, path: str, old: str, new: str, draws: bool = False) -> None:
        """Reports a declaration with another name; one that draws then draws other numbers."""
        text = f"`{old}` is now called `{new}`"
        if draws:
            self.add(change_rules.DRAW_RENAMED, path, f"{text}, so it draws other numbers", old, new)
        else:
            self.add(change_rules.RENAMED, path, text, old, new)
