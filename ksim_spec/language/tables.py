"""Tables of numbers by name pattern, laid along the axis of the value that they meet."""

from __future__ import annotations

from ksim_spec import rules
from ksim_spec.diagnostics import suggest
from ksim_spec.ir.ops import const
from ksim_spec.language.checker import Checker
from ksim_spec.language.types import UNKNOWN, Unknown, Value
from ksim_spec.robot.naming import matching
from ksim_spec.syntax import ast
from ksim_spec.units import NUMBER, Dim, in_unit


def table_value(c: Checker, table: ast.Table, like: Value) -> Value | Unknown:
    """Returns a table of numbers by name pattern laid along the first axis of the value that it meets."""
    if not like.axes:
        c.report(
            rules.SHAPE_MISMATCH,
            table.span,
            "a table by name needs a value with named elements beside it",
            help='for example `legs.pos - { "*_knee": 0.6 rad }`',
        )
        return UNKNOWN
    axis = like.axes[0]
    numbers: dict[str, float] = {}
    dim: Dim | None = None
    for entry in table.entries:
        hits = matching(entry.pattern, axis.labels)
        value = c.value(entry.value)
        if isinstance(value, Unknown):
            return UNKNOWN
        number = c.scalar(entry.value, value.dim, "a table entry")
        if number is None:
            return UNKNOWN
        if not hits:
            help = suggest(entry.pattern, axis.labels, "elements")
            c.report(rules.EMPTY_MATCH, entry.span, f"`{entry.pattern}` matches nothing in {axis}", help=help)
            return UNKNOWN
        dim = value.dim if dim is None else dim
        if not dim.same(value.dim):
            c.report(
                rules.MIXED_UNITS,
                entry.span,
                f"this entry is {in_unit(value.dim)}, and an earlier one {in_unit(dim)}",
                help="give all entries in one unit",
            )
            return UNKNOWN
        new = [h for h in hits if h not in numbers]
        if not new:
            message = f"`{entry.pattern}` is never reached: entries above give all that it matches"
            c.report(rules.EMPTY_MATCH, entry.span, message, help="put it above them, or leave it out")
            return UNKNOWN
        numbers.update(dict.fromkeys(new, number))
    missing = [n for n in axis.labels if n not in numbers]
    if missing:
        c.report(
            rules.SHAPE_MISMATCH,
            table.span,
            f"the table has no value for `{missing[0]}`" + (f" and {len(missing) - 1} more" if missing[1:] else ""),
            help='add an entry for it, or `"*": …` as the last one',
        )
        return UNKNOWN
    return Value(const([numbers[n] for n in axis.labels]), (axis,), dim or NUMBER)
