"""Which numbers a place of the language takes: a `Range` in the row of the function, attribute or setting.

All of them are checked here: literals, numbers with a name, both ends of curriculum levels, and what a profile or
`--set` puts in their place. What hangs on the robot or a draw is kept as a `Limit` for the rules about design, which
know the intervals of everything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from ksim_spec import rules
from ksim_spec.ir.constant_fold import evaluate
from ksim_spec.ir.lazy_numpy import np
from ksim_spec.ir.node import Node, walk
from ksim_spec.ir.ops import make
from ksim_spec.rules import Rule
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast
from ksim_spec.units import FREQUENCY, NUMBER, TIME, Dim, UnitValue

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker
    from ksim_spec.language.types import Value

INF = math.inf
_EXACT = 1e-9  # relative: `20 ms` is one step of 20 ms, however the two were rounded
_LEVELS = 6  # so many levels are put at every combination of their ends


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high` (SI), an `open` end left out.

    Of the numbers below `gap`, only 0 is within. The ends are in control steps, or shares of the control rate, where it
    is `of` one. `dim` is the unit that the number must have, or that of the argument `like`: of another one, the unit
    is what is wrong. `above` is the argument that it may not be less than. Where a number outside has no value, `nan`,
    it is warned about what may be outside. A time that is `due` must come before an episode is over.
    """

    low: float = -INF
    high: float = INF
    open_low: bool = False
    open_high: bool = False
    whole: bool = False
    nonzero: bool = False
    gap: float = 0.0
    of: Literal["", "step", "rate"] = ""
    dim: Dim | None = None
    like: str = ""
    above: str = ""
    nan: bool = False
    due: bool = False

    def __contains__(self, x: float) -> bool:
        slack = _EXACT * max(abs(x), 1e-300)
        below = x <= self.low if self.open_low else x < self.low - slack
        beyond = x >= self.high if self.open_high else x > self.high + slack
        if below or beyond or not math.isfinite(x) or 0 < x < self.gap * (1 - _EXACT):
            return False
        return not (self.whole and x != round(x)) and not (self.nonzero and x == 0)

    def at(self, control_step: float, dim: Dim) -> Range:
        """Returns the same range with its ends in SI, for a number with this unit."""
        if self.of == "step" and not dim.same(TIME):
            return replace(self, of="", whole=True, gap=0.0)
        scale = {"step": control_step, "rate": 1 / control_step}.get(self.of, 1.0)
        return replace(self, of="", low=self.low * scale, high=self.high * scale, gap=self.gap * scale)

    def __str__(self) -> str:
        """The range in words, as it stands in the documentation."""
        steps = "control step" if self.high == INF and self.low == 1 else "control steps"
        unit = {"step": f" {steps}", "rate": " of the control rate", "": ""}[self.of]
        return self.text(lambda x: f"{x:g}") + unit

    def text(self, show: Callable[[float], str]) -> str:
        """Returns the range in words, with its ends as `show` writes them."""
        parts = ["a whole number"] if self.whole else []
        if self.low > -INF and self.high < INF and not (self.open_low or self.open_high):
            low = f"{show(self.low)} or " if self.gap else ""
            parts.append(f"{low}from {show(self.gap or self.low)} to {show(self.high)}")
        else:
            low = f"{'more than' if self.open_low else 'at least'} {show(self.low)}" if self.low > -INF else ""
            high = f"{'less than' if self.open_high else 'at most'} {show(self.high)}" if self.high < INF else ""
            parts.append(" and ".join(filter(None, (low, high))))
        parts += [f"not less than `{self.above}`"] if self.above else []
        parts += ["other than 0"] if self.nonzero else []
        return " ".join(filter(None, parts))

    def valid(self, x: float, one: float = 1.0) -> float:
        """Returns a number within that is like `x`; `one` is 1 in the unit that `x` is written in."""
        middle = (self.low + self.high) / 2
        ends = (self.low, self.high) if x < self.low else (self.high, self.low)
        near = (abs(x), round(x)) if math.isfinite(x) else ()
        found = (*near, *ends, one, middle, 1.0)
        inside = [float(y) for y in found if math.isfinite(y) and (y != 0 or x != 0) and y in self]
        return inside[0] if inside else 0.0


ANY = Range()
POSITIVE = Range(0, open_low=True)
NOT_NEGATIVE = Range(0)
NONZERO = Range(nonzero=True)
PROBABILITY = Range(0, 1, dim=NUMBER)
DURATION = replace(POSITIVE, dim=TIME)
INTERVAL = Range(1, of="step", dim=TIME)  # from one time to the next: nothing happens between two control steps
DELAY = Range(0, 1000, gap=0.5, of="step", due=True)  # a time, or a number of steps: so many samples are kept
HISTORY = Range(1, 1000, of="step", due=True)
CUTOFF = Range(0, 0.5, open_low=True, of="rate", dim=FREQUENCY)  # Nyquist: half the rate at which samples come


class Word(str):
    """What a word of the language means, and the numbers that it takes; the text says both."""

    range: Range

    def __new__(cls, meaning: str, range: Range) -> Word:
        made = super().__new__(cls, f"{meaning}; {range}")
        made.range = range
        return made

    def __getnewargs__(self) -> tuple[str, Range]:
        return str(self).removesuffix(f"; {self.range}"), self.range


def range_of(words: Mapping[str, str], word: str) -> Range:
    """Returns the numbers that a word takes by its row; any where the row says none."""
    row = words[word]
    return row.range if isinstance(row, Word) else ANY


@dataclass(frozen=True)
class Limit:
    """A number that must lie in a range and is not known before there is a robot and an episode."""

    node: Node
    range: Range
    what: str
    dim: Dim = NUMBER
    span: Span = field(default=NOWHERE, compare=False)


