"""How each kind of expression is checked: one handler a syntax node, registered with the checker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.diagnostics import Edit, Fix, before, behind, listed, suggest
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra, frames, members, ranges
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.checker import HANDLERS, Checker, what
from ksim_spec.language.functions import FUNCTIONS, call
from ksim_spec.language.scope import CycleError, Thing
from ksim_spec.language.tables import table_value
from ksim_spec.language.types import UNKNOWN, XYZ, Axis, Frame, Unknown, Value
from ksim_spec.settings import FLOATS
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import COUNTS
from ksim_spec.units import NUMBER

if TYPE_CHECKING:
    pass

COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


# Handlers, one per syntax node ---------------------------------------------------------------------------------------


def _quantity(c: Checker, e: ast.Quantity) -> Thing:
    if e.si and not FLOATS[0] <= abs(e.si) <= FLOATS[1]:
        size = "small" if abs(e.si) < 1 else "large"
        help = f"numbers are {FLOATS[0]:g} to {FLOATS[1]:g} in SI units, or 0"
        c.report(rules.OUT_OF_RANGE, e.span, f"`{e.text}` is too {size} for the numbers of a task, float32", help=help)
        return UNKNOWN
    word = e.unit.text.partition(" ")[0]
    if word in COUNTS and word not in c.counts:
        known = [w for w in COUNTS if w in c.counts]
        help = f"write {listed(known)}, or leave it out" if known else "leave it out"
        c.report(rules.UNKNOWN_UNIT, e.span, f"nothing is counted in `{word}` here", help=help)
        return UNKNOWN
    bare_zero = e.value == 0 and not e.unit.text
    value = Value(const(e.si), dim=e.unit.dim, zero=bare_zero, literal=True)
    return value


def _bool(c: Checker, e: ast.Bool) -> Thing:
    return Value(const(e.value), literal=True)


def _string(c: Checker, e: ast.String) -> Thing:
    c.report(
        rules.NOT_A_VALUE,
        e.span,
        "a text is not a value here",
        help='names of the robot stand in a selector: `sites("…")`',
    )
    return UNKNOWN


def _name(c: Checker, e: ast.Name) -> Thing:
    try:
        found = c.scope.lookup(e.id)
    except CycleError as cycle:
        c.report(
            rules.DEFINITION_CYCLE,
            e.span,
            f"`{e.id}` needs itself",
            notes=(" needs ".join(f"`{n}`" for n in (*cycle.names, e.id)),),
            help="define one of them by something else",
        )
        return UNKNOWN
    builtin = members.builtin_name(c, e.id) if found is None or found is UNKNOWN else None
    if builtin is not None:
        return builtin
    if found is not None:
        return found
    if e.id in FUNCTIONS or e.id in c.functions:
        c.report(rules.NOT_A_VALUE, e.span, f"`{e.id}` is a function", help=f"call it: `{e.id}(…)`")
        return UNKNOWN
    help = suggest(e.id, [*c.scope.candidates(), *members.BUILTIN_NAMES], "names")
    c.report(rules.UNKNOWN_NAME, e.span, f"there is nothing called `{e.id}` here", help=help)
    return UNKNOWN


def _attribute(c: Checker, e: ast.Attribute) -> Thing:
    owner = c.thing(e.value)
    if isinstance(owner, Unknown):
        return UNKNOWN
    span = e.name_span if e.name_span.file else e.span
    return members.member(c, owner, e.name, span)


def _index(c: Checker, e: ast.Index) -> Thing:
    owner = c.value(e.value)
    if isinstance(owner, Unknown):
        return UNKNOWN
    index = c.scalar(e.index, NUMBER, "an index")
    if index is None:
        return UNKNOWN
    if not owner.axes:
        c.report(rules.INDEX_OUT_OF_RANGE, e.span, "a scalar has no elements", help="leave the index out")
        return UNKNOWN
    size = owner.axes[0].size
    if index != int(index) or not 0 <= index < size:
        c.report(
            rules.INDEX_OUT_OF_RANGE,
            e.index.span,
            f"the index must be a whole number from 0 to {size - 1}",
            help="elements are counted from 0",
        )
        return UNKNOWN
    return algebra.pick(owner, 0, int(index))


def _unary(c: Checker, e: ast.Unary) -> Thing:
    value = c.value(e.value)
    if isinstance(value, Unknown):
        return UNKNOWN
    if e.op == "not":
        return c.guard(e.span, lambda: algebra.logic("not", [value]))
    return value if e.op == "+" else c.guard(e.span, lambda: algebra.negate(value))


def _binary(c: Checker, e: ast.Binary) -> Thing:
    # Left-leaning chains (a + b + c + …) are walked in a loop: a sum of thousands of terms must not recurse.
    chain: list[ast.Binary] = []
    node: ast.Expr = e
    while isinstance(node, ast.Binary):
        chain.append(node)
        node = node.left
    left: Value | Unknown | None = None if isinstance(node, ast.Table) else c.value(node)
    for step in reversed(chain):
        left = _apply(c, step, left, node if left is None else None)
    return left if left is not None else UNKNOWN


def _apply(c: Checker, e: ast.Binary, left: Value | Unknown | None, table: ast.Expr | None) -> Value | Unknown:
    if isinstance(e.right, ast.Table) and left is not None:  # beside what was reported it says nothing
        right: Value | Unknown = table_value(c, e.right, left) if isinstance(left, Value) else UNKNOWN
    else:
        right = c.value(e.right)
    if left is None and isinstance(table, ast.Table):
        left = table_value(c, table, right) if isinstance(right, Value) else UNKNOWN
    if not isinstance(left, Value) or not isinstance(right, Value):
        return UNKNOWN
    a, b = left, right
    if not _operands_fit(c, e, a, b):
        return UNKNOWN
    return c.guard(e.span, lambda: binary(c, e, a, b), (e.left, e.right))


def _operands_fit(c: Checker, e: ast.Binary, a: Value, b: Value) -> bool:
    """Reports and returns False for numbers that an operator has no value for."""
    if e.op in ("/", "mod"):
        if b.node.op == "const" and not b.node.shape and b.node.attr("value") > 0:
            return True
        range = ranges.NONZERO if e.op == "/" else replace(ranges.POSITIVE, dim=None if b.zero else a.dim)
        known = e.op == "mod" or ranges.corners(c, [b.node]) is not None
        return not known or ranges.fits(c, b, range, e.right, "what is divided by")
    if e.op == "^" and b.node.op == "const" and not a.is_bool:
        exponent = next(ranges.numbers(b.node.attr("value")))
        whole = exponent == round(exponent)
        if not whole or exponent < 0:
            range = ranges.NONZERO if whole else replace(ranges.NOT_NEGATIVE, open_low=exponent < 0, nan=True)
            known = not whole or ranges.corners(c, [a.node]) is not None
            return not known or ranges.fits(c, a, range, e.left, f"what is raised to the power {exponent:g}")
    return True


def binary(c: Checker, e: ast.Binary, a: Value, b: Value) -> Value:
    """Returns the value of one binary operation; raises TypeProblem."""
    if e.op in ("+", "-"):
        value = algebra.add(a, b, "add" if e.op == "+" else "sub")
        _angle_lint(c, e, a, b)
        return value
    if e.op == "*":
        return algebra.multiply(a, b)
    if e.op == "/":
        return algebra.divide(a, b)
    if e.op == "^":
        if b.node.op != "const":
            raise TypeProblem(
                rules.NON_CONSTANT_EXPONENT,
                "an exponent must be a literal number",
                help="for any other, use `exp` and `log`",
            )
        return algebra.power(a, float(b.node.attr("value")))
    if e.op == "mod":
        dim = algebra.same_dim(a, b, "divide")
        axes = algebra.common_axes([a, b])
        nodes = (algebra.expanded(a, axes), algebra.expanded(b, axes))
        return Value(make("mod", *nodes), axes, dim, privileged=a.privileged or b.privileged)
    if e.op in COMPARISONS:
        value = algebra.compare(COMPARISONS[e.op], a, b)
        _angle_lint(c, e, a, b)
        return value
    return algebra.logic(e.op, [a, b])


def _angle_lint(c: Checker, e: ast.Binary, a: Value, b: Value) -> None:
    if a.zero or b.zero or not a.dim.angle_differs(b.dim):
        return
    c.report(
        rules.ANGLE_MISMATCH,
        e.op_span if e.op_span.file else e.span,
        f"{a.dim} meets {b.dim}: one side is an angle and the other a plain number",
        help="write the unit, for example `rad`, if the plain number is an angle",
    )


def _in_frame(c: Checker, e: ast.InFrame) -> Thing:
    if e.word == "with":
        return members.contact_with(c, e)
    value = c.value(e.value)
    frame = c_frame(c, e.frame)
    if isinstance(value, Unknown) or frame is None:
        return UNKNOWN
    if e.word == "in":
        return c.guard(e.span, lambda: frames.in_frame(value, frame))
    position = members.position_of(c, e.value)
    return c.guard(e.span, lambda: frames.relative_to(value, frame, position))


def c_frame(c: Checker, expr: ast.Expr) -> Frame | None:
    """Returns the frame that an expression names; reports and returns None when it names none."""
    thing = c.thing(expr)
    if isinstance(thing, Unknown):
        return None
    frame = members.frame_of(c, thing)
    if frame is None:
        c.report(
            rules.NOT_A_FRAME,
            expr.span,
            f"{what(thing)} is not a frame",
            help="frames are `world`, one body or site, and its `.heading`",
        )
    return frame


def _as_unit(c: Checker, e: ast.AsUnit) -> Thing:
    value = c.value(e.value)
    if isinstance(value, Unknown) or not c.expect_dim(value, e.unit.dim, e.value.span, "the value before `as`"):
        return UNKNOWN
    node = make("mul", value.node, const(1.0 / e.unit.to_si)) if e.unit.to_si != 1 else value.node
    return value.but(node=node, dim=NUMBER)


def _if(c: Checker, e: ast.IfExpr) -> Thing:
    parts = [c.value(x) for x in (e.cond, e.then, e.otherwise)]
    if any(isinstance(p, Unknown) for p in parts):
        return UNKNOWN
    cond, then, otherwise = (p for p in parts if isinstance(p, Value))
    return c.guard(e.span, lambda: algebra.choose(cond, then, otherwise))


def _member(c: Checker, e: ast.Member) -> Thing:
    value = c.value(e.value)
    if isinstance(e.options, ast.Range):
        low, high = c.value(e.options.low), c.value(e.options.high)
        if not (isinstance(value, Value) and isinstance(low, Value) and isinstance(high, Value)):
            return UNKNOWN
        v, lo, hi = value, low, high
        if not ranges.ordered(c, lo, hi, e.options, "the range"):
            return UNKNOWN
        return c.guard(
            e.span, lambda: algebra.logic("and", [algebra.compare("ge", v, lo), algebra.compare("le", v, hi)])
        )
    options = e.options.items if isinstance(e.options, ast.Tuple) else (e.options,)
    checked = [c.value(o) for o in options]
    if isinstance(value, Unknown) or any(isinstance(o, Unknown) for o in checked):
        return UNKNOWN
    v = value
    result: Value | Unknown = Value(const(False))
    for option in checked:
        assert isinstance(option, Value)
        o, so_far = option, result
        assert isinstance(so_far, Value)
        result = c.guard(e.span, lambda: algebra.logic("or", [so_far, algebra.compare("eq", v, o)]))  # noqa: B023
        if isinstance(result, Unknown):
            return UNKNOWN
    return result


def _tuple(c: Checker, e: ast.Tuple) -> Thing:
    text = next((x for x in e.items if isinstance(x, ast.String)), None)
    if text is not None:
        return c.thing(text)  # one message, however many texts
    items = [c.value(x) for x in e.items]
    if any(isinstance(x, Unknown) for x in items):
        return UNKNOWN
    values = [x for x in items if isinstance(x, Value)]
    if len(values) not in (2, 3) or any(v.axes for v in values):
        c.report(
            rules.SHAPE_MISMATCH,
            e.span,
            "a tuple of two or three scalars makes a vector",
            help="for example `(1 m, 0 m, 0 m)`",
        )
        return UNKNOWN
    axis = XYZ if len(values) == 3 else Axis("xyz", ("x", "y"))

    def build() -> Value:
        dim = values[0].dim
        for v in values[1:]:
            dim = algebra.same_dim(values[0].but(dim=dim), v, "put together")
        return Value(make("stack", *(v.node for v in values)), (axis,), dim, "vector", None)

    return c.guard(e.span, build)


def _range(c: Checker, e: ast.Range) -> Thing:
    low, high = e.low.span, e.high.span
    edits = (before(low, "uniform("), Edit(Span(e.span.file, low.end, high.start), ", "), behind(high, ")"))
    c.report(
        rules.NOT_A_VALUE,
        e.span,
        "a range is not a value here",
        help="draw from it with `uniform(low, high)`",
        fix=Fix("draw from it with `uniform(…)`", edits) if c.draws is not None else None,
    )
    return UNKNOWN


def _table(c: Checker, e: ast.Table) -> Thing:
    c.report(
        rules.NOT_A_VALUE,
        e.span,
        "a table needs a value beside it",
        help="multiply or compare it with a value per joint",
    )
    return UNKNOWN


def _hole(c: Checker, e: ast.Hole) -> Thing:
    c.report(rules.HOLE, e.span, "this is still to be written", help="replace `?` with a value")
    return UNKNOWN


def _error(c: Checker, e: ast.ErrorExpr) -> Thing:
    return UNKNOWN


HANDLERS.update(
    {
        ast.Quantity: _quantity,
        ast.Bool: _bool,
        ast.String: _string,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Index: _index,
        ast.Unary: _unary,
        ast.Binary: _binary,
        ast.InFrame: _in_frame,
        ast.AsUnit: _as_unit,
        ast.IfExpr: _if,
        ast.Member: _member,
        ast.Tuple: _tuple,
        ast.Range: _range,
        ast.Table: _table,
        ast.Hole: _hole,
        ast.ErrorExpr: _error,
        ast.Call: call,
    }
)
