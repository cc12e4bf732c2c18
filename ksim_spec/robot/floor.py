"""The flat floor that `world { floor = plane friction … }` asks for: replaces the model's own, or is added.

MuJoCo mixes two geoms' friction by priority, else by maximum. The floor therefore outranks every geom that can stand on
it, and takes over their other contact parameters, so that only friction changes.
"""

from __future__ import annotations

from typing import Any

import mujoco

from ksim_spec.robot.index import RobotIndex

NAME = "floor"
FLOOR_TYPES = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)
DEFAULT_SOLREF, DEFAULT_SOLIMP = (0.02, 1.0), (0.9, 0.95, 0.001, 0.5, 2.0)


def floor_name(index: RobotIndex) -> str:
    """Returns the name of the floor geom of a composed scene: that of the model's own floor, else `floor`."""
    found = [g for g in index.geoms if g.body == 0 and g.type in ("plane", "hfield")]
    paired = {p.attrs.get(k, "") for p in index.all("pair") for k in ("geom1", "geom2")}
    found.sort(key=lambda g: (g.name not in paired, not (g.contype or g.conaffinity)))
    return (found[0].name if found else None) or _free_name({g.name for g in index.geoms})


def _free_name(taken: set[str | None]) -> str:
    name = NAME
    while name in taken:
        name = f"world_{name}"
    return name


def place_floor(spec: mujoco.MjSpec, friction: float, notes: list[str]) -> str:
    """Makes the scene's floor a plane with that sliding friction; returns its name.

    The model's own floors go: the first (one with explicit pairs before others) is changed in place, so that what
    refers to it still does, and colliding others are removed.
    """
    paired = {name for p in spec.pairs for name in (p.geomname1, p.geomname2)}
    own = [g for g in spec.worldbody.geoms if g.type in FLOOR_TYPES]
    own.sort(key=lambda g: (g.name not in paired, not (g.contype or g.conaffinity)))
    standing = [g for g in spec.geoms if g.type not in FLOOR_TYPES and (g.contype or g.conaffinity)]
    floor = _flatten(spec, own[0], notes) if own else _new_floor(spec, standing)
    for other in own[1:]:
        if (other.contype or other.conaffinity) and other.name not in paired:
            notes.append(f"the floor replaces `{other.name}` as well")
            spec.delete(other)
    _take_over(floor, standing, notes)
    floor.friction = [friction, *list(floor.friction)[1:]]
    for pair in spec.pairs:
        if floor.name in (pair.geomname1, pair.geomname2):
            pair.friction = [friction, friction, *_numbers(list(pair.friction)[2:], (0.005, 0.0001, 0.0001))]
    return floor.name


def _numbers(values: list[float], defaults: tuple[float, ...]) -> list[float]:
    return [v if v == v else d for v, d in zip(values, defaults, strict=True)]


def _flatten(spec: mujoco.MjSpec, geom: Any, notes: list[str]) -> Any:
    if not geom.name:
        geom.name = _free_name({g.name for g in spec.geoms})
    if geom.type == mujoco.mjtGeom.mjGEOM_HFIELD:
        notes.append(f"the height field `{geom.name}` is replaced by a plane at its base")
        field = spec.hfield(geom.hfieldname)
        geom.hfieldname = ""
        geom.type = mujoco.mjtGeom.mjGEOM_PLANE
        if field is not None and not any(g.hfieldname == field.name for g in spec.geoms):
            spec.delete(field)
    geom.size, geom.quat = [0.0, 0.0, 0.05], [1.0, 0.0, 0.0, 0.0]
    return geom


def _new_floor(spec: mujoco.MjSpec, standing: list[Any]) -> Any:
    # Every attribute is given: the model's default class may say anything.
    contype, conaffinity = 1, 1
    for g in standing:
        contype, conaffinity = contype | g.conaffinity, conaffinity | g.contype
    return spec.worldbody.add_geom(
        name=_free_name({g.name for g in spec.geoms}), type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0.0, 0.0, 0.05],
        pos=[0.0, 0.0, 0.0], quat=[1.0, 0.0, 0.0, 0.0], contype=contype, conaffinity=conaffinity, condim=3,
        priority=0, friction=[1.0, 0.005, 0.0001], solref=list(DEFAULT_SOLREF), solimp=list(DEFAULT_SOLIMP), solmix=1.0,
        margin=0.0, gap=0.0, group=0, material="", rgba=[0.45, 0.48, 0.52, 1.0],
    )  # fmt: skip


def _take_over(floor: Any, standing: list[Any], notes: list[str]) -> None:
    """Gives the floor priority over what stands on it, with the contact parameters that the pair had before."""
    touching = [g for g in standing if g.contype & floor.conaffinity or g.conaffinity & floor.contype]
    if not touching:
        floor.priority = max(1, floor.priority)
        return
    top = max(touching, key=lambda g: g.priority)
    if len({(tuple(g.solref), tuple(g.solimp), g.condim) for g in touching}) > 1:
        notes.append(f"geoms on the floor differ in contact parameters; the floor takes those of `{top.name}`")
    if top.priority > floor.priority:
        floor.solref, floor.solimp, floor.condim = list(top.solref), list(top.solimp), top.condim
        floor.friction = [floor.friction[0], *list(top.friction)[1:]]
    elif top.priority == floor.priority:
        total = (top.solmix + floor.solmix) or 1.0
        share = top.solmix / total
        direct = min(top.solref[0], floor.solref[0]) <= 0
        blend = [share * x + (1 - share) * y for x, y in zip(top.solref, floor.solref, strict=True)]
        floor.solref = [min(x, y) for x, y in zip(top.solref, floor.solref, strict=True)] if direct else blend
        floor.solimp = [share * x + (1 - share) * y for x, y in zip(top.solimp, floor.solimp, strict=True)]
        floor.condim = max(top.condim, floor.condim)
        floor.friction = [max(x, y) for x, y in zip(top.friction, floor.friction, strict=True)]
    if floor.condim < 3:
        notes.append("the floor's contacts had no friction (condim 1); they now have (condim 3)")
        floor.condim = 3
    floor.priority = max(1, floor.priority, top.priority + 1)
