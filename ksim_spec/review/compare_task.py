"""What is rewarded, when episodes end, what varies, and how training runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ksim_spec.review.compare import Comparison
from ksim_spec.review.renames import pair
from ksim_spec.review.schema import Change, Contract, Level, Reward
from ksim_spec.review.words import moved, number, percent, smallest


def rewards(c: Comparison) -> None:
    old, new = c.old.rewards, c.new.rewards
    pairs = pair(old, new, lambda a, b: c.renames.same(a.value, b.value) and a.effective == b.effective)
    for name, r in old.items():
        if name not in pairs:
            c.add(
                "KD303",
                "reward-removed",
                f"reward.{name}",
                f"`{r.value.text}` at {_weight(c.old, r)} removed",
                r.value.digest,
            )
    for name, r in new.items():
        if name not in pairs.values():
            text = f"`{r.value.text}` at {_weight(c.new, r)} added"
            c.add("KD302", "reward-added", f"reward.{name}", text, None, r.value.digest)
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"reward.{b}", a, b)
        _reward(c, f"reward.{b}", old[a], new[b])
    _order(c, "reward", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "terms")


def _weight(whole: Contract, r: Reward) -> str:
    unit = {"rate": "per s", "step": "per step", "event": "on event"}[r.mode]
    return f"{_ends(r.effective)} {unit}"


def _ends(ends: tuple[float, float] | None) -> str:
    if ends is None:
        return "a computed weight"
    return number(ends[0]) if ends[0] == ends[1] else f"{number(ends[0])} .. {number(ends[1])}"


def _reward(c: Comparison, path: str, a: Reward, b: Reward) -> None:
    c.expression(("KD304", "reward-value"), path, a.value, b.value)
    if a.mode != b.mode:
        words = {"rate": "per second", "step": "per step", "event": "on event"}
        c.add("KD305", "reward-mode", path, f"counts {words[a.mode]} -> {words[b.mode]}", a.mode, b.mode)
    weights = c.renames.same(a.weight, b.weight), a.weight.text == b.weight.text
    if weights == (False, True) and a.mode == b.mode and _levels_explain(c):
        c.follows.append(path.removeprefix("reward."))
    elif a.effective != b.effective and a.effective and b.effective:
        _weights(c, path, a, b, a.effective, b.effective)
    elif weights == (False, False):
        c.expression(("KD301", "reward-weight"), f"{path}.weight", a.weight, b.weight, "weight")
    elif weights == (False, True):
        c.add("KD301", "reward-weight", f"{path}.weight", "the weight is computed in another way", a.weight.digest,
              b.weight.digest)  # fmt: skip
    elif a.weight.text != b.weight.text:
        c.respelled(f"{path}.weight", a.weight.text, b.weight.text)


def _weights(
    c: Comparison, path: str, a: Reward, b: Reward, old: tuple[float, float], new: tuple[float, float]
) -> None:
    unit = {"rate": "per s", "step": "per step", "event": "on event"}[b.mode]
    if old[0] == old[1] and new[0] == new[1]:
        shown = f"{number(old[0])} -> {number(new[0])} {unit}{percent(old[0], new[0])}"
    else:
        shown = f"{_ends(old)} -> {_ends(new)} {unit}{percent(old[1], new[1])}"
    notes = []
    if b.mode == "rate":
        steps = [x * w.timing.control_step for x, w in ((old[1], c.old), (new[1], c.new))]
        notes = (
            []
            if steps[0] == steps[1]
            else [f"a value of 1 adds {number(steps[0])} -> {number(steps[1])} a control step"]
        )
    if a.weight.text == b.weight.text:
        notes.append(f"`{b.weight.text}` is written as before: the group or the curriculum around it changed")
    c.add("KD301", "reward-weight", f"{path}.weight", f"weight {shown}", list(old), list(new), notes)


def _levels_explain(c: Comparison) -> bool:
    """Whether a level changed, which has its own line: what only follows from that is not told again."""
    return any(not _same_level(c, a, c.new.levels.get(n)) for n, a in c.old.levels.items())


def _order(c: Comparison, path: str, old: Sequence[str], new: Sequence[str], what: str) -> None:
    if list(old) != list(new):
        c.add("KD402", "reordered", path, f"{what} stand in another order", list(old), list(new))


# Episodes ------------------------------------------------------------------------------------------------------------


def terminations(c: Comparison) -> None:
    old, new = c.old.terminations, c.new.terminations
    pairs = pair(old, new, lambda a, b: c.renames.same(a.when, b.when) and a.outcome == b.outcome)
    for name in [n for n in old if n not in pairs]:
        text = f"`{old[name].when.text}` {old[name].outcome} removed"
        c.add("KD311", "termination-changed", f"terminate.{name}", text, old[name].when.digest)
    for name in [n for n in new if n not in pairs.values()]:
        text = f"`{new[name].when.text}` {new[name].outcome} added"
        c.add("KD311", "termination-changed", f"terminate.{name}", text, None, new[name].when.digest)
    for a, b in pairs.items():
        path = f"terminate.{b}"
        if a != b:
            c.renamed(path, a, b)
        c.expression(("KD311", "termination-changed"), f"{path}.when", old[a].when, new[b].when)
        if old[a].outcome != new[b].outcome:
            text = f"{old[a].outcome} -> {new[b].outcome}"
            c.add("KD312", "termination-outcome", path, text, old[a].outcome, new[b].outcome)
    _order(c, "terminate", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "rules")


def reset(c: Comparison) -> None:
    a, b = c.old.reset, c.new.reset
    poses = [dict(zip(w.model.joints, w.reset.pose, strict=True)) for w in (c.old, c.new)]
    mapped = {c.renames.name("joint", j): x for j, x in poses[0].items()}
    differing = [j for j in mapped if j in poses[1] and mapped[j] != poses[1][j]]
    if differing:
        shown = [f"{j} {moved(mapped[j], poses[1][j])}" for j in differing[:4]]
        more = [f"and {len(differing) - 4} more"] if len(differing) > 4 else []
        text = (
            f"pose {a.keyframe or 'default'} -> {b.keyframe or 'default'}"
            if a.keyframe != b.keyframe
            else "the pose differs"
        )
        c.add("KD321", "reset-changed", "reset.pose", text, *([p[j] for j in differing] for p in (mapped, poses[1])),
              notes=[*shown, *more])  # fmt: skip
    elif a.keyframe != b.keyframe:
        c.renamed("reset.pose", a.keyframe or "default", b.keyframe or "default")
    if a.settle != b.settle:
        c.add("KD321", "reset-changed", "reset.settle", f"settles {moved(a.settle, b.settle, 's')}", a.settle, b.settle)
    _lines(c, ("KD321", "reset-changed"), "reset", a.changes, b.changes)


def _lines(c: Comparison, rule: tuple[str, str], path: str, old: Sequence[Change], new: Sequence[Change]) -> None:
    """Compares the lines of a reset or an event by what they change; their order is the order of application."""
    keys = [[_key(c, x, i == 0) for x in lines] for i, lines in enumerate((old, new))]
    for key, line in zip(keys[0], old, strict=True):
        if key not in keys[1]:
            c.add(*rule, path, f"`{_shown(line)}` removed", _canonical(line), None)
    for i, (key, line) in enumerate(zip(keys[1], new, strict=True)):
        if key not in keys[0]:
            c.add(*rule, f"{path}.{i}", f"`{_shown(line)}` added", None, _canonical(line))
            continue
        before = old[keys[0].index(key)]
        if before.op != line.op:
            c.add(*rule, f"{path}.{i}", f"{line.target}: `{before.op}` -> `{line.op}`", before.op, line.op)
        _drawn(c, rule, f"{path}.{i}", before, line)
    common = [[k for k in ks if k in keys[0] and k in keys[1]] for ks in keys]
    if common[0] != common[1]:
        c.add(*rule, path, "lines are applied in another order", *map(repr, common))


def _drawn(c: Comparison, rule: tuple[str, str], path: str, a: object, b: object) -> None:
    """Compares what a line draws; one whose stream alone has another name draws other numbers."""
    old, new = a.value, b.value  # type: ignore[attr-defined]
    if c.renames.same(old, new) or old.anonymous != new.anonymous:
        if not c.renames.same(old, new) and old.text == new.text and _levels_explain(c):
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
    rule = ("KD322", "event-changed")
    for name in [n for n in old if n not in pairs]:
        c.add(*rule, f"event.{name}", "the event was removed", [_canonical(x) for x in old[name].changes])
    for name in [n for n in new if n not in pairs.values()]:
        c.add(*rule, f"event.{name}", "the event was added", None, [_canonical(x) for x in new[name].changes])
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"event.{b}", a, b, draws=True)
        if old[a].every != new[b].every:
            shown = [f"{number(low)} .. {number(high)} s" for low, high in (old[a].every, new[b].every)]
            c.add(*rule, f"event.{b}.every", f"every {shown[0]} -> {shown[1]}", old[a].every, new[b].every)
        _lines(c, rule, f"event.{b}", old[a].changes, new[b].changes)
    if [pairs[n] for n in old if n in pairs] != [n for n in new if n in pairs.values()]:
        c.add(*rule, "event", "events stand in another order", list(old), list(new))


def randomize(c: Comparison) -> None:
    rule = ("KD323", "randomization-changed")
    old = {(r.quantity, r.of, tuple(c.renames.name(r.of, n) for n in r.names)): r for r in c.old.randomize}
    new = {(r.quantity, r.of, r.names): (i, r) for i, r in enumerate(c.new.randomize)}
    for key, r in old.items():
        if key not in new:
            c.add(*rule, "randomize", f"`{r.name} {r.op} {r.value.text}` removed", r.value.digest)
    for key, (i, r) in new.items():
        path = f"randomize.{i}"
        if key not in old:
            c.add(*rule, path, f"`{r.name} {r.op} {r.value.text}` added", None, r.value.digest)
            continue
        before = old[key]
        if before.op != r.op:
            c.add(*rule, path, f"{r.name}: `{before.op}` -> `{r.op}`", before.op, r.op)
        if before.scope != r.scope:
            c.add(*rule, path, f"{r.name}: per {before.scope} -> per {r.scope}", before.scope, r.scope)
        _drawn(c, rule, path, before, r)
    common = [[k for k in old if k in new], [k for k in new if k in old]]
    if common[0] != common[1]:
        c.add(*rule, "randomize", "lines are applied in another order", *map(repr, common))


def levels(c: Comparison) -> None:
    old, new = c.old.levels, c.new.levels
    pairs = pair(old, new, lambda a, b: _same_level(c, a, b))
    rule = ("KD324", "curriculum-changed")
    for name in [n for n in old if n not in pairs]:
        c.add(*rule, f"curriculum.{name}", "the level was removed", _level(old[name]))
    for name in [n for n in new if n not in pairs.values()]:
        c.add(*rule, f"curriculum.{name}", "the level was added", None, _level(new[name]))
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"curriculum.{b}", a, b)
        if not _same_level(c, old[a], new[b]):
            text = f"{_level(old[a])} -> {_level(new[b])}"
            notes = [f"changes with it: {', '.join(c.follows)}"] if c.follows else []
            c.add(*rule, f"curriculum.{b}", text, _level(old[a]), _level(new[b]), notes=notes)
    _order(c, "curriculum", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "levels")


def _same_level(c: Comparison, a: Level, b: Level | None) -> bool:
    if b is None:
        return False
    numbers = [(x.start, x.end, x.step, x.over_env_states) for x in (a, b)]
    return numbers[0] == numbers[1] and c.renames.same(a.when, b.when)


def _level(level: Level) -> str:
    how = f"over {number(level.over_env_states)} env_states" if level.over_env_states else ""
    how = how or f"by {number(level.step)} when {level.when.text if level.when else ''}"
    return f"{number(level.start)} to {number(level.end)} {how}"


# Training and judging ------------------------------------------------------------------------------------------------


def training(c: Comparison) -> None:
    for word in c.old.train.keys() | c.new.train.keys():
        a, b = c.old.train.get(word), c.new.train.get(word)
        if a == b or word in ("normalize_observations", "observation_clip"):
            continue
        both = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (a, b))
        text = moved(a, b) if both else f"{a} -> {b}"  # type: ignore[arg-type]
        c.add("KD361", "training-setting", f"train.{word}", f"{word} {text}", a, b)


def checks(c: Comparison) -> None:
    def key(k: object) -> object:
        parts = [x and x.digest for x in (k.value, k.where)]  # type: ignore[attr-defined]
        return k.kind, k.statistic, k.op, k.bound, k.argument, *parts  # type: ignore[attr-defined]

    old, new = {key(k): k for k in c.old.checks}, {key(k): k for k in c.new.checks}
    gone, come = [k for x, k in old.items() if x not in new], [k for x, k in new.items() if x not in old]
    for k in gone:
        alike = next((x for x in come if (x.statistic, x.op) == (k.statistic, k.op) and _same_value(c, k, x)), None)
        if alike is not None and c.renames.same(k.where, alike.where) and k.bound == alike.bound:
            come.remove(alike)  # only names in it changed
        elif alike is not None:
            come.remove(alike)
            a, b = smallest(k.text, alike.text)
            c.add("KD381", "check-changed", "check", f"`{alike.text}`: `{a}` -> `{b}`", k.bound, alike.bound)
        else:
            c.add("KD381", "check-changed", "check", f"`{k.text}` removed", repr(key(k)), None)
    for k in come:
        c.add("KD381", "check-changed", "check", f"`{k.text}` added", None, repr(key(k)))
    if not gone and not come and list(old) != list(new):
        c.add(
            "KD402",
            "reordered",
            "check",
            "checks stand in another order",
            *([k.text for k in x.values()] for x in (old, new)),
        )


def _same_value(c: Comparison, a: object, b: object) -> bool:
    return c.renames.same(a.value, b.value)  # type: ignore[attr-defined]


def profiles(c: Comparison) -> None:
    old, new = c.old.profiles, c.new.profiles
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a is None or b is None:
            text = f"the profile was {'added' if a is None else 'removed'}"
            c.add("KD382", "profile-changed", f"profile.{name}", text, a, b)
        elif a != b:
            lines = [set(x.split("; ")) for x in (a, b)]
            shown = [f"- `{x}`" for x in sorted(lines[0] - lines[1])] + [
                f"+ `{x}`" for x in sorted(lines[1] - lines[0])
            ]
            c.add("KD382", "profile-changed", f"profile.{name}", ", ".join(shown) or "lines in another order", a, b)


def names(c: Comparison) -> None:
    """What has no consequence of its own: signals, the title, blocks in another order."""
    old, new = c.old.signals, c.new.signals
    pairs = pair(old, new, lambda a, b: c.renames.same(a.value, b.value))
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"signal.{b}", a, b)
        elif c.renames.same(old[a].value, new[b].value) or not _used(c.old, a) and not _used(c.new, b):
            c.expression(("KD406", "unused-changed"), f"signal.{b}", old[a].value, new[b].value)
    for name in [n for n in old if n not in pairs]:
        c.add("KD406", "unused-changed", f"signal.{name}", f"the signal `{old[name].value.text}` was removed", name)
    for name in [n for n in new if n not in pairs.values()]:
        c.add("KD406", "unused-changed", f"signal.{name}", f"the signal `{new[name].value.text}` was added", None, name)
    for a, b in pair(c.old.robot_names, c.new.robot_names, lambda a, b: a == b).items():
        if a != b:
            c.renamed("robot", a, b)
        elif c.old.robot_names[a] != c.new.robot_names[b]:
            c.robot_name(a, c.old.robot_names[a], c.new.robot_names[b])
    for word in ("task", "doc"):
        a, b = getattr(c.old, word), getattr(c.new, word)
        if a != b:
            c.add(
                "KD405", "documentation", "task", f"{'name' if word == 'task' else 'description'} `{a}` -> `{b}`", a, b
            )
    for section in ("observations", "commands"):
        both = [
            [n for n in getattr(x, section) if n in getattr(y, section)] for x, y in ((c.old, c.new), (c.new, c.old))
        ]
        _order(c, section[:-1].replace("observation", "observe"), both[0], both[1], "blocks")


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


LOOKS: tuple[Callable[[Comparison], None], ...] = (
    rewards, terminations, reset, events, randomize, levels, training, checks, profiles, names,
)  # fmt: skip
