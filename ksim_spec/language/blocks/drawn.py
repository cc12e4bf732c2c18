"""What is meant to be drawn and is not: a bare number as noise, a pair of numbers for the ends of a range.

Other tools write the spread or the ends alone. Here a number is a number: added as noise it would shift what is seen by
the same amount at every step. In `randomize`, `reset`, `event` and `command` a fixed number means what it says
(`base.mass *= 1.1`, a command that never changes), for there the sign between the two says what happens to it.
"""

from __future__ import annotations

from ksim_spec import rules
from ksim_spec.diagnostics import Edit, Fix
from ksim_spec.ir.node import walk
from ksim_spec.language.checker import Checker
from ksim_spec.language.types import Value
from ksim_spec.syntax import ast

_SAME = {"noise": "it adds the same number at every step", "bias": "it adds the same number in every episode"}


def refuse_fixed(c: Checker, attr: ast.Attr, value: Value) -> bool:
    """Reports a noise or bias in which nothing is drawn; True when it did."""
    if any(n.op == "sample" for n in walk([value.node])):
        return False
    expr = attr.values[0]
    written = _written(expr)
    message = f"`{attr.word}` draws nothing" + (f": {_SAME[attr.word]}" if written else "")
    if written and _is_zero(expr):
        c.report(
            rules.NOTHING_DRAWN, expr.span, message, help="leave it out", fix=Fix("remove it", (Edit(attr.span, ""),))
        )
    elif written:
        draw = f"normal({written.removeprefix('-')})"
        help = f"write `{draw}` for a standard deviation of that, or add it to what is observed"
        c.report(
            rules.NOTHING_DRAWN, expr.span, message, help=help, fix=Fix(f"draw `{draw}`", (Edit(expr.span, draw),))
        )
    else:
        help = "draw it, for example with `normal(sd)`, or add it to what is observed"
        c.report(rules.NOTHING_DRAWN, expr.span, message, help=help)
    return True


def refuse_pair(c: Checker, expr: ast.Expr, what: str) -> bool:
    """Reports two numbers in brackets where they must be the ends of a range; True when it did."""
    if not isinstance(expr, ast.Tuple) or len(expr.items) != 2:
        return False
    low, high = (_written(x) for x in expr.items)
    if not low or not high:
        return False
    draw = f"uniform({low}, {high})"
    c.report(
        rules.NOTHING_DRAWN,
        expr.span,
        f"two numbers draw nothing, and {what} is one number",
        help=f"write `{draw}` to draw between them",
        fix=Fix(f"draw `{draw}`", (Edit(expr.span, draw),)),
    )
    return True


def _is_zero(expr: ast.Expr) -> bool:
    return _is_zero(expr.value) if isinstance(expr, ast.Unary) else isinstance(expr, ast.Quantity) and not expr.value


def _written(expr: ast.Expr) -> str:
    """The text of a literal number; empty for anything else."""
    if isinstance(expr, ast.Unary) and expr.op in ("-", "+"):
        inner = _written(expr.value)
        return f"-{inner}" if inner and expr.op == "-" else inner
    return expr.text if isinstance(expr, ast.Quantity) else ""
