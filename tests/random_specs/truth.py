"""What MuJoCo alone says of a robot in a state: nothing here knows the package that is tested.

A `Moment` is one state of one environment as a reference sees it. Some moments are blurred: every number that is read
from MuJoCo is changed in its seventh digit. How far a result moves by that says how exactly it can be known in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np

from tests.random_specs.robots import Robot

OBJ = mujoco.mjtObj
FRAMES = {"body": OBJ.mjOBJ_XBODY, "site": OBJ.mjOBJ_SITE, "geom": OBJ.mjOBJ_GEOM}
LISTED = {"body": "bodies", "joint": "joints", "site": "sites", "geom": "geoms", "actuator": "actuators",
          "sensor": "sensors"}  # fmt: skip
BLUR = {"pos": 3e-7, "vel": 1e-6, "acc": 1e-5}


class Truth:
    """A robot as MuJoCo reads its file, with everything named, and the floor that the spec asks for."""

    def __init__(self, robot: Robot, friction: float = 1.0) -> None:
        spec = mujoco.MjSpec.from_string(robot.xml)
        spec.compile()
        self.names: dict[str, list[str]] = {}
        for kind, words in LISTED.items():
            listed = sorted(getattr(spec, words), key=lambda e: e.id)
            for e in listed:
                e.name = e.name or f"{kind}[{e.id}]"
            self.names[kind] = [e.name for e in listed]
        if robot.plane:
            spec.worldbody.add_geom(
                name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.05], priority=1,
                friction=[friction, 0.005, 0.0001],
            )  # fmt: skip
        self.model = model = spec.compile()
        self.floor = "floor" if robot.plane else next(
            (n for n in self.names["geom"] if model.geom(n).type[0] == 0 and model.geom(n).bodyid[0] == 0), ""
        )  # fmt: skip
        self.keys = [model.key(i).name for i in range(model.nkey)]

    def serve(self, actuators: list[str], gain: float, damping: float) -> None:
        """Makes these actuators position servos with gains at the joint: a servo keeps its gear, a motor its limits."""
        model = self.model
        for name in actuators:
            i = model.actuator(name).id
            gear = float(model.actuator_gear[i, 0])
            if not model.actuator_biasprm[i, 1]:
                ends = [(-np.inf, np.inf)]
                if model.actuator_ctrllimited[i]:
                    ends.append(
                        tuple(sorted(gear * model.actuator_gainprm[i, 0] * x for x in model.actuator_ctrlrange[i]))
                    )
                if model.actuator_forcelimited[i]:
                    ends.append(tuple(sorted(gear * x for x in model.actuator_forcerange[i])))
                low, high = max(a for a, _ in ends), min(b for _, b in ends)
                model.actuator_forcelimited[i] = np.isfinite(high)
                model.actuator_forcerange[i] = (low, high) if np.isfinite(high) else (0, 0)
                model.actuator_ctrllimited[i], model.actuator_ctrlrange[i] = 0, 0
                model.actuator_biastype[i] = mujoco.mjtBias.mjBIAS_AFFINE
                model.actuator_biasprm[i, 0] = 0
                model.actuator_gear[i] = [1, 0, 0, 0, 0, 0]
                gear = 1.0
            model.actuator_gainprm[i, 0] = gain / gear**2
            model.actuator_biasprm[i, 1:3] = -gain / gear**2, -damping / gear**2
        mujoco.mj_setConst(model, mujoco.MjData(model))

    def joint_kind(self, name: str) -> str:
        return ("free", "ball", "slide", "hinge")[int(self.model.joint(name).type[0])]

    def free_body(self, name: str) -> bool:
        body = self.model.body(name)
        return bool(body.jntnum[0]) and self.model.jnt_type[body.jntadr[0]] == mujoco.mjtJoint.mjJNT_FREE

    def actuator_joint(self, name: str) -> str:
        """Returns the joint that an actuator works on, empty where it works on something else."""
        actuator = self.model.actuator(name)
        if actuator.trntype[0] != mujoco.mjtTrn.mjTRN_JOINT:
            return ""
        return self.model.joint(int(actuator.trnid[0])).name

    def own_bodies(self, base: str = "") -> set[int]:
        """Returns the robot's bodies: the trees in which an actuator moves something, and that of `base`."""
        model = self.model
        mine = {int(t) for t in (self._tree(b) for b in self._moved()) if t >= 0}
        if base:
            mine.add(self._tree(model.body(base).id))
        moving = [b for b in range(model.nbody) if self._tree(b) >= 0]
        return {b for b in moving if self._tree(b) in mine or not mine}

    def _tree(self, body: int) -> int:
        """The first moving body above, itself included; mocap bodies move too; -1 for what is fixed."""
        model, chain = self.model, [body]
        while chain[-1]:
            chain.append(int(model.body_parentid[chain[-1]]))
        for b in reversed(chain):
            if model.body_jntnum[b] or model.body_mocapid[b] >= 0:
                return b
        return -1

    def _moved(self) -> list[int]:
        model, found = self.model, []
        for i in range(model.nu):
            kind, target = model.actuator_trntype[i], int(model.actuator_trnid[i, 0])
            if kind == mujoco.mjtTrn.mjTRN_JOINT:
                found.append(int(model.jnt_bodyid[target]))
            elif kind == mujoco.mjtTrn.mjTRN_SITE:
                found.append(int(model.site_bodyid[target]))
            elif kind == mujoco.mjtTrn.mjTRN_TENDON:
                for w in range(model.tendon_adr[target], model.tendon_adr[target] + model.tendon_num[target]):
                    place = int(model.wrap_objid[w])
                    joint = model.wrap_type[w] == mujoco.mjtWrap.mjWRAP_JOINT
                    found.append(int(model.jnt_bodyid[place] if joint else model.site_bodyid[place]))
        return found


