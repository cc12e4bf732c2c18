"""Elements of a model that only MuJoCo can expand (`replicate`, `attach`, …), read from the compiled model.

Lines are those of the XML element of the same kind and name where there is one, else 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ksim_spec.robot import elements as el
from ksim_spec.robot.collision import FLAT
from ksim_spec.robot.law import Law
from ksim_spec.robot.mjcf import Node, Tree
from ksim_spec.robot.rotation import LEVEL, Quat, product, upright

JOINT_TYPES: tuple[el.JointType, ...] = ("free", "ball", "slide", "hinge")
GEOM_TYPES = ("plane", "hfield", "sphere", "capsule", "ellipsoid", "cylinder", "box", "mesh", "sdf")
MODEL_KINDS = {
    "body": "nbody", "joint": "njnt", "geom": "ngeom", "site": "nsite", "camera": "ncam", "light": "nlight",
    "tendon": "ntendon", "actuator": "nu", "sensor": "nsensor", "equality": "neq", "pair": "npair",
    "keyframe": "nkey", "mesh": "nmesh", "hfield": "nhfield", "material": "nmat", "numeric": "nnumeric",
}  # fmt: skip
ACCESSOR = {"camera": "cam", "keyframe": "key", "tendon": "tendon", "equality": "eq", "material": "mat"}


def read_built(tree: Tree, path: Path | None) -> tuple[dict[str, list[el.Element]], int, int]:
    """Returns elements by kind, nq and nv of the model that MuJoCo builds; SpecError when it refuses it."""
    from ksim_spec.robot.load import compile_spec, spec_from_file, spec_from_text  # MuJoCo is imported only here

    text = next(iter(tree.sources.files.values())).text
    model = compile_spec(spec_from_file(path) if path else spec_from_text(text), path)
    lines = {(n.tag, n.attrs["name"]): n for n in tree.root.walk() if "name" in n.attrs}
    makers = {"body": _body, "joint": _joint, "geom": _geom, "actuator": _actuator, "sensor": _sensor, "keyframe": _key}
    found: dict[str, list[el.Element]] = {kind: [] for kind in el.KINDS}
    for kind, size in MODEL_KINDS.items():
        for i in range(getattr(model, size)):
            name = getattr(model, ACCESSOR.get(kind, kind))(i).name or None
            node = lines.get((kind, name or "")) or Node(kind, {}, "", 0)
            common = (kind, i, name, node.tag, node.file, node.line, node.attrs)
            if kind in ("site", "camera", "light"):
                owner = {"site": "site_bodyid", "camera": "cam_bodyid", "light": "light_bodyid"}[kind]
                cls = el.Site if kind == "site" else el.Attached
                found[kind].append(cls(*common, body=int(getattr(model, owner)[i])))
            else:
                if kind == "pair":
                    sides = {"geom1": model.pair_geom1[i], "geom2": model.pair_geom2[i]}
                    named = {k: model.geom(g).name for k, g in sides.items()}
                    common = (*common[:-1], {**node.attrs, **named})
                found[kind].append(makers[kind](model, i, common) if kind in makers else el.Element(*common))
    return found, model.nq, model.nv


def _body(model: Any, i: int, common: tuple) -> el.Body:
    return el.Body(*common, parent=int(model.body_parentid[i]))


def _joint(model: Any, i: int, common: tuple) -> el.Joint:
    dof, adr = int(model.jnt_dofadr[i]), int(model.jnt_qposadr[i])
    kind = JOINT_TYPES[int(model.jnt_type[i])]
    limits = (float(model.jnt_range[i, 0]), float(model.jnt_range[i, 1])) if model.jnt_limited[i] else None
    x, y, z = (float(v) for v in model.jnt_axis[i])
    return el.Joint(
        *common,
        body=int(model.jnt_bodyid[i]),
        type=kind,
        axis=(x, y, z),
        range=limits,
        damping=float(model.dof_damping[dof]),
        armature=float(model.dof_armature[dof]),
        frictionloss=float(model.dof_frictionloss[dof]),
        stiffness=float(model.jnt_stiffness[i]),
        ref=float(model.qpos0[adr]) if kind in ("slide", "hinge") else 0.0,
        qposadr=adr,
        dofadr=dof,
    )


def _geom(model: Any, i: int, common: tuple) -> el.Geom:
    return el.Geom(
        *common,
        body=int(model.geom_bodyid[i]),
        type=GEOM_TYPES[int(model.geom_type[i])],
        contype=int(model.geom_contype[i]),
        conaffinity=int(model.geom_conaffinity[i]),
        friction=tuple(map(float, model.geom_friction[i])),
        priority=int(model.geom_priority[i]),
        level=_level(model, i),
    )


def _level(model: Any, i: int) -> bool:
    """Whether the z axis of a plane or a height field points up where the model stands as it is written."""
    if GEOM_TYPES[int(model.geom_type[i])] not in FLAT:
        return True
    turn, body = _quat(model.geom_quat[i]), int(model.geom_bodyid[i])
    while body:
        turn, body = product(_quat(model.body_quat[body]), turn), int(model.body_parentid[body])
    return upright(turn) > LEVEL


def _quat(numbers: Any) -> Quat:
    w, x, y, z = (float(v) for v in numbers)
    return w, x, y, z


def geoms_of(model: Any) -> list[el.Geom]:
    """Returns the geoms of a compiled model by id, without their places in a file."""
    return [_geom(model, i, ("geom", i, model.geom(i).name or None, "geom", "", 0)) for i in range(model.ngeom)]


def _actuator(model: Any, i: int, common: tuple) -> el.Actuator:
    words = {0: ("joint", model.joint), 1: ("jointinparent", model.joint), 3: ("tendon", model.tendon),
             4: ("site", model.site), 5: ("body", model.body)}  # fmt: skip
    word, access = words.get(int(model.actuator_trntype[i]), ("", None))
    target = access(int(model.actuator_trnid[i, 0])).name if access else ""
    return el.Actuator(
        *common,
        transmission=word,
        target=target,
        gear=tuple(map(float, model.actuator_gear[i])),
        ctrlrange=_range(model.actuator_ctrllimited[i], model.actuator_ctrlrange[i]),
        forcerange=_range(model.actuator_forcelimited[i], model.actuator_forcerange[i]),
        law=law_of(model, i),
    )


def law_of(model: Any, i: int) -> Law:
    """Returns the law of an actuator of a compiled model."""
    import mujoco

    def word(kind: Any, value: Any) -> str:
        return kind(int(value)).name.partition("_")[2].lower()

    gain, bias = word(mujoco.mjtGain, model.actuator_gaintype[i]), word(mujoco.mjtBias, model.actuator_biastype[i])
    dynamics = word(mujoco.mjtDyn, model.actuator_dyntype[i])
    offset, length, velocity = (float(x) for x in model.actuator_biasprm[i, :3] * (bias == "affine"))
    kind = gain if bias in ("none", "affine") else bias
    return Law(float(model.actuator_gainprm[i, 0]), offset, 0.0 - length, 0.0 - velocity, dynamics, kind)


def _range(limited: Any, values: Any) -> tuple[float, float] | None:
    return (float(values[0]), float(values[1])) if limited else None


def _sensor(model: Any, i: int, common: tuple) -> el.Sensor:
    import mujoco

    word = mujoco.mjtSensor(int(model.sensor_type[i])).name.removeprefix("mjSENS_").lower()
    tag = el.SENSOR_TAGS.get(word) or word
    objtype, obj = _named(model, model.sensor_objtype[i], model.sensor_objid[i])
    reftype, ref = _named(model, model.sensor_reftype[i], model.sensor_refid[i])
    kind, index, label, _, file, line, attrs = common
    return el.Sensor(
        kind,
        index,
        label,
        tag,
        file,
        line,
        attrs,
        objtype=objtype,
        obj=obj,
        reftype=reftype,
        ref=ref,
        adr=int(model.sensor_adr[i]),
        dim=int(model.sensor_dim[i]),
    )


def _named(model: Any, kind: Any, number: Any) -> tuple[str, str]:
    """The word of a kind of object and the name of one, both empty for none."""
    import mujoco

    if int(kind) == mujoco.mjtObj.mjOBJ_UNKNOWN or int(number) < 0:
        return "", ""
    return (
        mujoco.mjtObj(int(kind)).name.removeprefix("mjOBJ_").lower(),
        mujoco.mj_id2name(model, int(kind), int(number)) or "",
    )


def _key(model: Any, i: int, common: tuple) -> el.Keyframe:
    return el.Keyframe(*common, qpos=tuple(map(float, model.key_qpos[i])), qvel=tuple(map(float, model.key_qvel[i])),
                       ctrl=tuple(map(float, model.key_ctrl[i])), act=tuple(map(float, model.key_act[i])))  # fmt: skip
