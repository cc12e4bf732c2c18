"""What changed between two contracts: every section by its own rules, and a last look that nothing was missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ksim_spec.contract.extract import declared_digest
from ksim_spec.contract.schema import Contract
from ksim_spec.differ.change import Change, ordered
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import find_renames, pair
from ksim_spec.rules import changes as change_rules


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
