"""What the policy drives and is told, how often, and through which networks."""

from __future__ import annotations

from collections.abc import Callable

from ksim_spec.contract.schema import Action, Actuator, Command
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair, same_action
from ksim_spec.differ.wording import elements_moved, moved, number, numbers, percent
from ksim_spec.rules import changes as change_rules


def actions(c: Comparison) -> None:
    old, new = {t.name: t for t in c.old.action}, {t.name: t for t in c.new.action}
    sizes = c.old.networks.actions, c.new.networks.actions
    if sizes[0] != sizes[1]:
        text = f"{sizes[0]} -> {sizes[1]} numbers"
        c.add(change_rules.ACTION_RESIZED, "action", text, sizes[0], sizes[1], _joint_changes(c))
    pairs = pair(old, new, same_action)
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"action.{b}", a, b, draws=new[b].delay_physics_steps[0] != new[b].delay_physics_steps[1])
        _term(c, old[a], new[b])
    joints = [c.renames.name("joint", j) for t in c.old.action for j in t.joints]
    driven = [j for t in c.new.action for j in t.joints]
    if joints != driven and sizes[0] == sizes[1]:
        text = "the numbers of the action drive other joints"
        c.add(change_rules.ACTION_JOINTS, "action", text, joints, driven, elements_moved(joints, driven))
    elif sizes[0] == sizes[1] and (len(pairs) < len(old) or len(pairs) < len(new)):
        # the same joints in other terms: whether their scales are the same is not worth finding out
        c.add(change_rules.ACTION_JOINTS, "action", "the action is cut into other terms", list(old), list(new))


def _joint_changes(c: Comparison) -> list[str]:
    old, new = ([j for t in x.action for j in t.joints] for x in (c.old, c.new))
    gone, come = [j for j in old if j not in new], [j for j in new if j not in old]
    rows = (("no longer driven", gone), ("driven now", come))
    return [f"{what}: {', '.join(joints)}" for what, joints in rows if joints]


def _term(c: Comparison, a: Action, b: Action) -> None:
    path = f"action.{b.name}"
    if a.mode != b.mode:
        c.add(change_rules.ACTION_MODE, path, f"{a.mode} -> {b.mode}", a.mode, b.mode)
    if a.joints == b.joints or len(a.joints) == len(b.joints):
        c.expression(change_rules.ACTION_SCALE, f"{path}.scale", a.scale, b.scale, "scale")
        c.expression(change_rules.ACTION_OFFSET, f"{path}.around", a.offset, b.offset, "offset")
    delays = [[n * w.timing.physics_step for n in t.delay_physics_steps] for t, w in ((a, c.old), (b, c.new))]
    if any(abs(x - y) > 1e-9 for x, y in zip(*delays, strict=True)):
        shown = [f"{number(low * 1000)} .. {number(high * 1000)} ms" for low, high in delays]
        c.add(change_rules.ACTION_DELAY, f"{path}.delay", f"delay {shown[0]} -> {shown[1]}", delays[0], delays[1])
    new = {x.joint: x for x in b.actuators}
    for x in a.actuators:
        y = new.get(c.renames.name("joint", x.joint))
        if y is not None:
            _actuator(c, path, x, y)


def _actuator(c: Comparison, path: str, x: Actuator, y: Actuator) -> None:
    for word in ("kp", "kv"):
        old, new = getattr(x, word), getattr(y, word)
        if old != new:
            text = (
                f"{word} {moved(old, new)}"
                if old is not None and new is not None
                else f"{word} {number(old)} -> {number(new)}"
            )
            c.add(change_rules.ACTION_GAIN, f"{path}.{y.joint}", text, old, new)
    for word in ("kind", "gear", "control_range", "force_range"):
        old, new = getattr(x, word), getattr(y, word)
        if old != new:
            shown = [v if isinstance(v, str) else _range(v) for v in (old, new)]
            text = f"{word.replace('_', ' ')} {shown[0]} -> {shown[1]}"
            c.add(change_rules.ACTUATOR_CHANGED, f"{path}.{y.joint}", text, old, new)


def _range(values: tuple[float, ...] | None) -> str:
    if values is None:
        return "none"
    return f"{number(values[0])} .. {number(values[1])}" if len(values) == 2 else numbers(values)


# Commands, rates, networks -------------------------------------------------------------------------------------------


