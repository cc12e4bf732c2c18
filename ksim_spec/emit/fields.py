"""Randomized model fields: from what a spec names (`base.mass`, `legs.kp`) to MuJoCo's arrays, as generated source."""

from __future__ import annotations

import mujoco
import numpy as np

from ksim_spec.emit.task_functions import Roles
from ksim_spec.emit.writer import Writer, constant_text, index_text
from ksim_spec.language.program import FieldChange
from ksim_spec.robot.compiled_reader import law_of
from ksim_spec.robot.law import Law
from ksim_spec.robot.scene_request import Scene
from ksim_spec.robot.servo import servos

_OPERATOR = {"=": "{new}", "+=": "{old} + {new}", "*=": "{old} * {new}"}


def changed_arrays(change: FieldChange, scene: Scene) -> tuple[str, ...]:
    """Returns the MjModel fields that one line of `randomize` changes."""
    if change.of == "geom":
        return (
            ("geom_friction", "pair_friction")
            if scene.floor_pairs and scene.floor in change.names
            else ("geom_friction",)
        )
    if change.quantity == "kd" and _pulled(change, scene.model):
        return ("actuator_gainprm", "actuator_biasprm")
    return {
        "mass": ("body_mass", "body_inertia"),
        "com": ("body_ipos",),
        "inertia": ("body_inertia",),
        "kp": ("actuator_gainprm", "actuator_biasprm"),
        "kd": ("actuator_biasprm",),
        "damping": ("dof_damping",),
        "armature": ("dof_armature",),
        "frictionloss": ("dof_frictionloss",),
        "stiffness": ("jnt_stiffness",),
        "zero": ("qpos0",),
        "gravity": ("opt.gravity",),
    }[change.quantity]


def all_arrays(changes: tuple[FieldChange, ...], scene: Scene) -> tuple[str, ...]:
    """Returns every MjModel field that the lines change, each once."""
    return tuple(dict.fromkeys(name for change in changes for name in changed_arrays(change, scene)))


def massless(change: FieldChange, model: mujoco.MjModel) -> list[str]:
    """Returns the bodies without mass among those whose mass a line changes: it leaves them alone.

    Such a body's inertia could not follow its mass.
    """
    return [n for n in change.names if change.quantity == "mass" and not model.body_mass[model.body(n).id]]


def friction_dofs(changes: tuple[FieldChange, ...], scene: Scene) -> tuple[int, ...]:
    """Returns the degrees of freedom whose friction loss the lines change, in rising order."""
    joints = [name for change in changes if change.quantity == "frictionloss" for name in change.names]
    return tuple(sorted({dof for name in joints for dof in _dofs(scene.model, name)}))


def _dofs(model: mujoco.MjModel, joint: str) -> list[int]:
    """The degrees of freedom of a joint: three for a ball."""
    first, count = int(model.joint(joint).dofadr[0]), {0: 6, 1: 3}.get(int(model.joint(joint).type[0]), 1)
    return list(range(first, first + count))


def fields_source(roles: Roles) -> str:
    """Returns the function `fields`: the values of the changed model fields for one environment."""
    changes, scene = roles.program.randomization, roles.binding.scene
    arrays = all_arrays(changes, scene)
    variables = {name: name.replace("opt.", "") for name in arrays}

    def body(w: Writer) -> list[str]:
        w.taken |= {*variables.values(), "mass_ratio", "gain"}
        w.lines += [f'{v} = nominal["{name}"]' for name, v in variables.items()]
        for change in changes:
            (value,) = w.write([change.value])
            w.lines += _lines(change, value, scene)
        pairs = ", ".join(f'"{name}": {v}' for name, v in variables.items())
        return [f"return {{{pairs}}}"]

    doc = "Model fields of one environment, from the nominal ones; lines apply in the order written."
    return roles.function("fields", doc, body, "nominal, samples, params, levels")


def _set(array: str, index: str, op: str, value: str) -> str:
    new = _OPERATOR[op].format(old=f"{array}[{index}]", new=value)
    return f"{array} = {array}.at[{index}].set({new})"


def _lines(change: FieldChange, value: str, scene: Scene) -> list[str]:
    model, names, op = scene.model, change.names, change.op
    if change.of == "geom":
        return _friction(change, value, scene)
    if change.of == "world":
        return [f"gravity = {_OPERATOR[op].format(old='gravity', new=value)}"]
    if change.of == "body":
        if change.quantity == "mass":
            kept = [i for i, n in enumerate(names) if n not in massless(change, model)]
            if not kept:
                return []
            if len(kept) < len(names) and _per_element(change):
                value = f"{value}[{index_text(tuple(kept))}]"
            names = tuple(names[i] for i in kept)
        listed = _picked(change, [int(model.body(n).id) for n in names])
        ids = index_text(listed)
        if change.quantity == "mass":
            # The body keeps its shape and density profile: inertia follows mass, which keeps it physically valid.
            grown = "mass_ratio" if isinstance(listed, int) else "mass_ratio[:, None]"
            return [
                f"mass_ratio = ({_OPERATOR[op].format(old=f'body_mass[{ids}]', new=value)}) / body_mass[{ids}]",
                f"body_mass = body_mass.at[{ids}].multiply(mass_ratio)",
                f"body_inertia = body_inertia.at[{ids}].multiply({grown})",
            ]
        if change.quantity == "inertia" and _per_element(change):
            value = f"{value}[:, None]"  # one number a body, for all three of its axes
        return [_set({"com": "body_ipos", "inertia": "body_inertia"}[change.quantity], ids, op, value)]
    return _joint_lines(change, value, model)


