"""Copies of what was read, as it would be at another place of the text."""

from __future__ import annotations

from typing import Any, TypeVar

from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.tokens import Comment, Statement, Tok

_SomeNode = TypeVar("_SomeNode", bound=ast.Node)


def moved_node(root: _SomeNode, by: int) -> _SomeNode:
    """Returns a copy of a node and all below it with every span moved; long chains of operators do not recurse."""
    order: list[ast.Node] = []
    stack: list[ast.Node] = [root]
    while stack:
        node = stack.pop()
        order.append(node)
        for value in node.__dict__.values():
            if isinstance(value, ast.Node):
                stack.append(value)
            elif value.__class__ is tuple:
                _collect(value, stack)
    made: dict[int, ast.Node] = {}
    for node in reversed(order):
        copy = made[id(node)] = object.__new__(node.__class__)
        parts = copy.__dict__  # a frozen node is filled as its class would
        for name, value in node.__dict__.items():
            if value.__class__ is Span:
                parts[name] = Span(value.file, value.start + by, value.end + by) if value.file else value
            elif value.__class__ is tuple and value:
                parts[name] = _moved(value, by, made)
            else:
                parts[name] = made.get(id(value), value)
    return made[id(root)]  # type: ignore[return-value]


def _collect(values: tuple[Any, ...], into: list[ast.Node]) -> None:
    for value in values:
        if isinstance(value, ast.Node):
            into.append(value)
        elif value.__class__ is tuple:
            _collect(value, into)


def _moved(values: tuple[Any, ...], by: int, made: dict[int, ast.Node]) -> tuple[Any, ...]:
    return tuple([_moved(v, by, made) if v.__class__ is tuple else made.get(id(v), v) for v in values])


def moved_statement(statement: Statement, by: int) -> Statement:
    """Returns a copy of a statement with every token moved."""
    tokens = [_moved_tok(t, by) for t in statement.tokens]
    # mostly both hold the same tokens; `written` may have a filler more, and nothing before roles are known
    same = len(statement.written) == len(tokens)
    written = tokens if same else [_moved_tok(t, by) for t in statement.written]
    return Statement(
        tokens,
        _moved_tok(statement.end, by),
        statement.section,
        statement.keyword,
        statement.broken,
        statement.comment,
        statement.doc,
        statement.names,
        written,
    )


def _moved_tok(tok: Tok, by: int) -> Tok:
    return Tok(tok.type, tok.text, tok.start + by, tok.end + by)


def moved_comment(comment: Comment, by: int, lines: int) -> Comment:
    """Returns a copy of a comment at another offset and line."""
    span = Span(comment.span.file, comment.span.start + by, comment.span.end + by)
    return Comment(span, comment.text, comment.line + lines, comment.alone)
