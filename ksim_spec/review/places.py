"""Where things stand in a spec, by qualified name, and their texts: what contracts and diffs show of a declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ksim_spec.language.overlay import Item
from ksim_spec.source import SourceMap, Span
from ksim_spec.syntax import ast
from ksim_spec.written import text_of

# Blocks whose lines have no name: they are counted.
COUNTED = ("reset", "event", "randomize")
Body = tuple["ast.Stmt | ast.Section", ...]


def places(items: Iterable[Item]) -> dict[str, Span]:
    """Returns the span of every block, declaration and attribute after overlays.

    `reward.slip` is the whole statement, `reward.slip:value` its expression, `reward.slip.weight` an attribute;
    lines of resets, events and randomization are `reset.0`, `event.push.0`, `randomize.0`.
    """
    found: dict[str, Span] = {}
    for item in items:
        if isinstance(item, ast.Section):
            path = ".".join(filter(None, (item.keyword, item.name)))
            found.setdefault(path, item.header_span)
            found.update(_attributes(path, item.attrs))
            found.update(_body(item.keyword, path, item.body, found))
        elif isinstance(item, ast.Directive):
            found.setdefault(item.word, item.span)
        elif isinstance(item, ast.FnDef):
            found[f"fn.{item.name}"], found[f"fn.{item.name}:value"] = item.span, item.body.span
    return found


def texts(spans: Mapping[str, Span], sources: SourceMap) -> dict[str, str]:
    """Returns the text at every place, on one line and without comments."""
    return {path: text_of(ast.Node(span=span), sources) for path, span in spans.items()}


def _body(keyword: str, path: str, body: Body, known: dict[str, Span]) -> Iterator[tuple[str, Span]]:
    counted = keyword in COUNTED
    count = sum(k.rpartition(".")[0] == path and k.rpartition(".")[2].isdigit() for k in known) if counted else 0
    for stmt in body:
        if isinstance(stmt, ast.Section):  # groups and products of a reward block
            yield f"{path}.{stmt.name or stmt.keyword}", stmt.header_span
            yield from _attributes(f"{path}.{stmt.name or stmt.keyword}", stmt.attrs)
            if stmt.keyword == "group":
                yield from _body(keyword, path, stmt.body, known)
        elif isinstance(stmt, ast.Assign):
            if counted:
                name, count = str(count), count + 1
            else:
                name = stmt.target.id if isinstance(stmt.target, ast.Name) else "?"
            yield f"{path}.{name}", stmt.span
            yield f"{path}.{name}:value", stmt.value.span
            yield from _attributes(f"{path}.{name}", stmt.attrs)
        elif isinstance(stmt, ast.Entry):
            yield f"{path}.{stmt.name}", stmt.span
            yield from _attributes(f"{path}.{stmt.name}", stmt.attrs)
        elif isinstance(stmt, ast.Clause):
            yield f"{path}.{stmt.word}", stmt.span
            yield from _attributes(f"{path}.{stmt.word}", stmt.attrs)


def _attributes(path: str, attrs: tuple[ast.Attr, ...]) -> Iterator[tuple[str, Span]]:
    for attr in attrs:
        if attr.values:
            yield f"{path}.{attr.word}", attr.values[0].span.to(attr.values[-1].span)
