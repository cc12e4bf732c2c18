"""What every word is, for colours: its place in the line from the parser, and what it stands for from the checker."""

from __future__ import annotations

from dataclasses import dataclass

from ksim_spec.highlight.classes import STYLES, Name
from ksim_spec.highlight.classify import Piece, pieces
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.ide.tree import walk
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import Command, FrameOf, Keyframe, Selection
from ksim_spec.syntax import ast

_MARKS: dict[Name, tuple[str, ...]] = {
    "declaration": ("declaration",), "title": ("declaration",), "builtin": ("defaultLibrary",),
    "special": ("defaultLibrary", "readonly"), "quantity": ("readonly",),
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A stretch of one line with the type of what stands there and what more is known of it."""

    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def tokens(snapshot: Snapshot) -> list[Token]:
    """Returns the tokens of a document in order, without overlaps; what needs no colour is left out."""
    known = _known(snapshot)
    return [t for p in pieces(snapshot.reading, snapshot.text) if (t := _token(p, known)) is not None]


def _token(piece: Piece, known: dict[int, str]) -> Token | None:
    kind = STYLES[piece.name].protocol
    if kind is None:
        return None
    if piece.name in ("name", "declaration"):
        kind = known.get(piece.start, kind)
    return Token(piece.start, piece.end, kind, _MARKS.get(piece.name, ()))


def _known(snapshot: Snapshot) -> dict[int, str]:
    """The types of names that the checker has seen, by where they start."""
    found: dict[int, str] = {}
    for node in walk(snapshot.tree):
        if isinstance(node, ast.Name):
            found.update(_entry(node, snapshot.thing(node)))
        elif isinstance(node, ast.Section) and node.keyword == "robot":
            parts = (s for s in node.body if isinstance(s, ast.Assign))
            found.update({p.target.span.start: "namespace" for p in parts if isinstance(p.target, ast.Name)})
    return found


def _entry(name: ast.Name, thing: Thing | None) -> dict[int, str]:
    if isinstance(thing, Selection | Keyframe | FrameOf):
        return {name.span.start: "namespace"}
    return {name.span.start: "struct"} if isinstance(thing, Command) else {}
