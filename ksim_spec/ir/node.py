"""The one node class of the IR: interned, typed by dtype and shape, and free of units.

Structural equality is identity: building the same expression twice gives the same object, so common
subexpressions are shared by construction. Under which names nodes were declared lives outside of them
(`Checker.declared`), so that it never prevents sharing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

DType = Literal["float", "bool", "int"]
Shape = tuple[int, ...]
AttrValue = Any  # hashable: numbers, strings, tuples of these


class Node:
    """One operation on argument nodes with static attributes; `dtype` and `shape` are of one environment."""

    __slots__ = ("args", "attrs", "digest", "dtype", "op", "shape")
    op: str
    args: tuple[Node, ...]
    attrs: tuple[tuple[str, AttrValue], ...]
    dtype: DType
    shape: Shape
    digest: str

    def attr(self, name: str) -> AttrValue:
        """Returns the attribute called `name`; raises KeyError when the node has none."""
        for key, value in self.attrs:
            if key == name:
                return value
        raise KeyError(f"{self.op} has no attribute {name}")

    def __repr__(self) -> str:
        return f"<{self.op} {self.dtype}{list(self.shape)} {self.digest[:8]}>"


_INTERNED: dict[tuple[Any, ...], Node] = {}


def _digest(op: str, args: tuple[Node, ...], attrs: tuple[tuple[str, AttrValue], ...]) -> str:
    text = f"{op}|{attrs!r}|" + ",".join(a.digest for a in args)
    return hashlib.sha256(text.encode()).hexdigest()


def intern(op: str, args: tuple[Node, ...], attrs: dict[str, AttrValue], dtype: DType, shape: Shape) -> Node:
    """Returns the one node with this operation, arguments and attributes (the type follows from them)."""
    items = tuple(sorted(attrs.items()))
    # repr keeps 0.0 and -0.0, 1 and True apart, which tuple equality does not.
    key = (op, args, repr(items))
    node = _INTERNED.get(key)
    if node is None:
        node = Node()
        node.op, node.args, node.attrs, node.dtype, node.shape = op, args, items, dtype, shape
        node.digest = _digest(op, args, items)
        _INTERNED[key] = node
    return node


def forget() -> None:
    """Forgets every node, for a process that checks specs all day: nodes made before and after are never the same."""
    _INTERNED.clear()


def walk(roots: Iterable[Node]) -> Iterator[Node]:
    """Yields every node reachable from `roots` once, arguments before their users (iterative: no recursion limit)."""
    seen: set[Node] = set()
    stack: list[Node | None] = []
    stack += [*roots][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # all below the node under this mark has been yielded
            done = stack.pop()
            assert done is not None
            yield done
        elif node not in seen:
            seen.add(node)
            if node.args:
                stack += (node, None, *node.args[::-1])
            else:
                yield node


def substitute(roots: Iterable[Node], replaced: Mapping[int, Node]) -> list[Node]:
    """Returns the roots with nodes replaced by id, everything above them rebuilt and all else shared.

    A replacement is taken as it is: it may contain what it replaces.
    """
    wanted = list(roots)
    new: dict[int, Node] = {}
    for node in walk(wanted):
        args = tuple(new[id(a)] for a in node.args)
        if id(node) in replaced:
            new[id(node)] = replaced[id(node)]
        elif all(a is b for a, b in zip(args, node.args, strict=True)):
            new[id(node)] = node
        else:
            new[id(node)] = intern(node.op, args, dict(node.attrs), node.dtype, node.shape)
    return [new[id(r)] for r in wanted]