def fits(c: Checker, value: Value, range: Range, expr: ast.Expr, what: str, rule: Rule = rules.OUT_OF_RANGE) -> bool:
    """Reports and returns False when a value is outside of its range; keeps what cannot be known yet."""
    if value.is_bool or not _has_unit(value, range):
        return True  # that is what is wrong with it
    if range.of and c.clockless:
        return True
    own = range.at(c.control_dt, TIME if value.zero and range.dim is not None else value.dim)
    found = corners(c, [value.node])
    if found is None or range.due:
        c.limits.append(Limit(value.node, own, what, value.dim, expr.span))
    wrong = next((x for corner in found or () for x in numbers(corner[0]) if x not in own), None)
    if wrong is None:
        return True
    show, one = _writer(expr, value.dim)
    becomes = "is" if len(found or ()) == 1 else "can be"
    message = f"{what} must be {own.text(show)}, and this {becomes} {show(wrong)}"
    c.report(rule, expr.span, message, help=f"for example `{show(own.valid(wrong, one))}`")
    return False


def ordered(c: Checker, low: Value, high: Value, expr: ast.Expr, what: str) -> bool:
    """Reports and returns False when a range ends below its start, at an end of a level at least."""
    if low.is_bool or high.is_bool or not (low.zero or high.zero or low.dim.same(high.dim)):
        return True
    found = corners(c, [low.node, high.node])
    if found is None:
        if low.node.shape == high.node.shape or not (low.node.shape and high.node.shape):
            width = make("sub", high.node, low.node)
            c.limits.append(Limit(width, NOT_NEGATIVE, f"the length of {what}", high.dim, expr.span))
        return True
    if not any(_below(*corner) for corner in found):
        return True
    can = "ends" if len(found) == 1 else "can end"
    c.report(rules.EMPTY_RANGE, expr.span, f"{what} {can} below its start", help="write the smaller value first")
    return False


def arguments_fit(
    c: Checker, name: str, ranges: Mapping[str, Range], values: Mapping[str, Value], exprs: Mapping[str, ast.Expr]
) -> bool:
    """Reports and returns False when an argument of a call is outside of the range that its row gives it."""
    good = True
    for param, range in ranges.items():
        value = values.get(param)
        if value is None:
            continue
        like = values.get(range.like)
        if like is not None:
            range = replace(range, dim=like.dim if not like.zero else None)
        if range.above:
            low = values.get(range.above)
            good &= low is None or ordered(c, low, value, exprs[param], f"the range of `{name}`")
        good &= fits(c, value, range, exprs[param], f"`{param}` of `{name}`")
    return good


def noted(ranges: Mapping[str, Range]) -> str:
    """Returns what a row says of its arguments' ranges: "`scale` more than 0"; empty where they are any numbers."""
    return ", ".join(f"`{param}` {range}" for param, range in ranges.items())


def _has_unit(value: Value, range: Range) -> bool:
    wanted = (TIME, NUMBER) if range.of == "step" and range.dim is None else (range.dim,)
    return value.zero or any(dim is None or value.dim.same(dim) for dim in wanted)


# What a value can be -------------------------------------------------------------------------------------------------


def corners(c: Checker, nodes: list[Node]) -> list[list[Any]] | None:
    """Returns what values are at every combination of the ends of levels; None for what is not known before a run."""
    if all(n.op == "const" for n in nodes):
        return [[n.attr("value") for n in nodes]]
    levels: dict[str, tuple[float, float]] = {}
    for n in walk(nodes):
        if n.op == "level" and n.attr("name") in c.levels:
            levels[n.attr("name")] = c.levels[n.attr("name")]
        elif n.op not in ("const", "param") and not n.args:
            return None
    params = {p.name: p.value for p in c.params.all()}
    together = product(*levels.values()) if len(levels) <= _LEVELS else zip(*levels.values(), strict=True)
    found = [[evaluate(n, params, dict(zip(levels, at, strict=True))) for n in nodes] for at in together]
    return None if any(x is None for corner in found for x in corner) else found


def numbers(value: Any) -> Iterator[float]:
    """Yields the numbers of a value that was worked out, of any shape."""
    if isinstance(value, tuple | list):
        for x in value:
            yield from numbers(x)
    elif isinstance(value, int | float):
        yield float(value)
    else:
        yield from (float(x) for x in np.asarray(value).ravel())


def _below(low: Any, high: Any) -> bool:
    """True when any element of `high` is below that of `low`."""
    if isinstance(low, int | float) and isinstance(high, int | float):
        return high < low - _EXACT * abs(low)
    try:
        return bool((np.asarray(high) < np.asarray(low) - _EXACT * np.abs(low)).any())
    except ValueError:  # shapes that do not go together: reported where the two meet
        return False


def _writer(expr: ast.Expr, dim: Dim) -> tuple[Callable[[float], str], float]:
    """Returns what writes a number of SI in the unit of the expression's literal, and how much 1 of that unit is."""
    unit = _unit(expr, dim)
    if unit is None:
        suffix = "" if dim == NUMBER else f" {dim}"
        return (lambda x: f"{x + 0.0:g}{suffix}"), 1.0
    space = "" if unit.text == "" else " "
    return (lambda x: f"{x / unit.to_si + 0.0:.6g}{space}{unit.text}"), unit.to_si


def _unit(expr: ast.Expr, dim: Dim) -> UnitValue | None:
    while isinstance(expr, ast.Unary):
        expr = expr.value
    return expr.unit if isinstance(expr, ast.Quantity) and expr.unit.dim.same(dim) else None
