"""Limits that joints do not have: `.lower` is then minus infinity and `.upper` infinity.

Compared with something, or as one side of `max` and `min`, infinity does what no limit does. Anywhere else a number
would come out that is none, so a declaration whose value is not finite is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import Program
from ksim_spec.robot.index import RobotIndex

# What an element of a value may be besides a finite number.
Signs = frozenset[str]
FINITE: Signs = frozenset()
UP, DOWN, NONE = "+", "-", "?"  # infinity, minus infinity, no number
_FLIP = {UP: DOWN, DOWN: UP, NONE: NONE}
# Operations that move elements around, or keep the last of them.
_KEEP = frozenset(("take", "expand", "stack", "concat", "place", "prev", "history", "latch", "where", "max", "min"))
_TRUTHS = frozenset(("lt", "le", "eq", "ne", "and", "or", "not", "any", "all"))


def endless_limits(program: Program, index: RobotIndex) -> list[Diagnostic]:
    """Returns an error for every declaration in which a limit that a joint does not have becomes a number."""
    free = frozenset(j.name or "" for j in index.joints if j.range is None)
    if not any(_free(n, free) for n in walk(program.roots())):
        return []
    found: list[Diagnostic] = []
    known: dict[Node, Signs] = {}
    for declared in program.declarations():
        values = [node for _, node in (*declared.nodes, *declared.parts)]
        bad = next((v for v in values if _signs(v, free, known)), None)
        if bad is not None and declared.span not in [d.span for d in found]:
            found.append(_finding(declared.span, bad, free))
    return found


def _finding(span: object, value: Node, free: frozenset[str]) -> Diagnostic:
    names = list(dict.fromkeys(name for n in walk([value]) for name in _free(n, free)))
    more = f" and {len(names) - 1} more" if names[1:] else ""
    verb = "have" if more else "has"
    return Diagnostic(
        rules.ENDLESS_LIMIT,
        f"`{names[0]}`{more} {verb} no limits, so `.lower` and `.upper` are infinite and this is no number",
        span,  # type: ignore[arg-type]
        help="give the joint a `range` in the robot file, select joints that have one, or write the bounds yourself",
    )


def _free(node: Node, free: frozenset[str]) -> list[str]:
    """The joints without limits whose limits a leaf gives."""
    if node.op != "model" or node.attr("of") != "joint" or node.attr("what") not in ("lower", "upper"):
        return []
    return [name for name in node.attr("names") if name in free]


def _signs(root: Node, free: frozenset[str], known: dict[Node, Signs]) -> Signs:
    for node in walk([root]):
        if node not in known:
            args = [known[a] for a in node.args]
            own = frozenset((DOWN if node.attr("what") == "lower" else UP,)) if _free(node, free) else FINITE
            known[node] = _result(node, args) if node.args else own
    return known[root]


def _result(node: Node, args: Sequence[Signs]) -> Signs:
    if not any(args) or node.op in _TRUTHS:
        return FINITE
    if node.op in _RULES:
        return _RULES[node.op](node, args)
    return _join(args) if node.op in _KEEP else frozenset((NONE,))


def _join(args: Iterable[Signs]) -> Signs:
    return frozenset().union(*args)


def _flipped(signs: Signs) -> Signs:
    return frozenset(_FLIP[s] for s in signs)


def _sum(node: Node, args: Sequence[Signs]) -> Signs:
    signs = _join(args)
    return frozenset((NONE,)) if {UP, DOWN} <= signs or NONE in signs else signs


def _product(node: Node, args: Sequence[Signs]) -> Signs:
    (a, b), (x, y) = args, node.args
    if a and b:
        return frozenset((NONE,))
    signs, other = (a, y) if a else (b, x)
    factor = other.attr("value") if other.op == "const" and other.shape == () else 0.0
    return signs if factor > 0 else _flipped(signs) if factor < 0 else frozenset((NONE,))


def _quotient(node: Node, args: Sequence[Signs]) -> Signs:
    above, below = args
    if NONE in above or NONE in below or (above and below):
        return frozenset((NONE,))
    return _product(node, args) if above else FINITE  # a number over infinity is zero


def _larger(gone: str) -> Callable[[Node, Sequence[Signs]], Signs]:
    """Of the larger of two: where one is finite, minus infinity is gone; `gone` is that, or the other for `min`."""

    def rule(node: Node, args: Sequence[Signs]) -> Signs:
        return _join(args) - ({gone} if not all(gone in a for a in args) else set())

    return rule


_RULES: dict[str, Callable[[Node, Sequence[Signs]], Signs]] = {
    "add": _sum,
    "sub": lambda node, args: _sum(node, (args[0], _flipped(args[1]))),
    "neg": lambda node, args: _flipped(args[0]),
    "sum": _sum,
    "mean": _sum,
    "mul": _product,
    "div": _quotient,
    "maximum": _larger(DOWN),
    "minimum": _larger(UP),
    "abs": lambda node, args: frozenset(NONE if s == NONE else UP for s in args[0]),
    "square": lambda node, args: frozenset(NONE if s == NONE else UP for s in args[0]),
    "exp": lambda node, args: args[0] - {DOWN},
    "tanh": lambda node, args: args[0] & {NONE},
    "sign": lambda node, args: args[0] & {NONE},
}
