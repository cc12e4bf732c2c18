"""Reading the attributes of a statement or header: each block says which words it takes, the rest is reported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ksim_spec import rules
from ksim_spec.diagnostics import Edit, Fix, before, behind, suggest
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import make
from ksim_spec.ir.temporal_ops import is_temporal
from ksim_spec.language import algebra
from ksim_spec.language.checker import Checker
from ksim_spec.language.distributions import sample
from ksim_spec.language.ranges import ANY, INTERVAL, Range, ordered, range_of
from ksim_spec.language.types import UNKNOWN, Unknown, Value
from ksim_spec.source import Span
from ksim_spec.syntax import ast
from ksim_spec.units import Dim


@dataclass(frozen=True)
class Attributes:
    """The attributes of one statement by word; a repeated or unexpected word has been reported."""

    found: dict[str, ast.Attr]

    def get(self, word: str) -> ast.Attr | None:
        return self.found.get(word)

    def expr(self, word: str) -> ast.Expr | None:
        """Returns the first value of an attribute, or None when the attribute is absent or bare."""
        attr = self.found.get(word)
        return attr.values[0] if attr is not None and attr.values else None

    def word(self, word: str) -> str | None:
        """Returns the bare name after an attribute, as in `on event`."""
        expr = self.expr(word)
        return expr.id if isinstance(expr, ast.Name) else None

    def __contains__(self, word: str) -> bool:
        return word in self.found


def attributes(c: Checker, attrs: tuple[ast.Attr, ...], allowed: Collection[str] | None, where: str) -> Attributes:
    """Returns the attributes by word; reports those that `where` does not take, and repeated ones."""
    found: dict[str, ast.Attr] = {}
    allowed = allowed or ()
    for attr in attrs:
        if attr.word not in allowed:
            c.report(
                rules.UNKNOWN_ATTRIBUTE,
                attr.span,
                f"{where} takes no `{attr.word}`",
                help=suggest(attr.word, allowed, "attributes"),
            )
        elif attr.word in found:
            fix = Fix("remove it", (Edit(attr.span, ""),))
            c.report(rules.DUPLICATE_ATTRIBUTE, attr.span, f"`{attr.word}` is given twice", help="keep one", fix=fix)
        else:
            found[attr.word] = attr
    return Attributes(found)


def scalar(c: Checker, attrs: Attributes, word: str, dim: Dim, what: str, row: Mapping[str, str]) -> float | None:
    """Returns the number of an attribute in SI, in the range of its row; None where it is absent or was reported."""
    expr = attrs.expr(word)
    return None if expr is None else c.scalar(expr, dim, what, range_of(row, word))


def bounds(c: Checker, expr: ast.Expr, dim: Dim, what: str, range: Range = ANY) -> tuple[float, float] | None:
    """Returns the ends of a literal range in SI; one value stands for both. None when it was reported."""
    low_expr, high_expr = (expr.low, expr.high) if isinstance(expr, ast.Range) else (expr, expr)
    low = c.scalar(low_expr, dim, what, range)
    high = c.scalar(high_expr, dim, what, range) if low is not None else None  # what is wrong with both is said once
    if low is None or high is None:
        return None
    if high < low:
        c.report(rules.EMPTY_RANGE, expr.span, f"{what} ends below its start", help="write the smaller value first")
        return None
    return low, high


def drawn_interval(c: Checker, expr: ast.Expr, dim: Dim, stream: str, scope: str, what: str, owner: str) -> Node | None:
    """Returns the IR of a duration that a declaration draws from a literal range (its ends are parameters)."""
    ends = bounds(c, expr, dim, what, INTERVAL)
    if ends is None:
        return None
    low, high = ends
    low_at, high_at = (expr.low.span, expr.high.span) if isinstance(expr, ast.Range) else (expr.span, expr.span)
    low_param = c.param(f"{stream}.low", algebra.number(low, dim), "low", owner, low_at).node
    if low == high:
        return low_param
    high_param = c.param(f"{stream}.high", algebra.number(high, dim), "high", owner, high_at).node
    u = sample(c.drawing(stream, scope, owner), "uniform", ())
    return make("add", low_param, make("mul", u, make("sub", high_param, low_param)))


ALWAYS = frozenset({"const", "param", "level", "model", "pose"})  # known before anything happens
DRAWN = ALWAYS | {"sample"}
KICK = DRAWN | {"read"}
_LATER = {
    "read": "the state of the simulation", "action": "the action", "command": "a command", "time": "the time",
    "sample": "a draw", "stat": "a statistic",
}  # fmt: skip


def known_here(c: Checker, node: Node, allowed: frozenset[str], span: Span, what: str) -> bool:
    """Reports and returns False when a value needs something that does not exist yet where it is worked out."""
    for n in walk([node]):
        missing = "the past" if is_temporal(n) else _LATER.get(n.op) if n.op not in allowed else None
        if missing is not None:
            help = "use literals, keyframes, and draws" if "sample" in allowed else "use literals and keyframes"
            c.report(rules.NOT_KNOWN_HERE, span, f"{what} cannot depend on {missing}", help=help)
            return False
    return True


COMMAND_FIELD = "a command field"
_ANGLES = "give the angles that the command asks for a field each, for example `yaw`"


def _ways(value: Value) -> str:
    """How numbers become one: `norm` takes components only, and leaves joints and feet."""
    return "`sum(…)`, `mean(…)`, or `norm(…)`" if value.axes[-1].name == "xyz" else "`sum(…)`, `mean(…)`, or `max(…)`"


def need_scalar(c: Checker, value: Value | Unknown, span: Span, what: str) -> Value | None:
    """Returns the value when it is a scalar; reports one that still has axes, with the ways to reduce it."""
    if isinstance(value, Unknown):
        return None
    if value.kind == "rotation" and len(value.axes) == 1 and what == COMMAND_FIELD:
        message, help = f"{what} must be a single number, and a rotation has 4", _ANGLES
        c.report(rules.NOT_SCALAR, span, message, help=help)
        return None
    if value.axes:
        axes = ", ".join(f"`{a}`" for a in value.axes)
        kind, ways = ("true or false", "`any(…)` or `all(…)`") if value.is_bool else ("number", _ways(value))
        word = "any" if value.is_bool else "sum"
        around = (before(span, f"{word}("), behind(span, ")"))
        c.report(
            rules.NOT_SCALAR,
            span,
            f"{what} must be a single {kind}, and this still has {axes}",
            help=f"reduce it, for example with {ways}",
            fix=Fix(f"reduce it with `{word}(…)`", around) if len(value.axes) == 1 else None,
        )
        return None
    return value


def as_written(c: Checker, expr: ast.Expr | None) -> str:
    """Returns an attribute's value as the user wrote it."""
    if expr is None:
        return ""
    source = c.robot.sources.get(expr.span.file)
    return " ".join(source.text[expr.span.start : expr.span.end].split()) if source is not None else ""


def clipped(c: Checker, value: Value, expr: ast.Expr) -> Value | None:
    """Returns a value kept within `a .. b`, or ±a; None when something in the limits was reported."""
    limits = limits_of(c, expr)
    return None if limits is None else within(value, *limits)


def limits_of(c: Checker, expr: ast.Expr) -> tuple[Value, Value] | None:
    """Returns the ends of `a .. b`, or of ±a; None when something in them was reported."""
    if isinstance(expr, ast.Range):
        low, high = c.value(expr.low), c.value(expr.high)
    else:
        high = c.value(expr)
        low = UNKNOWN if isinstance(high, Unknown) else algebra.negate(high)
    if isinstance(low, Unknown) or isinstance(high, Unknown):
        return None
    return (low, high) if ordered(c, low, high, expr, "the clip") else None


def within(value: Value, low: Value, high: Value) -> Value:
    """Returns a value kept between two others; raises TypeProblem where they do not go together."""
    plain = value.but(frame=None, kind="scalar")
    limited = algebra.add(algebra.add(plain, low, "maximum"), high, "minimum")
    return replace(limited, mixed=value.mixed)
