"""Typed operations on checked values: each builds the IR node and works out axes, dimension, kind and frame.

A rule that is broken raises `TypeProblem`, which says what is wrong and what to do; the expression checker puts the
place to it.
"""

from __future__ import annotations

from fractions import Fraction

from ksim_spec import rules
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.language.types import VERTICAL, Axis, Frame, Kind, Value
from ksim_spec.rules.rule import Rule
from ksim_spec.units import NUMBER, Dim, factor_between


class TypeProblem(Exception):
    """A broken type rule, to be reported where the operation stands."""

    def __init__(
        self, rule: Rule, message: str, *, help: str = "", notes: tuple[str, ...] = (), unit: str = ""
    ) -> None:
        super().__init__(message)
        self.rule, self.message, self.help, self.notes = rule, message, help, notes
        self.unit = unit  # what a literal operand lacks


def number(value: float, dim: Dim = NUMBER) -> Value:
    """Returns a literal; a bare zero fits any dimension."""
    return Value(const(float(value)), dim=dim, zero=value == 0 and dim == NUMBER, literal=True)


# Axes ----------------------------------------------------------------------------------------------------------------


def align(a: Value, b: Value) -> tuple[Value, Value]:
    """Returns both values after a per-joint table among them has taken the axis of the other."""
    if a.aligns and not b.aligns:
        return _take_axis_of(a, b), b
    if b.aligns and not a.aligns:
        return a, _take_axis_of(b, a)
    return a, b


def _take_axis_of(table: Value, other: Value) -> Value:
    if not other.axes and (joint := _joint_of(other.node)):
        return of_joint(table, joint)
    target = next((x for x in other.axes if x.name == table.axes[0].name), None)
    return table.but(aligns=False) if target is None else by_joint(table, target.labels)


def _joint_of(node: Node) -> str:
    """The joint that a leaf is the only number of, empty for any other."""
    names = node.attr("names") if node.op == "read" and node.attr("of") == "joint" else ()
    return names[0] if len(names) == 1 else ""


def of_joint(table: Value, joint: str) -> Value:
    """Returns the number of a per-joint table for one joint."""
    one = by_joint(table, (joint,))
    return one.but(node=make("take", one.node, axis=0, indices=0), axes=one.axes[1:])


def by_joint(table: Value, joints: tuple[str, ...]) -> Value:
    """Returns the numbers of a per-joint table for these joints, in their order; raises TypeProblem without one."""
    if table.sliding is not None and set(joints) <= set(table.sliding.axes[0].labels):
        table = table.sliding
    own, target = table.axes[0], Axis(table.axes[0].name, joints)
    if target == own:
        return table.but(aligns=False, sliding=None)
    missing = [label for label in target.labels if label not in own.labels]
    if missing:
        raise TypeProblem(
            rules.SHAPE_MISMATCH,
            f"the keyframe has no joint `{missing[0]}`",
            help="take another keyframe, or add the joint to it in the robot file",
        )
    indices = tuple(own.labels.index(label) for label in target.labels)
    node = make("take", table.node, axis=0, indices=indices)
    return table.but(node=node, axes=(target, *table.axes[1:]), aligns=False, sliding=None)


def _axes_text(value: Value) -> str:
    return "[" + ", ".join(map(str, value.axes)) + "]" if value.axes else "a scalar"


def common_axes(values: list[Value]) -> tuple[Axis, ...]:
    """Returns the axes that all values broadcast to by name; raises TypeProblem when neither fits into the other."""
    longest = max(values, key=lambda v: len(v.axes))
    for v in values:
        rest = list(longest.axes)
        for axis in v.axes:
            if axis not in rest:
                raise TypeProblem(
                    rules.SHAPE_MISMATCH,
                    f"the axes {_axes_text(longest)} and {_axes_text(v)} do not go together",
                    help=_axes_help(axis, longest),
                )
            rest = rest[rest.index(axis) + 1 :]
    return longest.axes


