"""What the networks see: entries that came, went, moved, or say something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ksim_spec.contract.schema import Contract, Expression, Observation
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair
from ksim_spec.differ.wording import elements_moved, numbers
from ksim_spec.rules import changes as change_rules

ACTOR = "actor"


def observations(c: Comparison) -> None:
    """Compares the groups; what a group only includes from another is reported there."""
    for group in c.old.observations.keys() | c.new.observations.keys():
        if group in c.old.observations and group in c.new.observations:
            _group(c, group)
        else:
            _whole_group(c, group, group in c.new.observations)


def _networks_that_see(whole: Contract, group: str) -> bool:
    return group in (ACTOR, whole.networks.critic_observes)


def _whole_group(c: Comparison, group: str, added: bool) -> None:
    text = f"the group was {'added' if added else 'removed'}"
    c.add(change_rules.CRITIC_OBSERVATION, f"observe.{group}", text, not added, added)


def _group(c: Comparison, group: str) -> None:
    old, new = c.old.observations[group], c.new.observations[group]
    seen = _networks_that_see(c.old, group) or _networks_that_see(c.new, group)
    by_name = ({e.name: e for e in old}, {e.name: e for e in new})
    pairs = pair(*by_name, lambda a, b: _alike(c, a, b))
    size = (old[-1].slice[1] if old else 0, new[-1].slice[1] if new else 0)
    widths = f"{size[0]} -> {size[1]} numbers" if size[0] != size[1] else f"still {size[0]} numbers"
    for e in old:
        if e.name not in pairs:
            _gone(c, group, e, seen, widths, _inherited(c.old, group, e) and _inherited_anyhow(c.new, group))
    for e in new:
        if e.name not in pairs.values():
            _come(c, group, e, seen, widths, _inherited(c.new, group, e) and _inherited_anyhow(c.old, group))
    for a, b in pairs.items():
        both_inherit = _inherited(c.old, group, by_name[0][a]) and _inherited(c.new, group, by_name[1][b])
        if not both_inherit:
            _entry(c, group, by_name[0][a], by_name[1][b], seen)
    _order(c, group, [pairs[e.name] for e in old if e.name in pairs], [e for e in new if e.name in pairs.values()], old)


def _alike(c: Comparison, a: Observation, b: Observation) -> bool:
    parts = zip(_parts(a), _parts(b), strict=True)
    draws = [(x.noise and x.noise.anonymous, x.bias and x.bias.anonymous) for x in (a, b)]
    return (
        all(c.renames.same(x, y) for x, y in parts)
        and draws[0] == draws[1]
        and (a.delay_control_steps, a.history) == (b.delay_control_steps, b.history)
    )


def _parts(e: Observation) -> tuple[Expression | None, ...]:
    return (e.value, e.scale, *(e.clip or (None, None)))


def _inherited(whole: Contract, group: str, e: Observation) -> bool:
    """Whether an entry is the actor's, which another group includes: its changes are told once."""
    return group != ACTOR and any(
        x.model_copy(update={"slice": e.slice}) == e for x in whole.observations.get(ACTOR, ()) if x.name == e.name
    )


def _inherited_anyhow(whole: Contract, group: str) -> bool:
    names = {e.name for e in whole.observations.get(group, ())}
    return all(e.name in names for e in whole.observations.get(ACTOR, ()))


def _slice(e: Observation) -> str:
    return f"obs[{e.slice[0]}:{e.slice[1]}]"


def _gone(c: Comparison, group: str, e: Observation, seen: bool, widths: str, told: bool) -> None:
    if told:
        return
    path, text = f"observe.{group}.{e.name}", f"{_slice(e)} `{e.value.text}` removed; {widths}"
    if seen:
        c.add(change_rules.OBSERVATION_REMOVED, path, text, e.value.digest, None)
    else:
        c.add(change_rules.CRITIC_OBSERVATION, path, text, e.value.digest, None)


def _come(c: Comparison, group: str, e: Observation, seen: bool, widths: str, told: bool) -> None:
    if told:
        return
    path, text = f"observe.{group}.{e.name}", f"{_slice(e)} `{e.value.text}` added; {widths}"
    if seen:
        c.add(change_rules.OBSERVATION_ADDED, path, text, None, e.value.digest)
    else:
        c.add(change_rules.CRITIC_OBSERVATION, path, text, None, e.value.digest)


