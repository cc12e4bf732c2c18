"""Every quantity of the language means what MuJoCo says it means, on random states of the shipped robots.

The value comes from what the CPU engine read after a control step; the truth from a full `mj_forward` at that state and
MuJoCo's own functions (`mj_objectVelocity`, `mj_contactForce`, …). This also shows that what is read is current.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.physics.protocol import Starts
from tests.emit.state_reference import product, turn
from tests.emit.worlds import ROBOTS, compile_text, drive, mujoco_state, observed

OBJ = mujoco.mjtObj
KINDS = {"body": (OBJ.mjOBJ_XBODY, "bodies"), "site": (OBJ.mjOBJ_SITE, "sites"), "geom": (OBJ.mjOBJ_GEOM, "geoms")}
SPATIAL = ("pos", "quat", "linvel", "angvel", "height", "yaw", "up", "forward", "contact", "contact_force")
ROBOT: dict[str, dict[str, Any]] = {
    "biped": {
        "base": "torso", "pose": "stand", "site": "left_foot", "body": "left_shin", "joint": "left_knee",
        "names": {"body": ["torso", "left_foot", "right_thigh"], "site": ["imu", "left_foot", "right_foot"],
                  "geom": ["chest", "left_sole_outer", "right_shin", "floor"]},
    },
    "quadruped": {
        "base": "trunk", "pose": "home", "site": "FL_foot", "body": "FL_calf", "joint": "FL_calf",
        "names": {"body": ["trunk", "FL_calf", "RR_thigh"], "site": ["imu", "FL_foot", "RR_foot"],
                  "geom": ["trunk", "FL_foot", "RR_foot", "floor"]},
    },
}  # fmt: skip
ENVS, STEPS = 24, 6


def spec(robot: str) -> str:
    about = ROBOT[robot]
    lines = []
    for kind, names in about["names"].items():
        for n, name in enumerate(names):
            lines += [f'{kind}{n}_{q} = {kind}("{name}").{q}' for q in SPATIAL]
        listed = ", ".join(f'"{n}"' for n in names)
        lines += [f"{kind}s_{q} = {KINDS[kind][1]}({listed}).{q}" for q in SPATIAL]
    base, child, site = f'body("{about["base"]}")', f'body("{about["body"]}")', f'site("{about["site"]}")'
    for n, name in enumerate(about["names"]["body"]):
        lines += [f'body{n}_{q} = body("{name}").{q}' for q in ("com", "com_vel", "mass", "total_mass")]
    lines += [
        f"f_linvel = {child}.linvel in {base}", f"f_heading = {child}.linvel in {base}.heading",
        f"f_point = {site}.pos in {child}", f"f_quat = {site}.quat in {base}",
        f"f_relative = {site}.linvel relative_to {base}", f"f_relative_spin = {site}.angvel relative_to {base}",
        f"f_relative_heading = {site}.linvel relative_to {base}.heading",
        f"f_com = {child}.com_vel relative_to {base}", f"f_world = ({base}.linvel in {child}) in world",
        f"f_angvel = {base}.angvel in {base}", f"f_gravity = world.down in {base}",
        f'with_floor = {site}.contact with world.floor', f'with_force = {site}.contact_force with world.floor',
        "legs_pos = legs.pos", "legs_vel = legs.vel", "legs_acc = legs.acc", "legs_torque = legs.torque",
        "legs_lower = legs.lower", "legs_upper = legs.upper", f'one = joint("{about["joint"]}").vel',
        "forces = motors.force", "gravity = world.gravity",
    ]  # fmt: skip
    entries = "\n".join(lines)
    return f"""
task tiny
robot "{ROBOTS / (robot + ".xml")}" {{
  base = body("{about["base"]}")
  legs = joints("*_*")
  motors = actuators("*")
  home = keyframe("{about["pose"]}")
}}
world {{
  floor = plane friction 0.8
  physics_step = 4 ms
  control_step = 20 ms
}}
action {{
  target = position(legs) around home scale 1 rad
}}
observe actor {{
  pos = legs.pos
}}
observe critic {{
{entries}
}}
reset {{
  pose home
}}
"""


@cache
def world(robot: str, folder: Any) -> Any:
    compiled = compile_text(folder, spec(robot))
    model, rng = compiled.binding.scene.model, np.random.default_rng(3)
    # Robots start where feet are near the ground, so that some touch and some do not; half have a quaternion with w < 0.
    qpos = np.repeat(model.key(ROBOT[robot]["pose"]).qpos[None], ENVS, axis=0)
    qpos[:, 2] += rng.uniform(-0.06, 0.1, ENVS)
    tilted = [product(turn(2, rng.uniform(-3.1, 3.1)), turn(int(rng.integers(2)), rng.normal() * 0.2)) for _ in qpos]
    qpos[:, 3:7] = np.array(tilted) * rng.choice([-1, 1], (ENVS, 1))
    qpos[:, 7:] += rng.normal(size=(ENVS, model.nq - 7)) * 0.1
    starts = Starts(*(jnp.asarray(x, jnp.float32) for x in (qpos, rng.normal(size=(ENVS, model.nv)))))
    engine, reads = drive(compiled, starts, STEPS, rng)
    rows = [(mujoco_state(engine, i), observed(compiled, reads, i)) for i in range(ENVS)]
    return compiled, engine, rows


@pytest.fixture(params=list(ROBOT), scope="module")
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return (request.param, *world(request.param, tmp_path_factory.mktemp("world")))


# The truth ------------------------------------------------------------------------------------------------------------


def positive(q: np.ndarray) -> np.ndarray:
    return -q if q[0] < 0 else q


def pose(data: mujoco.MjData, kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the position and rotation matrix of an element."""
    if kind == "body":
        return data.body(name).xpos.copy(), data.body(name).xmat.reshape(3, 3).copy()
    part = data.site(name) if kind == "site" else data.geom(name)
    return part.xpos.copy(), part.xmat.reshape(3, 3).copy()


