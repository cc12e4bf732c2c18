"""How many spaces stand between two tokens of a line, and where its cells begin: what can be lined up in columns."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.formatter.items import COMMAS, Item, Piece
from ksim_spec.syntax.keywords import READ_ON
from ksim_spec.syntax.roles import CLOSERS, OPENERS, OPERAND_ENDS
from ksim_spec.syntax.tokens import ASSIGN_OPS

WIDE = 2  # spaces before an attribute and before a trailing comment
_NO_SPACE_BEFORE = CLOSERS | COMMAS | {"DOT", "COLON"}
_NO_SPACE_AFTER = OPENERS | {"DOT"}
_CALLED = frozenset({"NAME", "RPAR", "RSQB"})
_SIGNS = frozenset({"MINUS", "PLUS"})


def is_sign(pieces: Sequence[Piece], k: int) -> bool:
    """True when the piece at `k` is a sign, not an operator between two operands."""
    return pieces[k].type in _SIGNS and (k == 0 or pieces[k - 1].type not in OPERAND_ENDS)


def gaps(item: Item) -> tuple[int, ...]:
    """Returns the spaces before each piece when nothing is lined up; none before the first."""
    pieces, wide = item.pieces, _wide_starts(item)
    return tuple(0 if k == 0 else WIDE if k in wide else int(_spaced(pieces, k)) for k in range(len(pieces)))


def cell_starts(item: Item) -> list[int]:
    """Returns where the cells of a statement begin after its first one: at its assignment sign and its attributes.

    An attribute that reads on from the one before (`to` after `from`) belongs to its cell. Headers and lines that
    stand alone have one cell only.
    """
    if item.kind in ("open", "close", "line", "comment"):
        return []
    starts: list[int] = []
    depth, word = 0, ""
    for k, piece in enumerate(item.pieces):
        depth += (piece.type in OPENERS) - (piece.type in CLOSERS)
        if depth or not k:
            continue
        if piece.type in ASSIGN_OPS or piece.type == "FILLER":
            starts.append(k)
        elif piece.type in ("ATTR", "FLAG"):
            reads_on = piece.text in READ_ON and READ_ON[piece.text] == word
            if not reads_on and item.pieces[k - 1].type != "FILLER":
                starts.append(k)
            word = piece.text
    return starts


def _wide_starts(item: Item) -> set[int]:
    """Returns where a cell begins that `WIDE` spaces set off: an attribute, but not one that an entry begins with."""
    if item.kind not in ("assign", "entry", "expression"):
        return set()
    starts = [k for k in cell_starts(item) if item.pieces[k].type not in ASSIGN_OPS]
    return set(starts[item.kind == "entry" :])


def _spaced(pieces: Sequence[Piece], k: int) -> bool:
    before, after = pieces[k - 1].type, pieces[k].type
    if before in _NO_SPACE_AFTER or after in _NO_SPACE_BEFORE:
        return False
    if is_sign(pieces, k - 1):
        # `-5 m` is a number and `- 5 m` the negative of one: the tree tells them apart, so both stay as they are
        return after == "QUANTITY" and not pieces[k].tight
    return not (after in ("LPAR", "LSQB") and before in _CALLED)
