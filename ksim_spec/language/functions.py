"""The functions of the language: one row each, with signature, meaning and formula.

Kernels and `norm` reduce the components of a vector; every other reduction is over the one other axis, or over the
axes named with `over`. `x where cond` inside a reduction counts only the elements for which the condition holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Diagnostics, Label, suggest
from ksim_spec.ir.ops import const, make
from ksim_spec.language import algebra, distributions, ranges, selectors, stdlib, temporal_functions
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.checker import Checker, Fn
from ksim_spec.language.reserved import free_name
from ksim_spec.language.scope import Thing
from ksim_spec.language.tables import table_value
from ksim_spec.language.things import Selection
from ksim_spec.language.types import UNKNOWN, XYZ, Unknown, Value
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, NUMBER, in_unit

Handler = Callable[[Checker, "Arguments"], Value]
Ranges = Mapping[str, ranges.Range]


@dataclass(frozen=True)
class Function:
    """One row: parameter names (a trailing `?` marks an optional one), what it returns, and how it is built.

    `ranges` are the numbers that arguments take, where these are not any.
    """

    params: tuple[str, ...]
    build: Handler
    doc: str
    formula: str = ""
    reduces: bool = False
    ranges: Ranges = field(default_factory=dict)


@dataclass
class Arguments:
    """The checked arguments of one call, by parameter name."""

    values: dict[str, Value]
    where: Value | None
    over: tuple[str, ...]
    span: Span
    where_span: Span
    exprs: dict[str, ast.Expr]

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def get(self, name: str) -> Value | None:
        return self.values.get(name)


FUNCTIONS: dict[str, Function] = {}


def _row(
    name: str, params: str, doc: str, formula: str = "", reduces: bool = False, **takes: ranges.Range
) -> Callable[[Handler], Handler]:
    def register(build: Handler) -> Handler:
        FUNCTIONS[name] = Function(tuple(params.split()), build, doc, formula, reduces, takes)
        return build

    return register


def free_function(fn: ast.FnDef, out: Diagnostics) -> bool:
    """Returns whether a spec may define such a function; reports a name of the language, its parameters' included."""
    for name, _ in fn.params:
        free_name(name, fn.span, out)
    tables = (FUNCTIONS, temporal_functions.OPERATORS, selectors.SELECTORS, distributions.DISTRIBUTIONS)
    if not any(fn.name in table for table in tables):
        return True
    message = f"`{fn.name}` is a function of the language, and cannot be another one"
    out.report(rules.RESERVED_WORD, fn.span, message, help="choose another name")
    return False


# Calls ---------------------------------------------------------------------------------------------------------------


def call(c: Checker, e: ast.Call) -> Thing:
    """Returns what a call stands for: a selection, a draw, a function of the table or one of the spec."""
    if not isinstance(e.func, ast.Name):
        return _library_call(c, e)
    name = e.func.id
    if name in selectors.SELECTORS:
        return selectors.select(c, e)
    if name in distributions.DISTRIBUTIONS:
        return distributions.draw(c, e)
    if name in temporal_functions.OPERATORS:
        return temporal_functions.operate(c, e)
    if name in c.functions:
        return _inline(c, e, name)
    if name not in FUNCTIONS and c.scope.lost(name):
        return UNKNOWN
    if name not in FUNCTIONS:
        known = [
            *FUNCTIONS,
            *temporal_functions.OPERATORS,
            *selectors.SELECTORS,
            *distributions.DISTRIBUTIONS,
            *c.functions,
        ]
        c.report(
            rules.UNKNOWN_FUNCTION,
            e.func.span,
            f"there is no function `{name}`",
            help=suggest(name, known, "functions"),
        )
        for arg in e.args:
            c.thing(arg.value)
        return UNKNOWN
    arguments = bind(c, e, name, FUNCTIONS[name])
    if arguments is None:
        return UNKNOWN
    return c.guard(e.span, lambda: FUNCTIONS[name].build(c, arguments))


