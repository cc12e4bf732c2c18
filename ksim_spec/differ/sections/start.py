"""The pose that episodes begin in: angles of joints, and where free and ball joints are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ksim_spec.contract.schema import Element, Placed
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.wording import moved, number
from ksim_spec.rules import changes as change_rules

SHOWN = 4  # joints whose change is spelled out
_Key = tuple[str, str]


def pose(c: Comparison) -> None:
    """Compares the pose of the resets, joint by joint; a keyframe that is only called otherwise means the same."""
    a, b = c.old.reset, c.new.reset
    rows = [*_angles(c), *_places(c)]
    if rows:
        named = f"pose {a.keyframe or 'default'} -> {b.keyframe or 'default'}"
        text = named if a.keyframe != b.keyframe else "the pose differs"
        more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
        old, new = [list(row[1]) for row in rows], [list(row[2]) for row in rows]
        notes = [*(row[0] for row in rows[:SHOWN]), *more]
        c.add(change_rules.RESET_CHANGED, "reset.pose", text, old, new, notes=notes)
    elif a.keyframe != b.keyframe:
        c.renamed("reset.pose", a.keyframe or "default", b.keyframe or "default")
    if a.placed is None or b.placed is None:
        text = "a contract of an older version does not say where free joints start: that is not compared"
        c.add(change_rules.NOT_COMPARED, "reset.pose", text)


_Row = tuple[str, Sequence[float], Sequence[float]]


def _angles(c: Comparison) -> Iterator[_Row]:
    poses = [dict(zip(w.model.joints, w.reset.pose, strict=True)) for w in (c.old, c.new)]
    for name, old in poses[0].items():
        joint = c.renames.name("joint", name)
        new = poses[1].get(joint, old)
        if new != old:
            yield f"{joint} {moved(old, new)}", (old,), (new,)


def _places(c: Comparison) -> Iterator[_Row]:
    old = {(c.renames.name("body", p.body), c.renames.name("joint", p.joint)): p for p in c.old.reset.placed or ()}
    new = {(p.body, p.joint): p for p in c.new.reset.placed or ()}
    for key, a in old.items():
        b = new.get(key) or _only(new, key[0])
        if b is None or (a.position, a.rotation) == (b.position, b.rotation):
            continue
        yield f"{key[0]} {', '.join(_moved(a, b))}", _numbers(a), _numbers(b)


def _only(places: dict[_Key, Placed], body: str) -> Placed | None:
    """The one joint of this kind of a body, whatever it is called."""
    found = [p for (name, _), p in places.items() if name == body]
    return found[0] if len(found) == 1 else None


def _numbers(place: Placed) -> tuple[float, ...]:
    return (*(place.position or ()), *(place.rotation or ()))


def _moved(a: Placed, b: Placed) -> Iterator[str]:
    if a.position != b.position:
        yield _from_to(a, b)
    if a.rotation != b.rotation:
        yield f"turned by {number(_angle(a.rotation, b.rotation))} deg" if a.rotation and b.rotation else "turned"


def _from_to(a: Placed, b: Placed) -> str:
    if a.position is None or b.position is None:
        return f"starts at {_spot(a)} -> {_spot(b)}"
    differing = [k for k in range(3) if a.position[k] != b.position[k]]
    if len(differing) == 1:
        k = differing[0]
        return f"starts at {'xyz'[k]} {moved(a.position[k], b.position[k], 'm')}"
    return f"starts at {_spot(a)} -> {_spot(b)} m"


def _spot(place: Placed) -> str:
    return f"({', '.join(number(x) for x in place.position)})" if place.position else "its place in the robot file"


def _angle(a: Sequence[float], b: Sequence[float]) -> float:
    """Degrees between two rotations."""
    dot = abs(sum(x * y for x, y in zip(a, b, strict=True)))
    return round(math.degrees(2 * math.acos(min(1.0, dot))), 3)


def said_elsewhere(c: Comparison, old: Element, new: Element) -> bool:
    """Whether two keyframes are the starts of episodes, compared as such, or one is of a version that says less."""
    starts = [whole.reset.keyframe == key.name for whole, key in ((c.old, old), (c.new, new))]
    return all(starts) or c.old.reset.placed is None or c.new.reset.placed is None
