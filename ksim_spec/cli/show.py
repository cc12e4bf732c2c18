"""`ksim show`: the resolved spec as text for people, or as YAML or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from ksim_spec.cli.exit import show
from ksim_spec.render.ansi import Style, visible, wants_color, width


class OutputFormat(StrEnum):
    text = "text"
    yaml = "yaml"
    json = "json"


def show_command(
    spec: Path = typer.Argument(..., metavar="SPEC", help="The spec to show."),
    profile: str = typer.Option(None, "--profile", help="A profile of the spec to apply."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Change a setting of the spec."),
    output: OutputFormat = typer.Option(OutputFormat.text, "--format", help="How it is written."),
) -> None:
    from ksim_spec.compiler import compile_spec
    from ksim_spec.summary.summary import describe

    compiled = compile_spec(spec, profile=profile, sets=sets)
    show(compiled.loaded.diagnostics, compiled.loaded.sources)
    shown = describe(compiled)
    if output is OutputFormat.json:
        print(json.dumps(shown, indent=1))
    elif output is OutputFormat.yaml:
        import yaml

        print(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=120), end="")
    else:
        print(as_text(shown, Style(wants_color(sys.stdout))))


def as_text(shown: dict[str, Any], style: Style) -> str:
    """Returns what `describe` returned as headed tables; nothing in them is read as markup or control characters."""
    parts = [_title(shown, style), _timing(shown["timing"], shown["world"])]
    parts += [_observations(name, group, style) for name, group in shown["observations"].items()]
    parts += [_actions(shown["action"], style), _idle_actuators(shown["idle_actuators"], style)]
    parts += [_command(name, command, style) for name, command in shown["commands"].items()]
    signals = [(s["name"], s["type"], s["source"], s["expression"]) for s in shown["signals"]]
    parts.append(_section("signals", ("name", "type", "source", "expression"), signals, style))
    parts += [_rewards(shown["rewards"], style), _earned(shown["rewards"], style)]
    rows = [(t["name"], t["outcome"], _unusual(t["fires"]), t["when"]) for t in shown["terminations"]]
    parts.append(_section("terminations", ("name", "outcome", "fires", "when"), rows, style))
    parts.append(_variation(shown, style))
    parts += [_training(shown, style), _cost(shown["cost"], style)]
    notes = [f"note: {visible(n)}" for n in shown["notes"]]
    parts.append("\n".join([*notes, *(f"{k} hash: {v}" for k, v in shown["hashes"].items())]))
    return "\n\n".join(p for p in parts if p)


# Tables --------------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[object]], style: Style) -> list[str]:
    """Returns aligned lines; numbers to the right, the last column as long as it is."""
    body = [[visible(str(x)) for x in row] for row in rows]
    widths = [max(width(x) for x in column) for column in zip(head, *body, strict=True)]
    right = [bool(body) and all(_is_number(r[i]) for r in body) for i in range(len(head))]

    def line(cells: Sequence[str], paint: bool = False) -> str:
        blanks = [" " * (w - width(x)) for x, w in zip(cells, widths, strict=True)]
        padded = [b + x if r else x + b for x, b, r in zip(cells, blanks, right, strict=True)]
        text = ("  " + "  ".join(padded)).rstrip()
        return style.dim(text) if paint else text

    return [line(head, paint=True), *(line(r) for r in body)]


def _is_number(text: str) -> bool:
    return text == "" or text.lstrip("+-")[:1].isdigit()


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], style: Style) -> str:
    if not rows:
        return ""
    # a column that says nothing in any row is left out
    used = [i for i in range(len(head)) if any(str(r[i]) for r in rows)]
    lines = table([head[i] for i in used], [[r[i] for i in used] for r in rows], style)
    return "\n".join([style.strong(title), *lines])


def _number(x: float | None, digits: int = 5) -> str:
    return "" if x is None else f"{x:.{digits}g}"


def _range(ends: Sequence[float] | None, unit: str = "") -> str:
    if ends is None:
        return ""
    low, high = (_number(x) for x in ends)
    text = low if low == high else f"{low} .. {high}"
    return f"{text} {unit}".rstrip()


# Parts ---------------------------------------------------------------------------------------------------------------


def _title(shown: dict[str, Any], style: Style) -> str:
    task = shown["task"]
    doc = f": {visible(task['doc'])}" if task["doc"] else ""
    return f"{style.strong(visible(task['name']))}{doc}\nrobot {visible(shown['robot'])}: {_who(shown['who'])}"


def _who(who: dict[str, Any]) -> str:
    """Who the robot is, and what else moves: contacts `outside` are with all but the robot."""
    trees, others = (", ".join(f"`{visible(name)}`" for name in who[key]) for key in ("trees", "others"))
    base = f", floats on `{visible(who['base'])}`" if who["base"] else ", does not float"
    more = f"\nnot the robot: {others}" if others else ""
    return f"{who['bodies']} bodies from {trees}{base}{more}"


def _timing(t: dict[str, Any], world: dict[str, Any]) -> str:
    episode = "no timeout"
    if t["episode_s"] is not None:
        episode = f"at most {t['episode_s']:g} s, {t['episode_steps']} control steps"
    lines = [
        f"control every {t['control_step_s'] * 1000:g} ms ({t['control_rate_hz']:g} Hz), "
        f"{t['physics_steps_per_control_step']} physics steps of {t['physics_step_s'] * 1000:g} ms",
        f"episodes: {episode}",
    ]
    delays = {k: v for k, v in t["action_delay_s"].items() if any(v)}
    lines += [f"action delay of {visible(k)}: {_range([x * 1000 for x in v], 'ms')}" for k, v in delays.items()]
    lines += [_floor(world["floor"]), "solver: " + ", ".join(_solver(world["solver"]))]
    return "\n".join(lines)


def _floor(floor: dict[str, Any] | None) -> str:
    if floor is None:
        return "no floor"
    whose = "the spec's plane" if floor["of_the_spec"] else "the robot file's"
    return f"floor `{visible(floor['floor'])}`: {whose}, friction {' '.join(map(_number, floor['friction']))}"


def _solver(solver: dict[str, Any]) -> list[str]:
    counts = ("iterations", "ls_iterations")
    named = {k: v if isinstance(v, str) else _number(v) for k, v in solver.items() if k != "solver"}
    return [solver["solver"], *(f"{v} {k}" if k in counts else f"{k} {v}" for k, v in named.items())]


def _observations(name: str, group: dict[str, Any], style: Style) -> str:
    rows = [
        (f"{e['slice'][0]}:{e['slice'][1]}", e["name"], e["unit"] if e["unit"] != "1" else "", e["frame"], e["source"],
         e["delay"], e["bias"], e["noise"], e["scale"], e["clip"], e["history"], e["expression"])
        for e in group["entries"]
    ]  # fmt: skip
    how = ("delay", "bias", "noise", "scale", "clip", "history")
    head = ("slice", "name", "unit", "frame", "source", *how, "expression")
    return _section(f"observe {visible(name)}: {group['size']} numbers", head, rows, style)


def _actions(action: list[dict[str, Any]], style: Style) -> str:
    rows = [
        (i, a["joint"], a["actuator"], a["mode"], a["unit"], _number(a["home"]), _number(a["scale"]),
         _range(a["target_range"]) + " (cut)" * a["cut"], _range(a["joint_range"]), _range(a["force_range"]))
        for i, a in enumerate(action)
    ]  # fmt: skip
    head = ("index", "joint", "actuator", "mode", "unit", "home", "scale", "target at -1 .. 1", "joint range",
            "force limits")  # fmt: skip
    return _section(f"action: {len(action)} numbers", head, rows, style)


def _idle_actuators(idle: list[dict[str, Any]], style: Style) -> str:
    rows = [(a["actuator"], a["on"], a["kind"], _number(a["control"])) for a in idle]
    return _section("actuators that no action drives", ("actuator", "on", "kind", "control"), rows, style)


def _command(name: str, command: dict[str, Any], style: Style) -> str:
    about = [f"in {command['frame']}"] if command["frame"] else []
    if command["resample_s"]:
        about.append(f"redrawn every {_range(command['resample_s'], 's')}")
    if command["zero_probability"]:
        about.append(f"all zero with probability {command['zero_probability']:.3g}")
    rows = [
        (f["name"], *(("", "false or true") if f["values"] else (f["unit"], _range(f["range"]))), f["value"])
        for f in command["fields"]
    ]
    title = ", ".join([f"command {visible(name)}", *map(visible, about)])
    return _section(title, ("field", "unit", "range", "value"), rows, style)


def _weight(pair: list[float] | None) -> str:
    if pair is None:
        return ""
    return _number(pair[0], 4) if pair[0] == pair[1] else f"{_number(pair[0], 4)} -> {_number(pair[1], 4)}"


def _rewards(rewards: list[dict[str, Any]], style: Style) -> str:
    rows = [
        (r["name"], r["weight"], r["mode"], _weight(r["per_step"]), _weight(r["per_second"]), _weight(r["per_episode"]),
         r["unit"] if r["unit"] != "1" else "", r["expression"])
        for r in rewards
    ]  # fmt: skip
    head = ("name", "weight", "counts", "/step", "/second", "/episode", "unit", "expression")
    title = "rewards: what a value that stays at 1 (SI) adds (a -> b: from the start to the end of the curriculum)"
    return _section(title, head, rows, style)


def _earned(rewards: list[dict[str, Any]], style: Style) -> str:
    """What terms can come to; on an event where the column before says so."""
    rows = [
        (r["name"], _in_a(r), _open(r["range"]), _open(r["adds_per_second"]),
         _open(r["adds_per_episode"]), "" if r["share_of_best"] is None else f"{r['share_of_best']:.1%}",
         _number(r["doing_nothing"], 4), _number(r["doing_nothing_at_full_command"], 4))
        for r in rewards
    ]  # fmt: skip
    steady = [r for r in rewards if _in_a(r) == "second"]
    sums = [sum(r[k] for r in steady) for k in ("doing_nothing", "doing_nothing_at_full_command")]
    rows.append(("together", "second", "", "", "", "", _number(sums[0], 4), _number(sums[1], 4)))
    head = ("name", "in a", "value", "adds", "in an episode", "of the best", "doing nothing", "at full command")
    return _section("what the rewards can come to (doing nothing: action zero for a second)", head, rows, style)


def _in_a(reward: dict[str, Any]) -> str:
    """What a term's amounts are for: a second, an event, or the one step that ends an episode."""
    if reward["counts"] == "once":
        return "last step"
    return "event" if reward["mode"] == "on event" or reward["counts"] == "moment" else "second"


