"""What is shown for the thing under the pointer: type, unit, frame, value, and what the robot file says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.ide import docs, effects
from ksim_spec.ide.goto_definition import index_of
from ksim_spec.ide.robot_docs import fact
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language import word_docs
from ksim_spec.language.blocks.registry import header_takes, line_takes
from ksim_spec.language.quantities import QUANTITIES
from ksim_spec.language.scope import Thing
from ksim_spec.language.selectors import kind_of, match, plural
from ksim_spec.language.things import Command, FrameOf, Keyframe, Selection, World
from ksim_spec.language.types import Value
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER

_LISTED = 12  # elements of a selection that are listed with their facts
_UNIT = re.compile(r"%|[A-Za-z]+")


@dataclass(frozen=True)
class Hover:
    """Markdown for a stretch of the document."""

    start: int
    end: int
    text: str


def hover(snapshot: Snapshot, offset: int) -> Hover | None:
    """Returns what there is to say about the innermost thing at an offset, or None."""
    path = snapshot.path_at(offset)
    for k in range(len(path) - 1, 0, -1):
        text = _text(snapshot, path[k], path[:k], offset)
        if text:
            span = path[k].span
            if isinstance(path[k], ast.Section | ast.Assign | ast.Directive):
                line = snapshot.source.line_span(snapshot.source.position(span.start).line)
                return Hover(span.start, min(span.end, line.end), text)
            return Hover(span.start, span.end, text)
    return None


def _text(snapshot: Snapshot, node: ast.Node, around: list[ast.Node], offset: int) -> str:
    if isinstance(node, ast.Quantity):
        return _quantity(snapshot, node, offset)
    if isinstance(node, ast.String):
        return _string(snapshot, node, around)
    if isinstance(node, ast.Name):
        return _name(snapshot, node, around)
    if isinstance(node, ast.Attribute):
        return _attribute(snapshot, node)
    if isinstance(node, ast.Assign):
        return _line(snapshot, node, around, offset)
    if isinstance(node, ast.Section | ast.Directive | ast.Clause | ast.Attr):
        return _keyword(node, around, offset)
    if isinstance(node, ast.Binary | ast.Call | ast.InFrame | ast.Unary | ast.IfExpr | ast.AsUnit | ast.Index):
        return _code(describe(snapshot.thing(node)))
    return ""


def _code(text: str) -> str:
    return f"```ksim\n{text}\n```" if text else ""


def _joined(*parts: str) -> str:
    return "\n\n".join(p for p in parts if p)


# Things ---------------------------------------------------------------------------------------------------------------


def describe(thing: Thing | None) -> str:
    """Returns in a line what something is; empty for what is not known."""
    if isinstance(thing, Value):
        return thing.describe()
    if isinstance(thing, Selection):
        return f"{thing.of} `{thing.one}`" if thing.axis is None else f"{len(thing.names)} {plural(thing.of)}"
    if isinstance(thing, Keyframe):
        return f'keyframe "{thing.name}"' if thing.name else "the model's reference pose"
    if isinstance(thing, World):
        return "the world"
    if isinstance(thing, FrameOf):
        return f"the frame {thing.frame.name}"
    if isinstance(thing, Command):
        return f"command {thing.name}: " + ", ".join(f"{n} ({v.describe()})" for n, v in thing.fields)
    return ""


def more(snapshot: Snapshot, thing: Thing | None) -> str:
    """Returns what the robot file says of a selection, where a value comes from, and the labels of its elements."""
    if isinstance(thing, Selection):
        return facts(snapshot, thing.of, list(thing.names))
    if isinstance(thing, Keyframe):
        return facts(snapshot, "keyframe", [thing.name])
    if not isinstance(thing, Value):
        return ""
    number = thing.node.attr("value") if thing.node.op == "const" else None
    value = f"value {number:g}" if isinstance(number, float) and not thing.axes else ""
    labels = [f"{axis.name}: {', '.join(axis.labels[:_LISTED])}" for axis in thing.axes if axis.name != "xyz"]
    source = "known to the simulator only" if thing.privileged else ""
    return _joined(value, *labels, source)


def facts(snapshot: Snapshot, kind: str, names: list[str]) -> str:
    """Returns a list of elements of the robot with what its file says of each."""
    index = index_of(snapshot)
    if index is None:
        return ""
    lines = [f"- `{n}`: {text}" for n in names[:_LISTED] if (text := fact(index, kind, n))]
    rest = len(names) - _LISTED
    return "\n".join([*lines, f"- and {rest} more"] if rest > 0 else lines)


def _name(snapshot: Snapshot, node: ast.Name, around: list[ast.Node]) -> str:
    parent = around[-1]
    if isinstance(parent, ast.Call) and parent.func is node:
        return _call(snapshot, node.id, parent)
    if isinstance(parent, ast.Assign) and parent.target is node:
        return ""  # the line says more
    thing = snapshot.thing(node)
    said = describe(thing)
    return _joined(_code(f"{node.id}: {said}"), more(snapshot, thing)) if said else ""


def _call(snapshot: Snapshot, name: str, call: ast.Call) -> str:
    doc = docs.function_doc(name, snapshot.checker)
    if doc is None:
        return ""
    thing = snapshot.thing(call)
    returned = f" → {describe(thing)}" if describe(thing) else ""
    return _joined(_code(doc.signature + returned), doc.text, more(snapshot, thing) if kind_of(name) else "")


def _attribute(snapshot: Snapshot, node: ast.Attribute) -> str:
    if isinstance(node.value, ast.Name) and node.value.id == "std":
        doc = docs.function_doc(f"std.{node.name}")
        return _joined(_code(doc.signature), doc.text) if doc is not None else ""
    owner, thing = snapshot.thing(node.value), snapshot.thing(node)
    row = QUANTITIES.get(owner.of, {}).get(node.name) if isinstance(owner, Selection) else None
    said = describe(thing)
    if not said:
        return row.doc if row is not None else docs.field_text(owner, node.name)
    return _joined(_code(f".{node.name}: {said}"), row.doc if row is not None else "", more(snapshot, thing))


def _quantity(snapshot: Snapshot, node: ast.Quantity, offset: int) -> str:
    if not node.unit.text:
        return ""
    si = "" if node.unit.dim == NUMBER and node.unit.to_si == 1 else f" = {node.si:g} {node.unit.dim}"
    written = " ".join(snapshot.text[node.span.start : node.span.end].split())
    symbols = _UNIT.finditer(snapshot.text, node.span.start, node.span.end)
    doc = next((docs.unit_doc(m[0]) for m in symbols if m.start() <= offset <= m.end()), None)
    return _joined(_code(f"{written}{si}"), f"`{doc.signature}`: {doc.text}" if doc is not None else "")


def _string(snapshot: Snapshot, node: ast.String, around: list[ast.Node]) -> str:
    call = next((n for n in reversed(around) if isinstance(n, ast.Call)), None)
    kind = kind_of(call.func.id) if call is not None and isinstance(call.func, ast.Name) else None
    index = index_of(snapshot)
    if kind is None or index is None:
        return ""
    names = match([node.value], index.names(kind))[0]
    return _joined(f"{len(names)} of {len(index.names(kind))} {plural(kind) if kind != 'keyframe' else 'keyframes'}",
                   facts(snapshot, kind, names))  # fmt: skip


# Lines ----------------------------------------------------------------------------------------------------------------


def _line(snapshot: Snapshot, stmt: ast.Assign, around: list[ast.Node], offset: int) -> str:
    """What a line comes to, on its name: the type of its value, its slice, its effective weight, the setting."""
    if offset > stmt.target.span.end or not isinstance(stmt.target, ast.Name):
        return ""
    name = stmt.target.id
    blocks = [n for n in around if isinstance(n, ast.Section)]
    block = blocks[-1].keyword if blocks else ""
    setting = docs.setting_doc(block, name)
    if setting is not None:
        return _joined(_code(setting.signature), setting.text)
    thing = snapshot.thing(stmt.value)
    said = describe(thing)
    return _joined(_code(f"{name}: {said}" if said else ""), _effect(snapshot, blocks, name), more(snapshot, thing))


def _keyword(node: ast.Section | ast.Directive | ast.Clause | ast.Attr, around: list[ast.Node], offset: int) -> str:
    """What a block, a line or an attribute is for, on the word that opens it."""
    word = node.keyword if isinstance(node, ast.Section) else node.word
    if offset > node.span.start + len(word):
        return ""
    block = next((n.keyword for n in reversed(around) if isinstance(n, ast.Section)), "")
    if not isinstance(node, ast.Attr):
        text = word_docs.line(word, block)
    elif isinstance(around[-1], ast.Section):
        text = header_takes(block).get(word, "")
    else:
        text = line_takes(block, _opening(around[-1])).get(word, "")
    return _joined(_code(word), text) if text else ""


def _opening(stmt: ast.Node) -> str:
    """The word that a line begins with, where it has one."""
    if isinstance(stmt, ast.Clause):
        return stmt.word
    return stmt.target.id if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) else ""


def _effect(snapshot: Snapshot, blocks: list[ast.Section], name: str) -> str:
    program = snapshot.program
    if program is None or not blocks:
        return ""
    if blocks[0].keyword == "observe":
        found = effects.slices(program, blocks[0].name or "").get(name)
        return f"observation [{found[1]}:{found[2]}]" if found is not None else ""
    if blocks[0].keyword != "reward":
        return ""
    term = next((t for t in program.rewards if t.name == name), None)
    found = effective(program, term) if term is not None else None
    if term is None or found is None:
        return ""
    episode = f", {effects.shown(found.per_episode)} over a whole episode" if found.per_episode is not None else ""
    unit = "" if term.unit == "1" else f" {term.unit}"
    weight = f"adds {effects.weight_text(program, term)}{episode} while its value is 1{unit}"
    index = index_of(snapshot)
    complete = index is not None and not any(d.severity == "error" for d in snapshot.diagnostics)
    return _joined(weight, effects.range_text(program, index, term) if index is not None and complete else "")