def velocity(model: Any, data: Any, kind: str, name: str, local: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns linear and angular velocity by MuJoCo, in the world or the element's own axes."""
    out = np.zeros(6)
    mujoco.mj_objectVelocity(model, data, KINDS[kind][0], getattr(model, kind)(name).id, out, local)
    return out[3:], out[:3]


def geoms_of(model: Any, kind: str, name: str) -> set[int]:
    if kind == "geom":
        return {model.geom(name).id}
    body = model.body(name).id if kind == "body" else int(model.site_bodyid[model.site(name).id])
    return {g for g in range(model.ngeom) if model.geom_bodyid[g] == body}


def inside(model: Any, geom: int) -> bool:
    return int(model.body_rootid[model.geom_bodyid[geom]]) != 0


def contacts(model: Any, data: Any, kind: str, name: str) -> tuple[bool, np.ndarray]:
    """Returns whether an element touches anything outside the robot, and the total world force on it."""
    own, force, touching = geoms_of(model, kind, name), np.zeros(3), False
    for i in range(data.ncon):
        a, b = (int(g) for g in data.contact[i].geom)
        if (a in own) == (b in own):
            continue
        other = b if a in own else a
        if kind != "geom" and inside(model, other) or kind == "geom" and inside(model, other):
            continue
        touching = True
        wrench = np.zeros(6)
        mujoco.mj_contactForce(model, data, i, wrench)
        on_second = data.contact[i].frame.reshape(3, 3).T @ wrench[:3]
        force += on_second if b in own else -on_second
    return touching, force


def quat_of(matrix: np.ndarray) -> np.ndarray:
    q = np.zeros(4)
    mujoco.mju_mat2Quat(q, matrix.ravel())
    return positive(q)


def heading(matrix: np.ndarray) -> np.ndarray:
    yaw = np.arctan2(matrix[1, 0], matrix[0, 0])
    return np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])


def truth(model: Any, data: Any, kind: str, name: str) -> dict[str, Any]:
    position, matrix = pose(data, kind, name)
    linear, angular = velocity(model, data, kind, name)
    touching, force = contacts(model, data, kind, name)
    return {
        "pos": position,
        "quat": quat_of(matrix),
        "linvel": linear,
        "angvel": angular,
        "height": position[2],
        "yaw": np.arctan2(matrix[1, 0], matrix[0, 0]),
        "up": matrix[:, 2],
        "forward": matrix[:, 0],
        "contact": float(touching),
        "contact_force": force,
    }


def close(got: Any, want: Any, what: str, tolerance: float = 2e-5) -> None:
    """float32 reads: seven digits, of values up to a few hundred for forces."""
    got, want = np.ravel(got), np.ravel(np.asarray(want, float))
    assert got.shape == want.shape, what
    error = np.max(np.abs(got - want) / np.maximum(1, np.abs(want)))
    assert error < tolerance, f"{what}: {got} is not {want}"


# Tests ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
def test_poses_velocities_and_contacts(scene: Any, kind: str) -> None:
    robot, _, task, rows = scene
    names = ROBOT[robot]["names"][kind]
    for data, seen in rows:
        found = [truth(task.model, data, kind, name) for name in names]
        for quantity in SPATIAL:
            if "floor" in names and quantity.startswith("contact"):
                found[-1][quantity] = np.zeros_like(found[-1][quantity])  # the floor is not the robot's: see below
            for n, row in enumerate(found):
                if names[n] != "floor" or not quantity.startswith("contact"):
                    close(seen[f"{kind}{n}_{quantity}"], row[quantity], f"{names[n]}.{quantity}")
            if not ("floor" in names and quantity.startswith("contact")):
                close(seen[f"{kind}s_{quantity}"], np.array([r[quantity] for r in found]), f"{kind}s.{quantity}")


