"""`ksim diff`: what changes between two versions of a task mean."""

from __future__ import annotations

import contextlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ksim_spec._internal.gc import uncollected
from ksim_spec.cli.exit import EXIT_FAILED, EXIT_FINDINGS, UserError, show
from ksim_spec.cli.outputs import Output, targets
from ksim_spec.render.ansi import wants_color

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ksim_spec.differ.acceptances import Acceptances
    from ksim_spec.differ.diff import DiffResult
    from ksim_spec.differ.report import Report
    from ksim_spec.differ.sides import Opener
    from ksim_spec.differ.states import StatesRow
    from ksim_spec.linter.config import Level


class FailOn(StrEnum):
    shape = "shape"
    meaning = "meaning"
    behaviour = "behaviour"
    any = "any"


def diff(
    old: str = typer.Argument(
        ..., metavar="OLD", help="A spec, REF:SPEC, a run, a checkpoint, a contract, or a folder."
    ),
    new: str = typer.Argument("", metavar="NEW", show_default=False, help="The same; left out, OLD against HEAD."),
    output: Output = typer.Option(Output.text, "--format", help="How the changes are printed."),
    outputs: list[str] = typer.Option(
        [], "--output", metavar="FORMAT=FILE", help="Write them into a file, too; again for more formats."
    ),
    fail_on: FailOn = typer.Option(None, "--fail-on", help="Exit with 1 for changes of this class or a stronger one."),
    accept: Path = typer.Option(
        None, "--accept", metavar="FILE", help="Accepted breaks; ksim-accept.toml if it is here."
    ),
    profile: str = typer.Option(None, "--profile", help="Compare the specs as this profile changes them."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Compare them with a setting changed."),
    on: str = typer.Option(
        None, "--on", metavar="RUN|random", help="Evaluate both on the states of a run, or of random actions."
    ),
    states: int = typer.Option(32_768, "--states", min=64, help="With --on: how many states."),
) -> None:
    from ksim_spec.differ.diff import difference
    from ksim_spec.differ.report import report
    from ksim_spec.differ.sides import Opener, at_head

    files = targets(outputs)
    if not new:
        old, new = at_head(old), old
    opener = Opener(profile, tuple(sets))
    with contextlib.closing(opener), uncollected():
        result = difference(opener, old, new)
        found = report(result, acceptances(accept), levels=_levels())
        if on is not None:
            found = found.model_copy(update={"on": _on_states(opener, result, on, states)})
    sys.stdout.write(written(found, output, color=wants_color(sys.stdout)))
    for target in files:
        target.write(written(found, target.output))
    failed = [d for d in result.differences if d.problem is not None]
    for d in failed:
        assert d.problem is not None
        show(d.problem.diagnostics, d.problem.sources)
    if failed:
        raise typer.Exit(EXIT_FAILED)
    if fail_on is not None and found.blocked(fail_on.value):
        print(f"ksim: changes of class {fail_on.value} or stronger that nothing accepts", file=sys.stderr)
        raise typer.Exit(EXIT_FINDINGS)


def _on_states(opener: Opener, result: DiffResult, on: str, states: int) -> StatesRow:
    first = result.differences[0] if len(result.differences) == 1 else None
    if first is None or first.old is None or first.new is None:
        raise UserError("`--on` compares two versions of one spec; give two specs, not folders")
    from ksim_spec.replay.compare import on_states

    return on_states(opener, (result.old, result.new), (first.old.contract, first.new.contract), on, states)


def _levels() -> Mapping[str, Level]:
    """Returns the severities of changes that the project's configuration gives; raises SpecError for a bad one."""
    from ksim_spec.diagnostics import SpecError
    from ksim_spec.linter.config import configured
    from ksim_spec.source import SourceMap

    found = configured(Path.cwd() / "ksim.toml")
    if errors := [d for d in found.problems if d.severity == "error"]:
        raise SpecError(errors, SourceMap({found.source.name: found.source} if found.source else {}))
    return found.config.changes


def acceptances(path: Path | None) -> Acceptances:
    """Returns the accepted breaks of a file; of `ksim-accept.toml` here where none is named, if there is one."""
    from ksim_spec.differ.acceptances import FILE, Acceptances, read_acceptances

    if path is None:
        path = Path(FILE)
        return read_acceptances(path) if path.is_file() else Acceptances()
    if not path.is_file():
        raise UserError(f"there is no file `{path}` of accepted breaks")
    return read_acceptances(path)


def written(found: Report, output: Output, color: bool = False) -> str:
    """Returns a diff in one of the formats."""
    if output is Output.text:
        from ksim_spec.differ.render_text import text

        return text(found, color)
    if output is Output.markdown:
        from ksim_spec.differ.render_text import markdown

        return markdown(found)
    from ksim_spec.differ import render_tools

    return {Output.json: render_tools.as_json, Output.github: render_tools.github, Output.sarif: render_tools.as_sarif}[
        output
    ](found)