def _library_call(c: Checker, e: ast.Call) -> Thing:
    if isinstance(e.func, ast.Attribute) and isinstance(e.func.value, ast.Name) and e.func.value.id == "std":
        stdlib.add_to(c)
        name = f"std.{e.func.name}"
        if name in c.functions:
            return _inline(c, e, name)
        known = [n.removeprefix("std.") for n in c.functions if n.startswith("std.")]
        help = suggest(e.func.name, known, "functions")
        c.report(rules.UNKNOWN_FUNCTION, e.func.span, f"the library has no `{e.func.name}`", help=help)
        return UNKNOWN
    c.report(
        rules.UNKNOWN_FUNCTION,
        e.func.span,
        "only a function can be called",
        help="leave the brackets out, or name a function",
    )
    return UNKNOWN


def bind(c: Checker, e: ast.Call, name: str, function: Function) -> Arguments | None:
    """Returns the checked arguments by parameter name, or None when something was reported."""
    where: Value | Unknown | None = None
    where_span, over = e.span, ()
    found: dict[str, Value | Unknown] = {}
    exprs: dict[str, ast.Expr] = {}
    names = [p.rstrip("?") for p in function.params]
    for position, arg in enumerate(e.args):
        slot = arg.name or (names[position] if position < len(names) else None)
        if slot is None or slot not in names or slot in found:
            wrong = _misnamed(name, arg.name, names)
            message = wrong or _arity_text(name, function)
            c.report(rules.WRONG_ARGUMENTS, arg.span, message, help=f"signature: `{signature(name)}`")
            return None
        if (arg.where or arg.over) and not function.reduces:
            c.report(
                rules.WRONG_ARGUMENTS,
                arg.span,
                f"`{name}` takes no `where` or `over`",
                help="use it in a reduction such as `sum`",
            )
            return None
        exprs[slot] = arg.value
        if isinstance(arg.value, ast.Table) and found:
            first = next(iter(found.values()))
            found[slot] = table_value(c, arg.value, first) if isinstance(first, Value) else UNKNOWN
        elif slot == "body":
            found[slot] = selection_argument(c, arg.value)
        else:
            found[slot] = _bound_argument(c, arg)
        if arg.where is not None:
            where, where_span = c.value(arg.where), arg.where.span
        over = arg.over or over
    missing = [p for p in function.params if not p.endswith("?") and p not in found]
    if missing:
        c.report(
            rules.WRONG_ARGUMENTS, e.span, f"`{name}` needs `{missing[0]}`", help=f"signature: `{signature(name)}`"
        )
        return None
    values = {k: v for k, v in found.items() if isinstance(v, Value)}
    good = ranges.arguments_fit(c, name, function.ranges, values, exprs)
    if not good or isinstance(where, Unknown) or len(values) < len(found):
        return None
    return Arguments(values, where, over, e.span, where_span, exprs)


def _bound_argument(c: Checker, arg: ast.Arg) -> Value | Unknown:
    if arg.binder is None:
        return c.value(arg.value)
    name, of = arg.binder
    selection = c.thing(of)
    if isinstance(selection, Unknown):
        return UNKNOWN
    if not isinstance(selection, Selection) or selection.axis is None:
        c.report(rules.NOT_A_SELECTION, of.span, "`for … of` goes over a selection", help="for example `for j of legs`")
        return UNKNOWN
    if not free_name(name, arg.span, c.out):
        return UNKNOWN
    items: list[Value] = []
    for element in selection.names:
        with c.scope.local({name: Selection(selection.of, (element,), f'{selection.of}("{element}")', None)}):
            value = c.value(arg.value)
        if isinstance(value, Unknown):
            return UNKNOWN
        items.append(value)
    first = items[0]
    axes = (selection.axis, *first.axes)
    return first.but(
        node=make("stack", *(v.node for v in items)), axes=axes, privileged=any(v.privileged for v in items)
    )


def _misnamed(function: str, written: str | None, names: list[str]) -> str:
    """Returns what is wrong with an argument given by name; empty for one that has none."""
    if written is None:
        return ""
    return f"`{function}` gets `{written}` twice" if written in names else f"`{function}` has no argument `{written}`"


def signature(name: str) -> str:
    function = FUNCTIONS[name]
    inside = ", ".join(function.params)
    return f"{name}({inside})"


def _arity_text(name: str, function: Function) -> str:
    needed = [p for p in function.params if not p.endswith("?")]
    if len(needed) == len(function.params):
        return f"`{name}` takes {len(needed)} argument{'s' if len(needed) != 1 else ''}"
    return f"`{name}` takes {len(needed)} to {len(function.params)} arguments"