def _axes_help(axis: Axis, longest: Value) -> str:
    same_name = next((x for x in longest.axes if x.name == axis.name), None)
    if same_name is not None and set(same_name.labels) != set(axis.labels):
        return f"both have an axis `{axis.name}`, over different elements; use the same selection on both sides"
    return "reduce one side first, for example with `sum(…)` or `mean(…)`"


def expanded(value: Value, axes: tuple[Axis, ...]) -> Node:
    """Returns the node with length-one axes where `axes` has more; leading ones are left to broadcasting."""
    node = value.node
    if not value.axes:
        return node
    for offset, axis in enumerate(axes[axes.index(value.axes[0]) :]):
        if axis not in value.axes:
            node = make("expand", node, axis=offset)
    return node


# Dimensions and frames -----------------------------------------------------------------------------------------------


def same_dim(a: Value, b: Value, doing: str) -> Dim:
    """Returns the common dimension; raises TypeProblem when they differ (a literal zero fits any)."""
    if a.zero:
        return b.dim
    if b.zero or a.dim.same(b.dim):
        return a.dim
    if a.mixed or b.mixed:
        raise TypeProblem(rules.MIXED_UNITS, f"cannot {doing} values of mixed units", help="pick one field first")
    bare = a if a.literal and a.dim == NUMBER else b if b.literal and b.dim == NUMBER else None
    other = b if bare is a else a
    if bare is not None:
        raise TypeProblem(
            rules.MISSING_UNIT,
            f"cannot {doing} {other.dim} and a number without a unit",
            help=f"write the unit, for example `… {other.dim}`",
            unit=str(other.dim),
        )
    raise TypeProblem(
        rules.UNIT_MISMATCH,
        f"cannot {doing} {a.dim} and {b.dim}",
        notes=(f"the left side is {a.describe()}", f"the right side is {b.describe()}"),
        help=f"they differ by a factor of {factor_between(a.dim, b.dim)}",
    )


def same_frame(a: Value, b: Value, doing: str) -> tuple[Kind, Frame | None]:
    """Returns kind and frame of a combination; raises TypeProblem when two vectors are in different frames."""
    if a.zero or (a.kind == "scalar" and a.frame is None):
        return b.kind, b.frame
    if b.zero or (b.kind == "scalar" and b.frame is None):
        return a.kind, a.frame
    shared = _shared_frame(a.frame, b.frame)
    if shared is None and a.frame is not None and b.frame is not None:
        raise TypeProblem(
            rules.FRAME_MISMATCH,
            f"cannot {doing} a value in {a.frame.name} and one in {b.frame.name}",
            help=f"bring both into one frame, for example `(…) in {b.frame.name}`",
        )
    kind: Kind = "vector" if "point" in (a.kind, b.kind) and doing == "subtract" else a.kind
    return kind, shared or a.frame or b.frame


def _shared_frame(a: Frame | None, b: Frame | None) -> Frame | None:
    """Returns the frame that numbers of two frames have in common: a vertical one goes with all that share its axis."""
    if a is None or b is None:
        return None
    if a == b or (b == VERTICAL and a.shares_z):
        return a
    return b if a == VERTICAL and b.shares_z else None


def numbers_of(value: Value) -> Value:
    """Returns the value, a rotation as the mere numbers of it: sums, filters and products of these turn nothing."""
    return value.but(kind="scalar", frame=None) if value.kind == "rotation" else value


def _need_number(v: Value, what: str) -> None:
    if v.is_bool:
        raise TypeProblem(
            rules.BOOL_AS_NUMBER,
            f"{what} needs a number, and this is true or false",
            help="use `sum(x where condition)`, `if condition then a else b`, or `number(…)`",
        )
    if v.mixed:
        raise TypeProblem(rules.MIXED_UNITS, f"{what} cannot take a value of mixed units", help="pick one field")


def _source(*values: Value) -> bool:
    return any(v.privileged for v in values)


def _scaled(v: Value) -> bool:
    return v.node.op in ("mul", "div")


# Arithmetic ----------------------------------------------------------------------------------------------------------


