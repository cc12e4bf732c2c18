"""Random robots, built with MuJoCo's MjSpec: odd trees, odd names, odd orders, all that MJCF allows and specs may meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco

from tests.random_specs.choice import Choice
from tests.random_specs.fittings import Fittings

JNT, GEOM, TRN = mujoco.mjtJoint, mujoco.mjtGeom, mujoco.mjtTrn
KINDS = {JNT.mjJNT_HINGE: "hinge", JNT.mjJNT_SLIDE: "slide", JNT.mjJNT_BALL: "ball", JNT.mjJNT_FREE: "free"}
SIZES = {
    GEOM.mjGEOM_SPHERE: 1, GEOM.mjGEOM_CAPSULE: 2, GEOM.mjGEOM_BOX: 3, GEOM.mjGEOM_CYLINDER: 2,
    GEOM.mjGEOM_ELLIPSOID: 3,
}  # fmt: skip
STEPS = (0.004, 0.002, 0.005)


@dataclass(frozen=True)
class Robot:
    """The text of a robot file, and whether the spec is to put a floor there."""

    xml: str
    plane: bool


class RobotBuilder(Fittings):
    """Builds one robot. Every number has few digits, so that the file holds it as it is."""

    def __init__(self, choice: Choice, round_only: bool = False) -> None:
        self.shapes = list(SIZES)[: 2 if round_only else None]
        self.pick = choice
        self.spec = mujoco.MjSpec()
        self.taken = {}
        self.scalar, self.sites, self.bodies, self.joint_kinds = [], [], [], {}

    def build(self) -> Robot:
        pick, spec = self.pick, self.spec
        spec.modelname = "dice"
        spec.compiler.degree = False
        spec.option.timestep = pick.of(STEPS)
        if pick.chance(25):
            spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        if pick.chance(15):
            spec.option.gravity = [0.5, 0, -5]
        self.classes = [spec.default, *self._classes()]
        plane = pick.chance(50)
        if not plane and pick.chance(80):
            spec.worldbody.add_geom(name=self.name("geom", 20), type=GEOM.mjGEOM_PLANE, size=[5, 5, 0.1])
        for i in range(pick.count(1, 3)):
            self._tree(spec.worldbody, [1.5 * i, pick.number(0, 0.5), pick.number(0.2, 1)])
        if not self.scalar:
            self._joint(self._body(spec.worldbody, [0, -1.5, 1]), JNT.mjJNT_HINGE)
        if pick.chance(20):
            self._mocap()
        self._tendons()
        self._actuators()
        self._sensors()
        self._relations()
        self._keys()
        return Robot(spec.to_xml(), plane)

    def _default(self) -> Any:
        return self.pick.of(self.classes)

    def _classes(self) -> list[Any]:
        found: list[Any] = []
        for i in range(self.pick.of((0, 1, 2))):
            one = self.spec.add_default(f"class{i}", found[-1] if found and self.pick.chance(50) else self.spec.default)
            one.joint.armature = 0.02
            one.joint.damping = [0.5, 0, 0]
            if self.pick.chance(40):
                one.joint.axis = [0, 1, 1]
            if self.pick.chance(40):
                one.joint.range, one.joint.limited = [-0.8, 0.6], 1
            if self.pick.chance(30):
                one.geom.friction = [0.6, 0.005, 0.0001]
            if self.pick.chance(30):
                one.actuator.gear = [3, 0, 0, 0, 0, 0]
            found.append(one)
        return found

    # Bodies ---------------------------------------------------------------------------------------------------------

    def _tree(self, parent: Any, pos: list[float], depth: int = 0) -> None:
        pick = self.pick
        body = self._body(parent, pos)
        root = ("free", "hinge", "slide", "none", "ball")
        inner = ("hinge", "hinge", "slide", "ball", "none", "two")
        kind = pick.of(root if depth == 0 else inner)
        if kind == "free":
            free = body.add_freejoint() if pick.chance(50) else body.add_joint(type=JNT.mjJNT_FREE)
            free.name = self.name("joint")
        for one in {"two": ("slide", "hinge"), "none": (), "free": ()}.get(kind, (kind,)):
            self._joint(body, {v: k for k, v in KINDS.items()}[one])
        for _ in range(pick.count(0, 2 if depth < 2 else 0)):
            self._tree(body, [pick.number(-0.3, 0.3), pick.number(-0.3, 0.3), pick.number(-0.3, 0)], depth + 1)

    def _body(self, parent: Any, pos: list[float]) -> Any:
        pick = self.pick
        body = parent.add_body(name=self.name("body"), pos=pos)
        if pick.chance(30):
            body.quat = [0.8, 0, 0.6, 0] if pick.chance(50) else [0.6, 0, 0, -0.8]
        for _ in range(1 + pick.count(0, 1)):
            self._geom(body)
        for _ in range(pick.count(0, 2)):
            name = self.name("site", 15)
            quat = [0.6, 0.8, 0, 0] if pick.chance(40) else [1, 0, 0, 0]
            body.add_site(name=name, pos=[pick.number(-0.1, 0.1), 0, pick.number(-0.1, 0.1)], quat=quat)
            self.sites += [name] if name else []
        self.bodies += [body.name] if body.name else []
        return body

    def _geom(self, body: Any) -> Any:
        pick = self.pick
        kind = pick.of(self.shapes)
        size = [pick.number(0.04, 0.12) if i < SIZES[kind] else 0 for i in range(3)]
        geom = body.add_geom(self._default(), name=self.name("geom"), type=kind, size=size)
        if pick.chance(40):
            geom.pos = [pick.number(-0.1, 0.1), 0, pick.number(-0.2, 0)]
        if pick.chance(20):
            geom.contype, geom.conaffinity = 0, pick.of((0, 1))
        return geom

    def _joint(self, body: Any, kind: Any) -> None:
        pick = self.pick
        name = self.name("joint", 15)
        classes = self.spec.default if kind == JNT.mjJNT_BALL else self._default()  # classes have limits of a hinge
        joint = body.add_joint(classes, name=name, type=kind)
        joint.damping = [pick.number(0.1, 2), 0, 0]
        joint.armature = pick.number(0.01, 0.1)
        if kind in (JNT.mjJNT_HINGE, JNT.mjJNT_SLIDE):
            if pick.chance(70):
                joint.axis = pick.of(([0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0.6, -0.8]))
            if pick.chance(50):
                joint.limited, joint.range = 1, [-pick.number(0.2, 1), pick.number(0.2, 1)]
            if pick.chance(20):
                joint.ref = pick.number(-0.2, 0.2)
            if pick.chance(20):
                joint.stiffness = [pick.number(1, 5), 0, 0]
            if name:
                self.scalar.append(name)
        self.joint_kinds[name] = KINDS[kind]

    def _mocap(self) -> None:
        body = self.spec.worldbody.add_body(name=self.name("body"), mocap=True, pos=[-1, 0, 0.5])
        body.add_geom(name=self.name("geom"), type=GEOM.mjGEOM_SPHERE, size=[0.1, 0, 0])
        self.bodies += [body.name] if body.name else []

    # What works on them ---------------------------------------------------------------------------------------------

    def _tendons(self) -> None:
        self.tendons: list[str] = []
        if not self.scalar or not self.pick.chance(30):
            return
        tendon = self.spec.add_tendon(name=self.name("tendon", 0))
        if len(self.sites) > 1 and self.pick.chance(40):
            for site in self.pick.shuffled(self.sites)[:3]:
                tendon.wrap_site(site)
        else:
            for joint in self.pick.some(self.scalar, 2):
                tendon.wrap_joint(joint, self.pick.of((1.0, -0.5, 2.0)))
        self.tendons.append(tendon.name)

    def _actuators(self) -> None:
        pick = self.pick
        for joint in pick.shuffled(self.scalar):
            if pick.chance(85):
                kind = self._actuator(joint, TRN.mjTRN_JOINT, True)
                if kind in ("position", "velocity") and pick.chance(15):  # two on one joint
                    self._actuator(joint, TRN.mjTRN_JOINT, False)
        if self.tendons and pick.chance(50):
            self._actuator(self.tendons[0], TRN.mjTRN_TENDON, False)
        if self.sites and pick.chance(10):
            self._actuator(pick.of(self.sites), TRN.mjTRN_SITE, False)

    def _actuator(self, target: str, trn: Any, servo: bool) -> str:
        pick = self.pick
        actuator = self.spec.add_actuator(self._default(), name=self.name("actuator"), target=target, trntype=trn)
        kind = pick.of(("position", "motor", "velocity", "filtered", "general", "integrated") if servo else ("motor",))
        if kind == "position":
            actuator.set_to_position(kp=pick.number(5, 30), kv=pick.number(0, 1))
        elif kind == "filtered":
            actuator.set_to_position(kp=pick.number(5, 30), kv=0.2, timeconst=0.05)
        elif kind == "integrated":
            actuator.set_to_intvelocity(kp=pick.number(5, 20))
            actuator.actrange, actuator.actlimited = [-1, 1], 1
        elif kind == "velocity":
            actuator.set_to_velocity(kv=pick.number(0.5, 2))
        elif kind == "motor":
            actuator.set_to_motor()
        else:
            actuator.gainprm[0] = pick.number(1, 3)
        if pick.chance(50):
            actuator.gear = [pick.of((2.0, -1.0, 0.5, -3.0)), 0, 0, 0, 0, 0]
        if pick.chance(30):
            actuator.ctrlrange, actuator.ctrllimited = [-1, pick.of((1.0, 0.5))], 1
        if pick.chance(20):
            actuator.forcerange, actuator.forcelimited = [-4, 4], 1
        return kind


def robot(choice: Choice, round_only: bool = False) -> Robot:
    """Returns a random robot that MuJoCo compiles; `round_only`: of spheres and capsules, which every engine takes."""
    return RobotBuilder(choice, round_only).build()
