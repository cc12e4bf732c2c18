"""What changed in the robot file, and in what the spec makes of it."""

from __future__ import annotations

from collections.abc import Callable

from ksim_spec.contract.extract import UNORDERED
from ksim_spec.contract.schema import Contract, Element
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.sections.start import said_elsewhere
from ksim_spec.differ.wording import moved, number, percent
from ksim_spec.rules import changes as change_rules

_REFERENCES = (
    "joint",
    "jointinparent",
    "joint1",
    "joint2",
    "body",
    "body1",
    "body2",
    "site",
    "geom1",
    "geom2",
    "tendon",
    "actuator",
    "objname",
    "refname",
)
_JOINT_MEANING = ("type", "axis", "ref")
_PLACE = ("pos", "quat", "euler", "axisangle", "xyaxes", "zaxis", "fromto", "parent")
_PLACED = ("body", "site", "geom", "camera")  # what has a place in the model
_MASS = ("mass", "density", "inertial.", "shellinertia")
# What the action shows by itself for actuators that the spec drives.
_SHOWN_BY_ACTION = frozenset(
    ("kp", "kv", "gear", "ctrlrange", "forcerange", "joint", "ctrllimited", "forcelimited", "inheritrange")
)


def world(c: Comparison) -> None:
    a, b = c.old.world, c.new.world
    rule = change_rules.PHYSICS_SETTING
    if a.floor != b.floor:
        shown = ["plane" if x.floor else "robot" for x in (a, b)]
        c.add(rule, "world.floor", f"floor {shown[0]} -> {shown[1]}", a.floor, b.floor)
    if a.floor_friction != b.floor_friction:
        text = f"floor friction {_both(a.floor_friction, b.floor_friction)}"
        c.add(rule, "world.floor.friction", text, a.floor_friction, b.floor_friction)
    for word in sorted(a.solver.keys() | b.solver.keys()):
        x, y = a.solver.get(word), b.solver.get(word)
        if x != y:
            c.add(rule, f"world.{word}", f"{word} {_both(x, y)}", x, y)
    for name in sorted(a.sites.keys() | b.sites.keys()):
        x, y = a.sites.get(name), b.sites.get(name)
        if x != y:
            text = f"site `{name}` {_site(x)} -> {_site(y)}"
            if f"site:{name}" in _observed(c.old) | _observed(c.new):
                c.add(change_rules.OBSERVED_ELEMENT, "robot.site", text, x, y)
            else:
                c.add(change_rules.MODEL_ELEMENT, "robot.site", text, x, y)


def _both(a: float | None, b: float | None) -> str:
    return moved(a, b) if a is not None and b is not None else f"{number(a)} -> {number(b)}"


def _site(site: tuple[str, tuple[float, float, float]] | None) -> str:
    return "none" if site is None else f"on {site[0]} at ({', '.join(map(number, site[1]))})"


def _observed(whole: Contract) -> set[str]:
    """The elements that the actor's numbers come from, and the joints and actuators that it drives."""
    seen = {name for e in whole.observations["actor"] for name in e.value.names}
    for sensor in whole.model.elements.get("sensor", ()):
        if f"sensor:{sensor.name}" in seen:  # where it sits counts as much as what it is
            seen |= {f"{kind}:{value}" for kind in _PLACED for value in sensor.attributes.values()}
    driven = {f"joint:{j}" for t in whole.action for j in t.joints}
    return seen | driven | {f"actuator:{a.name}" for t in whole.action for a in t.actuators}


def _sees_places(whole: Contract) -> bool:
    """Whether the actor observes something whose place in the model matters, besides the floating base."""
    free = {j.parent for j in whole.model.elements.get("joint", ()) if j.attributes.get("type") == "free"}
    seen = (name.partition(":")[::2] for name in _observed(whole))
    return any(kind in ("sensor", *_PLACED) and not (kind == "body" and name in free) for kind, name in seen)


