"""Demand analysis and binding: which simulator quantities a program reads, the sensors that the composed model needs
for them, and where each is found afterwards.

Only what a spec reads is bound. A free body's pose and velocity come from qpos and qvel; everything else spatial from
frame sensors, contacts from geom-to-geom contact sensors, so that every engine means the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import mujoco
import numpy as np

from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import Program
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.requests import ContactRequest, Scene, SceneRequest, SensorRequest, SiteRequest
from ksim_spec.robot.scene import compose

Stage = Literal["pos", "vel", "acc"]
STAGES: tuple[Stage, ...] = ("pos", "vel", "acc")


@dataclass(frozen=True)
class Leaf:
    """Where a leaf's value is: `array` of the reads and flat `indices` into it, or a constant.

    `kind`: slice (indices, then reshape), contact (per element the indices of its `found` slots, any above zero), force
    (per element the slots of force, normal, tangent: nine numbers each), const.
    """

    kind: Literal["slice", "contact", "force", "const"]
    array: str = ""
    indices: tuple[Any, ...] = ()
    shape: tuple[int, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Binding:
    """The composed scene and, for every leaf that reads the simulator or the model, where its value is."""

    scene: Scene
    leaves: dict[int, Leaf]
    reads: tuple[str, ...]
    stage: Stage


_FRAME_SENSOR = {"pos": "framepos", "quat": "framequat", "linvel": "framelinvel", "angvel": "frameangvel"}
_SUBTREE_SENSOR = {"com": "subtreecom", "com_vel": "subtreelinvel"}
_JOINT_FIELD = {"pos": "qpos", "vel": "qvel", "torque": "qfrc_actuator", "acc": "qacc"}
_STAGE_OF = {
    "vel": "vel", "linvel": "vel", "angvel": "vel", "angvel_local": "vel", "com_vel": "vel",
    "torque": "acc", "acc": "acc", "force": "acc", "contact_force": "acc",
}  # fmt: skip


def bind(program: Program, index: RobotIndex) -> Binding:
    """Returns the composed scene of a program and the place of every quantity it reads."""
    return _Binder(program, index).run()


class _Binder:
    def __init__(self, program: Program, index: RobotIndex) -> None:
        self.program, self.index = program, index
        self.nodes = [n for n in walk(program.roots()) if n.op in ("read", "model", "pose")]
        self.sensors: dict[str, SensorRequest] = {}
        self.contacts: dict[str, ContactRequest] = {}
        self.stage = 0

    def run(self) -> Binding:
        for node in self.nodes:
            if node.op == "read":
                self._request(node)
        scene = compose(self._scene_request())
        leaves = {id(n): self._leaf(n, scene) for n in self.nodes}
        reads = {"qpos", "qvel"} | {leaf.array for leaf in leaves.values() if leaf.array}
        order = [
            r for r in ("qpos", "qvel", "act", "qacc", "qfrc_actuator", "actuator_force", "sensordata") if r in reads
        ]
        stage = STAGES[max(self.stage, STAGES.index(scene.stage) if self.sensors or self.contacts else 0)]
        return Binding(scene, leaves, tuple(order), stage)

    def _scene_request(self) -> SceneRequest:
        world = self.program.world
        kept = tuple(n.attr("names")[0] for n in self.nodes if n.op == "read" and n.attr("of") == "sensor")
        servos = tuple(a for term in self.program.action if term.servo for a in term.drives)
        friction = world.floor_friction if world.floor_friction is not None else 1.0
        return SceneRequest(
            robot=self.program.robot_path,
            floor=friction if world.floor else None,
            physics_step=world.physics_step,
            sites=tuple(SiteRequest(s.name, s.body, s.position) for s in world.sites),
            # Sorted, so that the model does not depend on the order in which a spec mentions things.
            sensors=tuple(self.sensors[key] for key in sorted(self.sensors)),
            contacts=tuple(self.contacts[key] for key in sorted(self.contacts)),
            servos=servos,
            own=tuple(name_of(self.index.bodies[b]) for b in self.program.own),
            options={k: int(v) if float(v).is_integer() else v for k, v in world.solver},
            keep_sensors=kept,
        )

    # Requests -----------------------------------------------------------------------------------------------------

    def _request(self, node: Node) -> None:
        what, of, names = node.attr("what"), node.attr("of"), node.attr("names")
        self.stage = max(self.stage, STAGES.index(_STAGE_OF.get(what, "pos")))
        if of == "sensor":
            self.stage = max(self.stage, STAGES.index(self._sensor_stage(names[0])))
        elif of in ("body", "site", "geom") and what in _FRAME_SENSOR and not self._from_state(of, what, names):
            for name in names:
                key = f"{of}.{name}.{what}"
                self.sensors[key] = SensorRequest(key, _FRAME_SENSOR[what], of, name)  # type: ignore[arg-type]
        elif what in _SUBTREE_SENSOR:
            for name in names:
                key = f"{of}.{name}.{what}"
                self.sensors[key] = SensorRequest(key, _SUBTREE_SENSOR[what], "body", name)  # type: ignore[arg-type]
        elif what in ("contact", "contact_force"):
            data = ("found",) if what == "contact" else ("force", "normal", "tangent")
            for name in names:
                key = self._contact_key(node, name)
                other = node.attr("other")
                b = (
                    "outside"
                    if other == ("outside",)
                    else tuple(g for n in other[1:] for g in self._geoms(other[0], n))
                )
                self.contacts[key] = ContactRequest(key, self._geoms(of, name), b, data)  # type: ignore[arg-type]

    def _sensor_stage(self, name: str) -> Stage:
        from ksim_spec.language.quantities import SENSORS

        sensor = self.index.find("sensor", name)
        row = SENSORS.get(sensor.tag) if sensor else None
        return row[3] if row else "acc"  # type: ignore[return-value]

    def _contact_key(self, node: Node, name: str) -> str:
        return f"{node.attr('of')}.{name}.{node.attr('what')}.{'+'.join(node.attr('other'))}"

    def _geoms(self, of: str, name: str) -> tuple[str | int, ...]:
        """The colliding geoms that stand for an element: a geom itself, a body's, or those of a site's body."""
        if of == "geom":
            return (name,)
        if of == "body":
            body = self.index.find("body", name)
            return tuple(g.id for g in self.index.colliding_geoms(body.id)) if body else ()
        site: Any = self.index.find("site", name)
        if site is None:
            added = next(s for s in self.program.world.sites if s.name == name)
            return self._geoms("body", added.body)
        return tuple(g.id for g in self.index.colliding_geoms(site.body))

    def _from_state(self, of: str, what: str, names: tuple[str, ...]) -> bool:
        """True for one free body: its pose and velocity are in qpos and qvel and need no sensor."""
        spatial = what in _FRAME_SENSOR or what == "angvel_local"
        return of == "body" and spatial and len(names) == 1 and self._free_joint(names[0]) is not None

    def _free_joint(self, body: str) -> Any:
        element = self.index.find("body", body)
        return next((j for j in self.index.joints if element and j.body == element.id and j.type == "free"), None)

    # Places -------------------------------------------------------------------------------------------------------

    def _leaf(self, node: Node, scene: Scene) -> Leaf:
        if node.op == "pose":
            return Leaf("const", value=pose_positions(scene.model, node.attr("key"), node.attr("names")).tolist())
        if node.op == "model":
            return Leaf("const", value=_model_value(scene.model, node))
        what, of, names = node.attr("what"), node.attr("of"), node.attr("names")
        if of == "joint":
            return self._joint_leaf(node, what, names, scene.model)
        if of == "sensor":
            start, size = scene.model.sensor(names[0]).adr[0], scene.model.sensor(names[0]).dim[0]
            return Leaf("slice", "sensordata", tuple(range(start, start + size)), node.shape)
        if what in ("contact", "contact_force"):
            return self._contact_leaf(node, what, names, scene)
        if of == "actuator":
            ids = tuple(scene.model.actuator(n).id for n in names)
            return Leaf("slice", "actuator_force", ids, node.shape)
        if self._from_state(of, what, names):
            return _free_leaf(what, scene.model, names[0], node.shape)
        indices: list[int] = []
        for name in names:
            start, stop = scene.sensors[f"{of}.{name}.{what}"]
            indices += range(start, stop)
        return Leaf("slice", "sensordata", tuple(indices), node.shape)

    def _joint_leaf(self, node: Node, what: str, names: tuple[str, ...], model: mujoco.MjModel) -> Leaf:
        joints = [model.joint(n) for n in names]
        address = [int((j.qposadr if what == "pos" else j.dofadr)[0]) for j in joints]
        return Leaf("slice", _JOINT_FIELD[what], tuple(address), node.shape)

    def _contact_leaf(self, node: Node, what: str, names: tuple[str, ...], scene: Scene) -> Leaf:
        slots = [
            tuple(tuple(range(s.start, s.stop)) for s in scene.contacts[self._contact_key(node, n)]) for n in names
        ]
        if what == "contact":
            flat = tuple(tuple(s[0] for s in element) for element in slots)
            return Leaf("contact", "sensordata", flat, node.shape)
        return Leaf("force", "sensordata", tuple(slots), node.shape)


def _free_leaf(what: str, model: mujoco.MjModel, body: str, shape: tuple[int, ...]) -> Leaf:
    joint = model.joint(int(model.body(body).jntadr[0]))
    q, v = int(joint.qposadr[0]), int(joint.dofadr[0])
    array, start, size = {
        "pos": ("qpos", q, 3), "quat": ("qpos", q + 3, 4), "linvel": ("qvel", v, 3), "angvel_local": ("qvel", v + 3, 3),
    }[what]  # fmt: skip
    return Leaf("slice", array, tuple(range(start, start + size)), shape)


def pose_positions(model: mujoco.MjModel, key: str, names: Iterable[str]) -> np.ndarray:
    """Returns the positions of scalar joints in a keyframe (the model's reference pose for an empty name)."""
    qpos = model.key(key).qpos if key else model.qpos0
    return np.array([float(qpos[int(model.joint(n).qposadr[0])]) for n in names])


def _model_value(model: mujoco.MjModel, node: Node) -> Any:
    what, of, names = node.attr("what"), node.attr("of"), node.attr("names")
    if what == "gravity":
        return model.opt.gravity.tolist()
    if of == "joint":
        column = 0 if what == "lower" else 1
        values = [float(model.joint(n).range[column]) for n in names]
    else:
        values = [float(getattr(model.body(n), "mass" if what == "mass" else "subtreemass")[0]) for n in names]
    return values if node.shape else values[0]
