"""Decides which names act as keywords, from their place in the statement.

A name stands either where an operand must start or where an operand has just ended, and no word means the same in both
places: after an operand `weight` opens an attribute, before one it is a name. So attribute words stay free as names.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.syntax.keywords import (
    ATTRIBUTES,
    DIRECTIVES,
    FLAGS,
    HEADER_ATTRIBUTES,
    INFIX,
    NAME_CLAUSES,
    PREFIX,
    RESERVED,
    clauses_of,
)
from ksim_spec.syntax.tokens import OPERATORS, Statement, Tok

_ATTRIBUTES, _FLAGS = frozenset(ATTRIBUTES), frozenset(FLAGS)
ATTRIBUTE_WORDS = _ATTRIBUTES | _FLAGS
OPENERS = frozenset({"LPAR", "LSQB", "LTABLE"})
CLOSERS = frozenset({"RPAR", "RSQB", "RTABLE"})
# Token types after which an operand has ended.
OPERAND_ENDS = CLOSERS | {"NAME", "QUANTITY", "STRING", "TRUE", "FALSE", "HOLE", "AS_UNIT", "FLAG"}
_VALUE_STARTS = frozenset({"QUANTITY", "STRING", "HOLE"})
_KEYWORDS = frozenset({"SECTION", "DIRECTIVE", "FN", "OVERRIDE", "CLAUSE"})
_OPERAND, _OPERATOR, _EITHER = "operand", "operator", "either"


def starts_value(tokens: Sequence[Tok], k: int) -> bool:
    """True when the token at `k` can only be the value of an attribute word that stands just before it.

    `weight 2`, `noise normal(…)`, `at (…)` and `weight -0.1` are such; `min(…)`, `a - b` and `x = …` are not.
    """
    if k >= len(tokens):
        return False
    tok, before = tokens[k], tokens[k - 1]
    if tok.type in _VALUE_STARTS:
        return True
    if tok.type == "NAME":
        if tok.text in INFIX or tok.text in ATTRIBUTE_WORDS:
            return False
        return not (k + 1 < len(tokens) and tokens[k + 1].type == "COLON")
    spaced = tok.start > before.end
    if tok.type in ("LPAR", "LSQB"):
        return spaced
    tight = k + 1 < len(tokens) and tokens[k + 1].start == tok.end
    return tok.type in ("MINUS", "PLUS") and spaced and tight


def is_attribute_use(tokens: Sequence[Tok], k: int) -> bool:
    """True when the name at `k`, not known to follow an operand, is an attribute with a value all the same."""
    return tokens[k].type == "NAME" and tokens[k].text in _ATTRIBUTES and starts_value(tokens, k + 1)


def opening_role(tokens: Sequence[Tok], section: str) -> str:
    """Returns the role of a statement's first name: a keyword terminal, or NAME."""
    first = tokens[0]
    if first.type != "NAME":
        return first.type
    following = tokens[1] if len(tokens) > 1 else None
    kind = following.type if following else ""
    if first.text == "override" and kind == "NAME":
        return "OVERRIDE"
    top = section in ("", "profile")
    if (
        section == ""
        and first.text in DIRECTIVES
        and (following is None or kind in ("STRING", "NEWLINE") or (kind == "NAME" and following.text not in INFIX))
    ):
        return "DIRECTIVE"
    if top and first.text == "fn" and kind == "NAME":
        return "FN"
    if first.text in clauses_of(section) and kind not in ("DOT", "COLON"):
        return "CLAUSE_NAMES" if first.text in NAME_CLAUSES else "CLAUSE"
    return "NAME"


def assign_roles(statement: Statement, expression: bool = False) -> None:
    """Rewrites the types of the names that act as keywords, and drops the filler `with` of `with probability`.

    With `expression` the tokens are one expression: no word opens a statement and none is an attribute.
    """
    tokens, kept = statement.tokens, []
    statement.written = tokens
    place, depth, heading = _OPERAND, int(expression), False
    for k, tok in enumerate(tokens):
        opening = _opening(statement) if not k and not expression else "NAME"
        if opening == "CLAUSE_NAMES":
            tok.type = opening
            return
        if opening in _KEYWORDS:
            tok.type = opening
            heading = opening in ("SECTION", "DIRECTIVE")
            place = _EITHER if heading or opening == "CLAUSE" else _OPERAND
            kept.append(tok)
            continue
        if tok.type == "NAME":
            tok.type = _role(tokens, k, place, depth, heading)
        if tok.type == "FILLER":
            place = _OPERATOR
            continue
        depth += (tok.type in OPENERS) - (tok.type in CLOSERS)
        heading = heading and tok.type in ("NAME", "STRING")
        place = _OPERATOR if tok.type in OPERAND_ENDS else _OPERAND
        kept.append(tok)
    statement.tokens = kept


def _opening(statement: Statement) -> str:
    """Returns the role of the first token; a header's first name is its section."""
    first = statement.tokens[0]
    if statement.end.type == "LBRACE" and first.type == "NAME":
        return "SECTION"
    return opening_role(statement.tokens, statement.section)


def _next_is(tokens: Sequence[Tok], k: int, types: frozenset[str] | set[str]) -> bool:
    return k + 1 < len(tokens) and tokens[k + 1].type in types


def _role(tokens: Sequence[Tok], k: int, place: str, depth: int, heading: bool) -> str:
    """Returns the type of the name at `k`."""
    word = tokens[k].text
    if (k and tokens[k - 1].type == "DOT") or (depth and _next_is(tokens, k, {"COLON"})):
        return "NAME"
    if place == _OPERAND or (place == _EITHER and not _attribute_after_opening(tokens, k, heading)):
        if word in PREFIX:
            return PREFIX[word]
        return INFIX[word] if word in RESERVED and place == _OPERAND else "NAME"
    if word == "with" and k + 1 < len(tokens) and tokens[k + 1].text == "probability":
        return "FILLER"
    if heading and word in HEADER_ATTRIBUTES:
        return "ATTR"
    if word in INFIX:
        return INFIX[word]
    if depth or word not in ATTRIBUTE_WORDS:
        return "NAME"
    return "FLAG" if word in _FLAGS else "ATTR"


def _attribute_after_opening(tokens: Sequence[Tok], k: int, heading: bool) -> bool:
    """True when the name right after a section or clause word is an attribute, not a name or operand."""
    if tokens[k].text == "with":
        return k + 1 < len(tokens) and tokens[k + 1].text == "probability"
    if heading and tokens[k].text in HEADER_ATTRIBUTES and starts_value(tokens, k + 1):
        return True
    return is_attribute_use(tokens, k)


def continues(tok: Tok) -> bool:
    """True when a newline after this token cannot end the statement: an operator waits for its operand."""
    return tok.type in OPERATORS or (tok.type == "NAME" and (tok.text in INFIX or tok.text == "not"))
