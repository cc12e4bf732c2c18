"""`ksim lint`: checks specs and says what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ksim_spec._internal.gc import uncollected
from ksim_spec._internal.parallel import spread
from ksim_spec.cli.exit import EXIT_FAILED, EXIT_FINDINGS, EXIT_OK, UserError
from ksim_spec.diagnostics import Diagnostic, Diagnostics, SpecError
from ksim_spec.render.ansi import wants_color
from ksim_spec.source import NOWHERE, SourceMap, Span

if TYPE_CHECKING:
    from ksim_spec.robot.cache import Robots


class OutputFormat(StrEnum):
    full = "full"
    concise = "concise"
    json = "json"
    github = "github"
    sarif = "sarif"


@dataclass(frozen=True)
class Request:
    """What to check, and what to tell of it."""

    paths: tuple[Path, ...]
    output: OutputFormat = OutputFormat.full
    profile: str | None = None
    sets: tuple[str, ...] = ()
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()


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
    request = Request(tuple(paths), output, profile or None, tuple(sets), only if select else None, without)
    if fix or unsafe:
        if profile or sets or watching:
            raise UserError("`--fix` repairs the file as it stands: leave out `--profile`, `--set`, and `--watch`")
        from ksim_spec.cli.repair import repair_all

        repair_all(find_specs(request.paths)[0], request, unsafe)
    if not watching:
        raise typer.Exit(told(request)[0])
    from ksim_spec.cli.watch import watch

    raise typer.Exit(watch(lambda: told(request), lambda: find_specs(request.paths)[0]))


def rules(names: list[str], option: str) -> frozenset[str]:
    """Returns the codes that the names given to an option stand for; UserError for one that stands for none."""
    from ksim_spec.linter.filter import codes
    from ksim_spec.rules.registry import near

    found, unknown = codes(names)
    if unknown:
        raise UserError(f"`{option} {unknown[0]}` names no rule: {near(unknown[0])}")
    return found


def told(request: Request) -> tuple[int, list[Path]]:
    """Checks, prints what was found, and returns the exit code with every file that the findings hang on."""
    from ksim_spec.render.diagnostics import render

    specs, missing = find_specs(request.paths)
    found, sources = check(specs, request)
    color = request.output is OutputFormat.full and wants_color(sys.stdout)
    sys.stdout.write(render(found.items, sources, format=request.output.value, color=color))
    sys.stdout.flush()
    for problem in missing:
        print(f"ksim: error: {problem}", file=sys.stderr)
    if request.output in (OutputFormat.full, OutputFormat.concise):
        if fixable := fixes_text(found.items):
            print(fixable, file=sys.stderr)
        print(summary(found.items, len(specs)), file=sys.stderr)
    files = [*request.paths, *specs, *(s.path for s in sources.files.values() if s.path is not None)]
    code = EXIT_FAILED if missing else EXIT_FINDINGS if found.has_errors else EXIT_OK
    return code, [*dict.fromkeys(files)]


def check(specs: Sequence[Path], request: Request) -> tuple[Diagnostics, SourceMap]:
    """Returns what is told of all specs, suppressions and configuration applied, and the sources it points into."""
    from ksim_spec.linter.config import forget
    from ksim_spec.linter.filter import Verdict
    from ksim_spec.linter.statement_fixes import with_fixes

    forget()  # the configuration may have changed since a watched spec was last checked
    found, verdict = Diagnostics(), Verdict(request.select, request.ignore)
    for path, (items, sources) in zip(specs, spread(partial(examined, request), specs), strict=True):
        found.extend(verdict.spec(path, items, sources))
    found.extend(verdict.rest())
    return Diagnostics(with_fixes(found.items, verdict.sources)), verdict.sources


@cache
def robots() -> Robots:
    """Returns the robots of this process: several specs of one robot read it once."""
    from ksim_spec.robot.cache import Robots

    return Robots()


def examined(request: Request, path: Path) -> tuple[list[Diagnostic], SourceMap]:
    """Returns everything that is found in one spec, and the sources it points into."""
    from ksim_spec.language.load import Trace, load_spec
    from ksim_spec.linter.design import designed

    try:
        with uncollected():
            loaded = load_spec(path, profile=request.profile, sets=request.sets, trace=Trace(robots().read))
            loaded = designed(loaded, request.profile is None)
    except SpecError as error:
        at = Span(str(path), 0, 0)  # what is wrong with a whole file is said at the file
        return [d if d.span != NOWHERE else replace(d, span=at) for d in error.diagnostics], error.sources
    return list(loaded.diagnostics), loaded.sources


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