def elements(c: Comparison) -> None:
    """Compares the elements by name, each attribute by what it stands for."""
    kinds = list(dict.fromkeys((*c.old.model.elements, *c.new.model.elements)))
    for kind in kinds:
        old = {c.renames.name(kind, e.name): e for e in c.old.model.elements.get(kind, ())}
        new = {e.name: e for e in c.new.model.elements.get(kind, ())}
        for name, e in old.items():
            if name not in new:
                _one_sided(c, kind, e, "removed", c.old)
            elif name != e.name:
                text = f"`{e.name}` is now called `{name}`"
                c.add(change_rules.ELEMENT_RENAMED, f"model.{kind}.{name}", text, e.name, name)
        for name, e in new.items():
            if name not in old:
                _one_sided(c, kind, e, "added", c.new)
            else:
                _element(c, kind, old[name], e)
        order = [n for n in old if n in new], [n for n in new if n in old]
        if order[0] != order[1]:
            _reordered(c, kind, *order)


def _one_sided(c: Comparison, kind: str, e: Element, what: str, whole: Contract) -> None:
    path, text = f"model.{kind}.{e.name}", f"{kind} `{e.name}` {what}"
    values = (e.attributes, None) if what == "removed" else (None, e.attributes)
    if kind == "geom" and _only_seen(whole, e):
        c.add(change_rules.APPEARANCE, path, text, *values)
    elif kind in ("pair", "exclude"):
        c.add(change_rules.CONTACT_PAIR, path, text, *values)
    else:
        c.add(change_rules.MODEL_ELEMENT, path, text, *values)


def _only_seen(whole: Contract, e: Element) -> bool:
    """Whether a geom neither touches nor weighs anything, and nothing in the spec or the model speaks of it."""
    a = e.attributes
    weightless = a.get("mass") == "0" or ("mass" not in a and a.get("density") == "0")
    if a.get("contype", "1") != "0" or a.get("conaffinity", "1") != "0" or not weightless or "fluidshape" in a:
        return False
    named = {
        v
        for kind in ("pair", "sensor", "tendon")
        for x in whole.model.elements.get(kind, ())
        for v in x.attributes.values()
    }
    return e.name not in named and f"geom:{e.name}" not in _read(whole)


def _read(whole: Contract) -> set[str]:
    """Every element that any expression of the spec reads."""
    found: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, dict):
            found.update(value["names"] if "anonymous" in value else ())
            for v in value.values():
                look(v)
        elif isinstance(value, list | tuple):
            for v in value:
                look(v)

    look(whole.model_dump(exclude={"model"}))
    return found | {f"{r.of}:{n}" for r in whole.randomize for n in r.names}


def _reordered(c: Comparison, kind: str, old: list[str], new: list[str]) -> None:
    moved_ = [n for n, m in zip(new, old, strict=True) if n != m]
    text = f"{kind}s stand in another order: {', '.join(moved_[:4])}{' …' if len(moved_) > 4 else ''}"
    if kind in UNORDERED:
        c.add(change_rules.REORDERED, f"model.{kind}", text, old, new)
    else:
        c.add(change_rules.MODEL_REORDERED, f"model.{kind}", text, old, new)


def _element(c: Comparison, kind: str, a: Element, b: Element) -> None:
    old = {**a.attributes, "tag": a.tag, "parent": c.renames.name("body", a.parent)}
    new = {**b.attributes, "tag": b.tag, "parent": b.parent}
    for word in sorted(old.keys() | new.keys()):
        x, y = old.get(word), new.get(word)
        if word in _REFERENCES and x is not None:
            x = _reference(c, word, x)
        if kind == "keyframe" and word == "qpos" and x is not None:
            x = _joints_renamed(c, x)
        if x != y:
            _attribute(c, kind, (a, b), word, x, y)


def _joints_renamed(c: Comparison, text: str) -> str:
    """The pose of a keyframe is written by joint name."""
    parts = [part.partition(" ") for part in text.split("; ")]
    return "; ".join(
        sorted((f"{c.renames.name('joint', n)} {rest}" for n, _, rest in parts), key=lambda p: p.partition(" ")[0])
    )


def _reference(c: Comparison, word: str, name: str) -> str:
    kinds = [word.rstrip("12")] if word.rstrip("12") in ("joint", "body", "site", "geom", "tendon", "actuator") else [
        "body", "site", "geom", "joint", "actuator", "tendon"]  # fmt: skip
    kinds = ["joint"] if word == "jointinparent" else kinds
    return next((c.renames.name(k, name) for k in kinds if c.renames.name(k, name) != name), name)


