"""Finding one's way in a syntax tree: the nodes at an offset, and the block that a place is in."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from ksim_spec.syntax import ast
from ksim_spec.syntax.tokens import Statement


def children(node: ast.Node) -> Iterator[ast.Node]:
    """Yields the nodes directly below a node, in the order of its fields."""
    for item in fields(node):
        yield from _nodes(getattr(node, item.name))


def _nodes(value: object) -> Iterator[ast.Node]:
    if isinstance(value, ast.Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """Yields a node and all below it; long chains of operators do not recurse."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(list(children(found))))


def path_at(root: ast.Node, offset: int) -> list[ast.Node]:
    """Returns the nodes that hold an offset (their end included), outermost first; the file itself comes first."""
    path = [root]
    while True:
        inner = [n for n in children(path[-1]) if n.span.file and n.span.start <= offset <= n.span.end]
        if not inner:
            return path
        # At the seam of two nodes the one that begins there is meant: `(|x`, not the bracket before it.
        path.append(inner[-1])


@dataclass(frozen=True)
class Open:
    """A block that is open at a place: its word and its name."""

    keyword: str
    name: str | None


@dataclass(frozen=True)
class Blocks:
    """The blocks open after each header and block end, by offset."""

    starts: tuple[int, ...]
    open: tuple[tuple[Open, ...], ...]

    def at(self, offset: int) -> tuple[Open, ...]:
        """Returns the blocks that hold an offset, outermost first."""
        k = bisect.bisect_right(self.starts, offset) - 1
        return self.open[k] if k >= 0 else ()


def blocks_of(statements: Sequence[Statement]) -> Blocks:
    """Returns which blocks are open where."""
    starts: list[int] = []
    found: list[tuple[Open, ...]] = []
    stack: list[Open] = []
    for statement in statements:
        if statement.end.type == "LBRACE":
            named = statement.tokens[1:2] and statement.tokens[1].type == "NAME"
            stack.append(Open(statement.keyword or "", statement.tokens[1].text if named else None))
        elif statement.end.type == "RBRACE":
            if stack:
                stack.pop()
        else:
            continue
        # a block that the text leaves open is still open at the text's end
        starts.append(statement.end.end + (not statement.end.text))
        found.append(tuple(stack))
    return Blocks(tuple(starts), tuple(found))
