"""Breaks a statement that does not fit into a line, or that has comments inside.

A line that is too long breaks, in this order: after `or`, `and`, `then`, `else`, `where`; inside its widest brackets,
one argument or entry a line; after its loosest operators. Line ends stand only where the layout pass goes on with the
statement: in brackets, and after an operator.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

from ksim_spec.formatter.items import COMMAS, Piece
from ksim_spec.formatter.spaces import WIDE, is_sign
from ksim_spec.syntax.line_shape import BLOCK_WORDS
from ksim_spec.syntax.roles import ATTRIBUTE_WORDS, CLOSERS, OPENERS
from ksim_spec.syntax.tokens import ASSIGN_OPS

INDENT = 2
_WORTH_OPENING = 20  # characters in brackets below which breaking after an operator looks better
# How loosely an operator binds; a line breaks after the loosest first.
_RANK = {
    "WHERE": 0, "THEN": 1, "ELSE": 1, "OR": 2, "AND": 3, "IS": 4, "COMPARE": 4, "PLUS": 5, "MINUS": 5,
    "STAR": 6, "SLASH": 6, "MOD": 6, "ARROW": 7, "RANGE": 8,
}  # fmt: skip
_LOOSE = 3  # the words that always go first


def has_comments(pieces: Sequence[Piece]) -> bool:
    """True when comments stand inside a statement, so that it needs several lines."""
    return any(p.above or p.after for p in pieces)


def wrap(pieces: Sequence[Piece], gaps: Sequence[int], indent: int, width: int) -> list[str]:
    """Returns the statement as lines, each within the width if that can be; every token and comment in its order."""
    return _Wrap(pieces, gaps, indent, width).lines()


class _Wrap:
    """The breaking of one statement. A broken bracket has a line end after it, after its commas and before its end."""

    def __init__(self, pieces: Sequence[Piece], gaps: Sequence[int], indent: int, width: int) -> None:
        self.pieces, self.gaps, self.width = pieces, gaps, width
        self.inside, self.match = _brackets(pieces)
        # where each piece would end if the statement were one line
        self.ends = list(accumulate(gap + len(p.text) for gap, p in zip(gaps, pieces, strict=True)))
        self.broken: set[int] = set()  # opening brackets
        self.opener_at: dict[int, int] = {}  # indentation of the line that a broken bracket ends
        self.item_at = {-1: indent}  # indentation of the argument or entry being laid out, by its bracket

    def lines(self) -> list[str]:
        out: list[str] = []
        todo = deque(self._split(0, len(self.pieces), self._forced()))
        while todo:
            start, stop = todo.popleft()
            at = self._indent(start)
            if at + self._length(start, stop) > self.width and (cuts := self._cuts(start, stop, at)):
                todo.extendleft(reversed(self._split(start, stop, cuts)))
                continue
            while self._reads_as_header(start, stop) and todo:
                stop = todo.popleft()[1]
            for k in self.broken.intersection(range(start, stop)):
                self.opener_at[k] = at
                self.item_at[k] = at + INDENT
            out.extend(self._line(start, stop, at))
        return out

    def _line(self, start: int, stop: int, at: int) -> list[str]:
        first, last = self.pieces[start], self.pieces[stop - 1]
        code = " " * at + self._flat(start, stop)
        return [*(" " * at + note for note in first.above), code + (" " * WIDE + last.after if last.after else "")]

    def _flat(self, start: int, stop: int) -> str:
        rest = (" " * self.gaps[k] + self.pieces[k].text for k in range(start + 1, stop))
        return self.pieces[start].text + "".join(rest)

    def _length(self, start: int, stop: int) -> int:
        return self.ends[stop - 1] - self.ends[start] + len(self.pieces[start].text)

    def _split(self, start: int, stop: int, cuts: set[int]) -> list[tuple[int, int]]:
        edges = [start, *sorted(cuts), stop]
        return list(zip(edges, edges[1:], strict=False))

    def _indent(self, start: int) -> int:
        """Returns the indentation of the line that starts at this piece; lines are asked for in order."""
        if start == 0:
            return self.item_at[-1]
        if start in self.match and self.pieces[start].type in CLOSERS:
            return self.opener_at[self.match[start]]
        around = self.inside[start]
        begins = around in self.broken and (start - 1 == around or self._is_comma(start - 1, around))
        return self.item_at[around] + INDENT * (not begins)

    def _is_comma(self, k: int, around: int) -> bool:
        return self.pieces[k].type in COMMAS and self.inside[k] == around

    def _open(self, opener: int) -> set[int]:
        """Breaks a bracket; returns the pieces that start a line because of it."""
        self.broken.add(opener)
        end = self.match[opener]
        return {opener + 1, end, *(k + 1 for k in range(opener + 1, end) if self._is_comma(k, opener))}

    def _forced(self) -> set[int]:
        """Returns the pieces that must start a line because of comments; the brackets around them are broken too."""
        cuts = {k for k, p in enumerate(self.pieces) if k and (p.above or self.pieces[k - 1].after)}
        for k in tuple(cuts):
            closes = self.pieces[k].type in CLOSERS
            around = self.match[k] if closes else self.inside[k]
            while around != -1 and around not in self.broken:
                cuts |= self._open(around)
                around = self.inside[around]
        return cuts

    def _cuts(self, start: int, stop: int, at: int) -> set[int]:
        """Returns where to break a line that is too long; empty when nothing is left to break."""
        groups, operators = self._breakable(start, stop)
        loose = [k for k in operators if _RANK[self.pieces[k].type] <= _LOOSE]
        widest = max(groups, key=lambda k: self._length(k, self.match[k]), default=None)
        if loose:
            return self._after_loosest(loose, start, stop, at)
        if widest is not None and (not operators or self._length(widest, self.match[widest]) > _WORTH_OPENING):
            return self._open(widest)
        return self._after_loosest(operators, start, stop, at) if operators else set()

    def _breakable(self, start: int, stop: int) -> tuple[list[int], list[int]]:
        """Returns the unbroken brackets of a line that hold something, and its operators outside them."""
        groups: list[int] = []
        operators: list[int] = []
        k = start
        while k < stop:
            end = self.match.get(k, -1)
            if k < end < stop:
                if end > k + 1:
                    groups.append(k)
                k = end
            elif k + 1 < stop and self._may_end_line(k) and self._may_start_line(k + 1):
                operators.append(k)
            k += 1
        return groups, operators

    def _reads_as_header(self, start: int, stop: int) -> bool:
        """True when a line that ends in a table's brace would open a block: its first entry then stays on the line."""
        if self.pieces[stop - 1].type != "LTABLE":
            return False
        assigned = start or any(p.type in ASSIGN_OPS for p in self.pieces[:stop])
        return not assigned or self.pieces[start].text in BLOCK_WORDS

    def _may_end_line(self, k: int) -> bool:
        """True for an operator, except where the line would read as a statement: a name with an attribute."""
        if self.pieces[k].type not in _RANK or is_sign(self.pieces, k):
            return False
        if self.pieces[k].type in ("PLUS", "MINUS") and self.pieces[k - 1].text in ATTRIBUTE_WORDS:
            # `not scale -` reads as a name and `scale` with a value that a sign begins; so does `scale -` alone
            return k > 1 and not self.pieces[k - 2].text.isalpha()
        return True

    def _may_start_line(self, k: int) -> bool:
        """True except where a line would read as a statement: a name with an attribute."""
        after = self.pieces[k : k + 2]
        return len(after) < 2 or after[1].type not in ("ATTR", "FLAG", "FILLER") or not after[0].text.isidentifier()

    def _after_loosest(self, operators: list[int], start: int, stop: int, at: int) -> set[int]:
        """Returns the breaks after the loosest operators: each after the last that fits into its line, else the first.

        All lines at once, for a sum of thousands of terms would be looked through again for each of its lines.
        """
        loosest = min(_RANK[self.pieces[k].type] for k in operators)
        left = [k for k in operators if _RANK[self.pieces[k].type] == loosest]
        cuts: set[int] = set()
        first = 0
        while first < len(left) and (not cuts or at + self._length(start, stop) > self.width):
            room = self.width - at - self._length(start, start + 1) + self.ends[start]
            fitting = bisect_right(left, room, first, key=self.ends.__getitem__)
            start = left[max(fitting - 1, first)] + 1
            first = max(fitting, first + 1)
            cuts.add(start)
            if self.inside[start] not in self.item_at:
                break  # where the next line begins is known once the line above it is laid out
            at = self._indent(start)
        return cuts


def _brackets(pieces: Sequence[Piece]) -> tuple[list[int], dict[int, int]]:
    """Returns the innermost bracket around each piece (-1 without one), and the other end of each bracket."""
    inside: list[int] = []
    match: dict[int, int] = {}
    opened: list[int] = []
    for k, piece in enumerate(pieces):
        if piece.type in CLOSERS and opened:
            start = opened.pop()
            match[start], match[k] = k, start
        inside.append(opened[-1] if opened else -1)
        if piece.type in OPENERS:
            opened.append(k)
    return inside, match
