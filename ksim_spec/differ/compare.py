"""What changed between two contracts: every section by its own rules, and a last look that nothing was missed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ksim_spec.contract.extract import declared_digest
from ksim_spec.contract.schema import Contract, Expression
from ksim_spec.differ.change import Change, ordered
from ksim_spec.differ.renames import Renames, find_renames, pair
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


def compare(old: Contract, new: Contract) -> list[Change]:
    """Returns what changed, the silent breaks first; empty for contracts that say the same."""
    from ksim_spec.differ.sections import curriculum, episode, observations, policy, rewards, robot_model, training

    c = Comparison(old, new, find_renames(old, new))
    c.words = _words(c)
    c.causes = _causes(c)
    # Rewards come before levels: a level says which weights follow it.
    rooms = (observations, policy, rewards, episode, curriculum, training)
    for room in (*rooms, robot_model):
        for look in room.LOOKS:
            look(c)
    _overlooked(c)
    return ordered(c.changes)


def _words(c: Comparison) -> dict[str, str]:
    """Words that stand in texts and were exchanged for others: of signals, of parts of the robot, of commands."""
    signals = pair(c.old.signals, c.new.signals, lambda a, b: c.renames.same(a.value, b.value))
    parts = pair(c.old.robot_names, c.new.robot_names, lambda a, b: a == b)
    commands = {n: c.renames.name("command", n) for n in c.old.commands}
    levels = pair(c.old.levels, c.new.levels, lambda a, b: a == b)
    return {a: b for names in (signals, parts, commands, levels) for a, b in names.items() if a != b}


def _causes(c: Comparison) -> dict[str, tuple[str, str]]:
    """Signals that mean something else, by name: what uses them changes without a change of its own text."""
    found = {}
    for name in c.old.signals.keys() & c.new.signals.keys():
        a, b = c.old.signals[name].value, c.new.signals[name].value
        if not c.renames.same(a, b):
            found[name] = (a.text, b.text)
    # One that changed only through another is not the cause.
    return {k: v for k, v in sorted(found.items()) if v[0] != v[1]} or dict(sorted(found.items()))


def _overlooked(c: Comparison) -> None:
    """Reports a difference that no rule above saw, so that nothing is ever weaker than it should be."""
    if any(change.cls != "cosmetic" for change in c.changes) or _declared(c, c.old) == _declared(c, c.new):
        return
    where = [k for k in _sections(c.old) if _sections(c.old)[k] != _sections(c.new).get(k)]
    text = f"something differs in {', '.join(where) or 'what is declared'}"
    c.add(change_rules.OTHER_CHANGE, "task", text, c.old.hashes["declared"], c.new.hashes["declared"])


def _declared(c: Comparison, whole: Contract) -> str:
    """The digest of what a contract declares, as far as both say it."""
    if c.old.reset.placed is not None and c.new.reset.placed is not None:
        return whole.hashes["declared"]
    kinds = dict(whole.model.elements)
    kinds["keyframe"] = tuple(k.model_copy(update={"attributes": {}}) for k in kinds.get("keyframe", ()))
    update = {
        "reset": whole.reset.model_copy(update={"placed": None}),
        "model": whole.model.model_copy(update={"elements": kinds}),
    }
    return declared_digest(whole.model_copy(update=update))


def _sections(whole: Contract) -> Mapping[str, Any]:
    return whole.model_dump(exclude={"task", "doc", "signals", "built", "hashes", "mirrored"})
