"""The flat floor that `world { floor = plane friction … }` asks for: replaces the model's own, or is added.

MuJoCo mixes two geoms' friction by priority, else by maximum. The floor therefore outranks every geom that can stand on
it, and takes over their other contact parameters, so that only friction changes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import mujoco
import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.robot.collision import FLAT
from ksim_spec.robot.elements import Geom
from ksim_spec.robot.floors import NAME, floors, replaced

MATERIAL = "ksim_spec_floor"
DEFAULT_SOLREF, DEFAULT_SOLIMP = (0.02, 1.0), (0.9, 0.95, 0.001, 0.5, 2.0)


def place_floor(
    spec: mujoco.MjSpec, geoms: list[Geom], welded: list[int], robot: Collection[str], friction: float, notes: list[str]
) -> tuple[str, list[str]]:
    """Makes the scene's floor, called `floor`, a plane with that sliding friction; returns the name it had before, and
    the geoms that went for it.

    `geoms` are those of the spec compiled, `welded` says for each body which it moves with, and `robot` names the
    robot's bodies. The model's own floors go: the first (one with
    explicit pairs before others) is changed in place, so that what refers to it still does, and colliding others are
    removed. Walls, ramps and what else things can stand on stay. SpecError KS164 when another geom is called `floor`.
    """
    paired = {name for p in spec.pairs for name in (p.geomname1, p.geomname2)}
    found = floors(geoms, welded, paired)
    own = [spec.geom(g.name) for g in found]
    flat = {g.name for g in geoms if g.type in FLAT}
    standing = [g for g in spec.geoms if g.name not in flat and (g.contype or g.conaffinity)]
    fixed = [g for g in geoms if not welded[g.body] and (g.contype or g.conaffinity) and g not in found]
    if fixed:
        few = ", ".join(f"`{g.name}`" for g in fixed[:2]) + (f", and {len(fixed) - 2} more" if fixed[2:] else "")
        notes.append(f"{few} of the robot file: no level floor, left there")
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
    floor = _flatten(spec, own[0], notes) if own else _new_floor(spec)
    if not (floor.contype or floor.conaffinity or floor.name in paired):
        floor.contype, floor.conaffinity = _masks(standing)
    gone = [str(g.name) for g in replaced(found, paired)]
    for name in gone:
        notes.append(f"the floor replaces `{name}` as well")
        spec.delete(spec.geom(name))
    _take_over(floor, standing, [g for g in standing if g.parent.name in robot], notes)
    floor.friction = [friction, *list(floor.friction)[1:]]
    before = _rename(spec, floor)
    for pair in spec.pairs:
        if floor.name in (pair.geomname1, pair.geomname2):
            pair.friction = [friction, friction, *_numbers(list(pair.friction)[2:], (0.005, 0.0001, 0.0001))]
    return before, gone


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
    geom.alt.type = mujoco.mjtOrientation.mjORIENTATION_QUAT
    if geom.frame is not None or geom.parent.name != "world":  # what is around it may be turned
        around = _turn_around(spec.compile(), geom.name)
        geom.quat = [around[0], -around[1], -around[2], -around[3]]
    return geom


def _turn_around(model: mujoco.MjModel, name: str) -> np.ndarray:
    """Returns how a geom of its own orientation zero stands in the world."""
    data, turn = mujoco.MjData(model), np.zeros(4)
    mujoco.mj_kinematics(model, data)
    mujoco.mju_mat2Quat(turn, data.geom_xmat[model.geom(name).id])
    return turn


def _masks(standing: list[Any]) -> tuple[int, int]:
    """Collision masks that meet those of everything that can stand on a floor."""
    contype, conaffinity = 1, 1
    for g in standing:
        contype, conaffinity = contype | g.conaffinity, conaffinity | g.contype
    return contype, conaffinity


def _new_floor(spec: mujoco.MjSpec) -> Any:
    # Every attribute is given: the model's default class may say anything.
    if spec.material(MATERIAL) is None:
        spec.add_material(name=MATERIAL, rgba=[0.45, 0.48, 0.52, 1.0])
    return spec.worldbody.add_geom(
        name=NAME,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0.0, 0.0, 0.05],
        pos=[0.0, 0.0, 0.0],
        quat=[1.0, 0.0, 0.0, 0.0],
        contype=0,
        conaffinity=0,
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


def _take_over(floor: Any, standing: list[Any], robot: list[Any], notes: list[str]) -> None:
    """Gives the floor priority over what stands on it, with the contact parameters that the pair had before.

    Those are the robot's, where any of its geoms can stand on it.
    """
    everything = [g for g in standing if g.contype & floor.conaffinity or g.conaffinity & floor.contype]
    if not everything:
        floor.priority = max(1, floor.priority)
        return
    touching = [g for g in robot if g in everything] or everything
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
    floor.priority = max(1, floor.priority, *(g.priority + 1 for g in everything))