def test_the_states_are_worth_checking(scene: Any) -> None:
    """Some feet touch, some do not, forces act, and not every orientation has w >= 0."""
    robot, _, task, rows = scene
    touching = [truth(task.model, d, "site", ROBOT[robot]["site"])["contact"] for d, _ in rows]
    assert 0 < sum(touching) < len(touching)
    assert max(np.abs(s["with_force"][2]) for _, s in rows) > 10
    assert min(s["site1_contact_force"][2] for _, s in rows) > -1e-6, "a floor pushes upward"
    assert any(d.qpos[3] < 0 for d, _ in rows)


def test_contact_with_the_floor(scene: Any) -> None:
    robot, _, task, rows = scene
    for data, seen in rows:
        want = truth(task.model, data, "site", ROBOT[robot]["site"])
        close(seen["with_floor"], want["contact"], "contact with")
        close(seen["with_force"], want["contact_force"], "contact_force with")


def test_centres_of_mass(scene: Any) -> None:
    robot, _, task, rows = scene
    for data, seen in rows:
        for n, name in enumerate(ROBOT[robot]["names"]["body"]):
            i = task.model.body(name).id
            close(seen[f"body{n}_com"], data.subtree_com[i], "com")
            close(seen[f"body{n}_com_vel"], data.subtree_linvel[i], "com_vel")
            close(seen[f"body{n}_mass"], task.model.body_mass[i], "mass")
            close(seen[f"body{n}_total_mass"], task.model.body_subtreemass[i], "total_mass")


def test_joints_and_actuators(scene: Any) -> None:
    robot, compiled, task, rows = scene
    model = task.model
    names = compiled.program.action[0].joints
    ids = [model.joint(n).id for n in names]
    dofs, at = model.jnt_dofadr[ids], model.jnt_qposadr[ids]
    for data, seen in rows:
        close(seen["legs_pos"], data.qpos[at], "pos")
        close(seen["legs_vel"], data.qvel[dofs], "vel")
        close(seen["legs_acc"], data.qacc[dofs], "acc", 1e-4)
        close(seen["legs_torque"], data.qfrc_actuator[dofs], "torque")
        close(seen["legs_lower"], model.jnt_range[ids, 0], "lower")
        close(seen["legs_upper"], model.jnt_range[ids, 1], "upper")
        close(seen["one"], data.joint(ROBOT[robot]["joint"]).qvel, "one")
        close(seen["forces"], data.actuator_force, "force")
        close(seen["gravity"], [0, 0, -9.81], "gravity")


def test_changes_of_frame(scene: Any) -> None:
    robot, _, task, rows = scene
    about, model = ROBOT[robot], task.model
    for data, seen in rows:
        p_base, m_base = pose(data, "body", about["base"])
        p_child, m_child = pose(data, "body", about["body"])
        p_site, m_site = pose(data, "site", about["site"])
        v_base, w_base = velocity(model, data, "body", about["base"])
        v_child, _ = velocity(model, data, "body", about["body"])
        v_site, w_site = velocity(model, data, "site", about["site"])
        close(seen["f_linvel"], m_base.T @ v_child, "in base")
        close(seen["f_heading"], heading(m_base).T @ v_child, "in base.heading")
        close(seen["f_point"], m_child.T @ (p_site - p_child), "a point in a body")
        close(seen["f_quat"], quat_of(m_base.T @ m_site), "a rotation in a body")
        close(seen["f_world"], v_base, "there and back")
        close(seen["f_angvel"], velocity(model, data, "body", about["base"], 1)[1], "angvel in base")
        close(seen["f_gravity"], m_base.T @ [0, 0, -1], "down in base")
        moving = v_site - v_base - np.cross(w_base, p_site - p_base)
        close(seen["f_relative"], m_base.T @ moving, "relative_to")
        close(seen["f_relative_spin"], m_base.T @ (w_site - w_base), "angvel relative_to")
        i = model.body(about["body"]).id
        arm = np.cross(w_base, data.subtree_com[i] - p_base)
        close(seen["f_com"], m_base.T @ (data.subtree_linvel[i] - v_base - arm), "com_vel relative_to")


def test_relative_to_a_heading_is_the_rate_of_change_of_the_place_in_it(scene: Any) -> None:
    """The velocity seen from a heading frame is how fast the position in that frame changes: by a finite difference."""
    robot, _, task, rows = scene
    about, model = ROBOT[robot], task.model
    for data, seen in rows:
        places = []
        for sign in (-1, 1):
            moved = mujoco.MjData(model)
            moved.qpos[:] = data.qpos
            mujoco.mj_integratePos(model, moved.qpos, data.qvel, sign * 1e-5)
            mujoco.mj_kinematics(model, moved)
            p_base, m_base = pose(moved, "body", about["base"])
            places.append(heading(m_base).T @ (pose(moved, "site", about["site"])[0] - p_base))
        close(seen["f_relative_heading"], (places[1] - places[0]) / 2e-5, "relative_to heading", 1e-4)


def test_what_the_floor_feels_is_the_other_side_of_what_the_robot_feels(scene: Any) -> None:
    """A geom outside the robot: `contact` means anything outside the robot, so nothing here."""
    for _, seen in scene[3]:
        close(seen["geom3_contact"], 0, "floor.contact")
