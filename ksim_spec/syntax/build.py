"""Turns each reduced rule of files, blocks and statements into an AST node; expressions are in `build_expr.py`."""

from __future__ import annotations

from typing import NamedTuple

from ksim_spec.syntax import ast
from ksim_spec.syntax.build_expr import ExpressionBuilder, Part, nodes, unescape
from ksim_spec.syntax.keywords import HEADER_NEEDS
from ksim_spec.syntax.tokens import Statement, Tok


class _Param(NamedTuple):
    name: str
    default: ast.Expr | None


class ErrorTok(Tok):
    """Stands for a broken statement on the parser's stack."""

    __slots__ = ("statement",)

    def __init__(self, statement: Statement) -> None:
        super().__init__("ERROR", "", statement.start, statement.stop)
        self.statement = statement


class Builder(ExpressionBuilder):
    """All rule actions. `statement` is set by the parse loop before it feeds the statement's tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.statement: Statement | None = None

    def file(self, parts: list[Part]) -> ast.File:
        items = nodes(parts)
        return ast.File(items, span=self.around(items))

    def body(self, parts: list[Part]) -> list[Part]:
        return list(nodes(parts))

    def section(self, parts: list[Part]) -> ast.Section:
        word, name, text, attrs, brace, body, close = parts
        return ast.Section(
            word.text,
            name and name.text,
            text and unescape(text.text),
            attrs,
            tuple(body),
            header_span=self.span(word.start, brace.end),
            name_span=self.span(*_extent(name or word)),
            span=self.span(word.start, close.end),
        )

    def bad_section(self, parts: list[Part]) -> ast.Section | ast.ErrorStmt:
        """A block whose header did not parse: its body counts when we know what it is, else only its names do."""
        error, brace, body, close = parts
        statement, span = error.statement, self.span(error.start, close.end)
        if statement.keyword is None:
            # either word of the header may be the name of a block whose word is missing or not known
            own = (*(t.text for t in statement.tokens[:1] if t.type in ("NAME", "SECTION")), *statement.names)
            return ast.ErrorStmt((*own, *(name for item in body for name in names_of(item))), span=span)
        header = self.span(error.start, brace.end)
        unknown = ast.ErrorExpr(span=header)
        needed = HEADER_NEEDS.get(statement.keyword)
        attrs = (ast.Attr(needed, (unknown,), span=header),) if needed else ()
        name = statement.names[0] if statement.names else None
        text = next((unescape(t.text) for t in statement.tokens if t.type == "STRING"), None)
        return ast.Section(
            statement.keyword, name, text, attrs, tuple(body), True, header_span=header, name_span=header, span=span
        )

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
        return ast.Clause(parts[0].text, nodes(parts[1:]), span=self.around(parts))

    def operands(self, parts: list[Part]) -> list[Part]:
        return list(nodes(parts))

    def path(self, parts: list[Part]) -> ast.Expr:
        names = [p for p in parts if p.type == "NAME"]
        value: ast.Expr = self.name(names[:1])
        for tok in names[1:]:
            value = self.field([value, None, tok])
        return value

    def attrs(self, parts: list[Part]) -> tuple[ast.Attr, ...]:
        return tuple(p if isinstance(p, ast.Attr) else ast.Attr(p.text, span=self.around([p])) for p in parts)

    def attr(self, parts: list[Part]) -> ast.Attr:
        values = nodes(parts)
        return ast.Attr(parts[0].text, values, span=self.around([parts[0], *values]))


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
