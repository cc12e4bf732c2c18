"""Suppressions: `# ksim: allow RULE -- reason`, behind a statement or on a line of its own above one.

A suppression silences warnings and hints of the rules it names that start within its statement. It is itself checked:
the rules must exist and not be errors, a reason must be given, and it must silence something.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.rules.registry import find, near
from ksim_spec.rules.rule import Rule
from ksim_spec.source import SourceFile, SourceMap, Span
from ksim_spec.syntax.tokens import Comment, Statement

if TYPE_CHECKING:
    from ksim_spec.syntax.parse import Reading

EXAMPLE = "# ksim: allow unused-signal -- read by a tool of ours"
_ADDRESSED = re.compile(r"#\s*ksim\s*:")
_RULE = r"\w+(?:-\w+)*"
_FORM = re.compile(rf"#+\s*ksim\s*:\s*allow\s+(?P<names>{_RULE}(?:\s*,\s*{_RULE})*)\s*(?:--(?P<reason>.*))?$")
_NAME = re.compile(_RULE)


@dataclass(frozen=True)
class Allow:
    """One rule that a comment silences on the lines `first` to `last` of a file; `span` is the rule's name there."""

    rule: Rule
    span: Span
    first: int
    last: int


@dataclass
class Suppressions:
    """The suppressions met while checking one spec or several, and whether each has silenced something yet.

    Specs share included files, and one that is of no use to one spec may be needed by another: what is unused is known
    after the last spec only.
    """

    used: dict[Allow, bool] = field(default_factory=dict)

    def apply(
        self, found: Sequence[Diagnostic], sources: SourceMap, reading: Reading | None = None
    ) -> list[Diagnostic]:
        """Returns the findings of one spec that are not silenced, and what is wrong with its suppressions.

        `reading` is that of the spec's own text, for whoever has it: reading costs as much as all other checks.
        """
        # Behind an error not everything was checked, so a suppression that met nothing may still be needed.
        complete = not any(d.severity == "error" for d in found)
        silenced: set[int] = set()
        problems: list[Diagnostic] = []
        for source in [s for s in sources.files.values() if s.name.endswith(".ksim") and _ADDRESSED.search(s.text)]:
            places = _by_place(found, source)
            allows, wrong = read(source, reading if reading is not None and reading.source == source else None)
            problems += wrong
            for allow in allows:
                lines = range(allow.first, allow.last + 1)
                met = [id(d) for line in lines for d in places.get((allow.rule.slug, line), ())]
                silenced.update(met)
                if met or complete:
                    self.used[allow] = self.used.get(allow, False) or bool(met)
        return [*(d for d in found if id(d) not in silenced), *problems]

    def unused(self) -> list[Diagnostic]:
        """Returns a warning for each suppression that silenced nothing in any spec that was checked to its end."""
        return [
            Diagnostic(
                rules.UNUSED_SUPPRESSION, f"nothing here breaks `{allow.rule.slug}`", allow.span, help="remove it",
            )
            for allow, used in self.used.items() if not used
        ]  # fmt: skip


def _by_place(found: Iterable[Diagnostic], source: SourceFile) -> dict[tuple[str, int], list[Diagnostic]]:
    """Returns what may be silenced in a file, by the rule's slug and the line it starts on."""
    places: dict[tuple[str, int], list[Diagnostic]] = {}
    for d in found:
        if d.severity != "error" and d.span.file == source.name:
            places.setdefault((d.slug, source.position(d.span.start).line), []).append(d)
    return places


def read(source: SourceFile, reading: Reading | None = None) -> tuple[list[Allow], list[Diagnostic]]:
    """Returns the suppressions of a file and what is wrong with them; `reading` is that of the file, if it was read."""
    from ksim_spec.syntax.parse import read_file

    reading = reading or read_file(source)
    extents = _extents(reading.statements, source)
    allows: list[Allow] = []
    problems: list[Diagnostic] = []
    for comment in reading.comments:
        text = source.text[comment.span.start : comment.span.end]
        if not _ADDRESSED.match("#" + text.lstrip("#")):
            continue
        form = _FORM.match(text)
        if form is None:
            message = "this comment speaks to ksim and is not understood"
            problems.append(_warning(rules.MALFORMED_SUPPRESSION, message, comment.span, f"write `{EXAMPLE}`"))
            continue
        if not (form["reason"] or "").strip():
            message = "the suppression gives no reason"
            help = "say why after two dashes: `-- …`"
            problems.append(_warning(rules.SUPPRESSION_WITHOUT_REASON, message, comment.span, help))
        lines = covered(comment, extents)
        named, wrong = _rules(form, comment.span)
        allows += [Allow(rule, span, *lines) for rule, span in named]
        problems += wrong
    return allows, problems


def covered(comment: Comment, extents: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Returns the first and last line that a comment speaks about; `extents` are those of all statements, in order.

    That is the statement it stands in or behind, else, for one on a line of its own, the next statement below it.
    """
    below = bisect.bisect_right(extents, comment.line, key=lambda extent: extent[0])
    first = below
    while first > 0 and extents[first - 1][1] >= comment.line:
        first -= 1
    if first < below:
        return extents[first][0], extents[below - 1][1]
    if comment.alone and below < len(extents):
        return extents[below]
    return comment.line, comment.line


def _extents(statements: Iterable[Statement], source: SourceFile) -> list[tuple[int, int]]:
    """Returns the first and last line of every statement and header."""
    ends = [(s.start, max(s.start, s.stop - 1)) for s in statements if s.tokens]
    return [(source.position(start).line, source.position(stop).line) for start, stop in ends]


def _rules(form: re.Match[str], at: Span) -> tuple[list[tuple[Rule, Span]], list[Diagnostic]]:
    """Returns the rules that a suppression names, each with the place of its name, and what is wrong with the rest."""
    named: list[tuple[Rule, Span]] = []
    problems: list[Diagnostic] = []
    for match in _NAME.finditer(form["names"]):
        start = at.start + form.start("names") + match.start()
        span = Span(at.file, start, start + len(match[0]))
        rule = find(match[0])
        if rule is None:
            problems.append(_warning(rules.UNKNOWN_RULE, f"there is no rule `{match[0]}`", span, near(match[0])))
        elif rule.fixed:
            message = f"`{rule.slug}` is an error and cannot be silenced"
            problems.append(_warning(rules.SUPPRESSED_ERROR, message, span, "repair what it reports"))
        else:
            named.append((rule, span))
    return named, problems


def _warning(rule: Rule, message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic(rule, message, span, help=help)
