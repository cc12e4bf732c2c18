"""`ksim install-git` and `ksim git-driver`: git shows specs as what they mean."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ksim_spec.cli.exit import EXIT_FAILED, UserError
from ksim_spec.render.ansi import wants_color


def install_git(
    everywhere: bool = typer.Option(False, "--global", help="For every repository of yours, not only this one."),
    undo: bool = typer.Option(False, "--undo", help="Take back what was written."),
) -> None:
    from ksim_spec.differ.git.config import ATTRIBUTES, in_repository, install, uninstall

    if not everywhere and not in_repository():
        raise UserError("this folder is in no git repository: enter one, or give `--global`")
    scope = "global" if everywhere else "local"
    done = uninstall(scope) if undo else install(scope)
    for row in done:
        print(f"{row.state:14} {row.key} = {row.value}")
    if undo:
        return
    print(f"\nAnd in the file .gitattributes of the repository, to be committed:\n\n  {ATTRIBUTES}\n")
    print("`git diff` then shows what changed in a spec; `git log -p --ext-diff` and `git show --ext-diff` do too.")
    if any(row.state == "left as it is" for row in done):
        print("ksim: some settings have other values already and were left alone", file=sys.stderr)
        raise typer.Exit(EXIT_FAILED)


def git_driver(
    words: list[str] = typer.Argument(..., metavar="PATH OLD HEX MODE NEW HEX MODE", help="What git gives a driver."),
    text: bool = typer.Option(False, "--text", help="Print one file in its one layout, as a textconv."),
    meaning: bool = typer.Option(False, "--meaning", help="Print what changed and not the lines, as a difftool."),
) -> None:
    from ksim_spec.differ.git.diff_driver import Pair, driven, formatted

    if text:
        sys.stdout.write(formatted(Path(words[0])))
        return
    pair = Pair.of(words)
    if pair is None:
        print(f"ksim diff {words[0]}: the file is in conflict")
        return
    if any(Path(file).is_dir() for file in (pair.old_file, pair.new_file)):
        raise UserError("`git difftool --dir-diff` gives no robots: leave it out, or use `ksim diff REF:FOLDER FOLDER`")
    sys.stdout.write(driven(pair, color=wants_color(sys.stdout), lines=not meaning))
