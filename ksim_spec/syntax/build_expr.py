"""Turns each reduced expression rule into an AST node while the parser runs.

Nodes are made bottom-up on the parser's own stack, so no depth of nesting can overflow Python's. Every method takes the
list of what the rule's parts became (tokens, nodes, None for an absent option) and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import COUNTS
from ksim_spec.syntax.tokens import Tok
from ksim_spec.units import NUMBER, PLAIN, UnitError, UnitValue, parse_unit

Part = Any
_COMPOUND = (ast.Binary, ast.Unary, ast.IfExpr, ast.Member, ast.InFrame, ast.AsUnit)
_NUMBER = re.compile(r"[0-9_]+(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?")


class _Suffix(NamedTuple):
    """A part of an argument after its value: `where`, `over` or `for … of`."""

    kind: str
    value: Any
    end: int


_PRESENT = (Tok, ast.Node, _Suffix)


@lru_cache(maxsize=512)
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


def nodes(parts: Sequence[Part]) -> tuple[Any, ...]:
    """Returns the parts that are nodes, without tokens and absent options."""
    return tuple(p for p in parts if isinstance(p, ast.Node))


class ExpressionBuilder:
    """The rule actions of expressions. `file_name` is set by the parse loop before it feeds tokens."""

    def __init__(self) -> None:
        self.file_name = ""

    def span(self, start: int, end: int) -> Span:
        return Span(self.file_name, start, end)

    def around(self, parts: Sequence[Part]) -> Span:
        """The span from the first part that is present to the last; empty when there is none."""
        present = [p for p in parts if isinstance(p, _PRESENT)]
        return Span(self.file_name, _start(present[0]), _end(present[-1])) if present else Span(self.file_name, 0, 0)

    def value(self, parts: list[Part]) -> ast.Expr:
        return parts[0]

    def range(self, parts: list[Part]) -> ast.Range:
        return ast.Range(parts[0], parts[2], span=self.around(parts))

    def conditional(self, parts: list[Part]) -> ast.IfExpr:
        _, cond, _, then, _, otherwise = parts
        return ast.IfExpr(cond, then, otherwise, span=self.around(parts))

    def binary(self, parts: list[Part]) -> ast.Binary:
        left, op, right = parts
        return ast.Binary(op.text, left, right, op_span=self.span(op.start, op.end), span=self.around(parts))

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

    def name(self, parts: list[Part]) -> ast.Name:
        return ast.Name(parts[0].text, span=self.span(parts[0].start, parts[0].end))

    def group(self, parts: list[Part]) -> ast.Expr:
        """The value in brackets; where it is made of several, they are part of its place, so that its text is whole."""
        value = parts[1]
        return replace(value, span=self.around(parts)) if isinstance(value, _COMPOUND) else value

    def field(self, parts: list[Part]) -> ast.Attribute:
        value, _, tok = parts
        return ast.Attribute(value, tok.text, name_span=self.span(tok.start, tok.end), span=self.around(parts))

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
        return ast.Tuple(nodes(parts), span=self.around(parts))

    def table(self, parts: list[Part]) -> ast.Table:
        return ast.Table(nodes(parts), span=self.around(parts))

    def entry(self, parts: list[Part]) -> ast.TableEntry:
        return ast.TableEntry(unescape(parts[0].text), parts[2], span=self.around(parts))

    def args(self, parts: list[Part]) -> list[Part]:
        return list(nodes(parts))

    def arg(self, parts: list[Part]) -> ast.Arg:
        name, _, value, *suffixes = parts
        found = {s.kind: s.value for s in suffixes}
        return ast.Arg(
            value,
            name and name.text,
            found.get("where"),
            found.get("over", ()),
            found.get("binder"),
            span=self.around([name, value, *suffixes]),
        )

    def where(self, parts: list[Part]) -> _Suffix:
        return _Suffix("where", parts[1], _end(parts[1]))

    def over(self, parts: list[Part]) -> _Suffix:
        return _Suffix("over", tuple(p.text for p in parts if p.type == "NAME"), parts[-1].end)

    def binder(self, parts: list[Part]) -> _Suffix:
        return _Suffix("binder", (parts[1].text, parts[3]), _end(parts[3]))
