"""Proves that a formatted file says what the file said before: the same tree, the same comments."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import Reading


class FormatBug(AssertionError):
    """Raised when formatting would change what a file says: our mistake, and nothing is written."""


def check_same(before: Reading, after: Reading, old: str, new: str) -> None:
    """Returns when both texts parse to equal trees and hold the same comments in the same order; else FormatBug."""
    name = before.tree.span.file
    if after.diagnostics:
        raise FormatBug(f"the formatted text of {name} does not parse: {after.diagnostics[0].message}")
    if not same_tree(before.tree, after.tree):
        raise FormatBug(f"the formatted text of {name} means something else")
    if _comments(before, old) != _comments(after, new):
        raise FormatBug(f"formatting {name} would change its comments")


def _comments(reading: Reading, text: str) -> list[str]:
    return [text[c.span.start : c.span.end] for c in reading.comments]


def same_tree(a: object, b: object) -> bool:
    """True when two trees are equal as `==` has it, however deep they are: sums of thousands of terms nest as deep."""
    todo = [(a, b)]
    while todo:
        x, y = todo.pop()
        if type(x) is not type(y):
            return False
        if isinstance(x, tuple) and isinstance(y, tuple):
            if len(x) != len(y):
                return False
            todo.extend(zip(x, y, strict=True))
        elif isinstance(x, ast.Node):
            todo.extend((getattr(x, name), getattr(y, name)) for name in _compared(type(x)))
        elif x != y:
            return False
    return True


@cache
def _compared(kind: type[ast.Node]) -> tuple[str, ...]:
    """Returns the fields of a node that count for equality."""
    return tuple(f.name for f in fields(kind) if f.compare)
