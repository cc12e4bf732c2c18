"""Declared names: where they stand, where they are used, and what renaming one changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ksim_spec.ide.positions import Change, Place, place
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.ide.tree import children, walk
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.members import BUILTIN_NAMES
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import NAME_CLAUSES, RESERVED

# Attributes whose value is a word of the language or of another kind of name, not a declared one.
_WORD_ATTRIBUTES = ("on", "per", "observes", "includes")
# Blocks whose values are words of a setting.
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Target:
    """A declared name: its text, and where it is declared."""

    name: str
    declared: Span


@dataclass(frozen=True)
class Refusal:
    """Why a name cannot be renamed."""

    reason: str


def target_at(snapshot: Snapshot, offset: int) -> Target | None:
    """Returns the declared name (signal, command, part of the robot, level, function) that stands at an offset."""
    span = _word_span(snapshot.text, offset)
    word = snapshot.text[span[0] : span[1]]
    if snapshot.checker is None or not word:
        return None
    for name, use in _uses(snapshot, word):
        if use.start <= offset <= use.end:
            return _target(snapshot, name)
    found = _target(snapshot, word)
    if found is not None and snapshot.own(found.declared) and found.declared.start <= offset <= found.declared.end:
        return found
    return None


def _word_span(text: str, offset: int) -> tuple[int, int]:
    start = offset
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    found = _WORD.match(text, start)
    return (start, found.end()) if found else (offset, offset)


def _target(snapshot: Snapshot, name: str) -> Target | None:
    assert snapshot.checker is not None
    binding = snapshot.checker.scope.names.get(name)
    if binding is not None and binding.span.file:
        # a curriculum level is declared by its whole line, which begins with its name
        return Target(name, Span(binding.span.file, binding.span.start, binding.span.start + len(name)))
    function = snapshot.checker.functions.get(name)
    return Target(name, function_name_span(snapshot, name, function.span)) if function is not None else None


def function_name_span(snapshot: Snapshot, name: str, span: Span) -> Span:
    """Returns where the name of a function stands in its definition."""
    source = snapshot.sources.get(span.file)
    bare = name.removeprefix("std.")
    found = re.compile(rf"fn\s+({re.escape(bare)})\b").search(source.text, span.start) if source is not None else None
    return Span(span.file, found.start(1), found.end(1)) if found else span


def references(snapshot: Snapshot, offset: int, declaration: bool = True) -> list[Place]:
    """Returns where the name at an offset is used in this document, and with `declaration` where it is declared."""
    target = target_at(snapshot, offset)
    if target is None:
        return []
    spans = {use for _, use in _uses(snapshot, target.name)} - {target.declared}
    spans |= {target.declared} if declaration else set()
    return [p for span in sorted(spans) if (p := place(snapshot.sources, span)) is not None]


def rename(snapshot: Snapshot, offset: int, new: str) -> list[Change] | Refusal:
    """Returns the changes that give the name at an offset another one everywhere in this document, or why not."""
    target = target_at(snapshot, offset)
    if target is None:
        return Refusal("only signals, commands, parts of the robot, curriculum levels and functions can be renamed")
    refusal = _refusal(snapshot, target, new)
    if refusal is not None:
        return refusal
    spans = {use for _, use in _uses(snapshot, target.name)} | {target.declared}
    return [Change(s.start, s.end, new) for s in sorted(spans)]


def _refusal(snapshot: Snapshot, target: Target, new: str) -> Refusal | None:
    assert snapshot.checker is not None
    if not snapshot.own(target.declared):
        return Refusal(f"`{target.name}` is declared in {target.declared.file}: rename it there")
    if not _WORD.fullmatch(new) or new in RESERVED:
        return Refusal(f"`{new}` is not a name")
    taken = {*snapshot.checker.scope.names, *snapshot.checker.functions, *BUILTIN_NAMES, *FUNCTIONS}
    taken |= {name for node in walk(snapshot.tree) for name in _locals(node)}
    return Refusal(f"`{new}` already means something here") if new != target.name and new in taken else None


def _locals(node: ast.Node) -> tuple[str, ...]:
    """The names that a node gives a meaning of their own below it."""
    if isinstance(node, ast.FnDef):
        return tuple(name for name, _ in node.params)
    return (node.binder[0],) if isinstance(node, ast.Arg) and node.binder is not None else ()


# Uses -----------------------------------------------------------------------------------------------------------------


def _uses(snapshot: Snapshot, name: str) -> Iterator[tuple[str, Span]]:
    """Yields where a declared name is used, in expressions and in paths such as `command.velocity.x`."""
    stack: list[tuple[ast.Node, str]] = [(snapshot.tree, "")]
    while stack:
        node, block = stack.pop()
        if name in _locals(node):
            continue
        if isinstance(node, ast.Name) and node.id == name:
            yield name, node.span
        stack.extend((n, b) for n, b in _below(node, block))
        yield from _in_path(node, block, name)


def _below(node: ast.Node, block: str) -> Iterator[tuple[ast.Node, str]]:
    """Yields the nodes below a node in which declared names may be used, each with its block."""
    if isinstance(node, ast.Attr) and node.word in _WORD_ATTRIBUTES:
        return
    if isinstance(node, ast.Clause) and node.word in NAME_CLAUSES:
        return
    inner = node.keyword if isinstance(node, ast.Section) else block
    for child in children(node):
        if isinstance(node, ast.Assign) and _is_no_use(node, child, block):
            continue
        yield child, inner


def _is_no_use(stmt: ast.Assign, child: ast.Node, block: str) -> bool:
    """True for a name that the statement declares, a path that it overrides, and a word that it sets."""
    if child is stmt.target:
        return isinstance(child, ast.Name) or stmt.override or block == "profile"
    if (own := block_of(block)) is not None and own.model is not None and child is stmt.value:
        return isinstance(child, ast.Name)
    return False


_PATH_KINDS = ("signal", "command")


def _in_path(node: ast.Node, block: str, name: str) -> Iterator[tuple[str, Span]]:
    """Yields the name in a path of an override, a profile or a `remove`: `command.NAME.x`, `signal.NAME`."""
    paths: tuple[ast.Expr, ...] = ()
    if isinstance(node, ast.Clause) and node.word in NAME_CLAUSES:
        paths = node.args
    elif isinstance(node, ast.Assign) and (node.override or block == "profile"):
        paths = (node.target,)
    for path in paths:
        while isinstance(path, ast.Attribute):
            inner = path.value
            if path.name == name and isinstance(inner, ast.Name) and inner.id in _PATH_KINDS:
                yield name, path.name_span
            path = inner
