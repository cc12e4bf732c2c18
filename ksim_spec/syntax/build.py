"""Turns each reduced grammar rule into an AST node while the parser runs.

Nodes are made bottom-up on the parser's own stack, so no depth of nesting can overflow Python's. Every method takes the
list of what the rule's parts became (tokens, nodes, None for an absent option) and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.tokens import Statement, Tok
from ksim_spec.syntax.words import COUNTS
from ksim_spec.units import NUMBER, PLAIN, UnitError, UnitValue, parse_unit

Part = Any
_NUMBER = re.compile(r"[0-9_]+(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?")
_STRUCTURE = frozenset({"_NL", "COMMA", "COLON", "LPAR", "RPAR", "LSQB", "RSQB", "LTABLE", "RTABLE", "SEP", "ARROW"})


class _Suffix(NamedTuple):
    """A part of an argument after its value: `where`, `over` or `for … of`."""

    kind: str
    value: Any
    end: int


class _Param(NamedTuple):
    name: str
    default: ast.Expr | None


class ErrorTok(Tok):
    """Stands for a broken statement on the parser's stack."""

    __slots__ = ("statement",)

    def __init__(self, statement: Statement) -> None:
        super().__init__("ERROR", "", statement.start, statement.stop)
        self.statement = statement


def unit_value(text: str) -> UnitValue:
    """Parses the unit part of a quantity; a count such as `env_states` is a plain number that keeps its word."""
    words = text.split()
    if not words:
        return PLAIN
    if words[0] not in COUNTS:
        return parse_unit(" ".join(words))
    rest = parse_unit(" ".join(words[1:])) if words[1:] else PLAIN
    return UnitValue(rest.dim if words[1:] else NUMBER, rest.factor, rest.pi_power, " ".join(words))


