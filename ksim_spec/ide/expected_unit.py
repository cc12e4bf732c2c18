"""The dimension that a number must have where it stands, and the units that have it."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec.ide import docs
from ksim_spec.ide.completion_context import Context
from ksim_spec.ide.completion_item import Item
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import Value
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import COUNTS
from ksim_spec.syntax.parse import parse_expr
from ksim_spec.units import (
    ACCELERATION,
    ANGULAR_VELOCITY,
    FREQUENCY,
    NUMBER,
    TIME,
    UNITS,
    VELOCITY,
    Dim,
    UnitError,
    parse_unit,
    rate_unit,
)

# Written units that are more than one symbol of the table.
_COMPOUND: dict[str, Dim] = {
    "m/s": VELOCITY, "m/s^2": ACCELERATION, "rad/s": ANGULAR_VELOCITY, "deg/s": ANGULAR_VELOCITY,
}  # fmt: skip
_KNOWN = {**{symbol: unit.dim for symbol, unit in UNITS.items()}, **_COMPOUND}
_ALIKE = ("+", "-", "<", "<=", ">", ">=", "==", "!=", "mod")
_DURATIONS = ("every", "delay")
_DRAWN = {"episode": "drawn at the start of every episode", "run": "drawn once, when the run begins"}
_WANTED = "the unit that is wanted here"


def units(snapshot: Snapshot, context: Context) -> Iterator[Item]:
    """Yields what can follow a number: first the unit that is wanted there, then others of its dimension, else all."""
    dim = wanted(snapshot, context)
    spelled = _spelled(context, dim)
    if context.where == "per":
        yield from _after_per(context, dim, spelled)
        return
    fitting = [u for u, d in _KNOWN.items() if dim is None or (d.same(dim) and not d.angle_differs(dim))]
    if spelled:
        yield _unit(spelled) if spelled in _KNOWN else Item(spelled, "unit", _WANTED)
    yield from map(_unit, fitting)
    if dim is None:
        yield from (Item(word, "unit", "count") for word in COUNTS)


def _after_per(context: Context, dim: Dim | None, spelled: str) -> Iterator[Item]:
    """What follows `per`: what is missing of the unit that is wanted, then the scopes of the place, else any unit."""
    begun = f"{context.done} per ".lstrip()
    rest = _missing(dim, context.done)
    if spelled.startswith(begun) or rest is not None:
        whole = spelled.removeprefix(begun) if spelled.startswith(begun) else str(rest)
        yield Item(whole, "unit", _WANTED)
        if " " in whole:
            yield _unit(whole.partition(" ")[0])
    yield from scopes(context, rest)
    if dim is None:
        yield from map(_unit, _KNOWN)


def _missing(dim: Dim | None, done: str) -> Dim | None:
    """Returns what still has to follow `per` for a unit to be of a dimension; None where that cannot be said."""
    try:
        rest = NUMBER if dim is None else parse_unit(done).dim / dim
    except UnitError:
        return None
    return None if rest == NUMBER or str(rest).startswith("per ") else rest


def scopes(context: Context, missing: Dim | None = None) -> Iterator[Item]:
    """Yields the words that may follow `per`: of a weight whose unit lacks `per s`, of a randomized field."""
    weighs = "weight" in (context.attribute, *context.given)
    if weighs and context.block in ("reward", "group", "product") and (missing is None or missing.same(TIME)):
        yield Item("step", "word", "added as it is at every control step")
    elif context.block == "randomize":
        yield from (Item(word, "word", text) for word, text in _DRAWN.items())


def as_typed(snapshot: Snapshot, context: Context, typed: str) -> Item | None:
    """Returns the word at a place as an item when it may stay as it is although no table has it; else None."""
    if not typed:
        return None
    if context.where in ("unit", "per") and _is_unit(typed):
        return _unit(typed)
    begin, end = context.start, context.start + len(typed)
    places = (d.span for d in snapshot.diagnostics if d.severity == "error" and snapshot.own(d.span))
    mistaken = any(span.start < end and begin < span.end for span in places)
    return None if mistaken else Item(typed, "word", "as it is")


def _is_unit(text: str) -> bool:
    try:
        parse_unit(text)
    except UnitError:
        return False
    return True


def _unit(text: str) -> Item:
    doc = docs.unit_doc(text)
    return Item(text, "unit", doc.text if doc is not None else str(_KNOWN[text]) if text in _KNOWN else "")


def _spelled(context: Context, dim: Dim | None) -> str:
    """Returns how the unit that is wanted is written at a place; empty where none is."""
    if dim is None or dim == NUMBER:
        return ""
    return rate_unit(FREQUENCY / dim) if context.attribute == "weight" else str(dim)


def wanted(snapshot: Snapshot, context: Context) -> Dim | None:
    """Returns the dimension that the number before a unit must have, from what it meets; None where anything goes."""
    path = snapshot.path_at(context.number + 1)
    if not any(isinstance(n, ast.Quantity) for n in path):  # a line that does not parse yet
        return _of_attribute(context.attribute, _dim_of(snapshot, context.value))
    for k in range(len(path) - 1, 0, -1):
        dim = _from(snapshot, path[k - 1], path[k], path[: k - 1])
        if dim is not None:
            return dim
    return None


def _from(snapshot: Snapshot, parent: ast.Node, node: ast.Node, around: list[ast.Node]) -> Dim | None:
    """The dimension that a node has to have as a part of its parent."""
    if isinstance(parent, ast.Binary) and parent.op in _ALIKE:
        return _dim(snapshot, parent.right if node is parent.left else parent.left)
    if isinstance(parent, ast.Call) and isinstance(node, ast.Arg) and node is not parent.args[0]:
        return _dim(snapshot, parent.args[0].value)
    if isinstance(parent, ast.Member) and node is not parent.value:
        return _dim(snapshot, parent.value)
    if isinstance(parent, ast.Attr):
        stmt = around[-1] if around else None
        return _of_attribute(parent.word, _valued(snapshot, stmt.value) if isinstance(stmt, ast.Assign) else None)
    if isinstance(parent, ast.Assign) and node is parent.value:
        block = next((n.keyword for n in reversed(around) if isinstance(n, ast.Section)), "")
        step = isinstance(parent.target, ast.Name) and parent.target.id.endswith("_step")
        return TIME if block == "world" and step else None
    return None


def _of_attribute(word: str, value: Dim | None) -> Dim | None:
    """The dimension of an attribute of a value."""
    if word in _DURATIONS:
        return TIME
    if value is None:
        return None
    if word == "weight":
        return FREQUENCY / value
    if word == "scale":
        return value**-1
    return value if word in ("noise", "bias", "clip") else None


def _dim_of(snapshot: Snapshot, text: str) -> Dim | None:
    """The dimension of a piece of an expression that has attributes; None for what has a mistake in it."""
    expr, found = parse_expr(SourceFile(snapshot.source.name, text))
    return None if found or not text else _valued(snapshot, expr, anew=True)


def _valued(snapshot: Snapshot, expr: ast.Expr, anew: bool = False) -> Dim | None:
    """The dimension of a whole value: of a condition or a number too, which are plain there."""
    thing = _thing(snapshot, expr, anew)
    if not isinstance(thing, Value) or thing.mixed:
        return None
    return NUMBER if thing.is_bool else thing.dim


def _dim(snapshot: Snapshot, expr: ast.Expr) -> Dim | None:
    thing = _thing(snapshot, expr)
    plain = isinstance(thing, Value) and not thing.literal and not thing.is_bool and not thing.mixed
    return thing.dim if isinstance(thing, Value) and plain else None


def _thing(snapshot: Snapshot, expr: ast.Expr, anew: bool = False) -> Thing | None:
    # a line with a mistake may not have been looked at; a text parsed anew has no places of its own
    return snapshot.evaluate(expr) if anew else snapshot.thing(expr) or snapshot.evaluate(expr)
