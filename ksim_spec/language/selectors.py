"""Selections of robot elements by name: `joints("*_hip_*", "*_knee")`, `body("torso")`, `keyframe("stand")`.

One rule everywhere: globs that match whole names, in the order the patterns are written, then in MJCF order. An empty
match is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ksim_spec import rules
from ksim_spec.diagnostics import Advice, article, suggest
from ksim_spec.language.members import sensor_value
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import KINDS, ElementKind, Keyframe, Selection
from ksim_spec.language.types import UNKNOWN, Axis
from ksim_spec.robot.floors import NAME as FLOOR
from ksim_spec.robot.naming import matching
from ksim_spec.syntax import ast

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker

_PLURAL: dict[str, ElementKind] = {row.plural: kind for kind, row in KINDS.items() if row.plural}
SELECTORS = (*_PLURAL.values(), *_PLURAL, "keyframe")


def plural(kind: str) -> str:
    """Returns the word for several elements of a kind, which is also the selector for several."""
    return KINDS[cast(ElementKind, kind)].plural


def kind_of(word: str) -> str | None:
    """Returns the kind of element that a selector names, or None for another word."""
    return _PLURAL.get(word, word) if word in SELECTORS else None


def match(patterns: list[str], names: list[str]) -> tuple[list[str], list[str]]:
    """Returns the matched names (pattern order, then given order, each once) and the patterns that match nothing."""
    found: dict[str, None] = {}
    empty: list[str] = []
    for pattern in patterns:
        hits = matching(pattern, names)
        if not hits:
            empty.append(pattern)
        found.update(dict.fromkeys(hits))
    return list(found), empty


_REGEX = re.compile(r"\.[*+]|^\^|\$$|\([^()]*\|[^()]*\)|\\.")


def _glob_help(pattern: str, names: list[str]) -> str:
    """Returns the help for a regular expression: the glob that means the same, where one matches something."""
    if not _REGEX.search(pattern):
        return ""
    glob = re.sub(r"\.[*+]", "*", pattern.removeprefix("^").removesuffix("$"))
    group = re.search(r"\(([^()]*\|[^()]*)\)", glob)
    globs = [glob[: group.start()] + x + glob[group.end() :] for x in group[1].split("|")] if group else [glob]
    hits, empty = match(globs, names)
    if empty:
        return ""
    written = ", ".join(f'"{g}"' for g in globs) if group else globs[0]
    text = f"patterns are globs: `{written}` matches {len(hits)}"
    return text if group else Advice(text, glob, pattern)


def select(c: Checker, e: ast.Call) -> Thing:
    """Returns the selection (or keyframe) that a selector call names; reports unknown names with near ones."""
    assert isinstance(e.func, ast.Name)
    word = e.func.id
    patterns: list[tuple[str, ast.Expr]] = []
    for arg in e.args:
        if not isinstance(arg.value, ast.String) or arg.name or arg.where or arg.binder:
            c.report(
                rules.WRONG_ARGUMENTS,
                arg.span,
                f"`{word}` takes names in quotes",
                help=f'for example `{word}("left_*")`',
            )
            return UNKNOWN
        patterns.append((arg.value.value, arg.value))
    if not patterns:
        c.report(rules.WRONG_ARGUMENTS, e.span, f"`{word}` needs a name in quotes", help=f'for example `{word}("…")`')
        return UNKNOWN
    if c.robot.unknown:
        return UNKNOWN
    if word == "keyframe":
        return _keyframe(c, patterns)
    kind = cast(ElementKind, _PLURAL.get(word, word))
    return _elements(c, e, kind, word, patterns)


def _elements(c: Checker, e: ast.Call, kind: ElementKind, word: str, patterns: list[tuple[str, ast.Expr]]) -> Thing:
    if kind == "geom" and c.robot.any_floor and any(matching(p, [FLOOR]) for p, _ in patterns):
        return UNKNOWN
    names = c.robot.names(kind)
    names += c.robot.numbered(kind, [p for p, _ in patterns])
    found, empty = match([p for p, _ in patterns], names)
    for pattern, expr in patterns:
        if pattern in empty and not (kind == "site" and c.robot.incomplete):
            wild = any(ch in pattern for ch in "*?[")
            what = f"matches no {kind}" if wild else f"is not {article(kind)}"
            message = f"`{pattern}` {what} of {c.robot.name}"
            notes = tuple(c.robot.about_unnamed(kind, plural(kind)))
            near = suggest(pattern, names, plural(kind))
            help = _glob_help(pattern, names) or (str(near) if wild else near)  # one name is no fix of a pattern
            c.report(rules.UNKNOWN_ELEMENT, expr.span, message, help=help, notes=notes)
    if empty or not found:
        return UNKNOWN
    if kind == "geom":
        found = list(dict.fromkeys(c.robot.geom_name(n) for n in found))
    label = f"{word}({', '.join(repr_name(p) for p, _ in patterns)})"
    if word == kind:
        if len(found) > 1:
            c.report(
                rules.AMBIGUOUS_SELECTOR,
                e.span,
                f"`{label}` matches {len(found)} {plural(kind)}",
                help=f"use `{plural(kind)}(…)` for several",
            )
            return UNKNOWN
        single = Selection(kind, (found[0],), label, None)
        return sensor_value(c, single) if kind == "sensor" else single
    if kind == "sensor":
        c.report(rules.NOT_A_SELECTION, e.span, "sensors are read one at a time", help='write `sensor("name")`')
        return UNKNOWN
    if kind == "joint":
        found = [n for n in found if c.robot.joint_type(n) != "free"] or found
        if not _one_joint_type(c, e, label, found):
            return UNKNOWN
    return Selection(kind, tuple(found), label, Axis(kind, tuple(found)))


def repr_name(name: str) -> str:
    return f'"{name}"'


def _one_joint_type(c: Checker, e: ast.Call, label: str, names: list[str]) -> bool:
    types = sorted({c.robot.joint_type(n) for n in names})
    if len(types) == 1:
        return True
    examples = ", ".join(f"`{next(n for n in names if c.robot.joint_type(n) == t)}` is a {t}" for t in types)
    c.report(
        rules.MIXED_JOINT_TYPES,
        e.span,
        f"`{label}` mixes {' and '.join(types)} joints, which have different units",
        notes=(examples,),
        help="select each type on its own",
    )
    return False


def _keyframe(c: Checker, patterns: list[tuple[str, ast.Expr]]) -> Thing:
    name, expr = patterns[0]
    known = c.robot.keyframes()
    if name not in known:
        c.report(
            rules.UNKNOWN_ELEMENT,
            expr.span,
            f"`{name}` is not a keyframe of {c.robot.name}",
            help=suggest(name, known, "keyframes") + ("" if known else "; `default` is the model's reference pose"),
        )
        return UNKNOWN
    return Keyframe(name)
