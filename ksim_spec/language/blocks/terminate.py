"""Block `terminate`: when an episode ends, and as what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from ksim_spec import rules
from ksim_spec.language.blocks.attributes import attributes, need_scalar
from ksim_spec.language.blocks.registry import Block, Parts, Row
from ksim_spec.language.checker import Checker
from ksim_spec.language.program import Outcome, Program, Termination
from ksim_spec.language.types import Unknown
from ksim_spec.syntax import ast


def check_terminations(c: Checker, sections: list[ast.Section]) -> list[Termination]:
    """Returns the rules in order; each says whether it is a failure, a success or a truncation."""
    found: list[Termination] = []
    for stmt in (s for section in sections for s in section.body):
        if isinstance(stmt, ast.ErrorStmt):
            continue
        if not isinstance(stmt, ast.Entry):
            c.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a terminate block holds rules",
                help="for example `fell when base.height < 0.3 m fail`",
            )
            continue
        attrs = attributes(c, stmt.attrs, BLOCK.takes, "a termination")
        expr = attrs.expr("when")
        outcomes = [w for w in ("fail", "success", "truncate") if w in attrs]
        if expr is None or len(outcomes) != 1:
            what = "`when` and a condition" if expr is None else "one of `fail`, `success`, or `truncate`"
            help = "for example `fell when base.height < 0.3 m fail`"
            c.report(rules.INCOMPLETE_TERMINATION, stmt.span, f"`{stmt.name}` needs {what}", help=help)
            continue
        value = c.value(expr)
        if isinstance(value, Unknown):
            continue
        if not value.is_bool:
            c.report(
                rules.NOT_A_CONDITION,
                expr.span,
                f"`when` needs true or false, and this is {value.describe()}",
                help="compare it with something",
            )
            continue
        checked = need_scalar(c, value, expr.span, "a condition")
        if checked is not None:
            found.append(Termination(stmt.name, checked.node, cast(Outcome, outcomes[0]), stmt.span))
    return found


def _read(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    parts.terminations = check_terminations(c, sections)


def _declares(program: Program) -> Iterator[Row]:
    for t in program.terminations:
        yield Row("termination", f"terminate.{t.name}", t.span, {"": t.when})


BLOCK = Block(
    "terminate",
    "when an episode ends, and as what",
    takes={
        "when": "the condition",
        "fail": "the episode failed: nothing is worth anything after it",
        "success": "the episode succeeded: nothing follows",
        "truncate": "the episode is cut off: its last observation is still worth what the critic expects of it",
    },
    holds="rule",
    whole=True,
    unique=True,
    needed=(rules.MISSING_TERMINATE, "terminate { timeout when time > 20 s truncate }"),
    check=_read,
    declares=_declares,
    outlined="rule",
)
