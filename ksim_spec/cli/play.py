"""`ksim play`: runs a trained policy, on film, in a window, or in a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ksim_spec.cli.exit import EXIT_FAILED

if TYPE_CHECKING:
    from ksim_spec.runs.interactive import Live

FILM_S = 10.0


def play(
    run: Path = typer.Argument(..., metavar="RUN", help="A run folder or a checkpoint."),
    video: Path | None = typer.Option(None, "--video", metavar="FILE", help="Write an mp4; needs no display."),
    viewer: bool = typer.Option(False, "--viewer", help="Open MuJoCo's viewer; Backspace begins a new episode."),
    web: bool = typer.Option(False, "--web", help="Show and steer it in a browser; needs no display here."),
    seconds: float | None = typer.Option(
        None, "--seconds", min=0.02, help="How long to play: 10 for a video, else until it is closed."
    ),
    seed: int = typer.Option(0, "--seed", help="The seed of the episode."),
    sets: list[str] = typer.Option([], "--set", metavar="command.BLOCK.FIELD=VALUE", help="Fix a command field (SI)."),
    host: str = typer.Option("127.0.0.1", "--host", help="With --web: the address to listen at."),
    port: int = typer.Option(8787, "--port", min=0, max=65535, help="With --web: the port; 0 takes any that is free."),
    ignore_contract: bool = typer.Option(False, "--ignore-contract", help="Play a policy of another task, too."),
) -> None:
    if (video is not None) + viewer + web != 1:
        _fail("say how to show it: one of `--video FILE`, `--viewer` and `--web`")
    command = _command(sets)
    if video is not None:
        _film(run, video, seconds or FILM_S, command, seed, ignore_contract)
        return
    try:
        if viewer:
            _window(lambda: _live(run, command, seed, ignore_contract), seconds)
        else:
            _page(lambda: _live(run, command, seed, ignore_contract), seconds, host, port)
    except KeyboardInterrupt:  # the way to end it
        print(file=sys.stderr)


def _film(run: Path, video: Path, seconds: float, command: dict[str, float], seed: int, agreed: bool) -> None:
    from ksim_spec.runs.play import play as play_run

    result = play_run(run, video, seconds=seconds, command=command, seed=seed, agreed=agreed)
    if result.path is None:
        _fail(f"no video: {result.reason}")
    print(f"{result.path}: {result.frames} frames, {result.backend}")


def _live(run: Path, command: dict[str, float], seed: int, agreed: bool) -> Live:
    from ksim_spec.runs.interactive import Live

    return Live(run, command, seed, agreed)


def _window(opened: Callable[[], Live], seconds: float | None) -> None:
    from ksim_spec.viewer import native

    native.require_display()
    native.watch(opened(), seconds)


def _page(opened: Callable[[], Live], seconds: float | None, host: str, port: int) -> None:
    from ksim_spec.viewer.video import Shot, find_backend

    backend, why = find_backend()
    if not backend:
        _fail(f"no pictures: {why}")
    os.environ["MUJOCO_GL"] = backend  # before MuJoCo is imported, which is when it chooses
    from dataclasses import asdict

    from ksim_spec.viewer import web

    web.require_encoder()
    live = opened()
    with web.serving(live, host, port) as server:
        shown = "localhost" if host in ("127.0.0.1", "::1") else host
        print(f"http://{shown}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        web.watch(live, server, seconds, asdict(Shot()))


def _command(sets: list[str]) -> dict[str, float]:
    command: dict[str, float] = {}
    for text in sets:
        name, _, value = text.partition("=")
        try:
            command[name.removeprefix("command.")] = float(value)
        except ValueError:
            _fail(f"`{text}` is not `command.BLOCK.FIELD=NUMBER`")
    return command


def _fail(message: str) -> None:
    print(f"ksim: error: {message}", file=sys.stderr)
    raise typer.Exit(EXIT_FAILED)
