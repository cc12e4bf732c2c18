"""The dimension that a number must have where it stands, and the units that have it."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec.ide import docs
from ksim_spec.ide.analysis import Snapshot
from ksim_spec.ide.items import Item
from ksim_spec.language.types import Value
from ksim_spec.syntax import ast
from ksim_spec.syntax.words import COUNTS
from ksim_spec.units import ACCELERATION, ANGULAR_VELOCITY, FREQUENCY, TIME, UNITS, VELOCITY, Dim

# Written units that are more than one symbol of the table.
_COMPOUND: dict[str, Dim] = {
    "m/s": VELOCITY, "m/s^2": ACCELERATION, "rad/s": ANGULAR_VELOCITY, "deg/s": ANGULAR_VELOCITY,
}  # fmt: skip
_ALIKE = ("+", "-", "<", "<=", ">", ">=", "==", "!=", "mod")
_DURATIONS = ("every", "delay")


def units(snapshot: Snapshot, offset: int) -> Iterator[Item]:
    """Yields the units for the number before an offset: those of the dimension that is wanted there, else all."""
    dim = wanted(snapshot, offset)
    known = {**{symbol: unit.dim for symbol, unit in UNITS.items()}, **_COMPOUND}
    fitting = [u for u, d in known.items() if dim is None or (d.same(dim) and not d.angle_differs(dim))]
    if dim is not None and not fitting:
        yield Item(str(dim), "unit", "the unit that is wanted here")
    for symbol in fitting:
        doc = docs.unit_doc(symbol)
        yield Item(symbol, "unit", doc.text if doc is not None else str(known[symbol]))
    if dim is None:
        yield from (Item(word, "unit", "count") for word in COUNTS)


def wanted(snapshot: Snapshot, offset: int) -> Dim | None:
    """Returns the dimension that a number before an offset must have, from what it meets; None where anything goes."""
    path = snapshot.path_at(len(snapshot.text[:offset].rstrip()))
    number = next((n for n in reversed(path) if isinstance(n, ast.Quantity)), None)
    if number is None:
        return None
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
        return _of_attribute(snapshot, parent, around)
    if isinstance(parent, ast.Assign) and node is parent.value:
        block = next((n.keyword for n in reversed(around) if isinstance(n, ast.Section)), "")
        step = isinstance(parent.target, ast.Name) and parent.target.id.endswith("_step")
        return TIME if block == "world" and step else None
    return None


def _of_attribute(snapshot: Snapshot, attr: ast.Attr, around: list[ast.Node]) -> Dim | None:
    if attr.word in _DURATIONS:
        return TIME
    stmt = around[-1] if around else None
    value = _dim(snapshot, stmt.value) if isinstance(stmt, ast.Assign) else None
    if value is None:
        return None
    if attr.word == "weight":
        return FREQUENCY / value
    if attr.word == "scale":
        return value**-1
    return value if attr.word in ("noise", "bias", "clip") else None


def _dim(snapshot: Snapshot, expr: ast.Expr) -> Dim | None:
    thing = snapshot.thing(expr) or snapshot.evaluate(expr)  # a line with a mistake may not have been looked at
    plain = isinstance(thing, Value) and not thing.literal and not thing.is_bool and not thing.mixed
    return thing.dim if isinstance(thing, Value) and plain else None
