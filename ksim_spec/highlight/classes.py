"""The classes that pieces of a text are coloured by, and what each is called by those who colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Name = Literal[
    "comment", "string", "number", "unit", "block", "keyword", "attribute", "word", "operator", "punctuation",
    "constant", "title", "declaration", "setting", "parameter", "builtin", "function", "special", "quantity",
    "member", "name", "error",
]  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a class is called: as a TextMate scope, as a Pygments token, as a token type of the protocol (or not)."""

    scope: str
    pygments: str
    protocol: str | None
    about: str


STYLES: dict[Name, Style] = {
    "comment": Style("comment.line.number-sign", "Comment.Single", "comment", "# …"),
    "string": Style("string.quoted.double", "Literal.String.Double", "string", "text and patterns of names"),
    "number": Style("constant.numeric", "Literal.Number", "number", "a number without its unit"),
    "unit": Style("keyword.other.unit", "Keyword.Type", "type", "the unit or count behind a number"),
    "block": Style("keyword.control.block", "Keyword.Declaration", "keyword", "opens a block"),
    "keyword": Style("keyword.control.statement", "Keyword", "keyword", "opens a line"),
    "attribute": Style("storage.modifier.attribute", "Keyword.Pseudo", "modifier", "follows a value: `weight`, `fail`"),
    "word": Style("keyword.operator.wordlike", "Operator.Word", "keyword", "between or before values: `and`, `in`"),
    "operator": Style("keyword.operator", "Operator", "operator", "signs of arithmetic, comparison and assignment"),
    "punctuation": Style("punctuation", "Punctuation", None, "brackets, commas, dots"),
    "constant": Style("constant.language", "Keyword.Constant", "enumMember", "`true`, `per episode`, `std = global`"),
    "title": Style("entity.name.type.block", "Name.Class", "class", "the name of a block or task"),
    "declaration": Style("variable.other.declaration", "Name.Variable", "variable", "a name where it gets its meaning"),
    "setting": Style("variable.other.property", "Name.Property", "property", "of `world`, `train`, …"),
    "parameter": Style("variable.parameter", "Name.Variable.Instance", "parameter", "of a function, of a binder"),
    "builtin": Style("support.function", "Name.Builtin", "function", "a function of the language"),
    "function": Style("entity.name.function", "Name.Function", "function", "any other function"),
    "special": Style("variable.language", "Name.Builtin.Pseudo", "variable", "names that are always there: `time`"),
    "quantity": Style("variable.other.quantity", "Name.Attribute", "property", "a quantity of the simulator"),
    "member": Style("variable.other.member", "Name.Attribute", "property", "anything else after a dot"),
    "name": Style("variable.other", "Name", "variable", "a name that is used"),
    "error": Style("invalid.illegal", "Error", None, "a character that no spec has"),
}  # fmt: skip

NAMES: tuple[Name, ...] = get_args(Name)