def _open(ends: Sequence[float | None] | None) -> str:
    """A range in which a missing end is open."""
    if ends is None:
        return ""
    low, high = (word if x is None else _number(x, 4) for word, x in zip(("-inf", "inf"), ends, strict=True))
    return low if low == high else f"{low} .. {high}"


def _unusual(fires: str) -> str:
    return "" if fires == "sometimes" else fires


def _variation(shown: dict[str, Any], style: Style) -> str:
    rows = [("reset", "to " + shown["reset"]["pose"], "each episode")]
    rows += [("reset", line, "each episode") for line in shown["reset"]["changes"]]
    if shown["reset"]["settle_s"]:
        rows.append(("reset", f"settles for {shown['reset']['settle_s']:g} s", "each episode"))
    for e in shown["events"]:
        rows += [(f"event {e['name']}", line, f"every {_range(e['every'], 's')}") for line in e["changes"]]
    rows += [("randomize", r["change"], f"each {r['per']}") for r in shown["randomize"]]
    for lv in shown["curriculum"]:
        how = f"over {lv['over_env_states']:,.0f} env_states" if lv["over_env_states"] else ""
        how = how or f"by {lv['by']:g} when {lv['when']}"
        rows.append((f"level {lv['name']}", f"{lv['from']:g} to {lv['to']:g}", how))
    return _section("what varies", ("kind", "what", "when"), rows, style)


