"""`ksim bench`: how fast a spec runs on this machine."""

from __future__ import annotations

import json
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from ksim_spec.physics.registry import AUTO, REFERENCE, backend_help

SCHEMA_VERSION = 1


class OutputFormat(StrEnum):
    text = "text"
    json = "json"


def bench_command(
    spec: Path = typer.Argument(..., metavar="SPEC", help="The spec to measure."),
    backend: str = typer.Option(AUTO, "--backend", help=backend_help()),
    num_envs: int = typer.Option(None, "--num-envs", min=1, help="How many environments run side by side."),
    rounds: int = typer.Option(7, "--rounds", min=1, help="How often each part is timed; medians are reported."),
    start: bool = typer.Option(True, "--start/--no-start", help="Also time the first update in fresh processes."),
    profile: str = typer.Option(None, "--profile", help="A profile of the spec to apply."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Change a setting of the spec."),
    output: OutputFormat = typer.Option(OutputFormat.text, "--format", help="How the result is written."),
) -> None:
    from ksim_spec.compiler import compile_spec, write_compiled
    from ksim_spec.runs.benchmark_startup import cold_and_warm, train_command
    from ksim_spec.runs.folder import open_folder

    changed = [*sets, *([f"train.num_envs={num_envs}"] if num_envs else [])]
    compiled = compile_spec(spec, profile=profile, sets=changed)
    result: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "spec": spec.name, "task": compiled.program.name}
    with tempfile.TemporaryDirectory(prefix="ksim-bench-") as folder:
        write_compiled(compiled, Path(folder))
        if start:
            _say("timing the first update in two fresh processes ...")
            options = ["--backend", backend, *(["--profile", profile] if profile else [])]
            options += [word for s in changed for word in ("--set", s)]
            cold, warm = cold_and_warm(train_command(spec, compiled.program.train.num_env_states, options))
            result["first_update"] = {
                "empty_cache_s": cold.first_update_s,
                "filled_cache_s": warm.first_update_s,
                "peak_mib": max(cold.peak_mib, warm.peak_mib),
            }
        _say("compiling, then timing physics, task step and update in turn ...")
        from ksim_spec.runs.benchmark import measure

        result |= measure(open_folder(Path(folder)), backend=backend, rounds=rounds)
    print(json.dumps(result, indent=1) if output is OutputFormat.json else as_text(result))


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


_LABELS = {"physics": "physics alone", "task_step": "task step, random actions", "update": "training update"}


def as_text(result: dict[str, Any]) -> str:
    """Returns what was measured as lines for people; what the machine was doing besides is said first."""
    alone = "the engine with random controls and no resets"
    bare = "the same physics without the task" if result["backend"] == REFERENCE else alone
    lines = [
        f"{result['task']}: engine {result['backend']}, {result['num_envs']} environments, "
        f"rollouts of {result['rollout_length']} steps, {result['substeps']} physics steps each, "
        f"stage {result['stage']}",
        f"{result['cores']} cores, load {result['load_before']:g} before and {result['load_after']:g} after; "
        f"medians of {result['rounds']} rounds in turn",
        "",
        f"  {'':28}{'control steps/s':>16}{'of physics':>12}",
    ]
    for name, rate in result["control_steps_per_s"].items():
        ratio = result["ratio_to_physics"].get(name)
        lines.append(f"  {_LABELS[name]:28}{rate:>16,}{'' if ratio is None else f'{ratio:.1%}':>12}")
    lines += ["", f"  physics alone is {bare}"]
    if "first_update" in result:
        first = result["first_update"]
        lines += [
            f"  first update after {first['empty_cache_s']:.1f} s, "
            f"with the compilation cache filled {first['filled_cache_s']:.1f} s",
            f"  peak memory of training {first['peak_mib']:.0f} MiB",
        ]
    return "\n".join(lines)