def _call_of(fn: Fn) -> str:
    """Returns the help that shows how a function of the spec is called."""
    return f"signature: `{fn.name}({', '.join(n if default is None else f'{n}?' for n, default in fn.params)})`"


def _inline(c: Checker, e: ast.Call, name: str) -> Thing:
    fn = c.functions[name]
    c.inlined.add(name)
    if name in c.calls:
        c.report(
            rules.DEFINITION_CYCLE,
            e.span,
            f"`{name}` calls itself",
            help="functions are expanded in place and cannot recurse",
        )
        return UNKNOWN
    frame: dict[str, Thing] = {}
    names = [p for p, _ in fn.params]
    for position, arg in enumerate(e.args):
        slot = arg.name or (names[position] if position < len(names) else None)
        if slot is None or slot not in names or slot in frame:
            message = _misnamed(name, arg.name, names) or f"`{name}` takes {', '.join(names)}"
            c.report(rules.WRONG_ARGUMENTS, arg.span, message, help=_call_of(fn))
            return UNKNOWN
        frame[slot] = c.thing(arg.value)
    for param, default in fn.params:
        if param not in frame:
            if default is None:
                c.report(rules.WRONG_ARGUMENTS, e.span, f"`{name}` needs `{param}`", help=_call_of(fn))
                return UNKNOWN
            frame[param] = c.thing(default)
    if any(isinstance(v, Unknown) for v in frame.values()):
        return UNKNOWN
    c.calls.append(name)
    before = len(c.out.items)
    # A function sees its arguments and the spec's names, not what is local where it is called.
    outer, c.scope.locals = c.scope.locals, [frame]
    try:
        return c.thing(fn.body)
    finally:
        c.calls.pop()
        c.scope.locals = outer
        c.out.items[before:] = _called_from(c.out.items, before, fn, e)


def _called_from(found: list[Diagnostic], before: int, fn: Fn, e: ast.Call) -> Iterator[Diagnostic]:
    """Yields what the body of a function was found to be wrong with, each with the call; the library is never blamed.

    What another call of the same function has shown already is left out.
    """
    shown = {(d.code, d.span, d.message) for d in found[:before]}
    for d in found[before:]:
        places = (d.span, *(label.span for label in d.related))
        if not any(_within(place, fn.body.span) for place in places):
            yield d  # of a signal that is looked at here for the first time
        elif fn.name.startswith("std.") and _within(d.span, fn.body.span):
            there = Label(d.span, f"in `{fn.name}`")
            notes = (f"`{fn.name}` was given values that it cannot use", *d.notes)
            yield replace(d, span=e.span, related=(there, *d.related), notes=notes, fix=None)
        elif (d.code, d.span, d.message) not in shown:
            yield replace(d, related=(*d.related, Label(e.span, f"in this call of `{fn.name}`")))


def _within(inner: Span, outer: Span) -> bool:
    return inner.file == outer.file and outer.start <= inner.start and inner.end <= outer.end


# Elementary ----------------------------------------------------------------------------------------------------------


def _plain(op: str, doc: str, **takes: ranges.Range) -> None:
    FUNCTIONS[op] = Function(("x",), lambda c, a: algebra.plain(op, a["x"]), doc, ranges=takes)


def _of_angle(op: str, doc: str) -> None:
    def build(c: Checker, a: Arguments) -> Value:
        _need_angle(c, a, op)
        return algebra.plain(op, a["x"])

    FUNCTIONS[op] = Function(("x",), build, doc)


def _need_angle(c: Checker, a: Arguments, name: str) -> None:
    """Warns of a literal without the unit of an angle: whether it is meant in degrees, nobody can see."""
    written = a.exprs["x"]
    while isinstance(written, ast.Unary):
        written = written.value
    if isinstance(written, ast.Quantity) and a["x"].dim.plain:
        c.expect_dim(a["x"], ANGLE, a.exprs["x"].span, f"`x` of `{name}`")


_plain("exp", "the exponential of a plain number", x=ranges.Range(high=88, dim=NUMBER))  # float32 holds no more
_plain("log", "the natural logarithm of a plain number", x=replace(ranges.POSITIVE, dim=NUMBER, nan=True))
_plain("tanh", "the hyperbolic tangent of a plain number")
_of_angle("sin", "the sine of an angle")
_of_angle("cos", "the cosine of an angle")


