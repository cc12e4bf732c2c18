"""When episodes end, how they begin, and what happens and varies in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksim_spec.contract.schema import Change, Randomization
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair
from ksim_spec.differ.sections.curriculum import levels_changed, reordered
from ksim_spec.differ.sections.start import pose
from ksim_spec.differ.wording import moved, number
from ksim_spec.rules import changes as change_rules

Line = Change | Randomization


def terminations(c: Comparison) -> None:
    old, new = c.old.terminations, c.new.terminations
    pairs = pair(old, new, lambda a, b: c.renames.same(a.when, b.when) and a.outcome == b.outcome)
    for name in [n for n in old if n not in pairs]:
        text = f"`{old[name].when.text}` {old[name].outcome} removed"
        c.add(change_rules.TERMINATION_CHANGED, f"terminate.{name}", text, old[name].when.digest)
    for name in [n for n in new if n not in pairs.values()]:
        text = f"`{new[name].when.text}` {new[name].outcome} added"
        c.add(change_rules.TERMINATION_CHANGED, f"terminate.{name}", text, None, new[name].when.digest)
    for a, b in pairs.items():
        path = f"terminate.{b}"
        if a != b:
            c.renamed(path, a, b)
        c.expression(change_rules.TERMINATION_CHANGED, f"{path}.when", old[a].when, new[b].when)
        if old[a].outcome != new[b].outcome:
            text = f"{old[a].outcome} -> {new[b].outcome}"
            c.add(change_rules.TERMINATION_OUTCOME, path, text, old[a].outcome, new[b].outcome)
    reordered(c, "terminate", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "rules")


def reset(c: Comparison) -> None:
    a, b = c.old.reset, c.new.reset
    pose(c)
    if a.settle != b.settle:
        c.add(
            change_rules.RESET_CHANGED, "reset.settle", f"settles {moved(a.settle, b.settle, 's')}", a.settle, b.settle
        )
    _lines(c, change_rules.RESET_CHANGED, "reset", a.changes, b.changes)


def _lines(
    c: Comparison, rule: change_rules.ChangeRule, path: str, old: Sequence[Change], new: Sequence[Change]
) -> None:
    """Compares the lines of a reset or an event by what they change; their order is the order of application."""
    keys = [[_key(c, x, i == 0) for x in lines] for i, lines in enumerate((old, new))]
    for key, line in zip(keys[0], old, strict=True):
        if key not in keys[1]:
            c.add(rule, path, f"`{_shown(line)}` removed", _canonical(line), None)
    for i, (key, line) in enumerate(zip(keys[1], new, strict=True)):
        if key not in keys[0]:
            c.add(rule, f"{path}.{i}", f"`{_shown(line)}` added", None, _canonical(line))
            continue
        before = old[keys[0].index(key)]
        if before.op != line.op:
            c.add(rule, f"{path}.{i}", f"{line.target}: `{before.op}` -> `{line.op}`", before.op, line.op)
        _drawn(c, rule, f"{path}.{i}", before, line)
    common = [[k for k in ks if k in keys[0] and k in keys[1]] for ks in keys]
    if common[0] != common[1]:
        c.add(rule, path, "lines are applied in another order", *map(repr, common))


def _drawn(c: Comparison, rule: change_rules.ChangeRule, path: str, a: Line, b: Line) -> None:
    """Compares what a line draws; one whose stream alone has another name draws other numbers."""
    old, new = a.value, b.value
    if c.renames.same(old, new) or old.anonymous != new.anonymous:
        if not c.renames.same(old, new) and old.text == new.text and levels_changed(c):
            return
        c.expression(rule, path, old, new)
        return
    unstreamed = [[x for x in e.names if not x.startswith("stream:")] for e in (old, new)]
    if [c.renames.token(x) for x in unstreamed[0]] != unstreamed[1]:
        c.expression(rule, path, old, new)
        return
    streams = [[x.partition(":")[2] for x in e.names if x.startswith("stream:")] for e in (old, new)]
    c.renamed(path, streams[0][0], streams[1][0], draws=True)


def _key(c: Comparison, line: Change, old: bool) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    kind = "joint" if line.target.startswith("joint") else "body"
    names = tuple(c.renames.name(kind, n) if old else n for n in line.names)
    return line.target, names, line.components


def _shown(line: Change) -> str:
    return f"{line.target} {line.op} {line.value.text}"


def _canonical(line: Change) -> str:
    return f"{line.target} {line.op} {line.value.digest}"


def events(c: Comparison) -> None:
    old, new = c.old.events, c.new.events
    named = {n: c.renames.name("stream", f"event.{n}").removeprefix("event.") for n in old}
    pairs = {a: b for a, b in named.items() if b in new}
    rule = change_rules.EVENT_CHANGED
    for name in [n for n in old if n not in pairs]:
        c.add(rule, f"event.{name}", "the event was removed", [_canonical(x) for x in old[name].changes])
    for name in [n for n in new if n not in pairs.values()]:
        c.add(rule, f"event.{name}", "the event was added", None, [_canonical(x) for x in new[name].changes])
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"event.{b}", a, b, draws=True)
        if old[a].every != new[b].every:
            shown = [f"{number(low)} .. {number(high)} s" for low, high in (old[a].every, new[b].every)]
            c.add(rule, f"event.{b}.every", f"every {shown[0]} -> {shown[1]}", old[a].every, new[b].every)
        _lines(c, rule, f"event.{b}", old[a].changes, new[b].changes)
    if [pairs[n] for n in old if n in pairs] != [n for n in new if n in pairs.values()]:
        c.add(rule, "event", "events stand in another order", list(old), list(new))


def randomize(c: Comparison) -> None:
    rule = change_rules.RANDOMIZATION_CHANGED
    old = {(r.quantity, r.of, tuple(c.renames.name(r.of, n) for n in r.names)): r for r in c.old.randomize}
    new = {(r.quantity, r.of, r.names): (i, r) for i, r in enumerate(c.new.randomize)}
    for key, r in old.items():
        if key not in new:
            c.add(rule, "randomize", f"`{r.name} {r.op} {r.value.text}` removed", r.value.digest)
    for key, (i, r) in new.items():
        path = f"randomize.{i}"
        if key not in old:
            c.add(rule, path, f"`{r.name} {r.op} {r.value.text}` added", None, r.value.digest)
            continue
        before = old[key]
        if before.op != r.op:
            c.add(rule, path, f"{r.name}: `{before.op}` -> `{r.op}`", before.op, r.op)
        if before.scope != r.scope:
            c.add(rule, path, f"{r.name}: per {before.scope} -> per {r.scope}", before.scope, r.scope)
        _drawn(c, rule, path, before, r)
    common = [[k for k in old if k in new], [k for k in new if k in old]]
    if common[0] != common[1]:
        c.add(rule, "randomize", "lines are applied in another order", *map(repr, common))


LOOKS: tuple[Callable[[Comparison], None], ...] = (terminations, reset, events, randomize)
