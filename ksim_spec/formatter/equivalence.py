"""Proves that a formatted file says what the file said before: the same tree, the same comments.

Mostly nothing but white space has changed. Then the automaton would be fed the same as before, and make the same of it,
so it need not be fed again, which is most of the time that reading takes. Else the trees are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import cache

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import Reading, read_file, read_statements
from ksim_spec.syntax.tokens import Comment, Statement


class FormatBug(AssertionError):
    """Raised when formatting would change what a file says: our mistake, and nothing is written."""


def check_same(before: Reading, after: SourceFile) -> None:
    """Returns when both texts parse to equal trees and hold the same comments in the same order; else FormatBug."""
    statements, comments, found = read_statements(after)
    if found or not same_food(before.statements, statements):
        _check_trees(before, read_file(after))
    if _texts(before.comments, before.source) != _texts(comments, after):
        raise FormatBug(f"formatting {after.name} would change its comments")


def _check_trees(before: Reading, after: Reading) -> None:
    name = after.source.name
    if after.diagnostics:
        raise FormatBug(f"the formatted text of {name} does not parse: {after.diagnostics[0].message}")
    if not same_tree(before.tree, after.tree):
        raise FormatBug(f"the formatted text of {name} means something else")


def _texts(comments: list[Comment], source: SourceFile) -> list[str]:
    return [source.text[c.span.start : c.span.end] for c in comments]


def same_food(before: Sequence[Statement], after: Sequence[Statement]) -> bool:
    """True when the automaton makes the same tree of both, for all that it and the actions of its rules look at is so.

    Besides tokens and comments that is only whether a minus touches what follows: `-2 m` is a number, `- 2 m` is not.
    """
    return len(before) == len(after) and all(map(_same_statement, before, after))


def _same_statement(a: Statement, b: Statement) -> bool:
    facts = ((s.section, s.keyword, s.end.type, s.doc, s.comment, s.names, len(s.tokens)) for s in (a, b))
    if next(facts) != next(facts):
        return False
    for k, (x, y) in enumerate(zip(a.tokens, b.tokens, strict=True)):
        if x.type != y.type or (x.text != y.text and x.type != "SEP"):
            return False
        if x.type == "MINUS" and _touches(a, k) != _touches(b, k):
            return False
    return True


def _touches(statement: Statement, k: int) -> bool:
    """True when nothing stands between a token and the next."""
    after = statement.tokens[k + 1 : k + 2]
    return bool(after) and after[0].start == statement.tokens[k].end


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
