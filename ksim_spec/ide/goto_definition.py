"""Where a thing of a spec is declared: in the spec, in an included one, in the robot file, in the library."""

from __future__ import annotations

from pathlib import Path

from ksim_spec.ide.positions import Place, place
from ksim_spec.ide.references import function_name_span
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language import selectors, stdlib
from ksim_spec.language.things import Command, Keyframe, Selection
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import SourceFile, Span
from ksim_spec.syntax import ast


def definitions(snapshot: Snapshot, offset: int) -> list[Place]:
    """Returns the places that declare what stands at an offset, none when it declares itself or means nothing."""
    path = snapshot.path_at(offset)
    for k in range(len(path) - 1, 0, -1):
        found = _of(snapshot, path[k], path[:k], offset)
        if found is not None:
            return found
    return []


def _of(snapshot: Snapshot, node: ast.Node, around: list[ast.Node], offset: int) -> list[Place] | None:
    if isinstance(node, ast.String):
        return _named_by_text(snapshot, node, around)
    if isinstance(node, ast.Directive) and node.text:
        return _file(snapshot, node)
    if isinstance(node, ast.Section) and node.keyword == "robot" and offset <= node.header_span.end:
        return _robot(snapshot)
    if isinstance(node, ast.Attribute):
        return _attribute(snapshot, node, around)
    if isinstance(node, ast.Name):
        return _name(snapshot, node, around)
    return None


def _spans(snapshot: Snapshot, spans: list[Span]) -> list[Place]:
    return [found for span in spans if (found := place(snapshot.sources, span)) is not None]


def index_of(snapshot: Snapshot) -> RobotIndex | None:
    """Returns the index of the robot that a document was checked against."""
    return snapshot.checker.robot.index if snapshot.checker is not None else None


# Texts ----------------------------------------------------------------------------------------------------------------


def _named_by_text(snapshot: Snapshot, text: ast.String, around: list[ast.Node]) -> list[Place]:
    """A name of the robot: the elements that it matches, in the kind of the selector around it, or in any."""
    call = next((n for n in reversed(around) if isinstance(n, ast.Call)), None)
    word = call.func.id if call is not None and isinstance(call.func, ast.Name) else ""
    kind = selectors.kind_of(word)
    return elements(snapshot, text.value, (kind,) if kind else ("body", "joint", "site", "geom", "actuator"))


def elements(snapshot: Snapshot, pattern: str, kinds: tuple[str, ...]) -> list[Place]:
    """Returns the MJCF lines of the elements whose names match a pattern."""
    index = index_of(snapshot)
    if index is None:
        return []
    named = [(kind, name) for kind in kinds for name in selectors.match([pattern], index.names(kind))[0]]
    return _in_robot(index, [index.span(index.find(kind, name)) for kind, name in named])


def _in_robot(index: RobotIndex, spans: list[Span]) -> list[Place]:
    return [found for span in spans if (found := place(index.sources, span)) is not None]


def _file(snapshot: Snapshot, item: ast.Directive) -> list[Place]:
    if item.word == "robot":
        return _robot(snapshot)
    if item.word not in ("include", "extends") or snapshot.source.path is None or item.text is None:
        return []
    path = snapshot.source.path.parent / item.text
    return [Place(SourceFile(str(path), "", path), 0, 0)] if path.is_file() else []


def _robot(snapshot: Snapshot) -> list[Place]:
    path: Path | None = snapshot.checker.robot.path if snapshot.checker is not None else None
    return [Place(SourceFile(str(path), "", path), 0, 0)] if path is not None else []


# Names ----------------------------------------------------------------------------------------------------------------


def _name(snapshot: Snapshot, node: ast.Name, around: list[ast.Node]) -> list[Place] | None:
    local = _local(snapshot, node.id, around)
    if local is not None:
        return _spans(snapshot, [local])
    attr = around[-1]
    if isinstance(attr, ast.Attr) and attr.word in ("observes", "includes"):
        return _spans(snapshot, [s.name_span for s in _sections(snapshot, "observe") if s.name == node.id])
    if snapshot.checker is None:
        return None
    binding = snapshot.checker.scope.names.get(node.id)
    if binding is not None:
        return _spans(snapshot, [binding.span])
    return _function(snapshot, node.id)


def _local(snapshot: Snapshot, name: str, around: list[ast.Node]) -> Span | None:
    """The parameter or `for` name that a name inside a function or reduction stands for."""
    for node in reversed(around):
        if isinstance(node, ast.FnDef) and any(p == name for p, _ in node.params):
            at = snapshot.text.find(name, snapshot.text.find("(", node.span.start))
            return Span(snapshot.source.name, at, at + len(name))
        if isinstance(node, ast.Arg) and node.binder is not None and node.binder[0] == name:
            at = snapshot.text.rfind(name, node.value.span.end, node.binder[1].span.start)
            return Span(snapshot.source.name, at, at + len(name))
    return None


def _function(snapshot: Snapshot, name: str) -> list[Place] | None:
    assert snapshot.checker is not None
    fn = snapshot.checker.functions.get(name)
    return _spans(snapshot, [function_name_span(snapshot, name, fn.span)]) if fn is not None else None


def _attribute(snapshot: Snapshot, node: ast.Attribute, around: list[ast.Node]) -> list[Place] | None:
    if isinstance(node.value, ast.Name) and node.value.id == "std":
        return _library(node.name)
    owner = snapshot.thing(node.value)
    if isinstance(owner, Command):
        fields = _fields(snapshot, owner.name)
        letters = [node.name] if node.name in fields else list(node.name)  # `.xy` is two fields
        return _spans(snapshot, [fields[letter] for letter in letters if letter in fields])
    index = index_of(snapshot)
    if isinstance(owner, Selection) and index is not None:
        return _in_robot(index, [index.span(index.find(owner.of, name)) for name in owner.names])
    if isinstance(owner, Keyframe) and index is not None:
        return _in_robot(index, [index.span(index.find("keyframe", owner.name))])
    return None


def _fields(snapshot: Snapshot, command: str) -> dict[str, Span]:
    """Where each field of a command is declared."""
    body = [stmt for s in _sections(snapshot, "command") if s.name == command for stmt in s.body]
    targets = [stmt.target for stmt in body if isinstance(stmt, ast.Assign)]
    return {target.id: target.span for target in targets if isinstance(target, ast.Name)}


def _library(name: str) -> list[Place] | None:
    for source, functions in stdlib.functions():
        for fn in functions:
            if fn.name == name:
                at = source.text.index(name, fn.span.start)
                return [Place(source, at, at + len(name))]
    return None


def _sections(snapshot: Snapshot, keyword: str) -> list[ast.Section]:
    return [i for i in snapshot.items if isinstance(i, ast.Section) and i.keyword == keyword]
