"""Judging a run: the spec's check block on fresh episodes, and statistics of every reward term."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ksim_spec.contract.resolved_spec import CheckSpec
from ksim_spec.runs.provenance import Origin

EVAL_SEED = 1_000_003  # evaluation draws from seeds that no training run uses by default
LONGEST = 20.0  # s that an episode without a time limit is looked at, unless a check asks for more
_HOLDS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


@dataclass(frozen=True)
class CheckResult:
    """One line of the check block: what was measured (SI) and whether it passed; `value` None when nothing counted."""

    text: str
    value: float | None
    bound: float
    op: str
    unit: str
    passed: bool


@dataclass(frozen=True)
class Judgement:
    """The outcome of an evaluation. Times in seconds, terms as mean weighted reward per control step.

    `seed` is that of the episodes, `origin` what the policy was trained from.
    """

    episodes: int
    seed: int
    seconds: float
    survived: float
    mean_return: float
    mean_seconds: float
    faults: int
    terms: dict[str, float]
    checks: tuple[CheckResult, ...]
    origin: Origin

    @property
    def passed(self) -> bool:
        return all(c.passed for c in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {"schema_version": 1, **asdict(self), "passed": self.passed}


def judge(
    path: Path,
    *,
    episodes: int = 512,
    backend: str = "auto",
    seed: int = EVAL_SEED,
    seconds: float | None = None,
    agreed: bool = False,
    network: type[Any] | None = None,
) -> Judgement:
    """Plays fresh episodes of a run's policy (deterministic actions, the spec's own noise and pushes) and judges them.

    Curriculum levels stand where training left them. Raises SpecError as `open_trained` does, which `agreed` and
    `network` go to.
    """
    import jax

    from ksim_spec.runs.trained_policy import open_trained
    from ksim_spec.trainer.evaluate import evaluate

    trained = open_trained(path, min(episodes, 512), backend, agreed=agreed, network=network)
    checks, config = trained.folder.spec.checks, trained.folder.spec.train
    horizon = seconds or max([LONGEST, *(c.argument for c in checks if c.statistic == "survived")])
    reducers = {str(i): _reducer(i, c) for i, c in enumerate(checks) if c.statistic != "survived"}
    result = evaluate(
        trained.task, config, trained.actor, trained.params, jax.random.key(seed), episodes, horizon, reducers
    )
    lines = tuple(_result(i, c, result) for i, c in enumerate(checks))
    return Judgement(
        result.episodes,
        seed,
        horizon,
        result.survived,
        float(result.returns.mean()),
        float(result.seconds.mean()),
        result.faults,
        result.terms,
        lines,
        trained.origin,
    )


def _reducer(number: int, check: CheckSpec) -> Any:
    from ksim_spec.trainer.evaluate import Reducer

    kind: Any = {"share": "fraction", "rms": "mean"}.get(check.statistic, check.statistic)
    key = str(number)
    return Reducer(kind, lambda m: m[key][0], lambda m: m[key][1])


def _result(number: int, check: CheckSpec, result: Any) -> CheckResult:
    if check.statistic == "survived":
        value: float | None = result.reached(check.argument)
    else:
        value = result.reduced[str(number)]
        if check.statistic == "rms" and value is not None:
            value = math.sqrt(max(value, 0.0))
    passed = value is not None and bool(_HOLDS[check.op](value, check.bound))
    return CheckResult(check.text, value, check.bound, check.op, check.unit, passed)
