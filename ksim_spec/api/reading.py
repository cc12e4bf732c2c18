"""Reading specs from Python: `load`, `lint`, `format` and `diff`. Nothing here imports JAX or MuJoCo."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.api.arguments import PathLike, Settings, bad_argument, path_of, profile_of, rule_codes, set_lines
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.source import SourceFile, SourceMap

if TYPE_CHECKING:
    from ksim_spec.differ.diff import DiffResult
    from ksim_spec.language.program import Program
    from ksim_spec.render.diagnostics import Format


@dataclass(frozen=True)
class Findings:
    """What was found in specs, in the order of files and places. As a string it is what `ksim lint` prints.

    `sources` holds the texts that the findings point into, by file name.
    """

    diagnostics: tuple[Diagnostic, ...]
    sources: SourceMap

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "warning")

    def render(self, format: Format = "full") -> str:
        """Returns the findings as `ksim lint --format` prints them: `full`, `concise`, `json`, `github` or `sarif`."""
        from ksim_spec.render.diagnostics import FORMATS, render

        if format not in FORMATS:
            raise bad_argument(f"`format` is {format!r:.60}", f"give one of {', '.join(FORMATS)}")
        return render(self.diagnostics, self.sources, format=format)

    def __str__(self) -> str:
        return self.render()

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.diagnostics)

    def __len__(self) -> int:
        return len(self.diagnostics)


def load(spec: PathLike, *, profile: str | None = None, set: Settings | None = None) -> Program:
    """Returns the checked program of a spec: its settings as values (SI), its mathematics as a graph.

    Raises SpecError with every finding where the spec has errors or cannot be read.
    """
    from ksim_spec.language.load import load_spec

    return load_spec(path_of(spec, "spec"), profile=profile_of(profile), sets=set_lines(set)).require()


def lint(
    *paths: PathLike,
    profile: str | None = None,
    set: Settings | None = None,
    select: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
) -> Findings:
    """Returns what `ksim lint` tells of specs and of folders of specs: suppressions and configuration are applied.

    Errors of the specs are among the findings, not raised. `select` and `ignore` name rules by code, slug or family;
    with `select` there are only these, and errors. Raises SpecError for a path that cannot be read, and for a name that
    is no rule's.
    """
    from ksim_spec.linter.lint import LintRequest, check, find_specs

    if not paths:
        raise bad_argument("there is nothing to check", "give specs, or folders of specs")
    specs, problems = find_specs([path_of(path, "paths") for path in paths])
    if problems:
        raise SpecError([Diagnostic(rules.UNREADABLE_FILE, text, help="check the path") for text in problems])
    only = rule_codes(select, "select") if select else None
    found, sources = check(specs, LintRequest(profile_of(profile), set_lines(set), only, rule_codes(ignore, "ignore")))
    return Findings(tuple(found.sorted()), sources)


def format(text: str) -> str:
    """Returns the text of a spec laid out as `ksim fmt` does, every comment kept.

    Raises SpecError with the places where it cannot be parsed.
    """
    from ksim_spec.formatter.format import format_text

    if not isinstance(text, str) or text.strip().endswith(".ksim"):
        raise bad_argument(
            f"`text` is {text!r:.60}", 'give the text of a spec: `pathlib.Path("walk.ksim").read_text()`'
        )
    return format_text(SourceFile("<text>", text))


def diff(old: PathLike, new: PathLike, *, profile: str | None = None, set: Settings | None = None) -> DiffResult:
    """Returns what changed between two sides for policies that were trained on the first: `.changes`, silent breaks
    first, each with `.cls` (`shape`, `meaning`, `behaviour` or `cosmetic`), `.path` and `.text`.

    A side is a spec, a folder of specs, `GITREF:PATH`, a run, a checkpoint, a contract or a lock. Raises SpecError for
    a side that cannot be read; in folders a spec that does not check is one of `.differences`, with its `.problem`.
    """
    from ksim_spec.differ.diff import difference
    from ksim_spec.differ.sides import Opener

    with contextlib.closing(Opener(profile_of(profile), set_lines(set))) as opener:
        return difference(opener, str(path_of(old, "old")), str(path_of(new, "new")))
