"""Declared names: where they stand, where they are used, and what renaming one changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ksim_spec.ide.family import Specs
from ksim_spec.ide.positions import Change, Place, place
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.ide.tree import children, walk
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.members import BUILTIN_NAMES
from ksim_spec.source import SourceFile, Span
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
    for name, use in _uses(snapshot.tree, word):
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


def references(snapshot: Snapshot, offset: int, declaration: bool = True, specs: Specs | None = None) -> list[Place]:
    """Returns where the name at an offset is used, and with `declaration` where it is declared.

    Looked through are this document and, with `specs`, all that it shares the name with.
    """
    target = target_at(snapshot, offset)
    if target is None:
        return []
    declared = place(snapshot.sources, target.declared)
    found = {} if declared is None or not declaration else {_key(declared): declared}
    for source, tree in _trees(snapshot, target, specs):
        places = [Place(source, span.start, span.end) for _, span in _uses(tree, target.name)]
        found |= {_key(p): p for p in places if declaration or declared is None or _key(p) != _key(declared)}
    return [found[key] for key in sorted(found, key=lambda k: (k[0] != _own(snapshot), *k))]


def rename(
    snapshot: Snapshot, offset: int, new: str, specs: Specs | None = None
) -> dict[SourceFile, list[Change]] | Refusal:
    """Returns the changes that give the name at an offset another one in every text that shares it, or why not.

    These are this document and, with `specs`, all that include or extend the file in which it is declared, with all
    that they bring.
    """
    target = target_at(snapshot, offset)
    if target is None:
        return Refusal("only signals, commands, parts of the robot, curriculum levels and functions can be renamed")
    refusal = _refusal(snapshot, target, new) or _refused_elsewhere(snapshot, target, new, specs)
    if refusal is not None:
        return refusal
    changes: dict[str, tuple[SourceFile, list[Change]]] = {}
    for p in references(snapshot, offset, specs=specs):
        changes.setdefault(_key(p)[0], (p.source, []))[1].append(Change(p.start, p.end, new))
    return dict(changes.values())


def _own(snapshot: Snapshot) -> str:
    return _file(snapshot.source)


def _file(source: SourceFile) -> str:
    return str(source.path.resolve()) if source.path else source.name


def _key(p: Place) -> tuple[str, int, int]:
    return _file(p.source), p.start, p.end


def _home(snapshot: Snapshot, target: Target, specs: Specs) -> Path | None:
    """The file in which a name is declared, where it is one of these specs."""
    source = snapshot.sources.get(target.declared.file)
    path = source.path.resolve() if source is not None and source.path is not None else None
    return path if path in specs.texts else None


def _family(snapshot: Snapshot, target: Target, specs: Specs) -> list[Path]:
    """The files that share a name: those that bring the one that declares it, and all that they bring."""
    home = _home(snapshot, target, specs)
    return sorted({p for user in specs.users(home) for p in specs.brought(user)}) if home is not None else []


def _trees(snapshot: Snapshot, target: Target, specs: Specs | None) -> Iterator[tuple[SourceFile, ast.File]]:
    """Yields the texts in which a name may be used, this document first."""
    yield snapshot.source, snapshot.tree
    for path in _family(snapshot, target, specs) if specs is not None else ():
        if str(path) != _own(snapshot) and specs is not None and _says(specs, path, target.name):
            source, tree, _ = specs.tree(path)
            yield source, tree


def _says(specs: Specs, path: Path, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", specs.texts[path]) is not None


def _refused_elsewhere(snapshot: Snapshot, target: Target, new: str, specs: Specs | None) -> Refusal | None:
    """Why a name cannot be renamed in the other files that share it."""
    home = _home(snapshot, target, specs) if specs is not None else None
    if specs is None or home is None:
        if snapshot.own(target.declared):
            return None
        return Refusal(f"`{target.name}` is declared in {target.declared.file}: rename it there")
    if not specs.whole:
        return Refusal("there are too many specs in the open folders to look through: open the folder of these alone")
    users, family = specs.users(home), _family(snapshot, target, specs)
    touched = [p for p in family if _says(specs, p, target.name)]
    if unread := [p for p in touched if not specs.tree(p)[2]]:
        return Refusal(f"{specs.shown(unread)} has mistakes in its syntax, and may use `{target.name}`: mend it first")
    if taken := [p for p in family if new != target.name and new in set(_declares(specs.tree(p)[1]))]:
        return Refusal(f"`{new}` already means something in {specs.shown(taken)}")
    for p in (p for p in touched if p != home and any(True for _ in _uses(specs.tree(p)[1], target.name))):
        if apart := [u for u in specs.users(p) if u not in users and specs.is_task(u)]:
            return Refusal(f"{specs.shown([p])} uses `{target.name}` too and serves {specs.shown(apart)}, "
                           f"which has another `{target.name}`")  # fmt: skip
    return None


_DECLARING = ("robot", "signal", "curriculum")


def _declares(tree: ast.File) -> Iterator[str]:
    """Yields the names that a file gives a meaning, parameters and binders included."""
    for node in walk(tree):
        yield from _locals(node)
        if isinstance(node, ast.FnDef) or (isinstance(node, ast.Section) and node.keyword == "command" and node.name):
            yield str(node.name)
        for stmt in node.body if isinstance(node, ast.Section) and node.keyword in _DECLARING else ():
            target = getattr(stmt, "target", None)
            name = target.id if isinstance(target, ast.Name) else getattr(stmt, "name", None)
            if isinstance(name, str):
                yield name


def _refusal(snapshot: Snapshot, target: Target, new: str) -> Refusal | None:
    assert snapshot.checker is not None
    if target.name.startswith("std."):
        return Refusal(f"`{target.name}` is declared in the library: it cannot be renamed")
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


def _uses(tree: ast.File, name: str) -> Iterator[tuple[str, Span]]:
    """Yields where a declared name is used, in expressions and in paths such as `command.velocity.x`."""
    stack: list[tuple[ast.Node, str]] = [(tree, "")]
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


_PATH_KINDS = ("signal", "command", "robot", "curriculum")


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
