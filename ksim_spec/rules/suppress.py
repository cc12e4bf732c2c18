"""Suppressions: `# ksim: allow RULE -- reason`, behind a statement or on a line of its own above one.

A suppression silences warnings and hints of the rules it names that start within its statement. It is itself checked:
the rules must exist and not be errors, a reason must be given, and it must silence something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.rules.registry import find, near
from ksim_spec.rules.rule import Rule
from ksim_spec.source import SourceFile, SourceMap, Span
from ksim_spec.syntax.tokens import Comment, Statement

EXAMPLE = "# ksim: allow unused-signal -- read by a tool of ours"
_ADDRESSED = re.compile(r"#+\s*ksim\s*:")
_FORM = re.compile(r"#+\s*ksim\s*:\s*allow\s+(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)\s*(?:--(?P<reason>.*))?$")
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Allow:
    """One rule that a comment silences on the lines `first` to `last` of a file; `span` is the rule's name there."""

    rule: Rule
    span: Span
    first: int
    last: int

    def covers(self, diagnostic: Diagnostic, source: SourceFile) -> bool:
        """Returns whether the finding is one of this rule's, may be silenced, and starts on one of the lines."""
        if diagnostic.slug != self.rule.slug or diagnostic.severity == "error" or diagnostic.span.file != source.name:
            return False
        return self.first <= source.position(diagnostic.span.start).line <= self.last


@dataclass
class Suppressions:
    """The suppressions met while checking one spec or several, and whether each has silenced something yet.

    Specs share included files, and one that is of no use to one spec may be needed by another: what is unused is known
    after the last spec only.
    """

    used: dict[Allow, bool] = field(default_factory=dict)

    def apply(self, found: Sequence[Diagnostic], sources: SourceMap) -> list[Diagnostic]:
        """Returns the findings of one spec that are not silenced, and what is wrong with its suppressions."""
        kept = list(found)
        # Behind an error not everything was checked, so a suppression that met nothing may still be needed.
        complete = not any(d.severity == "error" for d in found)
        for source in [s for s in sources.files.values() if s.name.endswith(".ksim") and _ADDRESSED.search(s.text)]:
            allows, problems = read(source)
            for allow in allows:
                silenced = [d for d in kept if allow.covers(d, source)]
                kept = [d for d in kept if d not in silenced]
                if silenced or complete:
                    self.used[allow] = self.used.get(allow, False) or bool(silenced)
            kept += problems
        return kept

    def unused(self) -> list[Diagnostic]:
        """Returns a warning for each suppression that silenced nothing in any spec that was checked to its end."""
        return [
            Diagnostic(
                "KS901", "unused-suppression", f"nothing here breaks `{allow.rule.slug}`", allow.span,
                severity="warning", help="remove it",
            )
            for allow, used in self.used.items() if not used
        ]  # fmt: skip


def read(source: SourceFile) -> tuple[list[Allow], list[Diagnostic]]:
    """Returns the suppressions of a file and what is wrong with them."""
    from ksim_spec.syntax.parse import read_file

    reading = read_file(source)
    allows: list[Allow] = []
    problems: list[Diagnostic] = []
    for comment in reading.comments:
        text = source.text[comment.span.start : comment.span.end]
        if not _ADDRESSED.match(text):
            continue
        form = _FORM.match(text)
        if form is None:
            message = "this comment speaks to ksim and is not understood"
            problems.append(_warning("KS905", "malformed-suppression", message, comment.span, f"write `{EXAMPLE}`"))
            continue
        if not (form["reason"] or "").strip():
            message = "the suppression gives no reason"
            help = "say why after two dashes: `-- …`"
            problems.append(_warning("KS903", "suppression-without-reason", message, comment.span, help))
        lines = covered(comment, reading.statements, source)
        rules, wrong = _rules(form, comment.span)
        allows += [Allow(rule, span, *lines) for rule, span in rules]
        problems += wrong
    return allows, problems


def covered(comment: Comment, statements: Iterable[Statement], source: SourceFile) -> tuple[int, int]:
    """Returns the first and last line that a comment speaks about.

    That is the statement it stands in or behind, else, for one on a line of its own, the next statement below it.
    """
    around: list[tuple[int, int]] = []
    for first, last in _extents(statements, source):
        if first <= comment.line <= last:
            around.append((first, last))
        elif first > comment.line:
            if comment.alone and not around:
                return first, last
            break
    return min((f for f, _ in around), default=comment.line), max((n for _, n in around), default=comment.line)


def _extents(statements: Iterable[Statement], source: SourceFile) -> Iterator[tuple[int, int]]:
    for statement in statements:
        if statement.tokens:
            yield source.position(statement.start).line, source.position(max(statement.start, statement.stop - 1)).line


def _rules(form: re.Match[str], at: Span) -> tuple[list[tuple[Rule, Span]], list[Diagnostic]]:
    """Returns the rules that a suppression names, each with the place of its name, and what is wrong with the rest."""
    rules: list[tuple[Rule, Span]] = []
    problems: list[Diagnostic] = []
    for match in _NAME.finditer(form["names"]):
        start = at.start + form.start("names") + match.start()
        span = Span(at.file, start, start + len(match[0]))
        rule = find(match[0])
        if rule is None:
            problems.append(_warning("KS902", "unknown-rule", f"there is no rule `{match[0]}`", span, near(match[0])))
        elif rule.fixed:
            message = f"`{rule.slug}` is an error and cannot be silenced"
            problems.append(_warning("KS904", "suppressed-error", message, span, "repair what it reports"))
        else:
            rules.append((rule, span))
    return rules, problems


def _warning(code: str, slug: str, message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic(code, slug, message, span, severity="warning", help=help)