@dataclass
class Moment:
    """One state of one environment. `memory` lives as long as the episode; `rng` blurs what is read."""

    truth: Truth
    data: mujoco.MjData
    own: set[int]
    action: np.ndarray
    commands: dict[str, dict[str, float]]
    step: int
    dt: float
    memory: dict[Any, Any] = field(default_factory=dict)
    rng: np.random.Generator | None = None
    drawn: mujoco.MjModel | None = None  # the model with what `randomize` made of it

    @property
    def model(self) -> mujoco.MjModel:
        return self.drawn or self.truth.model

    def sharp(self, x: Any) -> Any:
        """Returns a difference whose sign decides; where it is next to nothing the episode is not held to it."""
        if np.min(np.abs(x), initial=1.0) < 1e-5:
            self.memory["unsure"] = True
        return x

    def read(self, x: Any, stage: str = "pos") -> np.ndarray:
        x = np.array(x, float)
        if self.rng is None:
            return x
        size = np.abs(x).max(initial=0.0) + np.abs(x) + 1e-3
        return x + BLUR[stage] * size * self.rng.uniform(-1, 1, x.shape)

    def remember(self, key: Any, first: Callable[[], Any], later: Callable[[Any], Any]) -> Any:
        """Returns the value of something that remembers; `first` and `later(memory)` give (value, memory)."""
        known = self.memory.get(key)
        if known is None:
            value, memory = first()
        elif known[0] == self.step:
            return known[1]
        else:
            value, memory = later(known[2])
        self.memory[key] = (self.step, value, memory)
        return value

    # Bodies, sites and geoms ----------------------------------------------------------------------------------------

    def place(self, kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns position and rotation matrix."""
        part = getattr(self.data, kind)(name)
        return self.read(part.xpos), self.read(part.xmat).reshape(3, 3)

    def velocity(self, kind: str, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns linear and angular velocity in the world."""
        out = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, self.data, FRAMES[kind], getattr(self.model, kind)(name).id, out, 0)
        return self.read(out[3:], "vel"), self.read(out[:3], "vel")

    def geoms_of(self, kind: str, name: str) -> set[int]:
        if kind == "geom":
            return {self.model.geom(name).id}
        body = self.model.body(name).id if kind == "body" else int(self.model.site_bodyid[self.model.site(name).id])
        return {g for g in range(self.model.ngeom) if self.model.geom_bodyid[g] == body}

    def contacts(self, kind: str, name: str, others: set[int] | None = None) -> tuple[bool, np.ndarray]:
        """Returns whether it touches `others` (geoms; anything that is not the robot), and their force on it."""
        model, data = self.model, self.data
        mine, touching, force = self.geoms_of(kind, name), False, np.zeros(3)
        if others is None:
            others = {g for g in range(model.ngeom) if int(model.geom_bodyid[g]) not in self.own}
        for i in range(data.ncon):
            a, b = (int(g) for g in data.contact[i].geom)
            for one, other, sign in ((a, b, -1), (b, a, 1)):
                if one in mine and other in others:
                    touching, wrench = True, np.zeros(6)
                    mujoco.mj_contactForce(model, data, i, wrench)
                    force += sign * (data.contact[i].frame.reshape(3, 3).T @ wrench[:3])
        return touching, self.read(force, "acc")


def quat_of(matrix: np.ndarray) -> np.ndarray:
    q = np.zeros(4)
    mujoco.mju_mat2Quat(q, np.ascontiguousarray(matrix).ravel())
    return -q if q[0] < 0 else q


def yaw_of(matrix: np.ndarray) -> float:
    return float(np.arctan2(matrix[1, 0], matrix[0, 0]))


def level(matrix: np.ndarray) -> np.ndarray:
    """Returns the rotation about z by the yaw."""
    c, s = np.cos(yaw_of(matrix)), np.sin(yaw_of(matrix))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