def _joint_lines(change: FieldChange, value: str, model: mujoco.MjModel) -> list[str]:
    names, op = change.names, change.op
    if change.quantity in ("kp", "kd"):
        return _servo_lines(change, value, model)
    if change.quantity == "stiffness":
        ids = index_text(_picked(change, [int(model.joint(n).id) for n in names]))
        return [_set("jnt_stiffness", ids, op, value)]
    if change.quantity == "zero":
        ids = index_text(_picked(change, [int(model.joint(n).qposadr[0]) for n in names]))
        return [_set("qpos0", ids, op, value)]
    dofs = [_dofs(model, n) for n in names]
    if len(dofs[0]) > 1 and _per_element(change):  # a ball's number counts about each of its axes
        value = f"{value}[{index_text(tuple(i for i, own in enumerate(dofs) for _ in own))}]"
    ids = index_text(_picked(change, [dof for own in dofs for dof in own]))
    return [_set(f"dof_{change.quantity}", ids, op, value)]


def _friction(change: FieldChange, value: str, scene: Scene) -> list[str]:
    ids = _picked(change, [int(scene.model.geom(n).id) for n in change.names])
    lines = [_set("geom_friction", f"{index_text(ids)}, 0", change.op, value)]
    if scene.floor_pairs and scene.floor in change.names:
        # Explicit pairs bring their own friction: both tangential coefficients follow the floor's.
        pairs = index_text(scene.floor_pairs)
        value = f"{value}[{change.names.index(scene.floor)}]" if _per_element(change) else value
        lines.append(_set("pair_friction", f"{pairs}, 0:2", change.op, value))
    return lines


def _per_element(change: FieldChange) -> bool:
    """Returns whether the value has an axis of the changed elements, and not one number for all of them."""
    components = 1 if change.quantity in ("com", "gravity") else 0
    return len(change.value.shape) > components


def _picked(change: FieldChange, ids: list[int]) -> int | tuple[int, ...]:
    """Returns the subscript of the changed elements; that of a single one drops the axis where the value has none."""
    return ids[0] if len(ids) == 1 and not _per_element(change) else tuple(ids)


def _servo_lines(change: FieldChange, value: str, model: mujoco.MjModel) -> list[str]:
    """A gain is one of the joint: the actuator's own times the square of its gear.

    What a control is multiplied by grows with what pulls back, so that a target stays the same target.
    """
    column = 1 if change.quantity == "kp" else 2
    ours = [_servo_of(model, name, change.quantity) for name in change.names]
    ids, laws = index_text(_picked(change, ours)), [law_of(model, i) for i in ours]
    square = [float(model.actuator_gear[i, 0]) ** 2 for i in ours]
    old, new = f"-actuator_biasprm[{ids}, {column}]", "gain"
    if any(s != 1.0 for s in square):
        old, new = f"{old} * {_numbers(square)}", f"(gain / {_numbers(square)})"
    lines = [
        f"gain = {_OPERATOR[change.op].format(old=old, new=value)}",
        f"actuator_biasprm = actuator_biasprm.at[{ids}, {column}].set(-{new})",
    ]
    pulls = [_pull(law, change.quantity) for law in laws]
    if not any(pulls):
        return lines
    if all(law.gain == pull for law, pull in zip(laws, pulls, strict=True)):
        return [*lines, f"actuator_gainprm = actuator_gainprm.at[{ids}, 0].set({new})"]
    # Written as a sum, for of several servos some may have nothing that grows.
    share = _numbers([law.gain / pull if pull else 0.0 for law, pull in zip(laws, pulls, strict=True)])
    kept = _numbers([0.0 if pull else law.gain for law, pull in zip(laws, pulls, strict=True)])
    return [*lines, f"actuator_gainprm = actuator_gainprm.at[{ids}, 0].set({new} * {share} + {kept})"]


def _pull(law: Law, quantity: str) -> float:
    """What of a gain the control is multiplied by: the damping of a position servo is not, a velocity servo's is."""
    return law.kp if quantity == "kp" else 0.0 if law.kp else law.kv or 0.0


def _pulled(change: FieldChange, model: mujoco.MjModel) -> bool:
    """Returns whether a line changes what some servo's control is multiplied by."""
    ours = (_servo_of(model, name, change.quantity) for name in change.names)
    return any(_pull(law_of(model, i), change.quantity) for i in ours)


def _numbers(each: list[float]) -> str:
    """One number, or one for each of several elements."""
    return constant_text(each[0] if len(each) == 1 else each)


def _servo_of(model: mujoco.MjModel, joint: str, quantity: str) -> int:
    """The actuator of a joint that has this gain; the checker has seen to it that there is one."""
    on_joint = np.isin(model.actuator_trntype, (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT))
    found = [int(i) for i in np.flatnonzero(on_joint & (model.actuator_trnid[:, 0] == model.joint(joint).id))]
    return found[servos([law_of(model, i) for i in found], quantity)[0]]