@_row("abs", "x", "the magnitude, element by element")
def _abs(c: Checker, a: Arguments) -> Value:
    return algebra.elementwise("abs", a["x"], a["x"].dim)


@_row("sign", "x", "-1, 0 or 1")
def _sign(c: Checker, a: Arguments) -> Value:
    return algebra.elementwise("sign", a["x"], NUMBER)


@_row("square", "x", "x times x, element by element")
def _square(c: Checker, a: Arguments) -> Value:
    x = a["x"]
    squared = algebra.elementwise("square", x, x.dim**2)
    return squared if x.kind == "scalar" else squared.but(kind="scalar", frame=None)


@_row("sqrt", "x", "the square root; zero for negative numbers", x=ranges.NOT_NEGATIVE)
def _sqrt(c: Checker, a: Arguments) -> Value:
    from fractions import Fraction

    return algebra.elementwise("sqrt", a["x"], a["x"].dim ** Fraction(1, 2))


@_row("atan2", "y x", "the angle of the point (x, y)")
def _atan2(c: Checker, a: Arguments) -> Value:
    algebra.same_dim(a["y"], a["x"], "compare")
    axes = algebra.common_axes([a["y"], a["x"]])
    node = make("atan2", algebra.expanded(a["y"], axes), algebra.expanded(a["x"], axes))
    return Value(node, axes, ANGLE, privileged=a["y"].privileged or a["x"].privileged)


@_row("floor", "x", "the largest whole number not above x")
def _floor(c: Checker, a: Arguments) -> Value:
    return algebra.plain("floor", a["x"])


@_row("norm", "x", "the Euclidean length of a vector; the magnitude of a scalar")
def _norm(c: Checker, a: Arguments) -> Value:
    return algebra.length(a["x"])


@_row("dot", "a b", "the scalar product of two vectors in one frame")
def _dot(c: Checker, a: Arguments) -> Value:
    product = algebra.multiply(a["a"], a["b"])
    axis = product.axis("xyz")
    if axis is None:
        raise TypeProblem(rules.SHAPE_MISMATCH, "`dot` needs two vectors", help="for example `dot(v, world.up)`")
    return algebra.reduce("sum", product, axis).but(kind="scalar", frame=None)


@_row("cross", "a b", "the vector product of two vectors in one frame")
def _cross(c: Checker, a: Arguments) -> Value:
    x, y = a["a"], a["b"]
    if not (x.axes and y.axes and x.axes[-1] == y.axes[-1] == XYZ):
        raise TypeProblem(
            rules.SHAPE_MISMATCH,
            "`cross` needs two vectors with x, y, and z",
            help="leave out what picks components of them",
        )
    kind, frame = algebra.same_frame(x, y, "multiply")
    axes = algebra.common_axes([x, y])
    node = make("cross", algebra.expanded(x, axes), algebra.expanded(y, axes))
    return Value(node, axes, x.dim * y.dim, kind, frame, x.privileged or y.privileged)


@_row("clip", "x low high", "x kept between low and high", high=ranges.Range(above="low"))
def _clip(c: Checker, a: Arguments) -> Value:
    return algebra.add(algebra.add(a["x"], a["low"], "maximum"), a["high"], "minimum")


@_row(
    "deadzone",
    "x width",
    "zero within ±width, the excess outside",
    "sign(x) max(|x| - width, 0)",
    width=replace(ranges.NOT_NEGATIVE, like="x"),
)
def _deadzone(c: Checker, a: Arguments) -> Value:
    x = a["x"]
    excess = algebra.add(
        algebra.add(algebra.elementwise("abs", x, x.dim), a["width"], "sub"), algebra.number(0), "maximum"
    )
    return algebra.multiply(algebra.elementwise("sign", x, NUMBER), excess)


@_row("wrap", "x", "an angle brought into -pi … pi")
def _wrap(c: Checker, a: Arguments) -> Value:
    x = a["x"]
    if not x.dim.plain:
        raise TypeProblem(
            rules.UNIT_MISMATCH, f"`wrap` needs an angle, and this is {in_unit(x.dim)}", help="give it in rad or deg"
        )
    _need_angle(c, a, "wrap")
    turned = make("mod", make("add", x.node, const(math.pi)), const(2 * math.pi))
    return Value(make("sub", turned, const(math.pi)), x.axes, ANGLE, privileged=x.privileged)


