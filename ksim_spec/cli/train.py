"""`ksim train`: compiles a spec into a run folder and trains its policy."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ksim_spec.cli.exit import EXIT_FAILED, EXIT_INTERRUPTED, UserError
from ksim_spec.diagnostics import listed
from ksim_spec.physics.registry import AUTO, backend_help


def whole_number(text: str) -> int:
    """Returns a count written as specs write it, `500000`, `500_000` or `20e6`; raises BadParameter for other text."""
    try:
        value = float(text)
    except ValueError:
        raise typer.BadParameter(f"`{text}` is not a number; write 500000, 500_000 or 20e6") from None
    if not value.is_integer():
        raise typer.BadParameter(f"`{text}` is not a whole number")
    return int(value)


def train(
    spec: Path = typer.Argument(None, metavar="SPEC", help="The spec to train."),
    out: Path = typer.Option(None, "--out", help="The run folder; `runs/TASK-DATE` if left out."),
    seed: int = typer.Option(None, "--seed", help="The seed of everything random."),
    budget: int = typer.Option(
        None,
        "--budget",
        parser=whole_number,
        metavar="NUMBER",
        help="How many env_states to learn from: 20e6. More than before, with `--resume`.",
    ),
    num_envs: int = typer.Option(None, "--num-envs", help="How many environments run side by side."),
    backend: str = typer.Option(AUTO, "--backend", help=backend_help()),
    profile: str = typer.Option(None, "--profile", help="A profile of the spec to apply."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Change a setting of the spec."),
    resume: Path = typer.Option(None, "--resume", metavar="RUN", help="Go on with an interrupted run (of SPEC)."),
    ignore_contract: bool = typer.Option(False, "--ignore-contract", help="Resume although the run was changed."),
    no_progress: bool = typer.Option(False, "--no-progress", help="Write no progress."),
    no_video: bool = typer.Option(False, "--no-video", help="Film nothing at the end."),
) -> None:
    if spec is None and resume is None:
        print("ksim: error: give a SPEC, or `--resume RUN`", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)
    from ksim_spec.cli.exit import show
    from ksim_spec.runs.start import TrainRequest, resume_run, train_spec

    progress = "none" if no_progress else "auto"
    if resume is not None:
        given = {"--out": out, "--seed": seed, "--num-envs": num_envs, "--profile": profile, "--set": sets or None}
        if fixed := [flag for flag, value in given.items() if value is not None]:
            raise UserError(
                f"`--resume` goes on with a run as it was begun, but for its budget: leave out {listed(fixed)}"
            )
        result = resume_run(resume, backend, progress, spec=spec, budget=budget, agreed=ignore_contract)
    else:
        request = TrainRequest(spec, out, seed, budget, num_envs, backend, profile, tuple(sets), progress)
        result = train_spec(request, show)
    print(
        f"{result.run_dir}: {result.env_states} env_states in {result.wall_s:.0f} s, "
        f"checkpoint {result.checkpoint.name}"
    )
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not no_video:
        film(result.run_dir)


def film(run_dir: Path) -> None:
    """Films the trained policy, or says in one line why that is not possible."""
    from ksim_spec.runs.play import play

    video = play(run_dir, run_dir / "play.mp4", seconds=8.0)
    print(f"video: {video.path}" if video.path else f"no video: {video.reason}", file=sys.stderr)
