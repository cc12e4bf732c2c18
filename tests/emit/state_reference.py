"""What a line of `reset`, `event` or `randomize` does, written with NumPy and MuJoCo's own rotation functions."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np


def _merge(op: str, old: Any, new: Any) -> Any:
    return new if op == "=" else old + new if op == "+=" else old * new


def turn(axis: int, angle: float) -> np.ndarray:
    """Returns the rotation by an angle about x, y or z."""
    quat = np.zeros(4)
    mujoco.mju_axisAngle2Quat(quat, np.eye(3)[axis], angle)
    return quat


def product(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    out = np.zeros(4)
    mujoco.mju_mulQuat(out, p, q)
    return out


def rotated(v: np.ndarray, quat: np.ndarray) -> np.ndarray:
    out = np.zeros(3)
    mujoco.mju_rotVecQuat(out, v, quat)
    return out


def heading(quat: np.ndarray) -> float:
    x = rotated(np.array([1.0, 0, 0]), quat)
    return float(np.arctan2(x[1], x[0]))


def apply_changes(model: Any, changes: Any, values: list[Any], q: np.ndarray, v: np.ndarray) -> tuple[Any, Any]:
    """Returns positions and velocities after the changes, in order."""
    q, v = q.astype(float), v.astype(float)
    for change, value in zip(changes, values, strict=True):
        names, op = change.names, change.op
        if change.target.startswith("joint"):
            array, adr = (q, model.jnt_qposadr) if change.target == "joint_pos" else (v, model.jnt_dofadr)
            for k, name in enumerate(names):
                at = adr[model.joint(name).id]
                array[at] = _merge(op, array[at], value[k] if np.ndim(value) else value)
            continue
        joint = model.body_jntadr[model.body(names[0]).id]
        p, d = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
        quat = q[p + 3 : p + 7].copy()
        if change.target in ("pos", "linvel", "angvel"):
            spin = rotated(v[d + 3 : d + 6], quat)
            part = {"pos": q[p : p + 3], "linvel": v[d : d + 3], "angvel": spin}[change.target]
            for k, i in enumerate(change.components):
                part[i] = _merge(op, part[i], value[k] if np.ndim(value) else value)
            if change.target == "angvel":
                v[d + 3 : d + 6] = rotated(spin, quat * [1, -1, -1, -1])
        elif change.target == "yaw":
            angle = _merge(op, heading(quat), value) - heading(quat)
            q[p + 3 : p + 7] = product(turn(2, angle), quat)
        else:
            assert op == "+=", "roll and pitch turn the body about its own axis"
            q[p + 3 : p + 7] = product(quat, turn(0 if change.target == "roll" else 1, float(value)))
    return q, v


def apply_fields(model: Any, changes: Any, values: list[Any], scene: Any) -> dict[str, np.ndarray]:
    """Returns every model field that randomization can touch, after the changes."""
    names = ("geom_friction", "pair_friction", "body_mass", "body_inertia", "body_ipos", "actuator_gainprm",
             "actuator_biasprm", "dof_damping", "dof_armature", "dof_frictionloss", "jnt_stiffness", "qpos0")  # fmt: skip
    f = {n: np.array(getattr(model, n), float) for n in names} | {"opt.gravity": np.array(model.opt.gravity)}
    for change, value in zip(changes, values, strict=True):
        for k, name in enumerate(change.names or ("",)):
            one = np.asarray(value)[k] if np.ndim(value) and change.names and _listed(change, value) else value
            _apply_field(model, f, change, name, one, scene)
    return f


def _listed(change: Any, value: Any) -> bool:
    return np.shape(value)[0] == len(change.names) and (np.ndim(value) == 2 or change.quantity not in ("com",))


def _apply_field(model: Any, f: dict[str, np.ndarray], change: Any, name: str, value: Any, scene: Any) -> None:
    op, quantity = change.op, change.quantity
    if change.of == "geom":
        f["geom_friction"][model.geom(name).id, 0] = _merge(op, f["geom_friction"][model.geom(name).id, 0], value)
        if name == scene.floor:
            for i in scene.floor_pairs:
                f["pair_friction"][i, :2] = _merge(op, f["pair_friction"][i, :2], value)
    elif change.of == "world":
        f["opt.gravity"][:] = _merge(op, f["opt.gravity"], value)
    elif change.of == "body":
        i = model.body(name).id
        if quantity == "mass":
            new = _merge(op, f["body_mass"][i], value)
            f["body_inertia"][i] *= new / f["body_mass"][i]
            f["body_mass"][i] = new
        else:
            array = f[{"com": "body_ipos", "inertia": "body_inertia"}[quantity]]
            array[i] = _merge(op, array[i], value)
    else:
        _joint_field(model, f, quantity, op, name, value)


def _joint_field(model: Any, f: dict[str, np.ndarray], quantity: str, op: str, name: str, value: Any) -> None:
    joint = model.joint(name).id
    if quantity in ("kp", "kd"):
        i = next(i for i in range(model.nu) if model.actuator_trnid[i, 0] == joint)
        column = 1 if quantity == "kp" else 2
        gain = _merge(op, -f["actuator_biasprm"][i, column], value)
        f["actuator_biasprm"][i, column] = -gain
        if quantity == "kp":
            f["actuator_gainprm"][i, 0] = gain
        return
    name, at = {
        "stiffness": ("jnt_stiffness", joint),
        "zero": ("qpos0", model.jnt_qposadr[joint]),
    }.get(quantity, (f"dof_{quantity}", model.jnt_dofadr[joint]))
    f[name][at] = _merge(op, f[name][at], value)
