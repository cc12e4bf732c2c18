"""What an editor can fold: blocks, and runs of comment lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.ide.tree import walk
from ksim_spec.syntax import ast


@dataclass(frozen=True)
class Fold:
    """Zero-based first and last line of something that folds; the last line stays hidden."""

    first: int
    last: int
    kind: Literal["block", "comment"]


def folds(snapshot: Snapshot) -> list[Fold]:
    """Returns everything that spans lines and folds, in the order of the text."""
    return sorted([*_blocks(snapshot), *_comments(snapshot)], key=lambda f: (f.first, -f.last))


def _blocks(snapshot: Snapshot) -> list[Fold]:
    found: list[Fold] = []
    for node in walk(snapshot.tree):
        if isinstance(node, ast.Section | ast.FnDef):
            first = snapshot.source.position(node.span.start).line - 1
            last = snapshot.source.position(node.span.end).line - 1
            # the line of a block's closing brace stays visible
            last -= isinstance(node, ast.Section) and snapshot.text[node.span.end - 1 : node.span.end] == "}"
            if last > first:
                found.append(Fold(first, last, "block"))
    return found


def _comments(snapshot: Snapshot) -> list[Fold]:
    found: list[Fold] = []
    first = last = -2
    for line in [c.line - 1 for c in snapshot.reading.comments if c.alone] + [-9]:
        if line == last + 1:
            last = line
            continue
        if last > first:
            found.append(Fold(first, last, "comment"))
        first = last = line
    return found
