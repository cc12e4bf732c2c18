"""The mirror image of a robot in its x-z plane: which element is whose partner, and what becomes of a state.

Everything is found from name pairs and the model itself. `Reflection` maps positions, velocities and controls;
`asymmetries` says where the model is not its own mirror image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from ksim_spec.robot.naming import partner

PLANE = np.array([1.0, -1.0, 1.0])  # what the mirror does to a vector; an axial one (a rotation) also changes sign
ROTATION = np.array([1.0, -1.0, 1.0, -1.0])  # what it does to a quaternion w x y z
AXES = 1e-3  # how far the axes of two joints may be from mirror images, as a cosine
TOLERANCE = 0.01  # relative, of masses, lengths (1 m at least) and gains: what else is built is built no better

Pairs = Sequence[tuple[str, str]]


class NotMirrored(Exception):
    """The name pairs do not fit the model: an element lacks a partner, or axes are not mirror images."""


@dataclass(frozen=True)
class Reflection:
    """Where each number of a state goes: `new[index] = offset + sign * old`, for qpos, qvel and ctrl.

    `partners[kind]` holds ids of elements, `joint_sign` the sign of each joint (1 for free and ball joints).
    """

    partners: dict[str, np.ndarray]
    joint_sign: np.ndarray
    qpos: tuple[np.ndarray, np.ndarray, np.ndarray]
    qvel: tuple[np.ndarray, np.ndarray]
    ctrl: tuple[np.ndarray, np.ndarray]

    def positions(self, qpos: np.ndarray) -> np.ndarray:
        """Returns the generalized positions of the mirror image."""
        index, sign, offset = self.qpos
        new = np.empty_like(qpos)
        new[index] = offset + sign * qpos
        return new

    def velocities(self, qvel: np.ndarray) -> np.ndarray:
        """Returns the generalized velocities (or forces, or accelerations) of the mirror image."""
        return _scatter(qvel, *self.qvel)

    def controls(self, ctrl: np.ndarray) -> np.ndarray:
        """Returns the controls of the mirror image, one per actuator on the last axis."""
        return _scatter(ctrl, *self.ctrl)


def _scatter(x: np.ndarray, index: np.ndarray, sign: np.ndarray) -> np.ndarray:
    new = np.empty_like(x)
    new[..., index] = sign * x
    return new


_KINDS = {
    "body": mujoco.mjtObj.mjOBJ_BODY,
    "joint": mujoco.mjtObj.mjOBJ_JOINT,
    "actuator": mujoco.mjtObj.mjOBJ_ACTUATOR,
}


def reflect(model: mujoco.MjModel, pairs: Pairs) -> Reflection:
    """Returns the reflection of a model; raises NotMirrored with what does not fit.

    A hinge turns about the mirror image of its partner's axis the other way round, a slide moves along it; the sign of
    each joint follows from both axes at the model's reference configuration.
    """
    partners = {kind: _partners(model, kind, pairs) for kind in _KINDS}
    for j, other in enumerate(partners["joint"]):  # a body goes where its joints go, whatever its own name is
        partners["body"][model.jnt_bodyid[j]] = model.jnt_bodyid[other]
    data = _at_reference(model)
    signs = np.ones(model.njnt)
    at_q, at_v = np.zeros(model.nq, int), np.zeros(model.nv, int)
    sign_q, sign_v, offset = np.ones(model.nq), np.ones(model.nv), np.zeros(model.nq)
    for j, other in enumerate(partners["joint"]):
        kind = model.jnt_type[j]
        if kind != model.jnt_type[other]:
            raise NotMirrored(f"`{model.joint(j).name}` and `{model.joint(other).name}` are joints of different types")
        q, q_other = model.jnt_qposadr[j], model.jnt_qposadr[other]
        v, v_other = model.jnt_dofadr[j], model.jnt_dofadr[other]
        if kind == mujoco.mjtJoint.mjJNT_FREE:
            of_q, of_v = np.concatenate([PLANE, ROTATION]), np.concatenate([PLANE, -PLANE])
        elif kind == mujoco.mjtJoint.mjJNT_BALL:
            of_q, of_v = ROTATION, -PLANE
        else:
            signs[j] = _sign(model, data, j, other)
            of_q = of_v = signs[j : j + 1]
            offset[q] = model.qpos0[q_other] - signs[j] * model.qpos0[q]
        at_q[q : q + len(of_q)], sign_q[q : q + len(of_q)] = q_other + np.arange(len(of_q)), of_q
        at_v[v : v + len(of_v)], sign_v[v : v + len(of_v)] = v_other + np.arange(len(of_v)), of_v
    controls = _controls(model, partners, signs)
    return Reflection(partners, signs, (at_q, sign_q, offset), (at_v, sign_v), controls)


def _at_reference(model: mujoco.MjModel) -> mujoco.MjData:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return data


def _partners(model: mujoco.MjModel, kind: str, pairs: Pairs) -> np.ndarray:
    """Returns the id of every element's partner, its own where no pair names it."""
    count = {"body": model.nbody, "joint": model.njnt, "actuator": model.nu}[kind]
    ids = np.arange(count)
    for i in range(count):
        name = mujoco.mj_id2name(model, _KINDS[kind], i) or ""
        other = partner(name, pairs)
        if other is not None:
            ids[i] = mujoco.mj_name2id(model, _KINDS[kind], other)
            if ids[i] < 0:
                raise NotMirrored(f"there is no {kind} `{other}` to mirror `{name}`")
    return ids