def add(a: Value, b: Value, op: str = "add") -> Value:
    """Returns a + b or a - b (op `sub`), a maximum or a minimum."""
    doing = {"add": "add", "sub": "subtract"}.get(op, "compare")
    for v in (a, b):
        _need_number(v, f"`{ {'add': '+', 'sub': '-'}.get(op, op) }`")
    if op == "add" and a.kind == b.kind == "point" and not (_scaled(a) and _scaled(b)):
        raise TypeProblem(
            rules.SUM_OF_PLACES,
            "the sum of two places is no place",
            help="subtract them for the way between, or write their middle as `0.5 * a + 0.5 * b`",
        )
    a, b = align(a, b)
    dim = same_dim(a, b, doing)
    kind, frame = same_frame(a, b, doing)
    axes = common_axes([a, b])
    return numbers_of(Value(make(op, expanded(a, axes), expanded(b, axes)), axes, dim, kind, frame, _source(a, b)))


def multiply(a: Value, b: Value) -> Value:
    for v in (a, b):
        _need_number(v, "`*`")
    a, b = align(a, b)
    if a.kind != "scalar" and b.kind != "scalar" and a.kind == "rotation":
        help = "see one from another frame: `p.quat in q`"
        raise TypeProblem(rules.ROTATION_PRODUCT, "rotations do not multiply", help=help)
    kind, frame = (a.kind, a.frame) if a.kind != "scalar" else (b.kind, b.frame)
    if a.kind == b.kind == "scalar":  # a factor leaves a component what it is; a product of two is no component
        frame = None if a.frame is not None and b.frame is not None else a.frame or b.frame
    if a.kind != "scalar" and b.kind != "scalar":
        same_frame(a, b, "multiply")
    axes = common_axes([a, b])
    node = make("mul", expanded(a, axes), expanded(b, axes))
    return numbers_of(Value(node, axes, a.dim * b.dim, kind, frame, _source(a, b)))


def divide(a: Value, b: Value) -> Value:
    for v in (a, b):
        _need_number(v, "`/`")
    a, b = align(a, b)
    axes = common_axes([a, b])
    kind, frame = (a.kind, a.frame) if b.kind == "scalar" else ("scalar", None)
    if kind == "scalar" and b.frame is not None:
        frame = None
    node = make("div", expanded(a, axes), expanded(b, axes))
    return numbers_of(Value(node, axes, a.dim / b.dim, kind, frame, _source(a, b)))


def negate(a: Value) -> Value:
    _need_number(a, "`-`")
    return a.but(node=make("neg", a.node), literal=False)


def power(a: Value, exponent: float) -> Value:
    _need_number(a, "`^`")
    fraction = Fraction(exponent).limit_denominator(12)
    if exponent == 2:
        return elementwise("square", a, a.dim**2)
    node = make("power", a.node, exponent=float(exponent))
    return Value(node, a.axes, a.dim**fraction, "scalar", None, a.privileged)


def elementwise(op: str, a: Value, dim: Dim) -> Value:
    """Returns op(a) with the given dimension, element by element, of kind scalar."""
    _need_number(a, f"`{op}`")
    return Value(make(op, a.node), a.axes, dim, "scalar", None, a.privileged)


def plain(op: str, a: Value) -> Value:
    """Returns op(a) for functions of plain numbers (exp, log, tanh); the message names the missing scale."""
    _need_number(a, f"`{op}`")
    if not a.dim.plain:
        raise TypeProblem(
            rules.NOT_DIMENSIONLESS,
            f"`{op}` needs a number without units, and this is {a.dim}",
            help=f"divide by a scale in {a.dim}, for example `… / (1 {a.dim})`",
        )
    return elementwise(op, a, NUMBER)


