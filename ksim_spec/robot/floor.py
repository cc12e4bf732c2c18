"""The flat floor that `world { floor = plane friction … }` asks for: replaces the model's own, or is added.

MuJoCo mixes two geoms' friction by priority, else by maximum. The floor therefore outranks every geom that can stand on
it, and takes over their other contact parameters, so that only friction changes.
"""

from __future__ import annotations

from typing import Any

import mujoco

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError

NAME = "floor"
MATERIAL = "ksim_spec_floor"
FLOOR_TYPES = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)
DEFAULT_SOLREF, DEFAULT_SOLIMP = (0.02, 1.0), (0.9, 0.95, 0.001, 0.5, 2.0)


def place_floor(spec: mujoco.MjSpec, friction: float, notes: list[str]) -> str:
    """Makes the scene's floor, called `floor`, a plane with that sliding friction; returns the name it had before.

    The model's own floors go: the first (one with explicit pairs before others) is changed in place, so that what
    refers to it still does, and colliding others are removed. SpecError KS164 when another geom is called `floor`.
    """
    paired = {name for p in spec.pairs for name in (p.geomname1, p.geomname2)}
    own = [g for g in spec.worldbody.geoms if g.type in FLOOR_TYPES]
    own.sort(key=lambda g: (g.name not in paired, not (g.contype or g.conaffinity)))
    standing = [g for g in spec.geoms if g.type not in FLOOR_TYPES and (g.contype or g.conaffinity)]
    if any(g.name == NAME and g not in own for g in spec.geoms):
        raise SpecError(
            [
                Diagnostic(
                    rules.FLOOR_NAME,
                    f"the robot has a geom `{NAME}` that is not a floor",
                    help="rename it in the MJCF, or leave the floor to the MJCF: `floor = robot`",
                )
            ]
        )
    floor = _flatten(spec, own[0], notes) if own else _new_floor(spec, standing)
    for other in own[1:]:
        if (other.contype or other.conaffinity) and other.name not in paired:
            notes.append(f"the floor replaces `{other.name}` as well")
            spec.delete(other)
    _take_over(floor, standing, notes)
    floor.friction = [friction, *list(floor.friction)[1:]]
    before = _rename(spec, floor)
    for pair in spec.pairs:
        if floor.name in (pair.geomname1, pair.geomname2):
            pair.friction = [friction, friction, *_numbers(list(pair.friction)[2:], (0.005, 0.0001, 0.0001))]
    return before


def _numbers(values: list[float], defaults: tuple[float, ...]) -> list[float]:
    return [v if v == v else d for v, d in zip(values, defaults, strict=True)]


def _rename(spec: mujoco.MjSpec, floor: Any) -> str:
    """Calls the floor `floor` everywhere; returns its old name."""
    before, floor.name = floor.name, NAME
    for pair in spec.pairs:
        pair.geomname1 = NAME if pair.geomname1 == before else pair.geomname1
        pair.geomname2 = NAME if pair.geomname2 == before else pair.geomname2
    for sensor in spec.sensors:
        if sensor.objtype == mujoco.mjtObj.mjOBJ_GEOM and sensor.objname == before:
            sensor.objname = NAME
        if sensor.reftype == mujoco.mjtObj.mjOBJ_GEOM and sensor.refname == before:
            sensor.refname = NAME
    return before


def _flatten(spec: mujoco.MjSpec, geom: Any, notes: list[str]) -> Any:
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
    if spec.material(MATERIAL) is None:
        spec.add_material(name=MATERIAL, rgba=[0.45, 0.48, 0.52, 1.0])
    return spec.worldbody.add_geom(
        name=NAME,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0.0, 0.0, 0.05],
        pos=[0.0, 0.0, 0.0],
        quat=[1.0, 0.0, 0.0, 0.0],
        contype=contype,
        conaffinity=conaffinity,
        condim=3,
        priority=0,
        friction=[1.0, 0.005, 0.0001],
        solref=list(DEFAULT_SOLREF),
        solimp=list(DEFAULT_SOLIMP),
        solmix=1.0,
        margin=0.0,
        gap=0.0,
        group=0,
        material=MATERIAL,
        rgba=[1.0, 1.0, 1.0, 1.0],
    )


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