# Reductions ----------------------------------------------------------------------------------------------------------


def _reduction_axes(a: Arguments, x: Value, name: str) -> list[int]:
    if a.over:
        missing = [n for n in a.over if x.axis(n) is None]
        if missing:
            raise TypeProblem(
                rules.SHAPE_MISMATCH,
                f"there is no axis `{missing[0]}` in {x.describe()}",
                help=suggest(missing[0], [n.name for n in x.axes], "axes"),
            )
        return sorted((i for n in a.over if (i := x.axis(n)) is not None), reverse=True)
    if len(x.axes) == 1:
        return [0]
    if not x.axes:
        raise TypeProblem(
            rules.NOTHING_TO_REDUCE,
            f"`{name}` has nothing to go over: this is a single number",
            help="leave it out",
        )
    axes = ", ".join(f"`{n.name}`" for n in x.axes)
    raise TypeProblem(
        rules.AMBIGUOUS_REDUCTION,
        f"`{name}` could go over {axes}",
        help=f"say which, for example `{name}(… over {x.axes[0].name})`",
    )


def _masked(a: Arguments, x: Value, otherwise: float | bool) -> Value:
    if a.where is None:
        return x
    other = Value(const(otherwise), dim=x.dim)
    if not a.where.is_bool:
        raise TypeProblem(
            rules.NOT_A_CONDITION,
            f"`where` needs true or false, and this is {a.where.describe()}",
            help="compare it with something",
        )
    return algebra.choose(a.where, x, other.but(zero=otherwise == 0 and not x.is_bool))


def _reduce_many(op: str, a: Arguments, x: Value, name: str) -> Value:
    for axis in _reduction_axes(a, x, name):
        x = algebra.reduce(op, x, axis)
    return x.but(kind="scalar", frame=None) if not any(n.name == "xyz" for n in x.axes) else x


def _need_numbers(x: Value, name: str) -> None:
    if x.is_bool:
        raise TypeProblem(
            rules.BOOL_AS_NUMBER,
            f"`{name}` needs numbers, and this is true or false",
            help="use `any`, `all`, or `sum(number(…))`",
        )


@_row("sum", "x", "the sum over one axis; `where` leaves elements out", reduces=True)
def _sum(c: Checker, a: Arguments) -> Value:
    _need_numbers(a["x"], "sum")
    x = _masked(a, a["x"], 0.0)
    if x.mixed:
        raise TypeProblem(rules.MIXED_UNITS, "`sum` cannot add values of mixed units", help="pick one field first")
    return _reduce_many("sum", a, x, "sum")


@_row(
    "mean",
    "x",
    "the mean over one axis, of the elements for which `where` holds (zero when there are none)",
    reduces=True,
)
def _mean(c: Checker, a: Arguments) -> Value:
    _need_numbers(a["x"], "mean")
    if a.where is None:
        return _reduce_many("mean", a, a["x"], "mean")
    total = _reduce_many("sum", a, _masked(a, a["x"], 0.0), "mean")
    ones = Value(const(_ones(a["x"].node.shape)), a["x"].axes)
    held = algebra.choose(a.where, ones, algebra.number(0.0))
    number = _reduce_many("sum", a, held, "mean")
    return algebra.divide(total, algebra.add(number, algebra.number(1.0), "maximum"))


def _ones(shape: tuple[int, ...]) -> float | list[Any]:
    return [_ones(shape[1:])] * shape[0] if shape else 1.0


def _extreme(name: str, op: str, fill: float, doc: str) -> None:
    def build(c: Checker, a: Arguments) -> Value:
        x, y, otherwise = a["x"], a.get("y"), a.get("otherwise")
        if (a.where is None) != (otherwise is None) or (y is not None and a.where is not None):
            raise _undecided(name, a)
        if y is not None:
            return algebra.add(x, y, "maximum" if op == "max" else "minimum")
        _need_numbers(x, name)
        found = _reduce_many(op, a, _masked(a, x, fill), name)
        return found if otherwise is None else algebra.choose(_any_held(a, x, name), found, otherwise)

    FUNCTIONS[name] = Function(("x", "y?", "otherwise?"), build, doc, reduces=True)