def compare(op: str, a: Value, b: Value) -> Value:
    """Returns a comparison, true or false per element."""
    if a.is_bool and b.is_bool and op in ("eq", "ne"):
        axes = common_axes([a, b])
        return Value(make(op, expanded(a, axes), expanded(b, axes)), axes, privileged=_source(a, b))
    for v in (a, b):
        _need_number(v, "a comparison")
    a, b = align(a, b)
    same_dim(a, b, "compare")
    same_frame(a, b, "compare")
    axes = common_axes([a, b])
    if op in ("gt", "ge"):
        a, b, op = b, a, {"gt": "lt", "ge": "le"}[op]
    return Value(make(op, expanded(a, axes), expanded(b, axes)), axes, privileged=_source(a, b))


def logic(op: str, values: list[Value]) -> Value:
    for v in values:
        if not v.is_bool:
            raise TypeProblem(
                rules.NOT_A_CONDITION,
                f"`{op}` needs true or false, and this is {v.describe()}",
                help="compare it with something",
            )
    axes = common_axes(values)
    node = make(op, *(expanded(v, axes) for v in values))
    return Value(node, axes, privileged=_source(*values))


def choose(cond: Value, then: Value, otherwise: Value) -> Value:
    """Returns `if cond then … else …`, element by element."""
    if not cond.is_bool:
        raise TypeProblem(
            rules.NOT_A_CONDITION,
            f"`if` needs true or false, and this is {cond.describe()}",
            help="compare it with something",
        )
    then, otherwise = align(then, otherwise)
    axes = common_axes([cond, then, otherwise])
    nodes = [expanded(v, axes) for v in (cond, then, otherwise)]
    if then.is_bool or otherwise.is_bool:
        if not (then.is_bool and otherwise.is_bool):
            raise TypeProblem(
                rules.BOOL_AS_NUMBER,
                "one branch is true or false, and the other a number",
                help="make both numbers, for example with `number(…)`",
            )
        return Value(make("where", *nodes), axes, privileged=_source(cond, then, otherwise))
    dim = same_dim(then, otherwise, "choose between")
    kind, frame = same_frame(then, otherwise, "choose between")
    return Value(make("where", *nodes), axes, dim, kind, frame, _source(cond, then, otherwise))


# Reductions ----------------------------------------------------------------------------------------------------------


def reduce(op: str, a: Value, axis: int, dim: Dim | None = None) -> Value:
    """Returns the reduction of one axis; the components' frame goes with the xyz axis."""
    axes = a.axes[:axis] + a.axes[axis + 1 :]
    vector_left = any(x.name == "xyz" for x in axes)
    kind, frame = (a.kind, a.frame) if vector_left else ("scalar", None)
    return Value(make(op, a.node, axis=axis), axes, a.dim if dim is None else dim, kind, frame, a.privileged)


def length(a: Value) -> Value:
    """Returns the Euclidean norm over xyz; the magnitude of a scalar."""
    _need_number(a, "`norm`")
    axis = a.axis("xyz")
    if axis is None:
        return elementwise("abs", a, a.dim)
    return reduce("norm", a, axis)


def squared_length(a: Value) -> Value:
    """Returns the squared norm over xyz; the square of a scalar."""
    squared = Value(make("square", a.node), a.axes, a.dim**2, "scalar", None, a.privileged)
    axis = a.axis("xyz")
    return squared if axis is None else reduce("sum", squared, axis)


def pick(a: Value, axis: int, indices: int | tuple[int, ...]) -> Value:
    """Returns elements of one axis: an int drops the axis, a tuple keeps it with fewer labels."""
    node = make("take", a.node, axis=axis, indices=indices)
    if isinstance(indices, int):
        axes = a.axes[:axis] + a.axes[axis + 1 :]
        part = a.axes[axis].name in ("xyz", "quat")
        # The world and every heading frame share z: their z components may meet, and those of x and y not.
        shared = part and a.axes[axis].labels[indices] == "z" and a.frame is not None and a.frame.shares_z
        return a.but(
            node=node,
            axes=axes,
            kind="scalar" if part else a.kind,
            frame=VERTICAL if shared else a.frame,
            literal=False,
        )
    old = a.axes[axis]
    new = Axis(old.name, tuple(old.labels[i] for i in indices))
    return a.but(node=node, axes=(*a.axes[:axis], new, *a.axes[axis + 1 :]), literal=False)
