"""Rules about training settings against the task, and about checks that say nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.intervals.interval import INF, Ends
from ksim_spec.language.program import Check
from ksim_spec.linter.context import Subject, warn
from ksim_spec.settings import TrainConfig
from ksim_spec.source import NOWHERE, Span

HORIZON = 0.2  # s: below this, a policy plans for less than a stride
UPDATES = 10


def _at(s: Subject, *names: str) -> Span:
    """Where the first of these settings is written; else where the task has any span."""
    written = [s.program.settings[n] for n in names if n in s.program.settings]
    return written[0] if written else next((r.span for r in s.program.rewards), NOWHERE)


def short_horizon(s: Subject) -> Iterator[Diagnostic]:
    discount, dt = s.program.train.discount, s.program.world.control_step
    seconds = INF if discount == 1 else dt / (1 - discount)
    if seconds < HORIZON:
        yield warn(
            rules.SHORT_HORIZON,
            f"a discount of {discount:g} at {dt * 1000:g} ms a step looks {seconds:.2g} s ahead",
            _at(s, "discount"),
            f"for a second ahead, use `discount = {math.floor((1 - dt) * 1000) / 1000:g}`" if dt < 1 else "raise it",
        )


def few_updates(s: Subject) -> Iterator[Diagnostic]:
    train = s.program.train
    if train.num_updates < UPDATES:
        yield warn(
            rules.FEW_UPDATES,
            f"the budget of {train.budget:,} env_states is {train.num_updates} updates of {train.num_env_states:,}",
            _at(s, "budget"),
            "raise `budget`, or collect less for each update",
        )


def budget_below_episode(s: Subject) -> Iterator[Diagnostic]:
    """Training that stops before any environment has seen the end of an episode."""
    train, dt = s.program.train, s.program.world.control_step
    lived = train.real_budget / train.num_envs * dt
    if s.seeds.seconds < INF and lived < s.seeds.seconds:
        yield warn(
            rules.BUDGET_BELOW_EPISODE,
            f"each environment lives {lived:.3g} s of training, and an episode lasts up to {s.seeds.seconds:g} s",
            _at(s, "budget", "num_envs"),
            "raise `budget`, or use fewer environments",
        )


def level_beyond_budget(s: Subject) -> Iterator[Diagnostic]:
    """A level that cannot reach its end before training does."""
    train = s.program.train
    for level in s.program.levels:
        if level.over is not None and level.over > train.real_budget:
            yield warn(
                rules.LEVEL_BEYOND_BUDGET,
                f"the level `{level.name}` takes {level.over:,.0f} env_states, and training {train.real_budget:,}",
                level.span,
                "shorten its duration, or raise `budget`",
            )
        elif level.step and abs(level.end - level.start) / abs(level.step) > train.num_updates:
            needed = math.ceil(abs(level.end - level.start) / abs(level.step) - 1e-9)
            yield warn(
                rules.LEVEL_BEYOND_BUDGET,
                f"the level `{level.name}` takes {needed:,} steps, one an update, and training has "
                f"{train.num_updates:,} updates",
                level.span,
                "take larger steps, or raise `budget`",
            )


def settled_check(s: Subject) -> Iterator[Diagnostic]:
    """A check that every policy passes, or none."""
    for check in s.program.checks:
        verdict = _verdict(check, s.anytime)
        if verdict:
            yield warn(
                rules.SETTLED_CHECK,
                f"`{check.text}` {verdict}",
                check.span,
                "compare with a bound that tells a good policy from a bad one",
            )


def _verdict(check: Check, ranges: Ranges) -> str:
    if check.value is None:
        ends: Ends = (0.0, 1.0)  # a share of episodes
    else:
        ends = ranges(check.value).ends
        if check.statistic == "rms":  # what is collected is the square
            ends = (math.sqrt(max(ends[0], 0.0)), math.sqrt(ends[1]))
    bound, below = check.bound, check.op in ("<", "<=")
    low, high = ends if below else (-ends[1], -ends[0])
    bound = bound if below else -bound
    strict = check.op in ("<", ">")
    if low > bound or (strict and low == bound):
        return "fails whatever the policy does"
    passes = high < bound or (not strict and high == bound)
    return "holds whatever the policy does" if passes and check.where is None else ""


def ignored_setting(s: Subject) -> Iterator[Diagnostic]:
    """A setting that is written and has no effect, for another one is not what it goes with."""
    train = s.program.train
    for name, span in s.program.settings.items():
        extra = TrainConfig.model_fields[name].json_schema_extra
        wanted = extra.get("only", {}) if isinstance(extra, dict) else {}
        assert isinstance(wanted, dict)
        for other, value in wanted.items():
            if getattr(train, other) != value:
                shown = str(value).lower() if isinstance(value, bool) else value
                yield warn(
                    rules.IGNORED_SETTING,
                    f"`{name}` has no effect: it goes with `{other} = {shown}`",
                    span,
                    f"leave it out, or set `{other} = {shown}`",
                )


CHECKS = (ignored_setting, short_horizon, few_updates, budget_below_episode, level_beyond_budget, settled_check)
