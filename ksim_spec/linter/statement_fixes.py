"""The fixes of findings that say only where: worked out from the statement that they mark. One row for each rule."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Edit, Fix, Kind
from ksim_spec.source import SourceFile, SourceMap, Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import Reading, read_file
from ksim_spec.syntax.tokens import Comment, Statement


@dataclass(frozen=True)
class Page:
    """One file that findings point into, and its statements."""

    source: SourceFile

    @cached_property
    def reading(self) -> Reading:
        return read_file(self.source)

    def statement(self, offset: int) -> Statement | None:
        """Returns the statement, or block header, at an offset."""
        k = bisect.bisect_right(self._starts, offset) - 1
        return self._written[k] if k >= 0 and offset < self._written[k].stop else None

    @cached_property
    def _written(self) -> list[Statement]:
        return [s for s in self.reading.statements if s.tokens]

    @cached_property
    def _starts(self) -> list[int]:
        return [s.start for s in self._written]

    def section(self, keyword: str, name: str | None = None) -> ast.Section | None:
        items = [i for i in self.reading.tree.items if isinstance(i, ast.Section)]
        return next((i for i in items if i.keyword == keyword and name in (None, i.name)), None)

    def comment(self, offset: int) -> Comment | None:
        return next((c for c in self.reading.comments if c.span.start <= offset < c.span.end), None)

    def span(self, start: int, end: int) -> Span:
        return Span(self.source.name, start, end)

    def without(self, start: int, end: int) -> Edit:
        """Returns the edit that removes a stretch, with its line where nothing else stands on it."""
        text = self.source.text
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end + 1
        if not text[line_start:start].strip() and not text[end:line_end].strip():
            return Edit(self.span(line_start, line_end), "")
        if not text[end:line_end].strip():
            start -= len(text[:start]) - len(text[:start].rstrip(" \t"))
        return Edit(self.span(start, end), "")

    def added(self, section: ast.Section, line: str) -> Edit:
        """Returns the edit that adds a line at the end of a block."""
        brace = section.span.end - 1
        at = self.source.text.rfind("\n", 0, brace) + 1
        alone = not self.source.text[at:brace].strip()
        return Edit(self.span(at, at), f"  {line}\n") if alone else Edit(self.span(brace, brace), f"\n  {line}\n")


Derive = Callable[[Page, Diagnostic], Fix | None]


def _removed(title: str, safe: bool = False) -> Derive:
    """The fix that removes the statement, or the block whose header is marked."""

    def derive(page: Page, found: Diagnostic) -> Fix | None:
        statement = page.statement(found.span.start)
        if statement is None:
            return None
        start, stop = statement.start, statement.stop
        if statement.end.type == "LBRACE":
            items = [i for i in page.reading.tree.items if isinstance(i, ast.Section) and i.span.start == start]
            if not items:
                return None
            stop = items[0].span.end
        return Fix(title, (page.without(start, stop),), safe)

    return derive


def _not_suppressed(page: Page, found: Diagnostic) -> Fix | None:
    """Takes a rule out of a suppression, and the whole comment where it names no other."""
    comment = page.comment(found.span.start)
    if comment is None:
        return None
    text = page.source.text[comment.span.start : comment.span.end]
    listed = re.search(r"allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)", text)
    if listed is None or "," not in listed[1]:
        return Fix("remove the suppression", (page.without(comment.span.start, comment.span.end),), safe=True)
    start, end = found.span.start, found.span.end
    rest = page.source.text[end : comment.span.end]
    comma = re.match(r"\s*,\s*", rest)
    if comma:
        return Fix("take it out of the suppression", (Edit(page.span(start, end + comma.end()), ""),), safe=True)
    lead = re.search(r"\s*,\s*$", page.source.text[comment.span.start : start])
    start -= len(lead[0]) if lead else 0
    return Fix("take it out of the suppression", (Edit(page.span(start, end), ""),), safe=True)


def _other_sign(page: Page, found: Diagnostic) -> Fix | None:
    statement = page.statement(found.span.start)
    tokens = statement.tokens if statement else []
    at = next((k for k, t in enumerate(tokens[:-1]) if t.text == "weight"), None)
    if at is None:
        return None
    number = tokens[at + 1]
    negative = number.text.startswith("-")
    place = page.span(number.start, number.start + negative)
    return Fix("turn the sign of the weight", (Edit(place, "" if negative else "-"),))


def _on_event(page: Page, found: Diagnostic) -> Fix | None:
    statement = page.statement(found.span.start)
    if statement is None:
        return None
    written = page.source.text[statement.start : statement.stop]
    rate = re.search(r"\s+per\s+s$", written)
    if rate is None:
        return None
    return Fix("count it `on event`", (Edit(page.span(statement.start + rate.start(), statement.stop), "  on event"),))


def _truncating(page: Page, found: Diagnostic) -> Fix | None:
    statement = page.statement(found.span.start)
    word = next((t for t in statement.tokens if t.text == "fail"), None) if statement else None
    return Fix("truncate instead", (Edit(page.span(word.start, word.end), "truncate"),)) if word else None


def _line_in(keyword: str, name: str | None, line: str) -> Derive:
    def derive(page: Page, found: Diagnostic) -> Fix | None:
        section = page.section(keyword, name)
        return Fix(f"add `{line}`", (page.added(section, line),)) if section is not None else None

    return derive


DERIVED: dict[Kind, Derive] = {
    rules.UNUSED_SIGNAL: _removed("remove the signal", safe=True),
    rules.UNUSED_SUPPRESSION: _not_suppressed,
    rules.SUPPRESSED_ERROR: _not_suppressed,
    rules.UNKNOWN_RULE: _not_suppressed,
    rules.NEVER_NONZERO: _removed("remove the term"),
    rules.DUPLICATE_TERM: _removed("remove the term"),
    rules.ZERO_WEIGHT: _removed("remove the term"),
    rules.NEGLIGIBLE_TERM: _removed("remove the term"),
    rules.CONSTANT_REWARD: _removed("remove the term"),
    rules.SIGN_SURPRISE: _other_sign,
    rules.EVENT_AS_RATE: _on_event,
    rules.ONLY_COSTS: _line_in("reward", None, "alive = 1  weight 1 per s"),
    rules.CONSTANT_OBSERVATION: _removed("remove the entry"),
    rules.DUPLICATE_OBSERVATION: _removed("remove the entry"),
    rules.UNOBSERVED_ACTION: _line_in("observe", "actor", "previous = action"),
    rules.NEVER_FIRES: _removed("remove the rule"),
    rules.ALWAYS_FIRES: _removed("remove the rule"),
    rules.NO_TIME_LIMIT: _line_in("terminate", None, "timeout when time >= 20 s  truncate"),
    rules.TIME_LIMIT_AS_FAILURE: _truncating,
    rules.BEYOND_EPISODE: _removed("remove it"),
    rules.CHANGES_NOTHING: _removed("remove the line"),
    rules.UNUSED_LEVEL: _removed("remove the level"),
    rules.UNUSED_COMMAND: _removed("remove it"),
}


def with_fixes(found: list[Diagnostic], sources: SourceMap) -> list[Diagnostic]:
    """Returns the findings, each with the fix that its statement shows, where it has none of its own.

    A statement that something else is wrong with is not removed: that may be why it seems to be of no use.
    """
    pages: dict[str, Page] = {}

    def fixed(d: Diagnostic) -> Diagnostic:
        source = sources.get(d.span.file)
        if d.fix is not None or d.rule not in DERIVED or source is None or not source.name.endswith(".ksim"):
            return d
        page = pages.setdefault(source.name, Page(source))
        return replace(d, fix=DERIVED[d.rule](page, d))

    repaired = [fixed(d) for d in found]
    return [replace(d, fix=None) if _hides(d, repaired) else d for d in repaired]


def _hides(d: Diagnostic, found: list[Diagnostic]) -> bool:
    """Whether a fix that changes the meaning removes what has another finding, which would go with it unseen."""
    if d.fix is None or d.fix.safe or not removes(d.fix):
        return False
    others = [o.span for o in found if o is not d and o.severity in ("error", "warning") and o.fix != d.fix]
    gone = [e.span for e in d.fix.edits]
    return any(g.file == o.file and g.start <= o.start < g.end for g in gone for o in others)


def removes(fix: Fix) -> bool:
    """Whether a fix only takes text away."""
    return all(not e.text and e.span.end > e.span.start for e in fix.edits)
