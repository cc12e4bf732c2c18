"""Questions about the line that starts at a token: is it a header, an assignment, a stray attribute?

Each looks only at the tokens of that line (`tokens` ends in two `$END`), so an open bracket above cannot mislead it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.syntax.keywords import FLAGS, INFIX, NESTED_WORDS, SECTIONS
from ksim_spec.syntax.roles import is_attribute_use, opening_role
from ksim_spec.syntax.tokens import ASSIGN_OPS, OPERATORS, Tok

ENDS = frozenset({"NEWLINE", "SEMI", "$END"})
_OPENING_OPERATORS = (OPERATORS - {"MINUS", "PLUS"}) | ASSIGN_OPS | {"DOT", "COMMA", "COLON"}
BLOCK_WORDS = frozenset(SECTIONS + NESTED_WORDS)


def skip_newlines(tokens: Sequence[Tok], j: int) -> int:
    """Returns the index of the first token from `j` on that is not a newline."""
    while tokens[j].type == "NEWLINE":
        j += 1
    return j


def line_end(tokens: Sequence[Tok], j: int) -> int:
    """Returns the index of the newline, `;` or `$END` that ends the line of token `j`."""
    while tokens[j].type not in ENDS:
        j += 1
    return j


def header_brace(tokens: Sequence[Tok], i: int, section: str) -> int | None:
    """Returns the index of the `{` that ends the header starting at `i`; None when the line is no header.

    A known word needs a `{` outside brackets before any assignment sign; any other word needs a header's shape, with
    the `{` last on the line.
    """
    first = tokens[i]
    if first.type in ("LBRACE", "STRING"):
        brace = i + (first.type == "STRING")
        return brace if tokens[brace].type == "LBRACE" else None
    if first.type != "NAME":
        return None
    known = first.text in BLOCK_WORDS
    j, depth = i + 1, 0
    while tokens[j].type not in ENDS and not (tokens[j].type == "LBRACE" and not depth):
        if tokens[j].type in ASSIGN_OPS or tokens[j].type == "RBRACE":
            return None
        depth += (tokens[j].type in ("LPAR", "LSQB")) - (tokens[j].type in ("RPAR", "RSQB") and depth > 0)
        j += 1
    if tokens[j].type in ENDS:
        return j - 1 if known and tokens[j - 1].type == "LBRACE" else None
    shaped = tokens[j + 1].type in ENDS | {"RBRACE"} and tokens[i + 1].type in ("LBRACE", "NAME", "STRING")
    return j if known or (shaped and opening_role(tokens[i : i + 2], section) == "NAME") else None


def is_target(tokens: Sequence[Tok], j: int) -> bool:
    """True when the line at `j` starts with a path and an assignment sign."""
    depth, j = 0, j + 1
    while True:
        kind = tokens[j].type
        if kind in ASSIGN_OPS and not depth:
            return True
        if kind in ENDS:
            return False
        if kind in ("LPAR", "LSQB"):
            depth += 1
        elif kind in ("RPAR", "RSQB") and depth:
            depth -= 1
        elif not depth and kind != "DOT" and (kind != "NAME" or tokens[j - 1].type != "DOT"):
            return False
        j += 1


def assigns(tokens: Sequence[Tok], j: int) -> bool:
    """True when the line at `j` has an assignment sign anywhere."""
    return any(t.type in ASSIGN_OPS for t in tokens[j : line_end(tokens, j)])


def starts_statement(tokens: Sequence[Tok], j: int, section: str) -> bool:
    """True when the line at `j` is surely a new statement, even where a bracket is open."""
    tok, following = tokens[j], tokens[j + 1]
    if tok.type != "NAME":
        return False
    if is_target(tokens, j) or (tok.text in BLOCK_WORDS and tokens[line_end(tokens, j) - 1].type == "LBRACE"):
        return True
    if opening_role([tok, following], section) != "NAME" and following.type in ("NAME", "STRING", "QUANTITY"):
        return following.text not in INFIX
    return following.type == "NAME" and is_attribute_use(tokens, j + 1)


def starts_with_attribute(tokens: Sequence[Tok], j: int, section: str) -> bool:
    """True when the line at `j` starts with an attribute and so belongs to the line before."""
    tok = tokens[j]
    if tok.type != "NAME" or opening_role(tokens[j : j + 2], section) != "NAME":
        return False
    if tok.text in FLAGS:
        return tokens[j + 1].type in ENDS | {"RBRACE"}
    return is_attribute_use(tokens, j)


def starts_with_operator(tokens: Sequence[Tok], j: int, section: str) -> bool:
    """True when the line at `j` starts with an operator; a sign may open a line only in `check`."""
    tok = tokens[j]
    if tok.type in ("MINUS", "PLUS"):
        return section != "check"
    if tok.type in _OPENING_OPERATORS:
        return True
    return tok.type == "NAME" and tok.text in INFIX and tokens[j + 1].type not in ASSIGN_OPS | {"DOT", "$END"}
