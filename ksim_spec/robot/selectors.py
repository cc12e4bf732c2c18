"""Choosing elements by glob: whole-name match, in the order the patterns are written, then MJCF order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import NOWHERE, Span

# Joint types that share a unit and a size; a selection has to stay within one group.
JOINT_GROUPS = {"hinge": "angles", "slide": "lengths", "ball": "balls", "free": "free joints"}


@dataclass(frozen=True)
class Selection:
    """Elements of one kind: ids in the robot's compiled model, and names (generated for an unnamed element)."""

    kind: str
    elements: tuple[el.Element, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(e.id for e in self.elements)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name_of(e) for e in self.elements)

    def __len__(self) -> int:
        return len(self.elements)


def name_of(element: el.Element) -> str:
    """Returns an element's name, else the name that scene composition gives it."""
    return element.name or generated_name(element.kind, element.id)


def generated_name(kind: str, index: int) -> str:
    """Returns the name of an unnamed element in the composed model; brackets keep it apart from names people write."""
    return f"{kind}[{index}]"


@lru_cache(maxsize=512)
def glob(pattern: str) -> re.Pattern[str]:
    """Returns the matcher of a glob: `*`, `?`, `[…]`; case counts."""
    return re.compile(translate(pattern))


def match(names: Sequence[str], pattern: str) -> list[str]:
    """Returns the names that a pattern matches as a whole, in the given order; an exact name wins over its glob meaning."""
    if pattern in names:
        return [pattern]
    return [n for n in names if glob(pattern).fullmatch(n)]


def select(index: RobotIndex, kind: str, patterns: Sequence[str], spans: Sequence[Span] = (),
           default_all: bool = True) -> Selection:
    """Returns what the patterns choose, without repeats; no patterns choose all (free joints left out).

    `spans` are the places of the patterns. Raises SpecError: KS120 when a pattern matches nothing (with a near name),
    KS121 when joints of different types are mixed.
    """
    known = index.names(kind)
    chosen: dict[int, el.Element] = {}
    problems: list[Diagnostic] = []
    for i, pattern in enumerate(patterns):
        found = [e for n in match(known, pattern) if (e := index.find(kind, n))]
        if not found:
            problems.append(_nothing(index, kind, pattern, known, spans[i] if i < len(spans) else NOWHERE))
        chosen.update({e.id: e for e in found if e.id not in chosen})
    if not patterns and default_all:
        chosen = {e.id: e for e in index.all(kind) if not (isinstance(e, el.Joint) and e.type == "free")}
    if not problems and kind == "joint":
        problems = _mixed(tuple(chosen.values()), spans[0].to(spans[-1]) if spans else NOWHERE)
    if problems:
        raise SpecError(problems, index.sources)
    return Selection(kind, tuple(chosen.values()))


def _nothing(index: RobotIndex, kind: str, pattern: str, known: list[str], span: Span) -> Diagnostic:
    wild = any(c in pattern for c in "*?[")
    message = f"no {kind} matches `{pattern}`" if wild else f"the robot has no {kind} `{pattern}`"
    others = [k for k in ("body", "joint", "geom", "site", "sensor", "actuator", "tendon", "camera", "keyframe")
              if k != kind and match(index.names(k), pattern)]  # fmt: skip
    advice = suggest(pattern, known, f"{kind}s")
    if others:
        article = "an" if others[0][0] in "ao" else "a"
        advice = f"there is {article} {others[0]} of that name; {advice}"
    elif not known and index.all(kind):
        advice = f"the {len(index.all(kind))} {kind}s of this robot have no names"
    return Diagnostic("KS120", "unknown-element", message, span, help=advice)


def _mixed(joints: tuple[el.Element, ...], span: Span) -> list[Diagnostic]:
    by_group: dict[str, list[str]] = {}
    for j in joints:
        if isinstance(j, el.Joint):
            by_group.setdefault(JOINT_GROUPS[j.type], []).append(j.label)
    if len(by_group) < 2:
        return []
    shown = "; ".join(f"{group}: {', '.join(f'`{n}`' for n in names[:3])}" for group, names in by_group.items())
    return [Diagnostic("KS121", "mixed-joints", "this selection mixes joint types", span, notes=(shown,),
                       help="select each type under its own name")]  # fmt: skip


def geoms_of_body(index: RobotIndex, body: int, colliding: bool = True) -> Selection:
    """Returns the geoms of one body, named or not; with `colliding` only those that can touch something."""
    geoms = index.colliding_geoms(body) if colliding else index.on_body("geom", body)
    return Selection("geom", tuple(geoms))
