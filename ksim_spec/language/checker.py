"""The checker of one spec: syntax tree to checked value, one diagnostic per mistake.

What each kind of expression means is registered by `language.expressions`, which every check loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Diagnostics, Edit, Fix, Label, behind
from ksim_spec.ir.ops import const, make
from ksim_spec.language.algebra import TypeProblem
from ksim_spec.language.params import Draw, Params, Role, unused
from ksim_spec.language.ranges import ANY, Limit, Range, fits
from ksim_spec.language.recovery import Lost
from ksim_spec.language.reserved import free_name
from ksim_spec.language.scope import DrawContext, Scope, Thing
from ksim_spec.language.things import KINDS, Command, FrameOf, Keyframe, Selection, World, record
from ksim_spec.language.types import UNKNOWN, Axis, Unknown, Value
from ksim_spec.rules.rule import Rule
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import ANGLE, NUMBER, Dim, UnitError, factor_between, in_unit, parse_unit

if TYPE_CHECKING:
    from ksim_spec.language.robot_view import RobotView

DEEPEST = 60  # levels of one expression, functions and signals that it uses included: far below Python's own limit

# By kind of syntax node; `language.expressions` fills it.
HANDLERS: dict[type, Callable[..., Thing]] = {}


@dataclass(frozen=True)
class Fn:
    """A function of the spec or of the library: inlined at each call."""

    name: str
    params: tuple[tuple[str, ast.Expr | None], ...]
    body: ast.Expr
    span: Span


@dataclass
class Checker:
    """Checks expressions of one spec against one robot. `params` collects runtime parameters and their values."""

    scope: Scope
    robot: RobotView
    out: Diagnostics
    control_dt: float = 0.02
    clockless: bool = False  # the control step is said elsewhere: no time is too short or too long for it
    params: Params = field(default_factory=Params)
    declared: dict[int, str] = field(default_factory=dict)  # by id of a node: the first name it was declared under
    functions: dict[str, Fn] = field(default_factory=dict)
    draws: DrawContext | None = None
    calls: list[str] = field(default_factory=list)
    depth: int = 0
    streams: set[str] = field(default_factory=set)
    seen: dict[Span, Thing] | None = None  # what each expression stood for, when an editor wants to know
    lost: Lost = Lost()  # what may be declared where the spec was not understood
    onboard: set[tuple[str, str, str]] = field(default_factory=set)  # (kind, element, quantity) a robot measures too
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)  # the ends of curriculum levels (SI)
    counts: tuple[str, ...] = ("steps",)  # words for a count that may follow a number where it stands
    inlined: set[str] = field(default_factory=set)  # functions that something calls
    limits: list[Limit] = field(default_factory=list)  # what must lie in a range and is not known here

    # Entry points ---------------------------------------------------------------------------------------------------

    def value(self, expr: ast.Expr, because: str = "") -> Value | Unknown:
        """Returns the checked value of an expression; UNKNOWN when something in it was reported."""
        thing = self.thing(expr)
        if isinstance(thing, Value | Unknown):
            return thing
        if isinstance(thing, Command):
            return self.guard(expr.span, lambda: record(thing))
        self.report(rules.NOT_A_VALUE, expr.span, f"{what(thing)} is not a value", help=_value_help(thing))
        return UNKNOWN

    def thing(self, expr: ast.Expr) -> Thing:
        """Returns what an expression stands for: a value, a selection, a keyframe, the world, …"""
        if self.depth >= DEEPEST:
            self.report(rules.TOO_DEEP, expr.span, "this is nested too deeply", help="name a part of it in `signal`")
            return UNKNOWN
        self.depth += 1
        try:
            found = HANDLERS[type(expr)](self, expr)
            if self.seen is not None:
                self.seen[expr.span] = found
            return found
        finally:
            self.depth -= 1

    def guard(self, span: Span, build: Callable[[], Value], operands: Sequence[ast.Expr] = ()) -> Value | Unknown:
        """Runs a typed operation and reports a broken rule at `span`; one bare operand can be given its unit."""
        try:
            return build()
        except TypeProblem as problem:
            self.out.add(
                Diagnostic(
                    problem.rule,
                    problem.message,
                    span,
                    notes=problem.notes,
                    help=problem.help,
                    fix=_with_unit(problem.unit, operands),
                )
            )
            return UNKNOWN

    def report(self, rule: Rule, span: Span, message: str, **more: object) -> None:
        self.out.report(rule, span, message, **more)

    def declare(
        self, name: str, what: str, resolve: Callable[[], Thing], at: ast.Expr | ast.Stmt | ast.Section
    ) -> None:
        """Declares a name, and reports one that is already taken."""
        span = at.name_span if isinstance(at, ast.Section) else at.span
        if not free_name(name, span, self.out):
            return
        earlier = self.scope.declare(name, what, resolve, span)
        if earlier is not None:
            related = (Label(earlier.span, f"first declared here, as {earlier.what}"),)
            help = "rename one of the two"
            self.report(rules.DUPLICATE_NAME, span, f"`{name}` is already declared", related=related, help=help)

    def drawing(
        self, stream: str, scope: str, owner: str, axes: tuple[Axis, ...] = (), shared: bool = False
    ) -> DrawContext:
        """Returns a place to draw in for a declaration; a second one for the same stream gets another."""
        name = unused(stream, self.streams)
        self.streams.add(name)
        return DrawContext(name, scope, axes, shared, owner=owner)

    # What several handlers need -------------------------------------------------------------------------------------

    def scalar(
        self, expr: ast.Expr, dim: Dim, what: str, range: Range = ANY, rule: Rule = rules.OUT_OF_RANGE
    ) -> float | None:
        """Returns a literal number in SI of the wanted dimension and range; None when it was reported."""
        if isinstance(expr, ast.Table):
            message, help = f"{what} must be one number, and this is a table", "give elements that differ a line each"
            self.report(rules.NOT_A_LITERAL, expr.span, message, help=help)
            return None
        value = self.value(expr)
        if isinstance(value, Unknown):
            return None
        if value.node.op == "neg" and value.node.args[0].op == "const":
            value = value.but(node=const(-value.node.args[0].attr("value")))
        if value.node.op != "const" or value.axes or value.is_bool:
            self.report(
                rules.NOT_A_LITERAL, expr.span, f"{what} must be a literal number", help="write the number itself"
            )
            return None
        if not self.expect_dim(value, dim, expr.span, what):
            return None
        if range is not ANY and not fits(self, value.but(dim=dim), range, expr, what, rule):
            return None
        return float(value.node.attr("value"))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Lets a declaration be checked where something uses it, without the draws and local names of that place."""
        draws, self.draws = self.draws, None
        locals, self.scope.locals = self.scope.locals, []
        try:
            yield
        finally:
            self.draws, self.scope.locals = draws, locals

    @contextmanager
    def counting(self, *words: str) -> Iterator[None]:
        """Lets these words for a count follow numbers, as in `20e6 env_states`, and no others."""
        outer, self.counts = self.counts, words
        try:
            yield
        finally:
            self.counts = outer

    def expect_dim(self, value: Value, dim: Dim, span: Span, what: str) -> bool:
        """Reports and returns False when a value has another dimension than `what` needs."""
        if value.zero or (value.dim.same(dim) and not value.mixed):
            if not value.zero and value.dim == NUMBER and dim.angle_differs(value.dim):
                message = f"{what} is {in_unit(dim)}, and this is a plain number"
                # SI is what numbers are kept in: with the unit written out, the value stays what it was.
                fix = Fix("write `rad`", (behind(span, " rad"),), safe=True)
                help = "write the unit, for example `rad` or `deg`"
                self.report(
                    rules.ANGLE_MISMATCH,
                    span,
                    message,
                    help=help,
                    fix=fix if value.literal and dim.same(ANGLE) else None,
                )
            return True
        bare = value.literal and value.dim == NUMBER
        rule = rules.MISSING_UNIT if bare else rules.UNIT_MISMATCH
        have = "a number without a unit" if bare else str(value.dim)
        moved = self._moved_up(span, dim)
        help = (
            f"all behind `/` divides: write `{moved}`"
            if moved
            else f"write the unit, for example `{_number_text(value)} {dim}`"
            if bare
            else "leave the unit out, or divide by one"
            if dim == NUMBER
            else f"give it {in_unit(dim)}: they differ by a factor of {factor_between(value.dim, dim)}"
        )
        fix = Fix(f"write `{dim}`", (behind(span, f" {dim}"),)) if bare else None
        fix = Fix(f"write `{moved}`", (Edit(span, moved),)) if moved else fix
        wanted = "a plain number" if dim == NUMBER else in_unit(dim)
        self.report(rule, span, f"{what} is {wanted}, and this is {have}", help=help, fix=fix)
        return False

    def _moved_up(self, span: Span, dim: Dim) -> str:
        """Returns a number such as `10 Nm/rad*s` with all factors behind its unit's `/` but the first put above it,
        where that makes the dimension wanted; empty for any other text.
        """
        source = self.robot.sources.get(span.file)
        text = source.text[span.start : span.end] if source is not None else ""
        number, _, unit = text.partition(" ")
        above, slash, below = unit.partition("/")
        first, star, more = below.partition("*")
        swapped = f"{above}*{more}/{first}"
        try:
            return f"{number} {swapped}" if slash and star and parse_unit(swapped).dim.same(dim) else ""
        except UnitError:
            return ""

    def param(self, name: str, value: Value, role: Role, owner: str, span: Span, draw: Draw | None = None) -> Value:
        """Turns a literal number into a runtime parameter of its own; any other value stays what it is."""
        node = value.node
        sign = 1.0
        if node.op == "neg" and node.args[0].op == "const":
            node, sign = node.args[0], -1.0
        if node.op != "const" or node.shape != () or value.is_bool:
            return value
        param = self.params.add(name, sign * float(node.attr("value")), role, owner, span, draw)
        return value.but(node=make("param", name=param.name, dtype="float", shape=()), literal=False)


