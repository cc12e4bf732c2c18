"""How training runs, how its result is judged, and names that nothing hangs on."""

from __future__ import annotations

import re
from collections.abc import Callable

from ksim_spec.contract.schema import Check, Contract
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair
from ksim_spec.differ.sections.curriculum import reordered
from ksim_spec.differ.wording import moved, smallest
from ksim_spec.rules import changes as change_rules


def training(c: Comparison) -> None:
    for word in c.old.train.keys() | c.new.train.keys():
        a, b = c.old.train.get(word), c.new.train.get(word)
        if a == b or word in ("normalize_observations", "observation_clip"):
            continue
        both = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (a, b))
        text = moved(a, b) if both else f"{a} -> {b}"  # type: ignore[arg-type]
        c.add(change_rules.TRAINING_SETTING, f"train.{word}", f"{word} {text}", a, b)


def checks(c: Comparison) -> None:
    def key(k: Check) -> object:
        parts = [x and x.digest for x in (k.value, k.where)]
        return k.kind, k.statistic, k.op, k.bound, k.argument, *parts

    old, new = {key(k): k for k in c.old.checks}, {key(k): k for k in c.new.checks}
    gone, come = [k for x, k in old.items() if x not in new], [k for x, k in new.items() if x not in old]
    for k in gone:
        alike = next((x for x in come if (x.statistic, x.op) == (k.statistic, k.op) and _same_value(c, k, x)), None)
        if alike is not None and c.renames.same(k.where, alike.where) and k.bound == alike.bound:
            come.remove(alike)  # only names in it changed
        elif alike is not None:
            come.remove(alike)
            a, b = smallest(k.text, alike.text)
            c.add(change_rules.CHECK_CHANGED, "check", f"`{alike.text}`: `{a}` -> `{b}`", k.bound, alike.bound)
        else:
            c.add(change_rules.CHECK_CHANGED, "check", f"`{k.text}` removed", repr(key(k)), None)
    for k in come:
        c.add(change_rules.CHECK_CHANGED, "check", f"`{k.text}` added", None, repr(key(k)))
    if not gone and not come and list(old) != list(new):
        c.add(
            change_rules.REORDERED,
            "check",
            "checks stand in another order",
            *([k.text for k in x.values()] for x in (old, new)),
        )


def _same_value(c: Comparison, a: Check, b: Check) -> bool:
    return c.renames.same(a.value, b.value)


def profiles(c: Comparison) -> None:
    old, new = c.old.profiles, c.new.profiles
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a is None or b is None:
            text = f"the profile was {'added' if a is None else 'removed'}"
            c.add(change_rules.PROFILE_CHANGED, f"profile.{name}", text, a, b)
        elif a != b:
            lines = [set(x.split("; ")) for x in (a, b)]
            shown = [f"- `{x}`" for x in sorted(lines[0] - lines[1])] + [
                f"+ `{x}`" for x in sorted(lines[1] - lines[0])
            ]
            c.add(change_rules.PROFILE_CHANGED, f"profile.{name}", ", ".join(shown) or "lines in another order", a, b)


def names(c: Comparison) -> None:
    """What has no consequence of its own: signals, the title, blocks in another order."""
    old, new = c.old.signals, c.new.signals
    pairs = pair(old, new, lambda a, b: c.renames.same(a.value, b.value))
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"signal.{b}", a, b)
        elif c.renames.same(old[a].value, new[b].value) or not _used(c.old, a) and not _used(c.new, b):
            c.expression(change_rules.UNUSED_CHANGED, f"signal.{b}", old[a].value, new[b].value)
    for name in [n for n in old if n not in pairs]:
        c.add(change_rules.UNUSED_CHANGED, f"signal.{name}", f"the signal `{old[name].value.text}` was removed", name)
    for name in [n for n in new if n not in pairs.values()]:
        c.add(
            change_rules.UNUSED_CHANGED, f"signal.{name}", f"the signal `{new[name].value.text}` was added", None, name
        )
    for a, b in pair(c.old.robot_names, c.new.robot_names, lambda a, b: a == b).items():
        if a != b:
            c.renamed("robot", a, b)
        elif c.old.robot_names[a] != c.new.robot_names[b]:
            c.robot_name(a, c.old.robot_names[a], c.new.robot_names[b])
    for word in ("task", "doc"):
        a, b = getattr(c.old, word), getattr(c.new, word)
        if a != b:
            c.add(
                change_rules.DOCUMENTATION,
                "task",
                f"{'name' if word == 'task' else 'description'} `{a}` -> `{b}`",
                a,
                b,
            )
    for section in ("observations", "commands"):
        both = [
            [n for n in getattr(x, section) if n in getattr(y, section)] for x, y in ((c.old, c.new), (c.new, c.old))
        ]
        reordered(c, section[:-1].replace("observation", "observe"), both[0], both[1], "blocks")


def _used(whole: Contract, name: str) -> bool:
    """Whether the name stands in the text of anything else."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(word.search(text) for path, text in _all_texts(whole) if path != f"signal.{name}")


def _all_texts(whole: Contract) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = [(f"signal.{n}", s.value.text) for n, s in whole.signals.items()]

    def look(value: object) -> None:
        if isinstance(value, dict):
            if "anonymous" in value:
                found.append(("", str(value["text"])))
            else:
                for v in value.values():
                    look(v)
        elif isinstance(value, list | tuple):
            for v in value:
                look(v)

    look(whole.model_dump(exclude={"signals", "model", "profiles"}))
    return found + [("", k.text) for k in whole.checks]


LOOKS: tuple[Callable[[Comparison], None], ...] = (training, checks, profiles, names)