def commands(c: Comparison) -> None:
    old, new = c.old.commands, c.new.commands
    pairs = {n: c.renames.name("command", n) for n in old if c.renames.name("command", n) in new}
    for name in [n for n in old if n not in pairs]:
        c.add(change_rules.COMMAND_LAYOUT, f"command.{name}", "the command was removed", _layout(old[name]), None)
    for name in [n for n in new if n not in pairs.values()]:
        c.add(change_rules.COMMAND_LAYOUT, f"command.{name}", "the command was added", None, _layout(new[name]))
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
        c.add(change_rules.COMMAND_LAYOUT, path, text, _layout(a), _layout(b))
    if c.renames.token(a.frame_of) != b.frame_of:
        c.add(change_rules.COMMAND_FRAME, path, f"frame {a.frame} -> {b.frame}", a.frame_of, b.frame_of)
    new = {f.name: f for f in b.fields}
    for f in a.fields:
        name = _field_name(c, old_name, f.name)
        if name in new:
            if name != f.name:
                c.renamed(f"{path}.{name}", f.name, name, draws=True)
            c.expression(change_rules.COMMAND_RANGE, f"{path}.{name}", f.value, new[name].value)
    if a.resample != b.resample:
        text = f"redrawn every {_range(a.resample)} s -> {_range(b.resample)} s"
        c.add(change_rules.COMMAND_TIMING, f"{path}.resample", text, a.resample, b.resample)
    if a.zero != b.zero:
        shown = [f"{(z or 0) * 100:g} %" for z in (a.zero, b.zero)]
        c.add(
            change_rules.COMMAND_TIMING,
            f"{path}.zero",
            f"zero with probability {shown[0]} -> {shown[1]}",
            a.zero,
            b.zero,
        )


def _field_name(c: Comparison, command: str, name: str) -> str:
    return c.renames.name("command", f"{command}.{name}").rpartition(".")[2]


def timing(c: Comparison) -> None:
    a, b = c.old.timing, c.new.timing
    if a.control_step != b.control_step:
        rates = f"{number(1 / a.control_step)} -> {number(1 / b.control_step)} Hz"
        text = f"control step {number(a.control_step * 1000)} -> {number(b.control_step * 1000)} ms ({rates})"
        c.add(change_rules.CONTROL_STEP, "world.control_step", text, a.control_step, b.control_step)
    if a.physics_step != b.physics_step:
        text = f"physics step {number(a.physics_step * 1000)} -> {number(b.physics_step * 1000)} ms"
        c.add(change_rules.PHYSICS_SETTING, "world.physics_step", text, a.physics_step, b.physics_step)


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
                c.add(change_rules.CRITIC_GROUP, "policy.critic", f"{text}: {sizes[0]} -> {sizes[1]} numbers", a, b)
            else:
                c.add(change_rules.CRITIC_OBSERVATION, "policy.critic", f"the critic observes {text}", a, b)
        elif word in _SHAPE:
            c.add(change_rules.NETWORK_CHANGED, path, f"{word} {text}", a, b)
        elif word in _FUNCTION:
            c.add(change_rules.NETWORK_FUNCTION, path, f"{word} {text}", a, b)
        else:
            c.add(change_rules.EXPLORATION, path, f"{word} {text}{percent(a, b)}", a, b)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return f"mlp({', '.join(map(str, value))})"
    if isinstance(value, dict):
        more = [f"{k} {_plain(v)}" for k, v in value.items() if k not in ("kind", "hidden") and v is not None]
        return ", ".join([f"{value['kind']}({', '.join(map(str, value['hidden']))})", *more])
    return str(value).lower() if isinstance(value, bool) else number(value) if isinstance(value, float) else str(value)


def mirror(c: Comparison) -> None:
    a, b = c.old, c.new
    symmetric = a.networks.symmetric and b.networks.symmetric
    if a.mirror != b.mirror:
        shown = [", ".join(" <-> ".join(x) for x in w.mirror) or "none" for w in (a, b)]
        text = f"mirror {shown[0]} -> {shown[1]}"
        if symmetric:
            c.add(change_rules.SYMMETRY_CHANGED, "robot.mirror", text, a.mirror, b.mirror)
        else:
            c.add(change_rules.MIRROR_CHANGED, "robot.mirror", text, a.mirror, b.mirror)
    elif symmetric and a.mirrored and b.mirrored and a.mirrored != b.mirrored:
        c.add(change_rules.SYMMETRY_CHANGED, "robot.mirror", "mirrored elements differ", a.mirrored, b.mirrored)


LOOKS: tuple[Callable[[Comparison], None], ...] = (actions, commands, timing, networks, mirror)