# In words and fixes ------------------------------------------------------------------------------------------------


def _with_unit(unit: str, operands: Sequence[ast.Expr]) -> Fix | None:
    """Returns the fix that gives the one number without a unit among the operands its unit."""
    bare = [o for o in operands if isinstance(o, ast.Quantity) and o.unit.dim == NUMBER and not o.unit.text]
    return Fix(f"write `{unit}`", (behind(bare[0].span, f" {unit}"),)) if unit and len(bare) == 1 else None


def what(thing: Thing) -> str:
    """Returns what an expression stands for, in words."""
    if isinstance(thing, Selection):
        return f"`{thing.alias}` (a selection of {len(thing.names)} {KINDS[thing.of].plural})"
    if isinstance(thing, Keyframe):
        return f"the keyframe `{thing.name}`"
    if isinstance(thing, World):
        return "`world`"
    if isinstance(thing, FrameOf):
        return f"the frame `{thing.frame.name}`"
    if isinstance(thing, Value):
        return f"a value ({thing.describe()})"
    return "this"


def _value_help(thing: Thing) -> str:
    if isinstance(thing, Selection):
        return f"pick a quantity of it, for example `{thing.alias}.pos`"
    if isinstance(thing, Keyframe):
        return "pick its joint positions: `.pos`"
    return ""


def _number_text(value: Value) -> str:
    return f"{value.node.attr('value'):g}" if value.node.op == "const" and not value.node.shape else "…"
