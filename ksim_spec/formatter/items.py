"""The lines of a file as the formatter sees them: statements as pieces, and every comment at its place.

A comment of its own line is an item above what follows; one behind a statement belongs to that statement's line; one
inside a statement (in brackets, or after an operator that waits for its operand) stays with the token it stands at.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ksim_spec.syntax.grammar import NUMBER
from ksim_spec.syntax.parse import Reading
from ksim_spec.syntax.roles import CLOSERS, OPENERS, OPERAND_ENDS
from ksim_spec.syntax.tokens import ASSIGN_OPS, Comment, Statement, Tok

COMMAS = frozenset({"COMMA", "SEP"})
_NUMBER = re.compile(NUMBER)


@dataclass(frozen=True)
class Piece:
    """One token as it will be printed, with the comments inside its statement that stand above and after it."""

    type: str
    text: str
    tight: bool = False  # nothing stood between it and the token before
    above: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True)
class Item:
    """One line to be: a comment, a header, the end of a block, or a statement.

    `kind` is `comment`, `open`, `close`, `line`, or what the statements of a table have in common: `assign`, `entry`,
    `expression`, `clause WORD`.
    """

    kind: str
    pieces: tuple[Piece, ...] = ()
    comment: str = ""  # the comment itself, or the one behind the statement
    blank: bool = False  # an empty line stands above


def items(reading: Reading, text: str) -> list[Item]:
    """Returns the items of a file that parsed without errors, in order."""
    walk = _Walk(text, reading.comments)
    for statement in reading.statements:
        walk.statement(statement)
    walk.comments_until(len(text) + 1)
    return walk.items


class _Walk:
    """Goes through statements and comments together, in order of place."""

    def __init__(self, text: str, comments: list[Comment]) -> None:
        self.text, self.comments = text, comments
        self.items: list[Item] = []
        self.next = 0  # the first comment not yet placed
        self.end = 0  # where the last item, with its comment, ends

    def statement(self, statement: Statement) -> None:
        closes, opens = statement.end.type == "RBRACE", statement.end.type == "LBRACE"
        self.comments_until(statement.start)
        blank = self._blank(statement.start)
        stop = statement.end.end if opens or closes else statement.stop
        inside = self._inside(stop)
        if closes:
            item = Item("close", (_piece(statement.end, None),), blank=blank)
        elif opens:
            brace = Piece("LBRACE", "{")
            item = Item("open", (*pieces(statement.written, inside), brace), blank=blank)
        else:
            item = Item(_kind(statement.written), pieces(statement.written, inside), blank=blank)
        self.items.append(item)
        self.end = stop

    def comments_until(self, stop: int) -> None:
        """Places the comments that start before `stop`: behind the last item, or on lines of their own."""
        while self.next < len(self.comments) and self.comments[self.next].span.start < stop:
            comment = self.comments[self.next]
            text = self._text(comment)
            behind = not comment.alone and self.items and not self.items[-1].comment
            if behind and "\n" not in self.text[self.end : comment.span.start]:
                last = self.items[-1]
                self.items[-1] = Item(last.kind, last.pieces, text, last.blank)
            else:
                self.items.append(Item("comment", (), text, self._blank(comment.span.start)))
            self.end = comment.span.end
            self.next += 1

    def _inside(self, stop: int) -> list[tuple[Comment, str]]:
        first = self.next
        while self.next < len(self.comments) and self.comments[self.next].span.start < stop:
            self.next += 1
        return [(c, self._text(c)) for c in self.comments[first : self.next]]

    def _text(self, comment: Comment) -> str:
        return self.text[comment.span.start : comment.span.end]

    def _blank(self, start: int) -> bool:
        return self.text.count("\n", self.end, start) > 1


def _kind(tokens: Sequence[Tok]) -> str:
    first = tokens[0].type
    if first == "CLAUSE":
        return f"clause {tokens[0].text}"
    if first in ("DIRECTIVE", "FN", "CLAUSE_NAMES"):
        return "line"
    if any(t.type in ASSIGN_OPS for t in tokens):
        return "assign"
    return "entry" if len(tokens) > 1 and first == "NAME" and tokens[1].type in ("ATTR", "FLAG") else "expression"


def pieces(tokens: Sequence[Tok], comments: Sequence[tuple[Comment, str]]) -> tuple[Piece, ...]:
    """Returns the tokens of a statement as pieces: texts canonical, commas where they belong, comments attached."""
    above: list[list[str]] = [[] for _ in tokens]
    after = ["" for _ in tokens]
    starts = [t.start for t in tokens]
    for comment, text in comments:
        k = bisect.bisect_right(starts, comment.span.start)  # the token that follows the comment
        if comment.alone:
            above[k].append(text)
        else:
            after[k - 1] = text
    for k, tok in enumerate(tokens):
        if tok.type in COMMAS:
            _comments_behind_comma(k, above, after)
    dropped = _idle_commas(tokens)
    for k in dropped:
        after[k - 1] = after[k]
    return tuple(
        Piece(p.type, p.text, p.tight, tuple(above[k]), after[k])
        for k, p in enumerate(map(_piece, tokens, [None, *tokens]))
        if k not in dropped
    )


def _piece(tok: Tok, before: Tok | None) -> Piece:
    text = tok.text
    if tok.type == "QUANTITY":
        number = _NUMBER.match(text)
        unit = text[number.end() :].split() if number else []
        text = " ".join([number[0], *unit]) if number else text
    elif tok.type == "AS_UNIT":
        text = " ".join(text.split())
    elif tok.type == "SEP":
        text = ","
    return Piece(tok.type, text, before is not None and before.end == tok.start)


def _comments_behind_comma(k: int, above: list[list[str]], after: list[str]) -> None:
    """Moves the comments around the comma at `k`, in their order: the trailing one behind it, others below it."""
    trailing = bool(after[k - 1]) or not above[k]
    notes = [note for note in (after[k - 1], *above[k], after[k]) if note]
    above[k], after[k - 1] = [], ""
    after[k] = notes.pop(0) if trailing and notes else ""
    above[k + 1][:0] = notes


def _idle_commas(tokens: Sequence[Tok]) -> set[int]:
    """Returns the commas right before a closing bracket, except the one that makes `(a,)` a vector of one."""
    idle: set[int] = set()
    opened: list[list[int]] = []  # of each open bracket: its index, and how many commas were directly in it
    for k, tok in enumerate(tokens):
        if tok.type in OPENERS:
            opened.append([k, 0])
        elif tok.type in COMMAS and opened:
            opened[-1][1] += 1
        elif tok.type in CLOSERS and opened:
            opener, commas = opened.pop()
            called = opener > 0 and tokens[opener - 1].type in OPERAND_ENDS
            one = tokens[opener].type == "LPAR" and commas == 1 and not called
            if tokens[k - 1].type in COMMAS and not one:
                idle.add(k - 1)
    return idle