def unescape(text: str) -> str:
    """Returns what a string token with its quotes means: `\\"` and `\\\\` are the only escapes."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def _start(part: Part) -> int:
    return part.start if isinstance(part, Tok) else part.span.start


def _end(part: Part) -> int:
    if isinstance(part, (Tok, _Suffix)):
        return part.end
    return part.span.end


def _nodes(parts: Sequence[Part]) -> tuple[Any, ...]:
    return tuple(p for p in parts if isinstance(p, ast.Node))


class Builder:
    """The rule actions. `file_name` and `statement` are set by the parse loop before it feeds tokens."""

    def __init__(self) -> None:
        self.file_name = ""
        self.statement: Statement | None = None

    def span(self, start: int, end: int) -> Span:
        return Span(self.file_name, start, end)

    def around(self, parts: Sequence[Part]) -> Span:
        """The span from the first part that is present to the last; empty when there is none."""
        present = [p for p in parts if p is not None and (isinstance(p, (Tok, ast.Node, _Suffix)))]
        return self.span(_start(present[0]), _end(present[-1])) if present else self.span(0, 0)

    # Structure

    def file(self, parts: list[Part]) -> ast.File:
        items = _nodes(parts)
        return ast.File(items, span=self.around(items))

    def body(self, parts: list[Part]) -> list[Part]:
        return list(_nodes(parts))

    def section(self, parts: list[Part]) -> ast.Section:
        word, name, text, attrs, brace, body, close = parts
        return ast.Section(
            word.text, name and name.text, text and unescape(text.text), attrs, tuple(body),
            header_span=self.span(word.start, brace.end), name_span=self.span(*_extent(name or word)),
            span=self.span(word.start, close.end),
        )  # fmt: skip

    def bad_section(self, parts: list[Part]) -> ast.Section | ast.ErrorStmt:
        """A block whose header did not parse: its body counts when we know what it is, else only its names do."""
        error, brace, body, close = parts
        statement, span = error.statement, self.span(error.start, close.end)
        if statement.keyword is None:
            return ast.ErrorStmt(tuple(name for item in body for name in names_of(item)), span=span)
        unknown = ast.ErrorExpr(span=self.span(error.start, error.end))
        attr = ast.Attr("error", (unknown,), span=unknown.span)
        name = statement.names[0] if statement.names else None
        header = self.span(error.start, brace.end)
        return ast.Section(statement.keyword, name, None, (attr,), tuple(body), header_span=header, name_span=header, span=span)

    def bad_statement(self, parts: list[Part]) -> ast.ErrorStmt:
        error = parts[0]
        return ast.ErrorStmt(error.statement.names, span=self.span(error.start, error.end))

    def directive(self, parts: list[Part]) -> ast.Directive:
        word, name, text, attrs = parts
        span = self.around([word, name, text, *attrs])
        return ast.Directive(word.text, name and name.text, text and unescape(text.text), attrs, span=span)

    def function(self, parts: list[Part]) -> ast.FnDef:
        word, name, _, params, _, _, body = parts
        doc = self.statement.doc if self.statement else ""
        return ast.FnDef(name.text, tuple(params or ()), body, doc, span=self.around([word, body]))

    def params(self, parts: list[Part]) -> list[tuple[str, ast.Expr | None]]:
        return [(p.name, p.default) for p in parts if isinstance(p, _Param)]

    def param(self, parts: list[Part]) -> _Param:
        return _Param(parts[0].text, parts[2])

    def assign(self, parts: list[Part]) -> ast.Assign:
        override, target, op, value, attrs = parts
        comment = self.statement.comment if self.statement else ""
        span = self.around([override, target, value, *attrs])
        return ast.Assign(target, op.text, value, attrs, override is not None, comment, span=span)

    def plain(self, parts: list[Part]) -> ast.Entry | ast.ExprStmt:
        value, attrs = parts
        span = self.around([value, *attrs])
        if isinstance(value, ast.Name) and attrs:
            return ast.Entry(value.id, attrs, name_span=value.span, span=span)
        return ast.ExprStmt(value, attrs, span=span)

    def clause(self, parts: list[Part]) -> ast.Clause:
        word, args, attrs = parts
        args = tuple(args or ())
        return ast.Clause(word.text, args, attrs, span=self.around([word, *args, *attrs]))

    def clause_names(self, parts: list[Part]) -> ast.Clause:
        return ast.Clause(parts[0].text, _nodes(parts[1:]), span=self.around(parts))

    def operands(self, parts: list[Part]) -> list[Part]:
        return list(_nodes(parts))

    def path(self, parts: list[Part]) -> ast.Expr:
        names = [p for p in parts if p.type == "NAME"]
        value: ast.Expr = self.name(names[:1])
        for tok in names[1:]:
            value = self.field([value, None, tok])
        return value

    def attrs(self, parts: list[Part]) -> tuple[ast.Attr, ...]:
        return tuple(p if isinstance(p, ast.Attr) else ast.Attr(p.text, span=self.around([p])) for p in parts)

    def attr(self, parts: list[Part]) -> ast.Attr:
        values = _nodes(parts)
        return ast.Attr(parts[0].text, values, span=self.around([parts[0], *values]))

    # Expressions

    def value(self, parts: list[Part]) -> ast.Expr:
        return parts[0]

    def range(self, parts: list[Part]) -> ast.Range:
        return ast.Range(parts[0], parts[2], span=self.around(parts))

    def conditional(self, parts: list[Part]) -> ast.IfExpr:
        _, cond, _, then, _, otherwise = parts
        return ast.IfExpr(cond, then, otherwise, span=self.around(parts))

    def binary(self, parts: list[Part]) -> ast.Binary:
        left, op, right = parts
        return ast.Binary(op.text, left, right, op_span=self.around([op]), span=self.around(parts))

    def unary(self, parts: list[Part]) -> ast.Expr:
        op, value = parts
        if op.text == "-" and isinstance(value, ast.Quantity) and value.span.start == op.end and value.text[0] != "-":
            return ast.Quantity(-value.value, value.unit, f"-{value.text}", span=self.around(parts))
        return ast.Unary(op.text, value, span=self.around(parts))

    def member(self, parts: list[Part]) -> ast.Member:
        return ast.Member(parts[0], parts[2], span=self.around(parts))

    def as_unit(self, parts: list[Part]) -> ast.Expr:
        value, tok = parts
        try:
            return ast.AsUnit(value, unit_value(tok.text[2:]), span=self.around(parts))
        except UnitError:
            return ast.ErrorExpr(span=self.around(parts))

    def in_frame(self, parts: list[Part]) -> ast.InFrame:
        value, word, frame = parts
        return ast.InFrame(value, frame, word.text, span=self.around(parts))

    def extern(self, parts: list[Part]) -> ast.Call:
        word, value = parts
        arg = ast.Arg(value, span=value.span)
        return ast.Call(ast.Name(word.text, span=self.around([word])), (arg,), span=self.around(parts))

    def name(self, parts: list[Part]) -> ast.Name:
        return ast.Name(parts[0].text, span=self.around(parts))

    def group(self, parts: list[Part]) -> ast.Expr:
        return parts[1]

    def field(self, parts: list[Part]) -> ast.Attribute:
        value, _, tok = parts
        return ast.Attribute(value, tok.text, name_span=self.around([tok]), span=self.around(parts))

    def call(self, parts: list[Part]) -> ast.Call:
        func, _, args, close = parts
        return ast.Call(func, tuple(args or ()), span=self.around([func, close]))

    def index(self, parts: list[Part]) -> ast.Index:
        return ast.Index(parts[0], parts[2], span=self.around(parts))

    def literal(self, parts: list[Part]) -> ast.Expr:
        tok, span = parts[0], self.around(parts)
        if tok.type == "STRING":
            return ast.String(unescape(tok.text), span=span)
        if tok.type == "HOLE":
            return ast.Hole(span=span)
        if tok.type != "QUANTITY":
            return ast.Bool(tok.type == "TRUE", span=span)
        number = _NUMBER.match(tok.text)
        try:
            return ast.Quantity(float(number[0]), unit_value(tok.text[number.end() :]), tok.text, span=span)  # type: ignore[index]
        except UnitError:
            return ast.ErrorExpr(span=span)

    def tuple(self, parts: list[Part]) -> ast.Tuple:
        return ast.Tuple(_nodes(parts), span=self.around(parts))

    def table(self, parts: list[Part]) -> ast.Table:
        return ast.Table(_nodes(parts), span=self.around(parts))

    def entry(self, parts: list[Part]) -> ast.TableEntry:
        return ast.TableEntry(unescape(parts[0].text), parts[2], span=self.around(parts))

    def args(self, parts: list[Part]) -> list[Part]:
        return list(_nodes(parts))

    def arg(self, parts: list[Part]) -> ast.Arg:
        name, _, value, *suffixes = parts
        found = {s.kind: s.value for s in suffixes}
        return ast.Arg(
            value, name and name.text, found.get("where"), found.get("over", ()), found.get("binder"),
            span=self.around([name, value, *suffixes]),
        )  # fmt: skip

    def where(self, parts: list[Part]) -> _Suffix:
        return _Suffix("where", parts[1], _end(parts[1]))

    def over(self, parts: list[Part]) -> _Suffix:
        return _Suffix("over", tuple(p.text for p in parts if p.type == "NAME"), parts[-1].end)

    def binder(self, parts: list[Part]) -> _Suffix:
        return _Suffix("binder", (parts[1].text, parts[3]), _end(parts[3]))


def _extent(tok: Tok) -> tuple[int, int]:
    return tok.start, tok.end


def names_of(item: ast.Node) -> tuple[str, ...]:
    """Returns the names that a statement declares, for the blocks we cannot make sense of."""
    if isinstance(item, ast.ErrorStmt):
        return item.names
    if isinstance(item, ast.Assign) and isinstance(item.target, ast.Name):
        return (item.target.id,)
    if isinstance(item, ast.Entry):
        return (item.name,)
    if isinstance(item, ast.Section):
        return tuple(n for inner in item.body for n in names_of(inner))
    return ()


