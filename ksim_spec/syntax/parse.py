"""Parses `.ksim` text into the syntax tree, reporting every mistake and keeping every healthy statement.

The stages: scan to tokens, lay out into statements, give words their roles, and feed Lark's LALR automaton. When it
refuses a token, its stack is cut back to where an ERROR token can be shifted, the rest of the statement is skipped, and
parsing goes on with the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_parser_state import ParserState

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Diagnostics, SpecError
from ksim_spec.source import SourceFile, Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.build import Builder, ErrorTok
from ksim_spec.syntax.conflicts import has_conflicts, without_conflicts
from ksim_spec.syntax.grammar import shared_parser
from ksim_spec.syntax.keywords import SECTIONS
from ksim_spec.syntax.layout import Layout
from ksim_spec.syntax.layout_errors import Report
from ksim_spec.syntax.roles import assign_roles
from ksim_spec.syntax.token_errors import check_tokens
from ksim_spec.syntax.tokens import Comment, Statement, Tok, declared_names, scan

_TARGETS = (ast.Name, ast.Attribute, ast.Call, ast.Index)
LARGEST = 500_000  # bytes of a spec, which has a few thousand: nobody waits for what is something else
_LOCK = threading.Lock()  # the rule actions hold the state of one parse at a time


def read_bytes(path: Path) -> bytes:
    """Returns what a file holds, or a little more of it than a spec can have; raises OSError as reading does."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def text_of(data: bytes, name: str) -> str:
    """Returns the text of a file's bytes, without a byte order mark.

    Raises SpecError for what is not UTF-8 (KS018) and what is too large to be a spec (KS019).
    """
    if len(data) > LARGEST:
        message = f"`{name}` is too large to be a spec: it has more than {LARGEST / 1e6:.2g} MB"
        raise SpecError([Diagnostic(rules.FILE_TOO_LARGE, message, help="split it into files and `include` them")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"`{name}` is not UTF-8 text ({error.reason} at byte {error.start})"
        raise SpecError([Diagnostic(rules.NOT_TEXT, message)]) from None


@dataclass(frozen=True)
class Seam:
    """A header at the top level on a line of its own: at its `offset` nothing was open, so reading can begin there.

    `behind` is where its line ends. The numbers say how much was read before: items, statements and findings.
    """

    offset: int
    behind: int
    items: int
    statements: int
    found: int


@dataclass(frozen=True)
class Stretch:
    """What a stretch of a text holds, as the grammar has it. `arrived` when it ended where it was to end."""

    items: tuple[Any, ...]
    statements: list[Statement]
    comments: list[Comment]
    found: list[Diagnostic]
    seams: list[Seam]
    arrived: bool


@dataclass(frozen=True)
class Reading:
    """A parsed file: its tree, what is wrong with it in order of place, and what it is made of."""

    source: SourceFile
    tree: ast.File
    diagnostics: list[Diagnostic]
    stretch: Stretch

    @property
    def statements(self) -> list[Statement]:
        return self.stretch.statements

    @property
    def comments(self) -> list[Comment]:
        return self.stretch.comments


def parse_file(source: SourceFile) -> tuple[ast.File, list[Diagnostic]]:
    """Returns the tree of a whole file and what is wrong with it, in order of place. Never raises."""
    reading = read_file(source)
    return reading.tree, reading.diagnostics


def read_file(source: SourceFile) -> Reading:
    """Returns the tree of a whole file together with the tokens it came from. Never raises.

    The last texts are kept, for a check and the fixes of its findings read the same one.
    """
    return _read(source.name, source.text)


@lru_cache(maxsize=2)
def _read(name: str, text: str) -> Reading:
    source = SourceFile(name, text)
    if not has_conflicts(text):
        return settle(source, read_stretch(source))
    seen, conflicts = without_conflicts(source)
    reading = settle(seen, read_stretch(seen))
    return replace(reading, source=source, diagnostics=[*conflicts, *reading.diagnostics])


def read_stretch(source: SourceFile, start: int = 0, until: int | None = None) -> Stretch:
    """Reads from a seam, or from the start, to the header that begins at `until`, or to the end.

    Where something is still open at `until`, nothing that was read is of use, and the stretch has not arrived.
    """
    statements: list[Statement] = []
    seams: list[Seam] = []
    with _LOCK:
        parser, builder = shared_parser()
        report = Report(source)
        loop = _Loop(parser.parse_interactive(start="file").parser_state, builder, report)
        builder.file_name = source.name
        # The line of the last header is read too: it decides where the statement before it ends.
        scanned = scan(source, parser, start, None if until is None else source.line_end(until))
        layout = Layout(source, scanned, report, until)
        items = 0
        for statement in layout.statements():
            # a block below that lacks its end may be excused by what stands above: then nothing begins anew here
            if not layout.excused and _is_seam(source.text, statement, statements[-1] if statements else None):
                begin, end = statement.start, source.line_end(statement.start)
                seams.append(Seam(begin, end, items, len(statements), layout.found))
            items += statement.section == "" and statement.end.type != "RBRACE"
            loop.statement(statement)
            statements.append(statement)
        tree = loop.finish()
    comments = [c for c in scanned.comments if until is None or c.span.start < until]
    return Stretch(tree.items, statements, comments, report.found, seams, layout.arrived)


def read_statements(source: SourceFile) -> tuple[list[Statement], list[Comment], list[Diagnostic]]:
    """Returns what the automaton is fed by a whole file, its comments and what is found wrong before that."""
    with _LOCK:
        report, scanned = Report(source), scan(source, shared_parser()[0])
        statements = list(Layout(source, scanned, report).statements())
    for statement in statements:
        if statement.end.type != "RBRACE":
            _prepare(statement, report)
    return statements, scanned.comments, report.found


def _is_seam(text: str, statement: Statement, before: Statement | None) -> bool:
    """True for the header of a known section with a line of its own, where every block before it was closed."""
    if statement.section or statement.keyword is None or statement.broken or not statement.tokens:
        return False
    if before is not None and before.end.type == "RBRACE" and not before.end.text:
        return False
    line = text[text.rfind("\n", 0, statement.start) + 1 : statement.start]
    rest = text[statement.end.end : text.find("\n", statement.end.end) % (len(text) + 1)].strip()
    return not line.strip() and (not rest or rest.startswith("#"))


def settle(source: SourceFile, stretch: Stretch) -> Reading:
    """Returns the reading of a whole text, with what the grammar lets through reported."""
    report = Report(source, list(stretch.found))
    items = tuple(_with_targets(_top_level(item, report), report) for item in stretch.items)
    span = items[0].span.to(items[-1].span) if items else Span(source.name, 0, 0)
    return Reading(source, ast.File(items, span=span), _ordered(report), stretch)


def parse_expr(source: SourceFile) -> tuple[ast.Expr, list[Diagnostic]]:
    """Returns the tree of one expression, which may span lines; an ErrorExpr when it does not parse. Never raises."""
    with _LOCK:
        parser, builder = shared_parser()
        report = Report(source)
        statement = Layout(source, scan(source, parser), report).expression()
        assign_roles(statement, expression=True)
        builder.file_name = source.name
        state = parser.parse_interactive(start="value").parser_state
        end = Tok("$END", "", len(source.text), len(source.text))
        statement.end = end
        broken = statement.broken or check_tokens(statement, report)
        if not broken and _feed_all(state, statement.tokens, statement, report):
            try:
                return state.feed_token(end, True), _ordered(report)  # type: ignore[arg-type]
            except UnexpectedToken:
                _explain(statement, len(statement.tokens), report)
    return ast.ErrorExpr(span=Span(source.name, 0, len(source.text))), _ordered(report)


def comments(source: SourceFile) -> list[tuple[Span, str]]:
    """Returns every comment's place and its text without the `#`, in order."""
    with _LOCK:
        return [(c.span, c.text) for c in scan(source, shared_parser()[0]).comments]


def _ordered(report: Report) -> list[Diagnostic]:
    return Diagnostics(report.found).sorted()


class _Loop:
    """Feeds statements to the automaton and recovers from the ones it refuses."""

    def __init__(self, state: ParserState, builder: Builder, report: Report) -> None:
        self.state, self.builder, self.report = state, builder, report

    def statement(self, statement: Statement) -> None:
        """Feeds one statement, header or block end."""
        self.builder.statement = statement
        if statement.end.type == "RBRACE":
            self.state.feed_token(statement.end)  # type: ignore[arg-type]
            return
        _prepare(statement, self.report)
        if statement.broken or not _feed_all(self.state, [*statement.tokens, statement.end], statement, self.report):
            self._recover(statement)

    def _recover(self, statement: Statement) -> None:
        """Replaces whatever the automaton holds of this statement by one ERROR token."""
        states, stack = self.state.parse_conf.states, self.state.state_stack
        while "ERROR" not in states[stack[-1]]:
            stack.pop()
            self.state.value_stack.pop()
        statement.names = statement.names or declared_names(statement.tokens)
        self.state.feed_token(ErrorTok(statement))  # type: ignore[arg-type]
        self.state.feed_token(statement.end)  # type: ignore[arg-type]

    def finish(self) -> ast.File:
        self.builder.statement = None
        return self.state.feed_token(Tok("$END", "", 0, 0), True)  # type: ignore[arg-type]


def _prepare(statement: Statement, report: Report) -> None:
    """Gives the words of a statement their roles, and marks it as broken when one of its tokens is wrong by itself."""
    if statement.tokens:
        assign_roles(statement)
    statement.broken = statement.broken or check_tokens(statement, report)


def _feed_all(state: ParserState, tokens: Sequence[Tok], statement: Statement, report: Report) -> bool:
    """Feeds tokens of a statement; on the first that does not fit, reports it and returns False."""
    for k, tok in enumerate(tokens):
        try:
            state.feed_token(tok)  # type: ignore[arg-type]
        except UnexpectedToken:
            _explain(statement, k, report)
            return False
    return True


def _top_level(item: Any, report: Report) -> Any:
    """Returns the item, with a value that stands alone at the top level reported and left out."""
    if not isinstance(item, (ast.ExprStmt, ast.Entry)):
        return item
    name = item.name if isinstance(item, ast.Entry) else item.value.id if isinstance(item.value, ast.Name) else ""
    if name in SECTIONS:
        report.add(rules.UNEXPECTED_TOKEN, f"`{name}` opens a block", item.span, help="end the line with `{`")
    else:
        advice = "write it inside a section, or `name = value`"
        report.add(rules.STATEMENT_OUTSIDE_BLOCK, "this cannot stand outside a block", item.span, help=advice)
    return ast.ErrorStmt((name,) if name else (), span=item.span)


def _with_targets(item: Any, report: Report) -> Any:
    """Returns the item with every assignment to something that is no path reported and left out."""
    if isinstance(item, ast.Section):
        body = tuple(_with_targets(inner, report) for inner in item.body)
        return item if all(a is b for a, b in zip(body, item.body, strict=True)) else replace(item, body=body)
    if not isinstance(item, ast.Assign) or isinstance(item.target, _TARGETS):
        return item
    message = "only a name or a path can be assigned to"
    report.add(rules.INVALID_TARGET, message, item.target.span, help="give the value to a name: `name = …`")
    return ast.ErrorStmt(span=item.span)


def _explain(statement: Statement, k: int, report: Report) -> None:
    from ksim_spec.syntax.parse_errors import explain  # what a text without mistakes need not pay for

    explain(statement, k, report)
