"""What a spec declares, enumerated once: names, places, texts, roots and parameters are all views of this.

`written` reads the blocks, `declarations` the checked program. Both give a declaration the same qualified name:
`reward.slip`, `command.velocity.x`, `observe.actor.gyro`. Lines without a name are counted over all blocks of their
kind: `reset.0`, `event.push.0`, `randomize.0`, `check.0`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ksim_spec.ir.node import Node
from ksim_spec.language.blocks.registry import block as block_of
from ksim_spec.language.blocks.registry import blocks
from ksim_spec.language.params import Param, unused
from ksim_spec.source import SourceMap, Span
from ksim_spec.syntax import ast

if TYPE_CHECKING:
    from ksim_spec.language.overlay import Item
    from ksim_spec.language.program import Program

Body = tuple["ast.Stmt | ast.Section", ...]
Roles = tuple[tuple[str, Node], ...]

_ONLY_AT_START = ("reset", "randomization")


# What is written -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A block or a statement: its qualified name, the block that it stands in, and what it is called there.

    `value` are the places of its expression (of each factor, for a product), `attributes` those of its attributes.
    `header` is true for blocks that stand by themselves; `changes` is of a counted line: its target and operator.
    """

    block: str
    own: str
    span: Span
    value: tuple[Span, ...] = ()
    attributes: tuple[tuple[str, Span], ...] = ()
    header: bool = False
    changes: tuple[Span, str] | None = None

    @property
    def name(self) -> str:
        return ".".join(filter(None, (self.block, self.own)))


def written(items: Iterable[Item]) -> list[Written]:
    """Returns every block, declaration, setting and line after overlays, in the order written."""
    items, found, counts = list(items), list[Written](), Counter[str]()
    groups = group_names([i for i in items if isinstance(i, ast.Section) and i.keyword == "reward"])
    for item in items:
        if isinstance(item, ast.Section):
            own = item.name or ("event" if item.keyword == "event" else None)
            at = (item.keyword, own) if own else ("", item.keyword)
            block = Written(*at, item.header_span, (), _attributes(item.attrs), True)
            found += [block, *_body(item.keyword, block.name, item.body, counts, groups)]
        elif isinstance(item, ast.Directive):
            found.append(Written("", item.word, item.span, header=True))
        elif isinstance(item, ast.FnDef):
            found.append(Written("fn", item.name, item.span, (item.body.span,)))
    return found


def _body(keyword: str, path: str, body: Body, counts: Counter[str], groups: Mapping[int, str]) -> Iterator[Written]:
    for stmt in body:
        if isinstance(stmt, ast.Section) and id(stmt) in groups:
            yield Written("", groups[id(stmt)], stmt.header_span, (), _attributes(stmt.attrs))
            yield from _body(keyword, path, stmt.body, counts, groups)
        elif isinstance(stmt, ast.Section):  # a product
            own = stmt.name or stmt.keyword
            factors = tuple(s.value.span for s in stmt.body if isinstance(s, ast.Assign))
            yield Written(path, own, stmt.header_span, factors, _attributes(stmt.attrs))
            yield from _body(stmt.keyword, f"{path}.{own}", stmt.body, counts, groups)
        elif isinstance(stmt, ast.Assign):
            own = stmt.target.id if isinstance(stmt.target, ast.Name) else "?"
            changes = None
            if (b := block_of(keyword)) is not None and b.changes:  # its lines have no name
                own, changes = str(counts[path]), (stmt.target.span, stmt.op)
                counts[path] += 1
            yield Written(path, own, stmt.span, (stmt.value.span,), _attributes(stmt.attrs), changes=changes)
        elif isinstance(stmt, ast.Entry):
            yield Written(path, stmt.name, stmt.span, (), _attributes(stmt.attrs))
        elif isinstance(stmt, ast.Clause):
            yield Written(path, stmt.word, stmt.span, (), _attributes(stmt.attrs))


def _attributes(attrs: Iterable[ast.Attr]) -> tuple[tuple[str, Span], ...]:
    return tuple((a.word, a.values[0].span.to(a.values[-1].span)) for a in attrs if a.values)


