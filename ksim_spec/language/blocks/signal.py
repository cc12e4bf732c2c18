"""Block `signal`: named values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ksim_spec import rules
from ksim_spec.language.blocks.attributes import (
    attributes,
)
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Program
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import Value
from ksim_spec.source import NOWHERE
from ksim_spec.syntax import ast


def declare_signals(c: Checker, section: ast.Section) -> list[str]:
    """Declares every signal; each is checked at its first use. Returns the names in order."""
    names: list[str] = []
    for stmt in section.body:
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name) and stmt.op == "=":
            attributes(c, stmt.attrs, BLOCK.takes, "a signal")
            c.declare(stmt.target.id, "signal", _resolver(c, stmt, stmt.target.id), stmt.target)
            names.append(stmt.target.id)
        else:
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a signal block holds definitions",
                help="for example `v = base.linvel in base.heading`",
            )
    return names


def _resolver(c: Checker, stmt: ast.Assign, name: str) -> Callable[[], Thing]:
    def resolve() -> Thing:
        with c.apart():
            thing = c.thing(stmt.value)
        if isinstance(thing, Value):
            if thing.literal and thing.node.op in ("const", "neg") and not thing.axes and not thing.is_bool:
                thing = c.param(f"signal.{name}", thing, "scalar", f"signal.{name}", stmt.value.span)
            c.declared.setdefault(id(thing.node), name)
        return thing

    return resolve


def _declare(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.signal_names = [name for section in sections for name in declare_signals(c, section)]


def _values(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    """Checks the signals that nothing uses too, so that their mistakes are reported."""
    for name in parts.signal_names:
        binding = c.scope.names.get(name)
        used = binding.used if binding else 0
        thing = c.thing(ast.Name(name, span=binding.span if binding else NOWHERE))
        if binding is not None:
            binding.used = used
        if isinstance(thing, Value):
            parts.signals.append((name, thing))


def _declares(program: Program) -> Iterator[Row]:
    for name, value in program.signals:
        yield Row("signal", f"signal.{name}", program.places.get(f"signal.{name}", NOWHERE), {}, {"": value.node})


BLOCK = Block(
    "signal",
    "named values",
    takes={"doc": "a line that says what it is for"},
    declare=_declare,
    finish=_values,
    declares=_declares,
)
