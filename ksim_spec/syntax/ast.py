"""The syntax tree: what was written, with a span on every node and no judgement about it.

Sections, statements and attributes are generic: `ksim_spec/language/blocks` says what each section accepts, so that
new words need no new node. Nodes are frozen; spans do not take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ksim_spec.source import NOWHERE, Span
from ksim_spec.units import UnitValue


@dataclass(frozen=True, kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


# Expressions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantity(Node):
    """A number with its unit as one token; `value` is the number as written, `unit` converts it to SI."""

    value: float
    unit: UnitValue
    text: str = field(compare=False)

    @property
    def si(self) -> float:
        return self.value * self.unit.to_si


@dataclass(frozen=True)
class String(Node):
    value: str


@dataclass(frozen=True)
class Bool(Node):
    value: bool


@dataclass(frozen=True)
class Name(Node):
    id: str


@dataclass(frozen=True)
class Attribute(Node):
    """`value.name`: a field, a component or a swizzle."""

    value: Expr
    name: str
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Index(Node):
    """`value[index]`."""

    value: Expr
    index: Expr


@dataclass(frozen=True)
class Arg(Node):
    """One argument: `value`, `name: value`, with an optional `where` and `over` and a binder `for j of xs`."""

    value: Expr
    name: str | None = None
    where: Expr | None = None
    over: tuple[str, ...] = ()
    binder: tuple[str, Expr] | None = None


@dataclass(frozen=True)
class Call(Node):
    func: Expr
    args: tuple[Arg, ...]


@dataclass(frozen=True)
class Unary(Node):
    op: Literal["-", "+", "not"]
    value: Expr


@dataclass(frozen=True)
class Binary(Node):
    """`+ - * / ^ mod`, comparisons `< <= > >= == !=`, and `and`, `or`."""

    op: str
    left: Expr
    right: Expr
    op_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class InFrame(Node):
    """`value in frame`, `value relative_to frame` or `x.contact with y`, by the word between them."""

    value: Expr
    frame: Expr
    word: Literal["in", "relative_to", "with"] = "in"


@dataclass(frozen=True)
class AsUnit(Node):
    """`value as unit`: strips to a plain number in that unit."""

    value: Expr
    unit: UnitValue


@dataclass(frozen=True)
class Member(Node):
    """`value is option`, `value is a .. b` or `value is (a, b)`: membership."""

    value: Expr
    options: Expr


@dataclass(frozen=True)
class IfExpr(Node):
    cond: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Range(Node):
    """`low .. high`."""

    low: Expr
    high: Expr


@dataclass(frozen=True)
class Tuple(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class TableEntry(Node):
    pattern: str
    value: Expr


@dataclass(frozen=True)
class Table(Node):
    """`{ "hip_*": 0.3, "knee": 0.6 }`: values by name pattern."""

    entries: tuple[TableEntry, ...]


@dataclass(frozen=True)
class Hole(Node):
    """`?`: the checker says what is needed here."""


@dataclass(frozen=True)
class ErrorExpr(Node):
    """Text that did not parse; its type is unknown and it never causes another message."""


Expr = (
    Quantity
    | String
    | Bool
    | Name
    | Attribute
    | Index
    | Call
    | Unary
    | Binary
    | InFrame
    | AsUnit
    | Member
    | IfExpr
    | Range
    | Tuple
    | Table
    | Hole
    | ErrorExpr
)


# Statements ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attr(Node):
    """A word that follows an expression or a header, with its values: `weight 2.0 per s`, `per episode`, `fail`."""

    word: str
    values: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Assign(Node):
    """`target = value attrs…`, also `+=` and `*=`; `override` when the line starts with that word."""

    target: Expr
    op: Literal["=", "+=", "*="]
    value: Expr
    attrs: tuple[Attr, ...] = ()
    override: bool = False
    comment: str = field(default="", compare=False)


@dataclass(frozen=True)
class Entry(Node):
    """`name attrs…`, no `=`: `fell when … fail`, `push_strength from 0 to 1 by 0.05 when …`."""

    name: str
    attrs: tuple[Attr, ...]
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Clause(Node):
    """A statement opened by a word: `pose home`, `mirror "a" <-> "b"`, `resample every …`, `no noise`, `always …`."""

    word: str
    args: tuple[Expr, ...] = ()
    attrs: tuple[Attr, ...] = ()


@dataclass(frozen=True)
class ExprStmt(Node):
    """A bare expression, as in `check`."""

    value: Expr
    attrs: tuple[Attr, ...] = ()


@dataclass(frozen=True)
class ErrorStmt(Node):
    """A broken statement; `names` are the names it would have declared, so that their uses stay quiet."""

    names: tuple[str, ...] = ()


Stmt = Assign | Entry | Clause | ExprStmt | ErrorStmt


@dataclass(frozen=True)
class Section(Node):
    """`keyword name? "text"? attrs… { body }`; reward sections may hold nested sections (`product`, `group`).

    `broken` when the header did not parse: then its attributes are not known, and its name is a guess.
    """

    keyword: str
    name: str | None = None
    text: str | None = None
    attrs: tuple[Attr, ...] = ()
    body: tuple[Stmt | Section, ...] = ()
    broken: bool = False
    header_span: Span = field(default=NOWHERE, compare=False, repr=False)
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True)
class Directive(Node):
    """A top-level line without a block: `task walk "…"`, `include "…"`, `extends "…"`, `robot "…"`."""

    word: str
    name: str | None = None
    text: str | None = None
    attrs: tuple[Attr, ...] = ()


@dataclass(frozen=True)
class FnDef(Node):
    """`fn name(a, b = default) = body`."""

    name: str
    params: tuple[tuple[str, Expr | None], ...]
    body: Expr
    doc: str = field(default="", compare=False)


@dataclass(frozen=True)
class File(Node):
    items: tuple[Section | Directive | FnDef | Assign | Clause | ErrorStmt, ...]