def _sign(model: mujoco.MjModel, data: mujoco.MjData, j: int, other: int) -> float:
    image = PLANE * data.xaxis[j]
    if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_HINGE:
        image = -image
    along = float(image @ data.xaxis[other])
    if abs(abs(along) - 1) > AXES:
        names = f"`{model.joint(j).name}`" if j == other else f"`{model.joint(j).name}` and `{model.joint(other).name}`"
        raise NotMirrored(f"the axes of {names} are not mirror images")
    return float(np.sign(along))


def _controls(
    model: mujoco.MjModel, partners: dict[str, np.ndarray], joint_sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """An actuator of a joint mirrors as the joint does, whatever its own name is."""
    index, sign = partners["actuator"].copy(), np.ones(model.nu)
    of_joint = (model.actuator_trntype == mujoco.mjtTrn.mjTRN_JOINT) | (
        model.actuator_trntype == mujoco.mjtTrn.mjTRN_JOINTINPARENT
    )
    for a in np.flatnonzero(of_joint):
        joint = int(model.actuator_trnid[a, 0])
        other = int(partners["joint"][joint])
        mine, theirs = (
            [b for b in np.flatnonzero(of_joint) if model.actuator_trnid[b, 0] == j] for j in (joint, other)
        )
        if len(mine) != len(theirs):
            names = f"`{model.joint(joint).name}` and `{model.joint(other).name}`"
            raise NotMirrored(f"{names} have different numbers of actuators")
        index[a] = theirs[mine.index(a)]
        same_way = np.sign(model.actuator_gear[a, 0] * model.actuator_gear[index[a], 0])
        sign[a] = joint_sign[joint] * same_way
    return index, sign


# Where the model is not its own mirror image --------------------------------------------------------------------------


def asymmetries(model: mujoco.MjModel, mirror: Reflection) -> list[str]:
    """Returns one sentence per pair of elements that differ, most basic first; empty for a symmetric robot.

    Compares masses, inertias, places, joints, actuators and what can collide, at the reference configuration.
    """
    data = _at_reference(model)
    return [*_bodies(model, data, mirror), *_joints(model, data, mirror), *_actuators(model, mirror)]


def _same(a: np.ndarray | float, b: np.ndarray | float, scale: float = 1.0) -> bool:
    return bool(np.all(np.abs(np.asarray(a) - np.asarray(b)) <= TOLERANCE * max(scale, float(np.max(np.abs(a))))))


def _bodies(model: mujoco.MjModel, data: mujoco.MjData, mirror: Reflection) -> Iterator[str]:
    for i in range(1, model.nbody):
        other = int(mirror.partners["body"][i])
        if other < i:
            continue
        who = f"`{model.body(i).name}`" if other == i else f"`{model.body(i).name}` and `{model.body(other).name}`"
        masses = float(model.body_mass[i]), float(model.body_mass[other])
        if not _same(*masses, scale=0.0):
            yield f"{who} weigh {masses[0]:.6g} kg and {masses[1]:.6g} kg"
        elif masses[0] > 0 and not _same(PLANE * data.xipos[i], data.xipos[other]):
            yield f"the centres of mass of {who} are not mirror images"
        elif not _same(_image_of_inertia(model, data, i), _inertia(model, data, other), scale=1e-3):
            yield f"the inertias of {who} are not mirror images"
        elif not _same_shapes(model, data, i, other):
            yield f"what can collide of {who} is not a mirror image"


def _inertia(model: mujoco.MjModel, data: mujoco.MjData, i: int) -> np.ndarray:
    axes = data.ximat[i].reshape(3, 3)
    return axes @ np.diag(model.body_inertia[i]) @ axes.T


def _image_of_inertia(model: mujoco.MjModel, data: mujoco.MjData, i: int) -> np.ndarray:
    return PLANE[:, None] * _inertia(model, data, i) * PLANE


def _same_shapes(model: mujoco.MjModel, data: mujoco.MjData, i: int, other: int) -> bool:
    """Each colliding geom of one body has one of the same type, size and friction at its mirrored place."""

    def colliding(body: int) -> list[int]:
        first, count = int(model.body_geomadr[body]), int(model.body_geomnum[body])
        return [g for g in range(first, first + count) if model.geom_contype[g] or model.geom_conaffinity[g]]

    def image(g: int, h: int) -> bool:
        return bool(
            model.geom_type[g] == model.geom_type[h]
            and _same(model.geom_size[g], model.geom_size[h], 0.01)
            and _same(model.geom_friction[g], model.geom_friction[h])
            and _same(PLANE * data.geom_xpos[g], data.geom_xpos[h], 0.1)
        )

    mine, theirs = colliding(i), colliding(other)
    return len(mine) == len(theirs) and all(any(image(g, h) for h in theirs) for g in mine)


def _joints(model: mujoco.MjModel, data: mujoco.MjData, mirror: Reflection) -> Iterator[str]:
    words = {"dof_damping": "damping", "dof_armature": "armature", "dof_frictionloss": "friction loss"}
    for j in range(model.njnt):
        other = int(mirror.partners["joint"][j])
        if other < j or model.jnt_type[j] not in (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE):
            continue
        a, b = model.joint(j).name, model.joint(other).name
        who = f"`{a}`" if other == j else f"`{a}` and `{b}`"
        v, v_other = model.jnt_dofadr[j], model.jnt_dofadr[other]
        for name, word in words.items():
            values = float(getattr(model, name)[v]), float(getattr(model, name)[v_other])
            if not _same(*values, scale=0.0):
                yield f"{who} differ in {word}: {values[0]:.6g} and {values[1]:.6g}"
        limits = np.sort(mirror.joint_sign[j] * model.jnt_range[j])
        if model.jnt_limited[j] and not _same(limits, model.jnt_range[other]):
            yield f"the ranges of {who} are not mirror images"
        if not _same(PLANE * data.xanchor[j], data.xanchor[other]):
            yield f"{who} do not lie at mirrored places"


def _actuators(model: mujoco.MjModel, mirror: Reflection) -> Iterator[str]:
    index, sign = mirror.ctrl
    for a, other in enumerate(index):
        if other < a:
            continue
        who = f"`{model.actuator(a).name}` and `{model.actuator(other).name}`"
        forces = np.sort(sign[a] * model.actuator_forcerange[a])
        gains = (model.actuator_gainprm, model.actuator_biasprm)
        if not all(_same(table[a], table[other]) for table in gains):
            yield f"the actuators {who} have different gains"
        elif model.actuator_forcelimited[a] and not _same(forces, model.actuator_forcerange[other]):
            yield f"the force limits of the actuators {who} are not mirror images"
        elif not _same(np.abs(model.actuator_gear[a]), np.abs(model.actuator_gear[other])):
            yield f"the actuators {who} have different gears"
