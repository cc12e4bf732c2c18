"""`ksim eval`: judges a run by the check block of its spec."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path

import typer

from ksim_spec.cli.exit import EXIT_FINDINGS
from ksim_spec.physics.registry import AUTO, backend_help


class Output(StrEnum):
    text = "text"
    json = "json"


def evaluate(
    run: Path = typer.Argument(..., metavar="RUN", help="A run folder or a checkpoint."),
    episodes: int = typer.Option(512, "--episodes", min=1, help="How many fresh episodes to play."),
    backend: str = typer.Option(AUTO, "--backend", help=backend_help()),
    seed: int | None = typer.Option(None, "--seed", min=0, help="Seed of the episodes; training uses others."),
    ignore_contract: bool = typer.Option(False, "--ignore-contract", help="Judge a policy of another task, too."),
    output: Output = typer.Option(Output.text, "--format", help="How the result is written."),
) -> None:
    from ksim_spec.runs.evaluate import EVAL_SEED, judge

    drawn = EVAL_SEED if seed is None else seed
    result = judge(run, episodes=episodes, backend=backend, seed=drawn, agreed=ignore_contract)
    if output is Output.json:
        print(json.dumps(result.as_json(), indent=1))
    else:
        print(result.origin)
        print(
            f"{result.episodes} episodes of at most {result.seconds:g} s: {result.survived:.1%} survived, "
            f"mean return {result.mean_return:.2f}, {result.faults} faults"
        )
        for name, value in sorted(result.terms.items()):
            print(f"  {name:24} {value:+.5f} per step")
        for check in result.checks:
            value = "nothing counted" if check.value is None else f"{check.value:.4g}"
            print(f"{'pass' if check.passed else 'FAIL'}  {check.text}  (measured {value})")
    if not result.passed:
        print("ksim: some checks failed", file=sys.stderr)
        raise typer.Exit(EXIT_FINDINGS)
