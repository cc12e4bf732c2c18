"""What a random robot has besides bodies and joints: names, sensors, constraints, keyframes."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from tests.random_specs.choice import Choice

JNT, SENS, OBJ = mujoco.mjtJoint, mujoco.mjtSensor, mujoco.mjtObj
# Few, so that a body, a joint and a site often have one name; of the odd ones some look like what a spec says.
NAMES = ("a", "b", "hip", "a_1", "left-hip", "x", "pos", "world_x", "b.c", "e/f", "action", "torso 2", "µ", "n[0]")


class Fittings:
    """Adds them to the spec that `RobotBuilder` builds; the lists are the names there are, unnamed parts left out."""

    pick: Choice
    spec: mujoco.MjSpec
    taken: dict[str, set[str]]
    scalar: list[str]  # joints with one number
    sites: list[str]
    bodies: list[str]
    joint_kinds: dict[str, str]

    def name(self, kind: str, unnamed: int = 25) -> str:
        """Returns a name that no other element of the kind has, or none."""
        if self.pick.chance(unnamed):
            return ""
        name, taken = self.pick.of(NAMES), self.taken.setdefault(kind, set())
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    def _sensors(self) -> None:
        pick, add = self.pick, self.spec.add_sensor
        named = {OBJ.mjOBJ_XBODY: self.bodies, OBJ.mjOBJ_SITE: self.sites}
        frames = [(kind, name) for kind, names in named.items() for name in names]
        for _ in range(pick.count(0, 5)):
            name = self.name("sensor", 10)
            site_kinds = [SENS.mjSENS_GYRO, SENS.mjSENS_ACCELEROMETER, SENS.mjSENS_VELOCIMETER, SENS.mjSENS_MAGNETOMETER,
                          SENS.mjSENS_FORCE, SENS.mjSENS_TORQUE, SENS.mjSENS_TOUCH]  # fmt: skip
            frame_kinds = [SENS.mjSENS_FRAMEPOS, SENS.mjSENS_FRAMEQUAT, SENS.mjSENS_FRAMEXAXIS, SENS.mjSENS_FRAMEYAXIS,
                           SENS.mjSENS_FRAMEZAXIS, SENS.mjSENS_FRAMELINVEL, SENS.mjSENS_FRAMEANGVEL,
                           SENS.mjSENS_FRAMELINACC, SENS.mjSENS_FRAMEANGACC]  # fmt: skip
            what = pick.of(("joint", "site", "frame", "relative", "subtree"))
            if what == "joint" and self.scalar:
                kind = pick.of((SENS.mjSENS_JOINTPOS, SENS.mjSENS_JOINTVEL, SENS.mjSENS_JOINTACTFRC))
                add(name=name, type=kind, objtype=OBJ.mjOBJ_JOINT, objname=pick.of(self.scalar))
            elif what == "site" and self.sites:
                add(name=name, type=pick.of(site_kinds), objtype=OBJ.mjOBJ_SITE, objname=pick.of(self.sites))
            elif what in ("frame", "relative") and frames:
                objtype, objname = pick.of(frames)
                more: dict[str, Any] = {}
                kinds = frame_kinds
                if what == "relative":
                    more["reftype"], more["refname"] = pick.of(frames)
                    kinds = frame_kinds[:7]
                add(name=name, type=pick.of(kinds), objtype=objtype, objname=objname, **more)
            elif what == "subtree" and self.bodies:
                kind = pick.of((SENS.mjSENS_SUBTREECOM, SENS.mjSENS_SUBTREELINVEL, SENS.mjSENS_SUBTREEANGMOM))
                add(name=name, type=kind, objtype=OBJ.mjOBJ_BODY, objname=pick.of(self.bodies))

    def _relations(self) -> None:
        pick = self.pick
        if len(self.scalar) > 1 and pick.chance(10):
            one, two = self.scalar[:2]
            if self.joint_kinds[one] == self.joint_kinds[two]:
                self.spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, objtype=OBJ.mjOBJ_JOINT, name1=one, name2=two)
        if len(self.bodies) > 1 and pick.chance(15):
            self.spec.add_exclude(bodyname1=self.bodies[0], bodyname2=self.bodies[1])

    def _keys(self) -> None:
        pick = self.pick
        wanted = pick.of((0, 1, 2))
        if not wanted:
            return
        model = self.spec.compile()
        for i in range(wanted):
            qpos, rng = model.qpos0.copy(), np.random.default_rng(i)
            for j in range(model.njnt):
                at, kind = model.jnt_qposadr[j], model.jnt_type[j]
                if kind in (JNT.mjJNT_HINGE, JNT.mjJNT_SLIDE):
                    qpos[at] = np.round(qpos[at] + rng.uniform(-0.15, 0.15), 3)
                elif kind == JNT.mjJNT_FREE:
                    qpos[at + 2] += 0.125
            key: dict[str, Any] = {"qpos": qpos}
            if pick.chance(40):
                key["qvel"] = np.round(rng.normal(size=model.nv) * 0.3, 3)
            if pick.chance(40):
                key["ctrl"] = np.round(rng.uniform(-0.5, 0.5, model.nu), 3)
            if model.nmocap and pick.chance(50):
                key["mpos"], key["mquat"] = [-0.5, 0.25, 0.75], [0.6, 0, 0.8, 0]
            self.spec.add_key(name=self.name("key", 0), **key)
