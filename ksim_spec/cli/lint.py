"""`ksim lint`: checks specs and says what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import typer

from ksim_spec.cli.exit import EXIT_BUG, EXIT_FAILED, EXIT_FINDINGS, EXIT_OK, UserError
from ksim_spec.diagnostics import Diagnostic, Diagnostics
from ksim_spec.linter.lint import LintRequest, check, find_specs
from ksim_spec.render.ansi import wants_color
from ksim_spec.rules import INTERNAL_ERROR


class OutputFormat(StrEnum):
    full = "full"
    concise = "concise"
    json = "json"
    github = "github"
    sarif = "sarif"


def lint(
    paths: list[Path] = typer.Argument(..., metavar="PATH...", help="Spec files, or folders to search for them."),
    output: OutputFormat = typer.Option(OutputFormat.full, "--format", help="How findings are written."),
    profile: str = typer.Option("", "--profile", help="Check the spec as this profile changes it."),
    sets: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Check it with a setting changed."),
    select: list[str] = typer.Option([], "--select", metavar="RULE", help="Report only these rules, besides errors."),
    ignore: list[str] = typer.Option([], "--ignore", metavar="RULE", help="Do not report these rules."),
    watching: bool = typer.Option(False, "--watch", help="Check again whenever a file changes, until Ctrl-C."),
    fix: bool = typer.Option(False, "--fix", help="Repair first what can be repaired without changing the meaning."),
    unsafe: bool = typer.Option(False, "--unsafe-fixes", help="Apply every fix, and show what the others change."),
) -> None:
    only, without = rules(select, "--select"), rules(ignore, "--ignore")
    request = LintRequest(profile or None, tuple(sets), only if select else None, without)
    if fix or unsafe:
        if profile or sets or watching:
            raise UserError("`--fix` repairs the file as it stands: leave out `--profile`, `--set`, and `--watch`")
        from ksim_spec.cli.repair import repair_all

        repair_all(find_specs(paths)[0], request, unsafe)
    if not watching:
        raise typer.Exit(told(paths, output, request)[0])
    from ksim_spec.cli.watch import watch

    raise typer.Exit(watch(lambda: told(paths, output, request), lambda: find_specs(paths)[0]))


def rules(names: list[str], option: str) -> frozenset[str]:
    """Returns the codes that the names given to an option stand for; UserError for one that stands for none."""
    from ksim_spec.linter.filter import codes
    from ksim_spec.rules.registry import near

    found, unknown = codes(names)
    if unknown:
        raise UserError(f"`{option} {unknown[0]}` names no rule: {near(unknown[0])}")
    return found


def told(paths: Sequence[Path], output: OutputFormat, request: LintRequest) -> tuple[int, list[Path]]:
    """Checks, prints what was found, and returns the exit code with every file that the findings hang on."""
    specs, missing = find_specs(paths)
    found, sources = check(specs, request)
    if found.items or output in (OutputFormat.json, OutputFormat.sarif):
        from ksim_spec.render.diagnostics import render

        color = output is OutputFormat.full and wants_color(sys.stdout)
        sys.stdout.write(render(found.items, sources, format=output.value, color=color))
        sys.stdout.flush()
    for problem in missing:
        print(f"ksim: error: {problem}", file=sys.stderr)
    if output in (OutputFormat.full, OutputFormat.concise):
        if fixable := fixes_text(found.items):
            print(fixable, file=sys.stderr)
        print(summary(found.items, len(specs)), file=sys.stderr)
    files = [*paths, *specs, *(s.path for s in sources.files.values() if s.path is not None)]
    code = EXIT_FAILED if missing else EXIT_FINDINGS if found.has_errors else EXIT_OK
    code = EXIT_BUG if any(d.rule is INTERNAL_ERROR for d in found.items) else code
    return code, [*dict.fromkeys(files)]


def fixes_text(found: Iterable[Diagnostic]) -> str:
    """Returns how many findings can be repaired by which option; empty where none can."""
    fixes = [d.fix for d in found if d.fix is not None]
    safe = sum(fix.safe for fix in fixes)
    parts = [f"{safe} fixable with `--fix`"] * bool(safe)
    parts += [f"{len(fixes) - safe} fixable with `--unsafe-fixes`"] * (len(fixes) > safe)
    return ", ".join(parts)


def summary(found: Iterable[Diagnostic], checked: int) -> str:
    """Returns one line: what was found, in how many files."""
    items = Diagnostics(list(found)).sorted()
    counts = {s: sum(d.severity == s for d in items) for s in ("error", "warning")}
    parts = [f"{n} {word}{'s' * (n != 1)}" for word, n in counts.items() if n]
    files = f"{checked} file{'s' * (checked != 1)}"
    return f"{', '.join(parts)} in {files}" if parts else f"no problems in {files}"
