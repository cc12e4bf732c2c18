"""`ksim play`: runs a trained policy and films it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ksim_spec.cli.failure import EXIT_FAILED


def play(
    run: Path = typer.Argument(..., metavar="RUN", help="A run folder or a checkpoint."),
    video: Path = typer.Option(..., "--video", metavar="FILE", help="The mp4 to write; needs no display."),
    seconds: float = typer.Option(10.0, "--seconds", min=0.02, help="How long to play."),
    seed: int = typer.Option(0, "--seed", help="The seed of the episode."),
    sets: list[str] = typer.Option([], "--set", metavar="command.BLOCK.FIELD=VALUE", help="Fix a command field (SI)."),
    ignore_contract: bool = typer.Option(False, "--ignore-contract", help="Play a policy of another task, too."),
) -> None:
    from ksim_spec.play import play as play_run

    command: dict[str, float] = {}
    for text in sets:
        name, _, value = text.partition("=")
        try:
            command[name.removeprefix("command.")] = float(value)
        except ValueError:
            print(f"ksim: error: `{text}` is not `command.BLOCK.FIELD=NUMBER`", file=sys.stderr)
            raise typer.Exit(EXIT_FAILED) from None
    result = play_run(run, video, seconds=seconds, command=command, seed=seed, agreed=ignore_contract)
    if result.path is None:
        print(f"ksim: no video: {result.reason}", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)
    print(f"{result.path}: {result.frames} frames, {result.backend}")
