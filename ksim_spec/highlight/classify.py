"""Which class every piece of a text belongs to, from the tokens and roles that the parser itself works with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ksim_spec.highlight.classes import Name
from ksim_spec.highlight.vocabulary import Vocabulary, vocabulary
from ksim_spec.syntax.grammar import NUMBER
from ksim_spec.syntax.parse import Reading
from ksim_spec.syntax.tokens import ASSIGN_OPS, OPERATORS, Statement, Tok

_ROLES: dict[str, Name] = {
    "STRING": "string", "BAD_STRING": "error", "STRAY": "error", "SECTION": "block", "DIRECTIVE": "keyword",
    "FN": "keyword", "OVERRIDE": "keyword", "CLAUSE": "keyword", "CLAUSE_NAMES": "keyword", "ATTR": "attribute",
    "FLAG": "attribute", "FILLER": "attribute", "TRUE": "constant", "FALSE": "constant", "HOLE": "operator",
    **dict.fromkeys((*OPERATORS, *ASSIGN_OPS), "operator"),
    **dict.fromkeys(("IF", "THEN", "ELSE", "OR", "AND", "NOT", "IS", "MOD", "IN", "WHERE", "OVER", "FOR",
                     "OF"), "word"),
}  # fmt: skip
_NUMBER = re.compile(NUMBER)
_WORDED = ("per", "on")  # attributes followed by a word of the language
_GROUPS = ("includes", "observes")  # attributes followed by the name of a block


@dataclass(frozen=True)
class Piece:
    """A stretch of the text of one class; never empty, never more than one line except a string."""

    start: int
    end: int
    name: Name


def pieces(reading: Reading, text: str) -> list[Piece]:
    """Returns every piece of a text in order, without overlaps; blanks and what the parser passed over are left out."""
    found = [Piece(c.span.start, c.span.end, "comment") for c in reading.comments]
    words = vocabulary()
    for statement in reading.statements:
        found += _Line(statement, words).pieces()
        end = statement.end
        if end.type in ("LBRACE", "RBRACE") and text[end.start : end.end] in ("{", "}"):
            found.append(Piece(end.start, end.end, "punctuation"))
    return _apart(sorted(found, key=lambda p: p.start))


def _apart(found: list[Piece]) -> list[Piece]:
    """Drops empty pieces and those that begin inside an earlier one: recovery may look at a token twice."""
    kept: list[Piece] = []
    for piece in found:
        if piece.end > piece.start and (not kept or piece.start >= kept[-1].end):
            kept.append(piece)
    return kept


class _Line:
    """The tokens of one statement, and what its names are."""

    def __init__(self, statement: Statement, words: Vocabulary) -> None:
        self.statement, self.words = statement, words
        self.tokens: Sequence[Tok] = statement.written or statement.tokens
        self.opening = self.tokens[0].text if self.tokens else ""
        self.assigned = next((k for k, t in enumerate(self.tokens) if t.type in ASSIGN_OPS), -1)
        self.parameters = frozenset(self._parameters())

    def pieces(self) -> Iterator[Piece]:
        for k, tok in enumerate(self.tokens):
            if tok.type == "QUANTITY":
                number = _NUMBER.match(tok.text)
                cut = tok.start + (number.end() if number else 0)
                unit = cut + len(tok.text[cut - tok.start :]) - len(tok.text[cut - tok.start :].lstrip())
                yield Piece(tok.start, cut, "number")
                yield Piece(unit, tok.end, "unit")
            elif tok.type == "AS_UNIT":
                unit = tok.end - len(tok.text.removeprefix("as").lstrip())
                yield Piece(tok.start, tok.start + len("as"), "word")
                yield Piece(unit, tok.end, "unit")
            elif tok.text.strip():
                name = self._name(k) if tok.type == "NAME" else _ROLES.get(tok.type, "punctuation")
                yield Piece(tok.start, tok.end, name)

    def _name(self, k: int) -> Name:
        """The class of a name, from its place first and its text second."""
        text, before, after = self.tokens[k].text, self._type(k - 1), self._type(k + 1)
        if before == "DOT":
            return self._after_dot(k, after)
        if before in ("SECTION", "DIRECTIVE", "FN"):
            return "function" if before == "FN" else "title"
        if self._type(0) == "CLAUSE_NAMES":
            return self._named_word(text)
        if after == "COLON" or text in self.parameters:
            return "parameter"
        if before == "ATTR" and self.tokens[k - 1].text in _GROUPS:
            return "title"
        if before == "ATTR" and self.tokens[k - 1].text in _WORDED and text in self.words.scopes:
            return "constant"
        if after == "LPAR":
            return "builtin" if text in self.words.functions else "function"
        if self._declares(k):
            return "setting" if text in self._of_block(self.words.settings) else "declaration"
        if k == self.assigned + 1 and k and text in self._of_block(self.words.choices):
            return "constant"
        return "special" if text in self.words.names else "name"

    def _type(self, k: int) -> str:
        return self.tokens[k].type if 0 <= k < len(self.tokens) else ""

    def _after_dot(self, k: int, after: str) -> Name:
        text = self.tokens[k].text
        if after == "LPAR":
            return "builtin" if text in self.words.library else "function"
        return "quantity" if text in self.words.members else "member"

    def _named_word(self, text: str) -> Name:
        """A word after `no` or `remove`: a block, an attribute, or a name."""
        if text in self.words.blocks:
            return "block"
        return "attribute" if text in self.words.attributes else "name"

    def _declares(self, k: int) -> bool:
        """True for the first name of a line that gives it a meaning, and for the site that a line adds."""
        if self._type(0) == "CLAUSE":
            return k == 1 and self.opening == "site"
        return not k and self._type(1) in (*ASSIGN_OPS, "ATTR", "FLAG") and self.statement.section != "check"

    def _parameters(self) -> Iterator[str]:
        """Yields the names that a function's head or a `for` gives a meaning in this statement."""
        depth, in_head = 0, self._type(0) == "FN"
        for k, tok in enumerate(self.tokens):
            depth += (tok.type == "LPAR") - (tok.type == "RPAR")
            in_head = in_head and not (tok.type == "RPAR" and not depth)
            in_list = in_head and depth == 1 and self._type(k - 1) in ("LPAR", "COMMA")
            if tok.type == "NAME" and (in_list or self._type(k - 1) == "FOR"):
                yield tok.text

    def _of_block(self, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        return table.get(self.statement.section, ())
