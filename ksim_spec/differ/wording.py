"""Words for changes: numbers with percentages, ranges that grew or shrank, the smallest part that differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from ksim_spec.contract.schema import Draw, Expression
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_expr

ARROW = "->"


def number(x: float | None) -> str:
    """Returns a number as people write it in a spec: `3.5e6`."""
    return "none" if x is None else f"{x:.6g}".replace("e+0", "e").replace("e-0", "e-")


def numbers(values: Iterable[float] | None) -> str:
    """Returns one number for a vector of equal ones, else all of them."""
    listed = [number(v) for v in values or ()]
    if len(set(listed)) == 1:
        return listed[0]
    return f"[{', '.join(listed)}]" if listed else "none"


def percent(old: float, new: float) -> str:
    """Returns ` (+50 %)`; nothing where the old number is zero or the sign turns."""
    if old == 0 or old * new < 0 or old == new:
        return ""
    return f" ({(new / old - 1) * 100:+.3g} %)"


def moved(old: float, new: float, unit: str = "") -> str:
    tail = f" {unit}" if unit and unit != "1" else ""
    return f"{number(old)} {ARROW} {number(new)}{tail}{percent(old, new)}"


def interval(draw: Draw) -> tuple[float, float]:
    """Returns between what a draw mostly lies: its ends, or one standard deviation to either side."""
    a = draw.arguments
    if draw.distribution in ("uniform", "log_uniform", "choice"):
        return (-abs(a[0]), abs(a[0])) if len(a) == 1 else (min(a), max(a))
    if draw.distribution == "normal":
        mean, sd = (0.0, a[0]) if len(a) == 1 else (a[0], a[1])
        return mean - abs(sd), mean + abs(sd)
    return (0.0, a[0]) if draw.distribution == "bernoulli" else (-abs(a[-1]), abs(a[-1]))


def direction(old: Sequence[Draw], new: Sequence[Draw]) -> str:
    """Returns `widened`, `narrowed` or `moved` for draws of the same kinds; nothing where they cannot be compared."""
    if not old or [d.distribution for d in old] != [d.distribution for d in new]:
        return ""
    pairs = [(interval(a), interval(b)) for a, b in zip(old, new, strict=True)]
    changed = [(a, b) for a, b in pairs if a != b]
    if not changed:
        return ""
    if all(b[0] <= a[0] and a[1] <= b[1] for a, b in changed):
        return "widened"
    return "narrowed" if all(a[0] <= b[0] and b[1] <= a[1] for a, b in changed) else "moved"


def edited(
    old: Expression, new: Expression, causes: Mapping[str, tuple[str, str]], signals: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Returns what changed in an expression, and through what where its own text is the same.

    `causes` are the old and new texts of the signals that changed, `signals` the texts of all of them.
    """
    if old.text != new.text:
        a, b = smallest(old.text, new.text)
        how = direction(old.draws, new.draws)
        text = f"`{a}` {ARROW} `{b}`{_literal_percent(a, b)}{f', {how}' if how else ''}"
        whole = () if (a, b) == (old.text, new.text) else (f"in `{new.text}`",)
        return text, whole
    if old.values is not None and new.values is not None:
        return f"{numbers(old.values)} {ARROW} {numbers(new.values)}", ()
    through = []
    for name in sorted(_reached(new.text, signals) & causes.keys()):
        a, b = smallest(*causes[name])
        through.append(f"`{a}` {ARROW} `{b}`{_literal_percent(a, b)} in `{name}`")
    if not new.text:
        return "its value is computed in another way", tuple(through)
    if not through:
        return f"`{new.text}` means something else", ()
    return ", ".join(through), (f"which `{new.text}` depends on",)


def _reached(text: str, signals: Mapping[str, str]) -> set[str]:
    """The words of a text, and of the signals that it uses, and so on."""
    found: set[str] = set()
    todo = re.findall(r"\w+", text)
    while todo:
        word = todo.pop()
        if word not in found:
            found.add(word)
            todo += re.findall(r"\w+", signals.get(word, ""))
    return found


def _literal_percent(a: str, b: str) -> str:
    one, other = (_quantity(x) for x in (a, b))
    return percent(one.si, other.si) if one and other and one.unit.dim == other.unit.dim else ""


def _quantity(text: str) -> ast.Quantity | None:
    found, problems = parse_expr(SourceFile("", text))
    return found if isinstance(found, ast.Quantity) and not problems else None


def smallest(old: str, new: str) -> tuple[str, str]:
    """Returns the texts of the smallest subexpressions that hold all the differences; the whole texts where unclear."""
    (a, wrong_a), (b, wrong_b) = (parse_expr(SourceFile("", x)) for x in (old, new))
    if not old or not new or wrong_a or wrong_b or a == b:
        return old, new
    one, other = _descend(a, b)
    return old[one.span.start : one.span.end], new[other.span.start : other.span.end]


def _descend(a: ast.Node, b: ast.Node) -> tuple[ast.Node, ast.Node]:
    while type(a) is type(b):
        inside_a, inside_b = _children(a), _children(b)
        if len(inside_a) != len(inside_b) or _own(a) != _own(b):
            break
        differing = [(x, y) for x, y in zip(inside_a, inside_b, strict=True) if x != y]
        if len(differing) != 1 or (isinstance(a, ast.Call) and differing[0][0] is a.func):
            break  # what a function is called is no expression
        a, b = differing[0]
    return a, b


def _children(node: ast.Node) -> list[ast.Node]:
    values = [getattr(node, f.name) for f in fields(node)]
    listed = [x for v in values for x in (v if isinstance(v, tuple) else (v,))]
    return [x for x in listed if isinstance(x, ast.Node)]


def _own(node: ast.Node) -> list[object]:
    values = [getattr(node, f.name) for f in fields(node) if f.compare]
    return [
        v
        for v in values
        if not isinstance(v, ast.Node) and not (isinstance(v, tuple) and any(isinstance(x, ast.Node) for x in v))
    ]


def elements_moved(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Returns one line that says where elements stand, before and after, of those that moved; none without any."""
    rows = [f"{x}: {old.index(x)} -> {new.index(x)}" for x in old if x in new and old.index(x) != new.index(x)]
    rows += [f"{x} is gone" for x in old if x not in new] + [f"{x} is new" for x in new if x not in old]
    more = [f"and {len(rows) - 4} more"] if len(rows) > 4 else []
    return [", ".join([*rows[:4], *more])] if rows else []
