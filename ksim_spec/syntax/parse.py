"""Parses `.ksim` text into the syntax tree, reporting every mistake and keeping every healthy statement.

The stages: scan to tokens, lay out into statements, give words their roles, and feed Lark's LALR automaton. When it
refuses a token, its stack is cut back to where an ERROR token can be shifted, the rest of the statement is skipped, and
parsing goes on with the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lark.exceptions import UnexpectedToken
from lark.parsers.lalr_parser_state import ParserState

from ksim_spec.diagnostics import Diagnostic, Diagnostics, SpecError
from ksim_spec.source import SourceFile, Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.build import Builder, ErrorTok
from ksim_spec.syntax.faults import check_tokens
from ksim_spec.syntax.grammar import shared_parser
from ksim_spec.syntax.layout import Layout
from ksim_spec.syntax.messages import explain
from ksim_spec.syntax.report import Report
from ksim_spec.syntax.roles import assign_roles
from ksim_spec.syntax.tokens import Comment, Statement, Tok, declared_names, scan
from ksim_spec.syntax.words import SECTIONS

_TARGETS = (ast.Name, ast.Attribute, ast.Call, ast.Index)
_LOCK = threading.Lock()  # the rule actions hold the state of one parse at a time


def text_of(data: bytes, name: str) -> str:
    """Returns the text of a file's bytes, without a byte order mark; SpecError (KS018) when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"`{name}` is not UTF-8 text ({error.reason} at byte {error.start})"
        raise SpecError([Diagnostic("KS018", "not-text", message)]) from None


@dataclass(frozen=True)
class Reading:
    """A parsed file: its tree, what is wrong with it in order of place, and what it is made of."""

    tree: ast.File
    diagnostics: list[Diagnostic]
    statements: list[Statement]
    comments: list[Comment]


def parse_file(source: SourceFile) -> tuple[ast.File, list[Diagnostic]]:
    """Returns the tree of a whole file and what is wrong with it, in order of place. Never raises."""
    reading = read_file(source)
    return reading.tree, reading.diagnostics


def read_file(source: SourceFile) -> Reading:
    """Returns the tree of a whole file together with the tokens it came from. Never raises."""
    statements: list[Statement] = []
    with _LOCK:
        parser, builder = shared_parser()
        report = Report(source)
        loop = _Loop(parser.parse_interactive(start="file").parser_state, builder, report)
        builder.file_name = source.name
        scanned = scan(source, parser)
        for statement in Layout(source, scanned, report).statements():
            loop.statement(statement)
            statements.append(statement)
        tree = loop.finish()
    return Reading(_settle(tree, report), _ordered(report), statements, scanned.comments)


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
                explain(statement, len(statement.tokens), report)
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
        if statement.tokens:
            assign_roles(statement)
        if not statement.broken and check_tokens(statement, self.report):
            statement.broken = True
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


def _feed_all(state: ParserState, tokens: Sequence[Tok], statement: Statement, report: Report) -> bool:
    """Feeds tokens of a statement; on the first that does not fit, reports it and returns False."""
    for k, tok in enumerate(tokens):
        try:
            state.feed_token(tok)  # type: ignore[arg-type]
        except UnexpectedToken:
            explain(statement, k, report)
            return False
    return True


def _settle(tree: ast.File, report: Report) -> ast.File:
    """Reports what the grammar lets through: values that stand alone at the top level, targets that are not paths."""
    items = tuple(_top_level(item, report) for item in tree.items)
    return ast.File(tuple(_with_targets(item, report) for item in items), span=tree.span)


def _top_level(item: Any, report: Report) -> Any:
    if not isinstance(item, (ast.ExprStmt, ast.Entry)):
        return item
    name = item.name if isinstance(item, ast.Entry) else item.value.id if isinstance(item.value, ast.Name) else ""
    if name in SECTIONS:
        report.add("unexpected-token", f"`{name}` opens a block", item.span, help="end the line with `{`")
    else:
        advice = "write it inside a section, or `name = value`"
        report.add("statement-outside-block", "this cannot stand outside a block", item.span, help=advice)
    return ast.ErrorStmt((name,) if name else (), span=item.span)


def _with_targets(item: Any, report: Report) -> Any:
    """Returns the item with every assignment to something that is no path reported and left out."""
    if isinstance(item, ast.Section):
        body = tuple(_with_targets(inner, report) for inner in item.body)
        return item if all(a is b for a, b in zip(body, item.body, strict=True)) else replace(item, body=body)
    if not isinstance(item, ast.Assign) or isinstance(item.target, _TARGETS):
        return item
    message = "only a name or a path can be assigned to"
    report.add("invalid-target", message, item.target.span, help="give the value to a name: `name = …`")
    return ast.ErrorStmt(span=item.span)