def _undecided(name: str, a: Arguments) -> TypeProblem:
    """What is wrong where `where`, a second value and `otherwise` do not go together."""
    example = f"for example `{name}(x where condition, otherwise: 0 m)`"
    if a.where is None:
        return TypeProblem(rules.WRONG_ARGUMENTS, f"`otherwise` of `{name}` goes with a `where`", help=example)
    if a.get("y") is not None:
        message = f"`{name}` is of two values, or of the elements for which `where` holds"
        return TypeProblem(rules.WRONG_ARGUMENTS, message, help=example)
    message = f"`{name}` has no value where the condition holds for no element"
    return TypeProblem(rules.WRONG_ARGUMENTS, message, help=f"say what it is then, {example}")


def _any_held(a: Arguments, x: Value, name: str) -> Value:
    """True where the condition of `where` holds for one of the elements that are reduced, at least."""
    assert a.where is not None
    held = algebra.logic("and", [a.where, Value(make("lt", const(0.0), const(_ones(x.node.shape))), x.axes)])
    return _reduce_many("any", a, held, name)


_OTHERWISE = "; with `where` `otherwise` says what it is where that holds for none"
_extreme("max", "max", -1e9, f"the largest element over one axis, or the larger of two values{_OTHERWISE}")
_extreme("min", "min", 1e9, f"the smallest element over one axis, or the smaller of two values{_OTHERWISE}")


@_row("prod", "x", "the product over one axis of plain numbers", reduces=True)
def _prod(c: Checker, a: Arguments) -> Value:
    _need_numbers(a["x"], "prod")
    if not a["x"].dim.plain:
        raise TypeProblem(
            rules.NOT_DIMENSIONLESS,
            f"`prod` needs plain numbers, and these are {in_unit(a['x'].dim)}",
            help="divide by a scale first",
        )
    return _reduce_many("prod", a, _masked(a, a["x"], 1.0), "prod")


def _quantifier(name: str, op: str, fill: bool, doc: str) -> None:
    def build(c: Checker, a: Arguments) -> Value:
        x = a["x"]
        if not x.is_bool:
            raise TypeProblem(
                rules.NOT_A_CONDITION,
                f"`{name}` needs true or false, and this is {x.describe()}",
                help="compare it with something",
            )
        x = _masked(a, x, fill)
        for axis in _reduction_axes(a, x, name):
            x = algebra.reduce(op, x, axis)
        return x

    FUNCTIONS[name] = Function(("x",), build, doc, reduces=True)


_quantifier("any", "any", False, "true when the condition holds for at least one element")
_quantifier("all", "all", True, "true when the condition holds for every element")


@_row("number", "x", "1 for true, 0 for false: how many with `sum`")
def _number(c: Checker, a: Arguments) -> Value:
    x = a["x"]
    if not x.is_bool:
        raise TypeProblem(
            rules.NOT_A_CONDITION,
            f"`number` needs true or false, and this is {x.describe()}",
            help="compare it with something",
        )
    return Value(make("to_float", x.node), x.axes, NUMBER, privileged=x.privileged)


# Kernels -------------------------------------------------------------------------------------------------------------


_SCALE = replace(ranges.POSITIVE, like="e")


def _scaled(e: Value, scale: Value) -> Value:
    if not scale.zero and not e.zero and not e.dim.same(scale.dim):
        bare = scale.literal and scale.dim == NUMBER
        raise TypeProblem(
            rules.MISSING_UNIT if bare else rules.UNIT_MISMATCH,
            f"the error is in {e.dim} and its scale {'has no unit' if bare else f'in {scale.dim}'}",
            help=f"give the scale in {e.dim}",
        )
    return algebra.divide(e, scale)


@_row("gaussian", "e scale", "1 at no error, falling with it", "exp(-|e|^2 / scale^2)", scale=_SCALE)
def _gaussian(c: Checker, a: Arguments) -> Value:
    # ksim writes exp(-|e|^2 / (2 scale^2)); Playground exp(-|e|^2 / sigma) with sigma = scale^2.
    ratio = algebra.squared_length(_scaled(a["e"], a["scale"]))
    return algebra.plain("exp", algebra.negate(ratio))


@_row("laplace", "e scale", "1 at no error, falling with it, pointed at zero", "exp(-|e| / scale)", scale=_SCALE)
def _laplace(c: Checker, a: Arguments) -> Value:
    return algebra.plain("exp", algebra.negate(algebra.length(_scaled(a["e"], a["scale"]))))


