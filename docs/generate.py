"""Writes the tables of the pages here from the tables in the code: `python docs/generate.py` (`--check` only looks).

A table stands between `<!-- table: NAME -->` and `<!-- end -->`. What a table says beyond the code's own words is in
the dictionaries here; a row that has no words is an error, so that nothing new stays undescribed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, get_args, get_origin

from ksim_spec.language import draws, functions, library, temporal
from ksim_spec.language.blocks import chance, training
from ksim_spec.language.quantities import QUANTITIES, SENSORS, SITE_FRAME_SENSORS
from ksim_spec.review.rules import CHANGE_RULES
from ksim_spec.rules import FAMILIES, RULES
from ksim_spec.train.config import PolicyConfig, TrainConfig
from ksim_spec.units import UNITS

PAGE = Path(__file__).with_name("language.md")
REVIEW = Path(__file__).with_name("review.md")
RULE_INDEX = Path(__file__).parent / "rules" / "README.md"
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)

# Temporal operators: meaning, value on the first sample of an episode.
TEMPORAL = {
    "prev": ("`x` one control step ago", "`x`"),
    "delta": ("`x - prev(x)`", "0"),
    "rate": ("`delta(x)` divided by the control step", "0"),
    "ema": ("`m + a (x - m)` with `a = 1 - exp(-dt / time_constant)`; the time constant is a literal", "`x`"),
    "lowpass": ("the same filter by its cut-off frequency: `a = 1 - exp(-2 pi cutoff dt)`", "`x`"),
    "delay": ("`x` as it was a while ago (a literal time, rounded to control steps, or a number of steps)", "`x`"),
    "history": ("the last samples, newest first, along a new axis `past` (a literal time or number)", "`x` everywhere"),
    "integrate": ("the running sum of `x dt`", "0"),
    "slew": ("follows `x` by at most `rate dt` a step", "`x`"),
    "rising": ("true on the step at which `p` turns true", "false"),
    "falling": ("true on the step at which `p` turns false", "false"),
    "timer": ("seconds for which `p` has been true without a break, this step included", "0 s"),
    "held": ("`p` has been true for that long", "false"),
    "recently": ("`p` was true within that time", "`p`"),
    "latch": ("`p` has been true in this episode", "`p`"),
    "count": ("how many steps `p` was true", "1 or 0"),
    "max_since": ("the largest `x` since `p` was last true, that step included", "`x`"),
    "min_since": ("the smallest `x` since `p` was last true, that step included", "`x`"),
    "phase": ("a clock as an angle in [0, 2 pi) that advances by `2 pi frequency dt`; `start` in turns",
              "`2 pi start`"),
}  # fmt: skip
FORMULAS = {"tolerance": "at^(d^2)"}  # where the code has words instead
FIELDS = {
    "friction": "sliding friction; of the floor, explicit contact pairs with it too",
    "mass": "mass; the inertia grows by the same factor",
    "com": "centre of mass in the body's frame, x, y and z drawn separately",
    "inertia": "the three principal moments, by one factor",
    "kp": "stiffness of the joint's position servo (gain and bias together)",
    "kd": "damping of the joint's servo",
    "damping": "the joint's own damping",
    "armature": "inertia of the rotor, as felt at the joint",
    "frictionloss": "dry friction",
    "stiffness": "the joint's own spring",
    "zero": "offset of the joint's zero (`qpos0`)",
    "gravity": "gravity, x, y and z drawn separately",
}
STATISTICS = {
    "rms": "square root of the mean squared length of a value",
    "mean": "mean of a number",
    "max": "largest number seen",
    "min": "smallest number seen",
    "share": "fraction of steps at which a condition holds",
    "survived": "`survived(20 s)`: fraction of episodes that reach that time, or end in success",
}
POLICY = {
    "actor": "hidden layers of the actor, written `mlp(256, 128)`",
    "critic": "hidden layers of the critic; `observes GROUP` names what it sees",
    "activation": "between layers",
    "symmetric": "mirrored observations give mirrored actions; needs `mirror` in the robot block",
    "distribution": "of actions; `tanh_normal` keeps them within -1 and 1",
    "std": "`global`: one learned spread for each action; `state`: an output of the network",
    "init_std": "spread at the start",
    "min_std": "spread never falls below this",
}
TRAIN = {
    "num_envs": "environments side by side",
    "num_minibatches": "minibatches of a dataset; must divide `num_envs`",
    "num_env_states_per_minibatch": "EnvStates a minibatch holds; with the two above it fixes the rollout length",
    "num_epochs": "passes over a dataset",
    "budget": "EnvStates to learn from; rounded up to whole updates",
    "seed": "of everything random",
    "discount": "of a reward one control step later",
    "gae_lambda": "of generalized advantage estimation",
    "reward_scale": "factor on rewards before learning",
    "advantages": "how often advantages are computed again from the newest critic",
    "normalize_advantages": "to mean 0 and spread 1 within a minibatch",
    "learning_rate": "of Adam",
    "learning_rate_schedule": "`linear` falls over the budget; `adaptive` keeps the KL divergence near `target_kl`",
    "final_learning_rate": "`linear`: fraction of the learning rate left at the end",
    "target_kl": "`adaptive`: wanted KL divergence of an update",
    "clip": "PPO's clip of the probability ratio",
    "entropy": "weight of the entropy bonus",
    "final_entropy": "fraction of `entropy` left at the end; it falls evenly over the budget",
    "value_coefficient": "weight of the critic's loss",
    "max_grad_norm": "gradients of actor and critic are each clipped to this norm; `none` switches it off",
    "normalize_observations": "by running mean and spread",
    "observation_clip": "of normalized observations, in standard deviations",
    "normalize_values": "the critic predicts returns in units of their running spread",
    "checkpoint_every": "updates between checkpoints",
    "keep_checkpoints": "how many are kept, besides the best",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def units() -> str:
    rows = [(f"`{u.symbol}`", u.name, f"{u.to_si:.9g}", str(u.dim) if u.dim.hard != (0, 0, 0) or u.dim.angle else "")
            for u in UNITS.values()]  # fmt: skip
    return table(("unit", "name", "in SI", "SI unit"), rows)


def quantities() -> str:
    owners: dict[str, dict[str, list[str]]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for of, rows in QUANTITIES.items():
        for q in rows.values():
            unit = "true/false" if q.dtype == "bool" else str(q.dim)
            text = (unit if unit != "1" else "", q.kind if q.kind != "scalar" else "", q.stage,
                    "robot" if q.on_robot else "", q.doc)  # fmt: skip
            key = f"{q.name}|{text}"
            texts[key] = text
            owners.setdefault(key, {}).setdefault(q.name, []).append(of)
    rows = [(f"`{name}`", ", ".join(ofs), *texts[key]) for key, names in owners.items() for name, ofs in names.items()]
    return table(("quantity", "of", "unit", "kind", "stage", "source", "meaning"), rows)


def sensors() -> str:
    rows = []
    for tag, (dim, kind, _, stage, robot) in SENSORS.items():
        frame = "" if kind == "scalar" else "its site" if tag in SITE_FRAME_SENSORS else "its reference, else the world"
        unit = str(dim) if str(dim) != "1" else ""
        rows.append((f"`{tag}`", unit, kind if kind != "scalar" else "", frame, stage, "robot" if robot else ""))
    return table(("sensor", "unit", "kind", "frame", "stage", "source"), rows)


def function_table() -> str:
    rows = []
    for name, f in functions.FUNCTIONS.items():
        more = " `where` and `over`" if f.reduces else ""
        formula = FORMULAS.get(name, f.formula)
        doc = f.doc.replace(f" ({f.formula})", "") if f.formula else f.doc
        rows.append((f"`{functions.signature(name)}`{more}", doc, f"`{formula}`" if formula else ""))
    return table(("function", "returns", "formula"), rows)


def library_table() -> str:
    rows = []
    for source, defined in library.functions():
        for fn in defined:
            above = source.text[: fn.span.start].rstrip().rpartition("\n\n")[2]  # the comment, up to an empty line
            head = source.text[fn.span.start : fn.body.span.start].rstrip("= \n").removeprefix("fn ")
            body = " ".join(source.text[fn.body.span.start : fn.body.span.end].split())
            meaning = " ".join(line.lstrip("# ") for line in above.splitlines())
            rows.append((f"`std.{head}`", meaning, f"`{body}`"))
    return table(("function", "meaning", "definition"), rows)


def temporal_table() -> str:
    return table(
        ("operator", "value", "first sample"),
        ((f"`{signature}`", *TEMPORAL[name]) for name, (signature, _) in temporal.OPERATORS.items()),
    )


def draw_table() -> str:
    rows = []
    for name in draws.DISTRIBUTIONS:
        signature, colon, meaning = draws.SIGNATURES[name].partition(": ")
        signature, _, other = signature.partition(", or ")
        rows.append((f"`{signature}`", meaning if colon else f"or `{other}`"))
    return table(("draw", "meaning"), rows)


def fields() -> str:
    rows = [(f"`{name}`", of, str(dim) if str(dim) != "1" else "", FIELDS[name])
            for of, inside in chance.FIELDS.items() for name, dim in inside.items()]  # fmt: skip
    return table(("field", "of", "unit", "what changes"), rows)


def statistics() -> str:
    return table(("statistic", "over all steps of all episodes"),
                 ((f"`{s}`", STATISTICS[s]) for s in training.STATISTICS))  # fmt: skip


def settings(model: type[PolicyConfig] | type[TrainConfig], words: dict[str, str]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        default = field.default
        shown = f"mlp{default}" if isinstance(default, tuple) else "none" if default is None else f"{default}"
        shown = shown.lower() if isinstance(default, bool) else shown
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        meaning = words[name] + (f" ({', '.join(choices)})" if choices else "")
        rows.append((f"`{name}`", f"`{shown}`", meaning))
    return table(("setting", "default", "meaning"), rows)


def rules(digit: str) -> str:
    mine = [r for r in RULES if r.family.digit == digit]
    rows = [(f"[{r.code}]({r.code}.md)", f"`{r.slug}`", r.severity, r.summary) for r in mine]
    return table(("code", "name", "severity", "what is wrong"), rows)


def changes() -> str:
    rows = [(f"[{r.code}](rules/{r.cls}.md#{r.code.lower()}-{r.slug})", f"`{r.slug}`", r.cls, r.summary)
            for r in CHANGE_RULES]  # fmt: skip
    return table(("code", "name", "class", "what changed"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "units": units,
    "quantities": quantities,
    "sensors": sensors,
    "functions": function_table,
    "library": library_table,
    "temporal": temporal_table,
    "draws": draw_table,
    "fields": fields,
    "statistics": statistics,
    "policy": lambda: settings(PolicyConfig, POLICY),
    "train": lambda: settings(TrainConfig, TRAIN),
}
# The tables of the index of rules, one for each family that has rules.
RULE_TABLES: dict[str, Callable[[], str]] = {
    family.name: partial(rules, family.digit) for family in FAMILIES if any(r.family is family for r in RULES)
}
PAGES = {PAGE: TABLES, REVIEW: {"changes": changes}, RULE_INDEX: RULE_TABLES}


def generated(page: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """Returns a page with its tables as the code has them; raises KeyError for a row without words."""
    return MARK.sub(lambda m: f"{m[1]}{tables[m[2]]()}{m[3]}", page)


def main() -> int:
    stale = False
    for path, tables in PAGES.items():
        page = path.read_text(encoding="utf-8")
        current = generated(page, tables)
        stale = stale or page != current
        if "--check" not in sys.argv[1:]:
            path.write_text(current, encoding="utf-8")
    return int(stale and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