def _entry(c: Comparison, group: str, a: Observation, b: Observation, seen: bool) -> None:
    path, actor = f"observe.{group}.{b.name}", group == ACTOR
    size = (a.slice[1] - a.slice[0], b.slice[1] - b.slice[0])
    if size[0] != size[1]:
        how = f"history {a.history} -> {b.history}, " if a.history != b.history else ""
        rule = change_rules.OBSERVATION_RESIZED if seen else change_rules.CRITIC_OBSERVATION
        text = f"{how}{size[0]} -> {size[1]} numbers"
        c.add(rule, path, text, [a.history, size[0]], [b.history, size[1]])
    if size[0] == size[1] or a.value.text != b.value.text:
        _value(c, path, a, b, actor)
    rule = change_rules.OBSERVATION_SCALE if actor else change_rules.CRITIC_OBSERVATION
    c.expression(rule, f"{path}.scale", a.scale, b.scale, "scale")
    _clip(c, path, a, b, actor)
    if a.delay_control_steps != b.delay_control_steps:
        text = f"delay {a.delay_control_steps} -> {b.delay_control_steps} control steps"
        rule = change_rules.OBSERVATION_DELAY if actor else change_rules.CRITIC_OBSERVATION
        c.add(rule, f"{path}.delay", text, a.delay_control_steps, b.delay_control_steps)
    for word in ("bias", "noise"):
        c.expression(change_rules.NOISE_CHANGED, f"{path}.{word}", getattr(a, word), getattr(b, word), word)
    if a.name != b.name:
        c.renamed(path, a.name, b.name, draws=b.noise is not None or b.bias is not None)
    if a.privileged != b.privileged and a.value.digest == b.value.digest:
        text = f"counts as {'privileged' if b.privileged else 'measured by the robot'} now"
        c.add(change_rules.SOURCE_DECLARED, path, text, a.privileged, b.privileged)


def _value(c: Comparison, path: str, a: Observation, b: Observation, actor: bool) -> None:
    rule = change_rules.OBSERVATION_VALUE
    elements = tuple(c.renames.name("joint", x) for x in a.elements)
    if a.unit != b.unit:
        rule = change_rules.OBSERVATION_UNIT
    elif a.frame != b.frame:
        rule = change_rules.OBSERVATION_FRAME
    elif a.value.anonymous == b.value.anonymous or (elements != b.elements and sorted(elements) == sorted(b.elements)):
        rule = change_rules.OBSERVATION_ELEMENTS
    if not actor:
        rule = change_rules.CRITIC_OBSERVATION
    before = len(c.changes)
    if not c.expression(rule, path, a.value, b.value):
        return
    notes = []
    if a.unit != b.unit:
        notes.append(f"unit {a.unit} -> {b.unit}")
    if a.frame != b.frame:
        notes.append(f"frame {a.frame or 'none'} -> {b.frame or 'none'}")
    if elements != b.elements:
        notes += [f"elements {x}" for x in elements_moved(elements, b.elements)]
    c.changes[before] = replace(c.changes[before], notes=(*c.changes[before].notes, *notes))


def _clip(c: Comparison, path: str, a: Observation, b: Observation, actor: bool) -> None:
    digests = [tuple(x.digest for x in e.clip) if e.clip else None for e in (a, b)]
    if digests[0] == digests[1]:
        return
    ends = [" .. ".join(numbers(x.values) for x in e.clip) if e.clip else "none" for e in (a, b)]
    rule = change_rules.OBSERVATION_CLIP if actor else change_rules.CRITIC_OBSERVATION
    c.add(rule, f"{path}.clip", f"clip {ends[0]} -> {ends[1]}", digests[0], digests[1])


def _order(c: Comparison, group: str, old: list[str], new: list[Observation], before: Sequence[Observation]) -> None:
    names = [e.name for e in new]
    if old == names:
        return
    where = {e.name: e for e in before}
    for was, e in zip(old, new, strict=True):
        if was != e.name and not _inherited(c.new, group, e):
            a = where.get(e.name)
            text = f"{_slice(a)} -> {_slice(e)}" if a else f"now {_slice(e)}"
            rule = change_rules.OBSERVATION_MOVED if group == ACTOR else change_rules.CRITIC_OBSERVATION
            c.add(rule, f"observe.{group}.{e.name}", text, old.index(e.name), names.index(e.name))


LOOKS = (observations,)