def _outside(a: Arguments) -> Value:
    """Distance outside [low, high], in margins."""
    x = a["x"]
    zero = algebra.number(0)
    below = algebra.add(a["low"], x, "sub")
    distance = below if a.get("high") is None else algebra.add(below, algebra.add(x, a["high"], "sub"), "maximum")
    return _scaled(algebra.add(distance, zero, "maximum"), a["margin"])


_AT = ranges.Range(0, 1, open_high=True, dim=NUMBER)
_TOLERANCE = {"high": ranges.Range(above="low"), "margin": replace(ranges.POSITIVE, like="x")}


def _tolerance(name: str, formula: str, at: ranges.Range, shape: Callable[[Value, Value], Value]) -> None:
    def build(c: Checker, a: Arguments) -> Value:
        at = a.get("at") or algebra.number(0.1)
        d = _outside(a)
        return shape(d.but(dim=NUMBER), at)

    doc = f"1 within [low, high], `at` (0.1) one margin outside it ({formula}); dm_control's tolerance"
    params = ("x", "low", "high?", "margin", "at?")
    FUNCTIONS[name] = Function(params, build, doc, formula, ranges={**_TOLERANCE, "at": at})


def _one_minus(v: Value) -> Value:
    return algebra.add(algebra.number(1.0), v, "sub")


def _at_least_zero(v: Value) -> Value:
    return algebra.add(v, algebra.number(0.0), "maximum")


_tolerance(
    "tolerance",
    "d^2 in the exponent",
    replace(_AT, open_low=True),
    lambda d, at: algebra.plain("exp", algebra.multiply(algebra.power(d, 2), algebra.plain("log", at))),
)
_tolerance(
    "tolerance_linear",
    "max(0, 1 - d (1 - at))",
    _AT,
    lambda d, at: _at_least_zero(_one_minus(algebra.multiply(d, _one_minus(at)))),
)
_tolerance(
    "tolerance_quadratic",
    "max(0, 1 - d^2 (1 - at))",
    _AT,
    lambda d, at: _at_least_zero(_one_minus(algebra.multiply(algebra.power(d, 2), _one_minus(at)))),
)


# Rotations -----------------------------------------------------------------------------------------------------------


@_row("tilt", "body", "the angle between a body's z axis and the world's", "acos(up . z)")
def _tilt(c: Checker, a: Arguments) -> Value:
    up = a["body"]
    if not up.axes or up.axes[-1] != XYZ or up.kind != "vector" or up.dim != NUMBER:
        raise TypeProblem(rules.NOT_A_SELECTION, "`tilt` needs a body or a site", help="for example `tilt(base)`")
    node = make("take", up.node, axis=len(up.axes) - 1, indices=2)
    return Value(make("acos", node), up.axes[:-1], ANGLE, privileged=up.privileged)


@_row("rotation_distance", "p q", "the angle of the rotation that takes p to q", "2 acos|p . q|")
def _rotation_distance(c: Checker, a: Arguments) -> Value:
    p, q = a["p"], a["q"]
    if p.kind != "rotation" or q.kind != "rotation":
        help = "for example the `.quat` of two bodies"
        raise TypeProblem(rules.NOT_A_ROTATION, "`rotation_distance` needs two rotations", help=help)
    axes = algebra.common_axes([p, q])
    dot = make("sum", make("mul", algebra.expanded(p, axes), algebra.expanded(q, axes)), axis=len(axes) - 1)
    node = make("mul", const(2.0), make("acos", make("abs", dot)))
    return Value(node, axes[:-1], ANGLE, privileged=p.privileged or q.privileged)


def selection_argument(c: Checker, e: ast.Expr) -> Value | Unknown:
    """Returns a body's z axis in the world, for `tilt(body)`, which only reads how much of it is vertical."""
    thing = c.thing(e)
    if isinstance(thing, Selection):
        from ksim_spec.language.members import member

        value = member(c, thing, "up", e.span)
        if not isinstance(value, Value):
            return UNKNOWN
        # How far a robot leans it can measure, as it can `world.up in base`; which way it leans in the world, not.
        return value.but(privileged=value.privileged and not all(c.robot.measures(thing.of, n) for n in thing.names))
    return thing if isinstance(thing, Value | Unknown) else c.value(e)
