"""Checking many specs: every rule, over all cores, suppressions and configuration applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ksim_spec._internal.gc import uncollected
from ksim_spec._internal.parallel import spread
from ksim_spec.diagnostics import Diagnostic, Diagnostics, SpecError
from ksim_spec.source import NOWHERE, SourceMap, Span

if TYPE_CHECKING:
    from ksim_spec.robot.cache import Robots


@dataclass(frozen=True)
class LintRequest:
    """How to check: as a profile or settings change the specs, and by which rules (codes; errors always)."""

    profile: str | None = None
    sets: tuple[str, ...] = ()
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()


def check(specs: Sequence[Path], request: LintRequest) -> tuple[Diagnostics, SourceMap]:
    """Returns what is told of all specs, suppressions and configuration applied, and the sources it points into."""
    from ksim_spec.linter.config import forget
    from ksim_spec.linter.filter import Verdict

    forget()  # the configuration may have changed since a watched spec was last checked
    found, verdict = Diagnostics(), Verdict(request.select, request.ignore)
    for path, (items, sources) in zip(specs, spread(partial(examined, request), specs), strict=True):
        found.extend(verdict.spec(path, items, sources))
    found.extend(verdict.rest())
    if not found.items:
        return found, verdict.sources
    from ksim_spec.linter.statement_fixes import with_fixes

    return Diagnostics(with_fixes(found.items, verdict.sources)), verdict.sources


@cache
def robots() -> Robots:
    """Returns the robots of this process: several specs of one robot read it once."""
    from ksim_spec.robot.cache import Robots

    return Robots()


def examined(request: LintRequest, path: Path) -> tuple[list[Diagnostic], SourceMap]:
    """Returns everything that is found in one spec, and the sources it points into."""
    from ksim_spec.language.load import Trace, load_spec
    from ksim_spec.linter.design import designed, profiled

    try:
        with uncollected():
            trace = Trace(robots().read, fragments=True)
            loaded = load_spec(path, profile=request.profile, sets=request.sets, trace=trace)
            loaded = designed(loaded, request.profile is None)
            loaded = profiled(loaded) if request.profile is None else loaded
    except SpecError as error:
        at = Span(str(path), 0, 0)  # what is wrong with a whole file is said at the file
        return [d if d.span != NOWHERE else replace(d, span=at) for d in error.diagnostics], error.sources
    except Exception as error:  # a fault of ours in one file hides none of the others
        return [_fault(path, error)], SourceMap()
    return list(loaded.diagnostics), loaded.sources


def _fault(path: Path, error: Exception) -> Diagnostic:
    from ksim_spec import rules
    from ksim_spec._internal.bug_report import bug_report

    try:
        more = f"open an issue with `{bug_report(error)}` and, if you can share it, the spec"
    except OSError:
        more = "open an issue with this line and, if you can share it, the spec"
    message = f"ksim itself failed on this file: {type(error).__name__}: {error}"
    return Diagnostic(rules.INTERNAL_ERROR, message, Span(str(path), 0, 0), help=more)


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
