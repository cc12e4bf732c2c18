"""What is told of the findings of specs: suppressions and configuration applied, in that order.

Suppressions come first and see findings as the rules report them, so that a warning which a project has raised to an
error can still be allowed at one line, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.linter.config import Config, Configured, configured
from ksim_spec.linter.suppressions import Suppressions
from ksim_spec.rules.registry import group
from ksim_spec.source import SourceMap

if TYPE_CHECKING:
    from ksim_spec.syntax.parse import Reading


@dataclass
class Verdict:
    """Judges the findings of several specs; `rest` gives what is only known after the last of them.

    `select` and `ignore` come from the command line: `select` replaces the configured one, `ignore` adds to it.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    sources: SourceMap = field(default_factory=SourceMap)
    _suppressions: Suppressions = field(default_factory=Suppressions)
    _configs: dict[Path, Config] = field(default_factory=dict)
    _of_file: dict[str, Config] = field(default_factory=dict)  # what holds for each text, by its display name

    def spec(
        self, path: Path, found: Sequence[Diagnostic], sources: SourceMap, reading: Reading | None = None
    ) -> list[Diagnostic]:
        """Returns what is told of one spec, with the problems of its configuration where they are new."""
        self.sources.files.update(sources.files)
        here = configured(path)
        new = self._problems(here)
        config = self._merged(here.config)
        self._of_file.update(dict.fromkeys(sources.files, config))
        return [*new, *config.apply(self._suppressions.apply(found, sources, reading))]

    def rest(self) -> list[Diagnostic]:
        """Returns the warnings about suppressions that were of no use to any spec."""
        return [d for u in self._suppressions.unused() for d in self._of_file[u.span.file].apply([u])]

    def _problems(self, here: Configured) -> list[Diagnostic]:
        if here.source is None or here.source.path is None or here.source.path in self._configs:
            return [] if here.source else list(here.problems)
        self._configs[here.source.path] = here.config
        self.sources.add(here.source)
        return list(here.problems)

    def _merged(self, config: Config) -> Config:
        selected = config.selected if self.select is None else self.select
        return replace(config, selected=selected, ignored=config.ignored | self.ignore)


def settled(
    path: Path, found: Sequence[Diagnostic], sources: SourceMap, reading: Reading | None = None
) -> list[Diagnostic]:
    """Returns what is told of one spec that is checked alone; adds its configuration file to `sources` when needed.

    `reading` is that of the spec's text, where it was read already.
    """
    verdict = Verdict(sources=sources)
    return [*verdict.spec(path, found, sources, reading), *verdict.rest()]


def unsilenced(path: Path, found: Sequence[Diagnostic], sources: SourceMap) -> list[Diagnostic]:
    """Returns the findings that are not silenced, as they were found, for commands that use a spec but do not judge it.

    What is wrong with suppressions and configuration is left to `ksim lint`, and so is what a project raises to an
    error, since these commands take the spec all the same.
    """
    kept = {(d.slug, d.span, d.message) for d in settled(path, found, SourceMap(dict(sources.files)))}
    return [d for d in found if (d.slug, d.span, d.message) in kept]


def codes(names: Sequence[str]) -> tuple[frozenset[str], list[str]]:
    """Returns the codes that names given on a command line stand for, and the names that stand for nothing."""
    listed = [part for name in names for part in name.split(",") if part.strip()]
    unknown = [name for name in listed if not group(name)]
    return frozenset(rule.code for name in listed for rule in group(name)), unknown
