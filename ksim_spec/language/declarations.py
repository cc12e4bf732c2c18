"""What a spec declares, enumerated once: names, places, texts, roots and parameters are all views of this.

`written` reads the blocks, `declarations` the checked program. Both give a declaration the same qualified name:
`reward.slip`, `command.velocity.x`, `observe.actor.gyro`. Lines without a name are counted over all blocks of their
kind: `reset.0`, `event.push.0`, `randomize.0`, `check.0`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ksim_spec.ir.node import Node
from ksim_spec.language.params import Param, unused
from ksim_spec.source import NOWHERE, SourceMap, Span
from ksim_spec.syntax import ast

if TYPE_CHECKING:
    from ksim_spec.language.overlay import Item
    from ksim_spec.language.program import Program

Kind = Literal[
    "action", "command", "field", "signal", "observation", "reward", "termination", "reset", "event", "change",
    "randomization", "level", "check",
]  # fmt: skip
Body = tuple["ast.Stmt | ast.Section", ...]
Roles = tuple[tuple[str, Node], ...]

COUNTED = ("reset", "event", "randomize")  # blocks whose lines have no name
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
            if keyword in COUNTED:
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
    lines = source.text[span.start : span.end].splitlines() if source is not None else []
    return " ".join(" ".join(line.partition("#")[0].split()) for line in lines).strip()


# What it means -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declaration:
    """One thing that a checked spec declares.

    `nodes` are what the task computes for it, by role (the empty one is its value), `parts` expressions within these
    or beside them; `params` are its parameters.
    """

    kind: Kind
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
    """Returns what a program declares: actions, commands, signals, observations, rewards, endings, what varies."""
    owned: dict[str, list[Param]] = {}
    for param in program.parameters:
        owned.setdefault(param.owner, []).append(param)
    return tuple(
        Declaration(kind, name, span, _given(nodes), _given(parts), tuple(owned.get(name, ())))
        for kind, name, span, nodes, parts in _declared(program)
    )


_Maybe = dict[str, "Node | None"]


def _given(roles: _Maybe) -> Roles:
    return tuple((role, node) for role, node in roles.items() if node is not None)


def _declared(p: Program) -> Iterator[tuple[Kind, str, Span, _Maybe, _Maybe]]:
    for t in p.action:
        yield "action", f"action.{t.name}", t.span, {"": t.target}, {"around": t.around, "scale": t.scale}
    for c in p.commands:
        for f in c.fields:
            yield "field", f"command.{c.name}.{f.name}", f.span, {"": f.value}, {}
        yield "command", f"command.{c.name}", c.span, {"resample": c.interval, "zero": c.zero}, {}
    for name, value in p.signals:
        yield "signal", f"signal.{name}", p.places.get(f"signal.{name}", NOWHERE), {}, {"": value.node}
    yield from _observations(p)
    for r in p.rewards:
        yield "reward", f"reward.{r.name}", r.span, {"": r.value, "weight": r.weight}, {}
    for t in p.terminations:
        yield "termination", f"terminate.{t.name}", t.span, {"": t.when}, {}
    for i, s in enumerate(p.reset.changes):
        yield "reset", f"reset.{i}", s.span, {"": s.value}, {}
    for e in p.events:
        yield "event", f"event.{e.name}", e.span, {"every": e.interval}, {}
        for i, s in enumerate(e.changes):
            yield "change", f"event.{e.name}.{i}", s.span, {"": s.value}, {}
    for i, f in enumerate(p.randomization):
        yield "randomization", f"randomize.{i}", f.span, {"": f.value}, {}
    for v in p.levels:
        yield "level", f"curriculum.{v.name}", v.span, {"when": v.when}, {}
    for i, k in enumerate(p.checks):
        yield "check", f"check.{i}", k.span, {"": k.value, "where": k.where}, {}


def _observations(p: Program) -> Iterator[tuple[Kind, str, Span, _Maybe, _Maybe]]:
    """Every group's entries; those that it includes are its own too."""
    for group in p.observations:
        for e in group.entries:
            pipe = e.pipeline
            assert pipe is not None
            low, high = pipe.clip or (None, None)
            parts = {"value": pipe.value, "bias": pipe.bias, "noise": pipe.noise, "scale": pipe.scale,
                     "clip.low": low, "clip.high": high}  # fmt: skip
            yield "observation", f"observe.{group.name}.{e.name}", e.span, {"": e.node}, parts
