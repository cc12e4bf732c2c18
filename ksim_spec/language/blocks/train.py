"""Block `train`: settings of the trainer."""

from __future__ import annotations

from typing import Any

from ksim_spec import rules
from ksim_spec.diagnostics import Edit, Fix
from ksim_spec.language.blocks.model_settings import choices, described, read_setting, validated
from ksim_spec.language.blocks.registry import Block, Parts
from ksim_spec.language.checker import Checker
from ksim_spec.settings import BatchProblem, TrainConfig, validate_batch
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast


def check_train(c: Checker, section: ast.Section | None, complete: bool = True) -> tuple[TrainConfig, dict[str, Span]]:
    """Returns the trainer's settings and where each was written; impossible batch sizes list the nearest valid ones.

    A profile may leave sizes that cannot be trained (`num_envs = 1` to play): then `complete` is false, and only
    training itself checks them.
    """
    settings: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    if section is not None and not section.broken and section.name not in (None, "ppo"):
        c.report(
            rules.UNKNOWN_ALGORITHM,
            section.name_span,
            f"there is no algorithm `{section.name}`",
            help="use `train ppo {`",
        )
    before = len(c.out.items)
    for stmt in section.body if section else ():
        read_setting(c, stmt, TrainConfig, settings, spans, "train")
    _in_env_states(section, settings)
    config = validated(c, TrainConfig, settings, spans) or TrainConfig()
    # With a setting that was not understood, its default stands in for it: sizes that do not fit then say nothing.
    for problem in validate_batch(config) if complete and len(c.out.items) == before else ():
        at = next((spans[f] for f in problem.fields if f in spans), section.header_span if section else NOWHERE)
        c.report(rules.IMPOSSIBLE_BATCH, at, problem.message, help=problem.help, fix=_nearest(problem, spans))
    return config, spans


def _in_env_states(section: ast.Section | None, settings: dict[str, Any]) -> None:
    """Makes EnvStates of a budget that is given in updates."""
    for stmt in section.body if section else ():
        value = stmt.value if isinstance(stmt, ast.Assign) else None
        named = isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.target.id == "budget"
        if named and isinstance(value, ast.Quantity) and value.unit.text == "updates" and "budget" in settings:
            sizes = ("num_env_states_per_minibatch", "num_minibatches")
            each = [settings.get(name, TrainConfig.model_fields[name].default) for name in sizes]
            if all(isinstance(n, int) for n in (*each, settings["budget"])):
                settings["budget"] *= each[0] * each[1]


def _nearest(problem: BatchProblem, spans: dict[str, Span]) -> Fix | None:
    """Returns the change to the nearest sizes that fit, where they are written in the spec."""
    change = next(iter(problem.alternatives), {})
    if not change or any(name not in spans for name in change):
        return None
    title = " and ".join(f"`{name} = {number}`" for name, number in change.items())
    return Fix(f"use {title}", tuple(Edit(spans[name], str(number)) for name, number in change.items()))


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.train, parts.settings = check_train(c, sections[0] if sections else None, parts.complete)


BLOCK = Block(
    "train",
    "settings of the trainer",
    takes={},
    settings=described(TrainConfig),
    choices=(*choices(TrainConfig), "none"),
    model=TrainConfig,
    name="optional",
    single=True,
    unique=True,
    check=_read,
    outlined="setting",
)
