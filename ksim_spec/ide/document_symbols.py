"""The outline of a document: its blocks and what each declares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.selectors import plural
from ksim_spec.language.things import Keyframe, Selection
from ksim_spec.language.types import Value
from ksim_spec.source import Span
from ksim_spec.syntax import ast

Kind = Literal["file", "block", "function", "name", "value", "setting", "rule", "change"]


@dataclass(frozen=True)
class Symbol:
    """One line of the outline; `name_start` and `name_end` lie within `start` and `end`."""

    name: str
    detail: str
    kind: Kind
    start: int
    end: int
    name_start: int
    name_end: int
    children: tuple[Symbol, ...] = ()


def _kind(keyword: str) -> Kind:
    """What the lines of a block are."""
    own = block_of(keyword)
    return "value" if own is None else own.outlined


def symbols(snapshot: Snapshot) -> list[Symbol]:
    """Returns the outline in the order of the text; statements that did not parse are left out."""
    return _list(snapshot, snapshot.tree.items, "")


def flat(symbol: Symbol) -> Iterable[Symbol]:
    """Yields a symbol and all below it."""
    yield symbol
    for child in symbol.children:
        yield from flat(child)


def _list(snapshot: Snapshot, items: Iterable[ast.Node], block: str) -> list[Symbol]:
    return [s for item in items if (s := _symbol(snapshot, item, block)) is not None]


def _symbol(snapshot: Snapshot, item: ast.Node, block: str) -> Symbol | None:
    if isinstance(item, ast.Section):
        title = " ".join(filter(None, (item.keyword, item.name)))
        inner = tuple(_list(snapshot, item.body, item.keyword))
        return _row(title, item.text or "", "block", item.span, item.name_span, inner)
    if isinstance(item, ast.Directive):
        return _row(" ".join(filter(None, (item.word, item.name))), item.text or "", "file", item.span, item.span)
    if isinstance(item, ast.FnDef):
        detail = f"({', '.join(name for name, _ in item.params)})"
        return _row(item.name, detail, "function", item.span, item.span)
    if isinstance(item, ast.Assign):
        name = " ".join(snapshot.text[item.target.span.start : item.target.span.end].split())
        kind = _kind(block)
        return _row(name, _type_of(snapshot, item), kind, item.span, item.target.span)
    if isinstance(item, ast.Entry):
        return _row(item.name, "", _kind(block), item.span, item.name_span)
    return None


def _row(name: str, detail: str, kind: Kind, span: Span, at: Span, children: tuple[Symbol, ...] = ()) -> Symbol:
    start = min(max(at.start, span.start), span.end)
    end = min(max(at.end, start), span.end)
    return Symbol(name or "?", detail, kind, span.start, span.end, start, end, children)


def _type_of(snapshot: Snapshot, item: ast.Assign) -> str:
    thing = snapshot.thing(item.value)
    if isinstance(thing, Value):
        return thing.describe()
    if isinstance(thing, Selection):
        return thing.of if thing.axis is None else f"{len(thing.names)} {plural(thing.of)}"
    return "keyframe" if isinstance(thing, Keyframe) else ""