def group_names(sections: Sequence[ast.Section]) -> dict[int, str]:
    """Returns the qualified name of every group of the reward blocks, by the id of its block.

    A group is what stands at its place: no term and no other group has the name.
    """
    taken = {f"reward.{own}" for section in sections for own, _ in reward_terms(section.body)}
    found: dict[int, str] = {}

    def look(body: Body) -> None:
        for stmt in body:
            if isinstance(stmt, ast.Section) and stmt.keyword == "group":
                name = found[id(stmt)] = unused(f"reward.{stmt.name or 'group'}", taken)
                taken.add(name)
                look(stmt.body)

    for section in sections:
        look(section.body)
    return found


def reward_terms(body: Body) -> Iterator[tuple[str, ast.Assign | ast.Section]]:
    """Yields the terms of a reward block by name, groups opened: statements, and products as their blocks."""
    for stmt in body:
        if isinstance(stmt, ast.Section) and stmt.keyword == "group":
            yield from reward_terms(stmt.body)
        elif isinstance(stmt, ast.Section):
            yield stmt.name or stmt.keyword, stmt
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            yield stmt.target.id, stmt


def places(rows: Iterable[Written]) -> dict[str, Span]:
    """Returns where everything stands: `reward.slip` is the statement, `reward.slip:value` its expression,
    `reward.slip.weight` an attribute. Of blocks with one name, the first.
    """
    found: dict[str, Span] = {}
    for row in rows:
        found[row.name] = found.get(row.name, row.span) if row.header else row.span
        if row.value:
            found[f"{row.name}:value"] = row.value[0].to(row.value[-1])
        found.update((f"{row.name}.{word}", span) for word, span in row.attributes)
    return found


def texts(rows: Iterable[Written], sources: SourceMap) -> dict[str, str]:
    """Returns the text at every place, on one line and without comments.

    Of a product its factors; of a line that changes something, `reset.0:line`, the change without attributes.
    """
    rows = list(rows)
    found = {path: text_of(span, sources) for path, span in places(rows).items()}
    for row in rows:
        if row.value:
            found[f"{row.name}:value"] = " * ".join(text_of(v, sources) for v in row.value)
        if row.changes is not None:
            target, op = row.changes
            found[f"{row.name}:line"] = f"{text_of(target, sources)} {op} {found[f'{row.name}:value']}"
    return found


def text_of(span: Span, sources: SourceMap) -> str:
    """Returns the text of a place on one line, comments left out."""
    source = sources.get(span.file)
    lines = _bracketed(source.text, span.start, span.end).splitlines() if source is not None else []
    return " ".join(" ".join(line.partition("#")[0].split()) for line in lines).strip()


def _bracketed(text: str, start: int, end: int) -> str:
    """Returns a part of a text with the brackets before it that are closed in it: `(v).x` begins at its bracket."""
    part = text[start:end]
    while part.count(")") > part.count("(") and text[:start].rstrip().endswith("("):
        start = len(text[:start].rstrip()) - 1
        part = text[start:end]
    return part


# What it means -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declaration:
    """One thing that a checked spec declares.

    `nodes` are what the task computes for it, by role (the empty one is its value), `parts` expressions within these
    or beside them; `params` are its parameters.
    """

    kind: str
    name: str
    span: Span
    nodes: Roles = ()
    parts: Roles = ()
    params: tuple[Param, ...] = ()

    @property
    def only_at_start(self) -> bool:
        """Whether nothing reads it after an episode has begun."""
        return self.kind in _ONLY_AT_START

    def label(self, role: str) -> str:
        """Returns the qualified name of one of its nodes: `reward.slip`, `reward.slip.weight`."""
        return ".".join(filter(None, (self.name, role)))


def declarations(program: Program) -> tuple[Declaration, ...]:
    """Returns what the blocks of a program declare, in the order of their words and within one as written."""
    params: dict[str, list[Param]] = {}
    for param in program.parameters:
        params.setdefault(param.owner, []).append(param)
    return tuple(
        Declaration(row.kind, row.name, row.span, _given(row.nodes), _given(row.parts), tuple(params.get(row.name, ())))
        for block in blocks()
        for row in block.declares(program)
    )


def _given(roles: Mapping[str, Node | None]) -> Roles:
    return tuple((role, node) for role, node in roles.items() if node is not None)
