"""Values of a robot file that MuJoCo refuses when it builds the model: unknown words, wrong counts of numbers, and
bodies, joints and shapes that cannot be. Here all are found, without MuJoCo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, suggest
from ksim_spec.robot import elements as el
from ksim_spec.robot.defaults import ACTUATORS
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.mjcf import Node
from ksim_spec.robot.naming import name_of

_LIMITED = ("false", "true", "auto")
_TRUTH, _SWITCH = ("false", "true"), ("enable", "disable")
_FLAGS = ("contact", "constraint", "gravity", "limit", "frictionloss", "filterparent", "actuation", "damper", "spring",
          "equality", "warmstart", "eulerdamp", "sensor")  # fmt: skip
_JOINED, _ACTING = ("joint", "spatial", "fixed", "tendon"), ("general", "motor", "position", "velocity")
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("joint", "type"): ("free", "ball", "slide", "hinge"),
    ("geom", "type"): ("plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh", "sdf"),
    ("compiler", "angle"): ("degree", "radian"),
    ("option", "cone"): ("pyramidal", "elliptic"),
    ("option", "jacobian"): ("dense", "sparse", "auto"),
    ("option", "solver"): ("PGS", "CG", "Newton"),
    **dict.fromkeys([("compiler", a) for a in ("autolimits", "balanceinertia", "discardvisual", "fusestatic")], _TRUTH),
    **dict.fromkeys([("flag", a) for a in _FLAGS], _SWITCH),
    **dict.fromkeys([(tag, a) for tag in _JOINED for a in ("limited", "actuatorfrclimited")], _LIMITED),
    **dict.fromkeys([(tag, a) for tag in _ACTING for a in ("ctrllimited", "forcelimited")], _LIMITED),
}  # fmt: skip
_PLACED = {"pos": 3, "quat": 4, "axisangle": 4, "xyaxes": 6, "zaxis": 3, "euler": 3}
_COUNTS: dict[str, dict[str, int]] = {
    **{tag: _PLACED for tag in ("body", "frame", "site", "camera")},
    "geom": {**_PLACED, "fromto": 6},
    "inertial": {**_PLACED, "diaginertia": 3, "fullinertia": 6},
    "joint": {"pos": 3, "axis": 3, "range": 2, "actuatorfrcrange": 2},
    "option": {"gravity": 3, "wind": 3, "magnetic": 3},
    **{tag: {"ctrlrange": 2, "forcerange": 2} for tag in _ACTING},
}


def values(index: RobotIndex) -> Iterator[Diagnostic]:
    """Yields an error for every word that is none (KS158), count of numbers that is wrong (KS157), and for what cannot
    be built (KS197).
    """
    for node in index.tree.root.walk():
        yield from _words(index, node)
        yield from _counts(index, node)
    if index.exact:  # else MuJoCo has built it
        yield from _shapes(index)
        yield from _bodies(index)
        yield from _inertias(index)
        yield from _actuators(index)


def _words(index: RobotIndex, node: Node) -> Iterator[Diagnostic]:
    for attribute, word in node.attrs.items():
        known = _WORDS.get((node.tag, attribute))
        if known is not None and word not in known:
            text = f"`<{node.tag}>` has no `{attribute}` called `{word}`"
            yield Diagnostic(rules.MJCF_VALUE, text, index.tree.span(node), help=suggest(word, known, "values"))


def _counts(index: RobotIndex, node: Node) -> Iterator[Diagnostic]:
    for attribute, count in _COUNTS.get(node.tag, {}).items():
        found = len(node.attrs[attribute].split()) if attribute in node.attrs else count
        if found != count:
            text = f"`{attribute}` of `<{node.tag}>` has {found} number{'s' if found != 1 else ''}"
            yield Diagnostic(rules.MJCF_NUMBER, text, index.tree.span(node), help=f"it takes {count}")


def _impossible(index: RobotIndex, element: el.Element, text: str, help: str) -> Diagnostic:
    return Diagnostic(rules.MJCF_IMPOSSIBLE, text, index.span(element), help=help)


# Shapes --------------------------------------------------------------------------------------------------------------

_SIZES = {"sphere": ("radius",), "capsule": ("radius", "length"), "cylinder": ("radius", "length"),
          "ellipsoid": ("radius",) * 3, "box": ("half side",) * 3}  # fmt: skip

_TAKES = {"capsule": "the radius and half the length", "cylinder": "the radius and half the length",
          "ellipsoid": "three radii", "box": "three half sides"}  # fmt: skip


def _shapes(index: RobotIndex) -> Iterator[Diagnostic]:
    moving = _moving(index)
    for g in index.geoms:
        for word in ("mass", "density"):
            if (number := _number(g, word)) is not None and number < 0:
                yield _impossible(index, g, f"the {word} of `{name_of(g)}` is negative", "give it one above 0")
        if g.type == "plane" and moving[g.body]:
            help = "put it on the world, or make it a flat box"
            yield _impossible(index, g, f"`{name_of(g)}` is a plane on a body that moves", help)
        if "mesh" in g.attrs:
            continue  # its size is fitted
        needed = _SIZES.get(g.type, ())[: 1 if "fromto" in g.attrs else 3]
        sizes = _numbers(g.attrs.get("size", ""))
        for i, what in enumerate(needed):
            if i >= len(sizes) or not sizes[i] > 0:
                text = f"`{name_of(g)}` is a {g.type} and its size has no {what} above 0"
                help = f"`size` takes {_TAKES[g.type] if len(needed) > 1 else 'the ' + what}"
                yield _impossible(index, g, text, help)
                break


def _number(element: el.Element, word: str) -> float | None:
    found = _numbers(element.attrs.get(word, ""))
    return found[0] if found else None


def _numbers(text: str) -> list[float]:
    try:
        return [float(x) for x in text.split()]
    except ValueError:
        return []


# Bodies --------------------------------------------------------------------------------------------------------------

_MASSLESS = ("plane", "hfield")


def _moving(index: RobotIndex) -> list[bool]:
    """Whether each body moves: it has a joint, or one above it has."""
    own, found = {j.body for j in index.joints}, list[bool]()
    for b in index.bodies:
        found.append(b.id in own or (b.id > 0 and found[b.parent]))
    return found


def _bodies(index: RobotIndex) -> Iterator[Diagnostic]:
    light, of = _light(index), {b.id: list[el.Joint]() for b in index.bodies}
    for j in index.joints:
        of[j.body].append(j)
    for b in index.bodies[1:]:
        joints = of[b.id]
        if sum(j.nv for j in joints) > 6:
            text = f"the joints of `{name_of(b)}` are more than the six ways in which a body can move"
            yield _impossible(index, b, text, "take some away, or give it bodies inside one another")
        elif joints and b.parent and any(j.type == "free" for j in joints):
            help = "a free joint belongs to a body right below the world; take it, or the body, out"
            yield _impossible(index, b, f"`{name_of(b)}` floats inside `{name_of(index.bodies[b.parent])}`", help)
        elif joints and light[b.id]:
            help = "give it a geom with mass, or an `<inertial>`"
            yield _impossible(index, b, f"`{name_of(b)}` moves and has no mass", help)


def _light(index: RobotIndex) -> list[bool]:
    """Whether each body, with what is fixed to it, certainly has no mass."""
    compiler = {k: v for s in index.tree.sections("compiler") for k, v in s.attrs.items()}
    if {"boundmass", "inertiagrouprange", "inertiafromgeom", "settotalmass"} & set(compiler):
        return [False] * len(index.bodies)
    heavy = _with_inertial(index)
    light = [(b.file, b.line) not in heavy for b in index.bodies]
    for g in index.geoms:
        given = _number(g, "mass") if "mass" in g.attrs else _number(g, "density")
        light[g.body] &= g.type in _MASSLESS or given == 0
    own = {j.body for j in index.joints}
    for b in reversed(index.bodies[1:]):
        if b.id not in own:
            light[b.parent] &= light[b.id]
    return light


def _with_inertial(index: RobotIndex) -> set[tuple[str, int]]:
    """The places of bodies that say what they weigh."""
    bodies = (n for n in index.tree.root.walk() if n.tag == "body")
    return {
        (n.file, n.line) for n in bodies if any(c.tag == "inertial" and c.attrs.get("mass") != "0" for c in n.children)
    }


def _inertias(index: RobotIndex) -> Iterator[Diagnostic]:
    balanced = any(s.attrs.get("balanceinertia") == "true" for s in index.tree.sections("compiler"))
    for node in index.tree.root.walk():
        if node.tag != "inertial":
            continue
        for word in ("pos", "mass"):
            if word not in node.attrs:
                text, help = f"an `<inertial>` has no `{word}`", "it needs `pos` and `mass`"
                yield Diagnostic(rules.MJCF_IMPOSSIBLE, text, index.tree.span(node), help=help)
        moments = sorted(_numbers(node.attrs.get("diaginertia", "")))
        if len(moments) == 3 and not balanced and _unlike(moments):
            text = "no body has these moments: the largest is more than the other two together, or one is not above 0"
            help = "correct `diaginertia`, or set `balanceinertia` in `<compiler>`"
            yield Diagnostic(rules.MJCF_IMPOSSIBLE, text, index.tree.span(node), help=help)


def _unlike(moments: Sequence[float]) -> bool:
    return moments[0] < 0 or moments[2] > (moments[0] + moments[1]) * (1 + 1e-9)


def _actuators(index: RobotIndex) -> Iterator[Diagnostic]:
    for a in index.actuators:
        if not a.transmission and a.tag in ACTUATORS - {"plugin"}:
            text, help = f"`{name_of(a)}` says not what it drives", 'for example `joint="hip"`'
            yield _impossible(index, a, text, help)