def _attribute(
    c: Comparison, kind: str, both: tuple[Element, Element], word: str, x: str | None, y: str | None
) -> None:
    e = both[1]
    path, text = f"model.{kind}.{e.name}", f"{word} {_shown(x, y)}"
    observed = f"{kind}:{e.name}" in _observed(c.new)
    joints = c.new.model.elements.get("joint", ())
    free = kind == "body" and any(j.parent == e.name and j.attributes.get("type") == "free" for j in joints)
    if kind == "actuator" and observed:
        if word not in _SHOWN_BY_ACTION and word != "tag":
            c.add(change_rules.ACTUATOR_CHANGED, path, text, x, y)
    elif kind == "joint" and observed and word in _JOINT_MEANING:
        c.add(change_rules.JOINT_MEANING, path, text, x, y)
    elif observed and (kind == "sensor" or (kind in _PLACED and word in _PLACE and not free)):
        c.add(change_rules.OBSERVED_ELEMENT, path, text, x, y)
    elif kind == "joint":
        _joint(c, path, word, text, x, y)
    elif any(word.startswith(m) for m in _MASS):
        c.add(change_rules.MASS_CHANGED, path, text, x, y)
    elif kind == "geom" and _only_seen(c.old, both[0]) and _only_seen(c.new, e):
        c.add(change_rules.APPEARANCE, path, text, x, y)
    elif kind in ("geom", "body", "site", "mesh", "hfield"):
        c.add(change_rules.GEOMETRY_CHANGED, path, text, x, y)
    elif kind in ("pair", "exclude"):
        c.add(change_rules.CONTACT_PAIR, path, text, x, y)
    elif kind == "keyframe" and word == "qpos" and said_elsewhere(c, *both):
        return
    elif kind == "keyframe":
        # what a keyframe is used for is compared where it is used
        c.add(change_rules.UNUSED_CHANGED, path, f"{word} of the keyframe differs", x, y)
    else:
        c.add(change_rules.MODEL_ELEMENT, path, text, x, y)


def _joint(c: Comparison, path: str, word: str, text: str, x: str | None, y: str | None) -> None:
    if word == "range":
        c.add(change_rules.JOINT_LIMIT, path, text, x, y)
    elif word in ("pos", "parent", *_JOINT_MEANING):
        c.add(change_rules.GEOMETRY_CHANGED, path, text, x, y)
    else:
        c.add(change_rules.JOINT_DYNAMICS, path, text, x, y)


def _shown(x: str | None, y: str | None) -> str:
    if x is None or y is None:
        return f"{x if x is not None else 'default'} -> {y if y is not None else 'default'}"
    try:
        return f"{x} -> {y}{percent(float(x), float(y))}"
    except ValueError:
        return f"{_range(x)} -> {_range(y)}"


def _range(text: str) -> str:
    return text if len(text) < 60 else f"{text[:57]}…"


def options(c: Comparison) -> None:
    old, new = c.old.model.options, c.new.model.options
    for word in sorted(old.keys() | new.keys()):
        if old.get(word) != new.get(word):
            text = f"{word.replace(':', ' ')} {_shown(old.get(word), new.get(word))}"
            turned = word in ("compiler:angle", "compiler:eulerseq") and _sees_places(c.new)
            rule = change_rules.OBSERVED_ELEMENT if turned else change_rules.PHYSICS_SETTING
            c.add(rule, f"model.option.{word}", text, old.get(word), new.get(word))
    if c.old.model.rest != c.new.model.rest:
        text = "frames, tendons, meshes or settings of the robot file differ"
        rule = change_rules.OBSERVED_ELEMENT if _sees_places(c.new) else change_rules.MODEL_ELEMENT
        c.add(rule, "model", text, c.old.model.rest, c.new.model.rest)
    if c.old.model.appearance != c.new.model.appearance:
        c.add(
            change_rules.APPEARANCE,
            "model",
            "colours, cameras or lights of the robot differ",
            c.old.model.appearance,
            c.new.model.appearance,
        )
    _built(c)


def _built(c: Comparison) -> None:
    """A scene that was built differently from the same declaration: another version of ksim or MuJoCo."""
    a, b = c.old.built, c.new.built
    same = c.old.hashes["declared"] == c.new.hashes["declared"]
    if a is not None and b is not None and a.digest != b.digest and same:
        c.add(
            change_rules.OTHER_CHANGE,
            "model",
            "the same spec and robot were built into another scene",
            a.digest,
            b.digest,
        )


LOOKS: tuple[Callable[[Comparison], None], ...] = (world, elements, options)
