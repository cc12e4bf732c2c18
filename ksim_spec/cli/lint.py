"""`ksim lint`: checks specs and says what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import typer

from ksim_spec.cli.failure import EXIT_FAILED, EXIT_FINDINGS
from ksim_spec.diagnostics import Diagnostic, Diagnostics, SpecError
from ksim_spec.render.style import wants_color
from ksim_spec.source import SourceMap


class OutputFormat(StrEnum):
    full = "full"
    concise = "concise"
    json = "json"
    github = "github"


def lint(
    paths: list[Path] = typer.Argument(..., metavar="PATH...", help="Spec files, or folders to search for them."),
    output: OutputFormat = typer.Option(OutputFormat.full, "--format", help="How findings are written."),
    profile: str = typer.Option("", "--profile", help="Check the spec as this profile changes it."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Check it with a setting changed."),
) -> None:
    from ksim_spec.render.text import render

    specs, missing = find_specs(paths)
    found, sources = check(specs, profile or None, tuple(sets))
    color = output is OutputFormat.full and wants_color(sys.stdout)
    sys.stdout.write(render(found.items, sources, format=output.value, color=color))
    for problem in missing:
        print(f"ksim: error: {problem}", file=sys.stderr)
    if output in (OutputFormat.full, OutputFormat.concise):
        print(summary(found.items, len(specs)), file=sys.stderr)
    if missing:
        raise typer.Exit(EXIT_FAILED)
    if found.has_errors:
        raise typer.Exit(EXIT_FINDINGS)


def check(specs: Iterable[Path], profile: str | None, sets: tuple[str, ...]) -> tuple[Diagnostics, SourceMap]:
    """Returns the findings of all specs and the sources they point into."""
    from ksim_spec.language.load import load_spec

    found, sources = Diagnostics(), SourceMap()
    for path in specs:
        try:
            loaded = load_spec(path, profile=profile, sets=sets)
        except SpecError as error:
            diagnostics, files = error.diagnostics, error.sources
        else:
            diagnostics, files = loaded.diagnostics, loaded.sources
        found.extend(diagnostics)
        sources.files.update(files.files)
    return found, sources


def find_specs(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Returns the spec files named by `paths` (folders searched, hidden ones skipped), and why some gave none."""
    specs: list[Path] = []
    problems: list[str] = []
    for path in paths:
        try:
            inside = _in_folder(path) if path.is_dir() else [path]
            if not path.is_dir():
                with path.open("rb"):
                    pass
        except OSError as error:
            problems.append(f"{path}: {error.strerror or error}")
            continue
        if not inside:
            problems.append(f"{path}: no `.ksim` files in this folder")
        specs.extend(inside)
    return list(dict.fromkeys(specs)), problems


def _in_folder(folder: Path) -> list[Path]:
    inside = sorted(folder.rglob("*.ksim"))
    return [p for p in inside if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts)]


def summary(found: Iterable[Diagnostic], checked: int) -> str:
    """Returns one line: what was found, in how many files."""
    items = Diagnostics(list(found)).sorted()
    counts = {s: sum(d.severity == s for d in items) for s in ("error", "warning")}
    parts = [f"{n} {word}{'s' * (n != 1)}" for word, n in counts.items() if n]
    files = f"{checked} file{'s' * (checked != 1)}"
    return f"{', '.join(parts)} in {files}" if parts else f"no problems in {files}"