def _arrow(sizes: Sequence[int]) -> str:
    return " -> ".join(map(str, sizes))


def _training(shown: dict[str, Any], style: Style) -> str:
    t, n = shown["train"], shown["networks"]
    rounded = "" if t["budget"] == t["real_budget"] else f" ({t['budget']:,} asked for)"
    lines = [
        f"  {t['num_envs']} environments x {t['rollout_length']} control steps = {t['num_env_states']:,} EnvStates "
        f"an update; {t['num_epochs']} epochs of {t['num_minibatches']} minibatches: {t['gradient_steps_per_update']} "
        "gradient steps",
        f"  {t['num_updates']:,} updates, {t['real_budget']:,} EnvStates{rounded}, "
        f"{t['simulated_hours']:g} h of robot time",
        f"  actor {_arrow(n['actor'])}, critic ({n['critic_observes']}) {_arrow(n['critic'])}, "
        f"{n['activation']}, {n['distribution']}: {n['parameters']:,} parameters",
        f"  discount {t['discount']:g}, gae_lambda {t['gae_lambda']:g}, learning_rate {t['learning_rate']:g} "
        f"({t['learning_rate_schedule']}), clip {t['clip']:g}, entropy {t['entropy']:g}, seed {t['seed']}",
    ]
    checks = [f"  check {visible(c)}" for c in shown["checks"]]
    return "\n".join([style.strong("training"), *lines, *checks])


def _cost(cost: dict[str, Any], style: Style) -> str:
    because = cost["stage_because"]
    more = f" and {len(because) - 6} more" if len(because) > 6 else ""
    needed = f", for {', '.join(map(visible, because[:6]))}{more}" if because else ""
    contacts = ", ".join(f"{visible(k)} {v}" for k, v in cost["contacts"].items())
    reads = ", ".join(f"{k} {v}" for k, v in cost["reads"].items())
    model = ", ".join(f"{k} {v}" for k, v in cost["model"].items())
    lines = [
        f"  stage {cost['stage']}{needed}",
        f"  read after each control step: {reads} numbers, from {cost['sensors']} sensors",
        f"  contact slots: {cost['contact_slots']}" + (f" ({contacts})" if contacts else ""),
        f"  model: {model}",
        f"  dataset of an update: {cost['dataset_bytes'] / 2**20:.1f} MiB",
    ]
    fields = cost["fields_per_environment"]
    if fields:
        lines.insert(3, f"  differ between environments: {', '.join(f'{k} ({v})' for k, v in fields.items())}")
    return "\n".join([style.strong("cost of a control step"), *lines])
