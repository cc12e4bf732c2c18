"""What the policy sees and drives: observations, actions, commands, networks, rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ksim_spec.review.compare import Comparison
from ksim_spec.review.renames import pair, same_action
from ksim_spec.review.schema import Action, Command, Contract, Expression, Observation
from ksim_spec.review.words import moved, number, numbers, percent

ACTOR = "actor"


# Observations --------------------------------------------------------------------------------------------------------


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
    c.add("KD351", "critic-observation", f"observe.{group}", text, not added, added)


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
        all(c.renames.same(x, y) for x, y in parts) and draws[0] == draws[1]
        and (a.delay_control_steps, a.history) == (b.delay_control_steps, b.history)
    )  # fmt: skip


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
        c.add("KD102", "observation-removed", path, text, e.value.digest, None)
    else:
        c.add("KD351", "critic-observation", path, text, e.value.digest, None)


def _come(c: Comparison, group: str, e: Observation, seen: bool, widths: str, told: bool) -> None:
    if told:
        return
    path, text = f"observe.{group}.{e.name}", f"{_slice(e)} `{e.value.text}` added; {widths}"
    if seen:
        c.add("KD101", "observation-added", path, text, None, e.value.digest)
    else:
        c.add("KD351", "critic-observation", path, text, None, e.value.digest)


def _entry(c: Comparison, group: str, a: Observation, b: Observation, seen: bool) -> None:
    path, actor = f"observe.{group}.{b.name}", group == ACTOR
    size = (a.slice[1] - a.slice[0], b.slice[1] - b.slice[0])
    if size[0] != size[1]:
        how = f"history {a.history} -> {b.history}, " if a.history != b.history else ""
        rule = ("KD103", "observation-resized") if seen else ("KD351", "critic-observation")
        text = f"{how}{size[0]} -> {size[1]} numbers"
        c.add(*rule, path, text, [a.history, size[0]], [b.history, size[1]])
    if size[0] == size[1] or a.value.text != b.value.text:
        _value(c, path, a, b, actor)
    rule = ("KD203", "observation-scale") if actor else ("KD351", "critic-observation")
    c.expression(rule, f"{path}.scale", a.scale, b.scale, "scale")
    _clip(c, path, a, b, actor)
    if a.delay_control_steps != b.delay_control_steps:
        text = f"delay {a.delay_control_steps} -> {b.delay_control_steps} control steps"
        rule = ("KD207", "observation-delay") if actor else ("KD351", "critic-observation")
        c.add(rule[0], rule[1], f"{path}.delay", text, a.delay_control_steps, b.delay_control_steps)
    for word in ("bias", "noise"):
        c.expression(("KD341", "noise-changed"), f"{path}.{word}", getattr(a, word), getattr(b, word), word)
    if a.name != b.name:
        c.renamed(path, a.name, b.name, draws=b.noise is not None or b.bias is not None)
    if a.privileged != b.privileged and a.value.digest == b.value.digest:
        text = f"counts as {'privileged' if b.privileged else 'measured by the robot'} now"
        c.add("KD408", "source-declared", path, text, a.privileged, b.privileged)


def _value(c: Comparison, path: str, a: Observation, b: Observation, actor: bool) -> None:
    rule = ("KD206", "observation-value")
    elements = tuple(c.renames.name("joint", x) for x in a.elements)
    if a.unit != b.unit:
        rule = ("KD202", "observation-unit")
    elif a.frame != b.frame:
        rule = ("KD205", "observation-frame")
    elif a.value.anonymous == b.value.anonymous or (elements != b.elements and sorted(elements) == sorted(b.elements)):
        rule = ("KD208", "observation-elements")
    if not actor:
        rule = ("KD351", "critic-observation")
    before = len(c.changes)
    if not c.expression(rule, path, a.value, b.value):
        return
    notes = []
    if a.unit != b.unit:
        notes.append(f"unit {a.unit} -> {b.unit}")
    if a.frame != b.frame:
        notes.append(f"frame {a.frame or 'none'} -> {b.frame or 'none'}")
    if elements != b.elements:
        notes += [f"elements {', '.join(x)}" for x in _differing(elements, b.elements)]
    change = c.changes[before]
    c.changes[before] = type(change)(
        change.rule, change.path, change.text, change.old, change.new, (*change.notes, *notes)
    )


def _differing(old: Sequence[str], new: Sequence[str]) -> list[list[str]]:
    """Where elements stand, before and after, of those that moved; at most four."""
    rows = [f"{x}: {old.index(x)} -> {new.index(x)}" for x in old if x in new and old.index(x) != new.index(x)]
    rows += [f"{x} is gone" for x in old if x not in new] + [f"{x} is new" for x in new if x not in old]
    return [[*rows[:4], *([f"and {len(rows) - 4} more"] if len(rows) > 4 else [])]] if rows else []


def _clip(c: Comparison, path: str, a: Observation, b: Observation, actor: bool) -> None:
    digests = [tuple(x.digest for x in e.clip) if e.clip else None for e in (a, b)]
    if digests[0] == digests[1]:
        return
    ends = [" .. ".join(numbers(x.values) for x in e.clip) if e.clip else "none" for e in (a, b)]
    rule = ("KD204", "observation-clip") if actor else ("KD351", "critic-observation")
    c.add(*rule, f"{path}.clip", f"clip {ends[0]} -> {ends[1]}", digests[0], digests[1])


def _order(c: Comparison, group: str, old: list[str], new: list[Observation], before: Sequence[Observation]) -> None:
    names = [e.name for e in new]
    if old == names:
        return
    where = {e.name: e for e in before}
    for was, e in zip(old, new, strict=True):
        if was != e.name and not _inherited(c.new, group, e):
            a = where.get(e.name)
            text = f"{_slice(a)} -> {_slice(e)}" if a else f"now {_slice(e)}"
            rule = ("KD201", "observation-moved") if group == ACTOR else ("KD351", "critic-observation")
            c.add(*rule, f"observe.{group}.{e.name}", text, old.index(e.name), names.index(e.name))


# Actions -------------------------------------------------------------------------------------------------------------


def actions(c: Comparison) -> None:
    old, new = {t.name: t for t in c.old.action}, {t.name: t for t in c.new.action}
    sizes = c.old.networks.actions, c.new.networks.actions
    if sizes[0] != sizes[1]:
        joints = _joint_changes(c)
        text = f"{sizes[0]} -> {sizes[1]} numbers"
        c.add("KD104", "action-resized", "action", text, sizes[0], sizes[1], joints)
    pairs = pair(old, new, same_action)
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"action.{b}", a, b, draws=new[b].delay_physics_steps[0] != new[b].delay_physics_steps[1])
        _term(c, old[a], new[b])
    vectors = [[c.renames.name("joint", j) for t in c.old.action for j in t.joints],
               [j for t in c.new.action for j in t.joints]]  # fmt: skip
    if vectors[0] != vectors[1] and sizes[0] == sizes[1]:
        notes = [", ".join(x) for x in _differing(*vectors)]
        c.add("KD214", "action-joints", "action", "the numbers of the action drive other joints", *vectors, notes=notes)


def _joint_changes(c: Comparison) -> list[str]:
    old, new = ([j for t in x.action for j in t.joints] for x in (c.old, c.new))
    return [f"no longer driven: {', '.join(x)}" for x in [[j for j in old if j not in new]] if x] + [
        f"driven now: {', '.join(x)}" for x in [[j for j in new if j not in old]] if x
    ]


def _term(c: Comparison, a: Action, b: Action) -> None:
    path = f"action.{b.name}"
    if a.mode != b.mode:
        c.add("KD211", "action-mode", path, f"{a.mode} -> {b.mode}", a.mode, b.mode)
    if a.joints == b.joints or len(a.joints) == len(b.joints):
        c.expression(("KD212", "action-scale"), f"{path}.scale", a.scale, b.scale, "scale")
        c.expression(("KD213", "action-offset"), f"{path}.around", a.offset, b.offset, "offset")
    delays = [[n * w.timing.physics_step for n in t.delay_physics_steps] for t, w in ((a, c.old), (b, c.new))]
    if any(abs(x - y) > 1e-9 for x, y in zip(*delays, strict=True)):
        shown = [f"{number(low * 1000)} .. {number(high * 1000)} ms" for low, high in delays]
        c.add("KD342", "action-delay", f"{path}.delay", f"delay {shown[0]} -> {shown[1]}", delays[0], delays[1])
    new = {x.joint: x for x in b.actuators}
    for x in a.actuators:
        y = new.get(c.renames.name("joint", x.joint))
        if y is not None:
            _actuator(c, path, x, y)


def _actuator(c: Comparison, path: str, x: object, y: object) -> None:
    for word in ("kp", "kv"):
        old, new = getattr(x, word), getattr(y, word)
        if old != new:
            text = (
                f"{word} {moved(old, new)}"
                if old is not None and new is not None
                else f"{word} {number(old)} -> {number(new)}"
            )
            c.add("KD215", "action-gain", f"{path}.{getattr(y, 'joint')}", text, old, new)  # noqa: B009
    for word in ("kind", "gear", "control_range", "force_range"):
        old, new = getattr(x, word), getattr(y, word)
        if old != new:
            shown = [v if isinstance(v, str) else _range(v) for v in (old, new)]
            text = f"{word.replace('_', ' ')} {shown[0]} -> {shown[1]}"
            c.add("KD216", "actuator-changed", f"{path}.{getattr(y, 'joint')}", text, old, new)  # noqa: B009


def _range(values: tuple[float, ...] | None) -> str:
    if values is None:
        return "none"
    return f"{number(values[0])} .. {number(values[1])}" if len(values) == 2 else numbers(values)


# Commands, rates, networks -------------------------------------------------------------------------------------------


def commands(c: Comparison) -> None:
    old, new = c.old.commands, c.new.commands
    pairs = {n: c.renames.name("command", n) for n in old if c.renames.name("command", n) in new}
    for name in [n for n in old if n not in pairs]:
        c.add("KD231", "command-layout", f"command.{name}", "the command was removed", _layout(old[name]), None)
    for name in [n for n in new if n not in pairs.values()]:
        c.add("KD231", "command-layout", f"command.{name}", "the command was added", None, _layout(new[name]))
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"command.{b}", a, b, draws=True)
        _command(c, f"command.{b}", old[a], new[b], a)


def _layout(command: Command) -> list[str]:
    return [f"{f.name} {f.unit}" for f in command.fields]


def _command(c: Comparison, path: str, a: Command, b: Command, old_name: str) -> None:
    mapped = [f"{_field_name(c, old_name, f.name)} {f.unit}" for f in a.fields]
    if mapped != _layout(b):
        text = f"fields {', '.join(_layout(a))} -> {', '.join(_layout(b))}"
        c.add("KD231", "command-layout", path, text, _layout(a), _layout(b))
    if c.renames.token(a.frame_of) != b.frame_of:
        c.add("KD232", "command-frame", path, f"frame {a.frame} -> {b.frame}", a.frame_of, b.frame_of)
    new = {f.name: f for f in b.fields}
    for f in a.fields:
        name = _field_name(c, old_name, f.name)
        if name in new:
            if name != f.name:
                c.renamed(f"{path}.{name}", f.name, name, draws=True)
            c.expression(("KD331", "command-range"), f"{path}.{name}", f.value, new[name].value)
    if a.resample != b.resample:
        text = f"redrawn every {_range(a.resample)} s -> {_range(b.resample)} s"
        c.add("KD332", "command-timing", f"{path}.resample", text, a.resample, b.resample)
    if a.zero != b.zero:
        shown = [f"{(z or 0) * 100:g} %" for z in (a.zero, b.zero)]
        c.add(
            "KD332", "command-timing", f"{path}.zero", f"zero with probability {shown[0]} -> {shown[1]}", a.zero, b.zero
        )


def _field_name(c: Comparison, command: str, name: str) -> str:
    return c.renames.name("command", f"{command}.{name}").rpartition(".")[2]


def timing(c: Comparison) -> None:
    a, b = c.old.timing, c.new.timing
    if a.control_step != b.control_step:
        rates = f"{number(1 / a.control_step)} -> {number(1 / b.control_step)} Hz"
        text = f"control step {number(a.control_step * 1000)} -> {number(b.control_step * 1000)} ms ({rates})"
        c.add("KD221", "control-step", "world.control_step", text, a.control_step, b.control_step)
    if a.physics_step != b.physics_step:
        text = f"physics step {number(a.physics_step * 1000)} -> {number(b.physics_step * 1000)} ms"
        c.add("KD371", "physics-setting", "world.physics_step", text, a.physics_step, b.physics_step)


_SHAPE = ("actor", "critic", "std")
_FUNCTION = ("activation", "distribution", "symmetric", "normalize_observations", "observation_clip")


def networks(c: Comparison) -> None:
    old, new = c.old.networks.model_dump(), c.new.networks.model_dump()
    for word in old:
        a, b = old[word], new[word]
        section = "train" if word in ("normalize_observations", "observation_clip") else "policy"
        path, text = f"{section}.{word}", f"{_plain(a)} -> {_plain(b)}"
        if a == b or word in ("actor_inputs", "critic_inputs", "actions"):
            continue
        if word == "critic_observes":
            sizes = old["critic_inputs"], new["critic_inputs"]
            if sizes[0] != sizes[1]:
                c.add("KD106", "critic-group", "policy.critic", f"{text}: {sizes[0]} -> {sizes[1]} numbers", a, b)
            else:
                c.add("KD351", "critic-observation", "policy.critic", f"the critic observes {text}", a, b)
        elif word in _SHAPE:
            c.add("KD105", "network-changed", path, f"{word} {text}", a, b)
        elif word in _FUNCTION:
            c.add("KD241", "network-function", path, f"{word} {text}", a, b)
        else:
            c.add("KD362", "exploration", path, f"{word} {text}{percent(a, b)}", a, b)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return f"mlp({', '.join(map(str, value))})"
    return str(value).lower() if isinstance(value, bool) else number(value) if isinstance(value, float) else str(value)


def mirror(c: Comparison) -> None:
    a, b = c.old, c.new
    symmetric = a.networks.symmetric and b.networks.symmetric
    if a.mirror != b.mirror:
        shown = [", ".join(" <-> ".join(x) for x in w.mirror) or "none" for w in (a, b)]
        text = f"mirror {shown[0]} -> {shown[1]}"
        if symmetric:
            c.add("KD242", "symmetry-changed", "robot.mirror", text, a.mirror, b.mirror)
        else:
            c.add("KD383", "mirror-changed", "robot.mirror", text, a.mirror, b.mirror)
    elif symmetric and a.mirrored and b.mirrored and a.mirrored != b.mirrored:
        c.add("KD242", "symmetry-changed", "robot.mirror", "mirrored elements differ", a.mirrored, b.mirrored)


LOOKS: tuple[Callable[[Comparison], None], ...] = (observations, actions, commands, timing, networks, mirror)
