"""Demand analysis and binding: which simulator quantities a program reads, the sensors that the composed model needs
for them, and where each is found afterwards.

Only what a spec reads is bound, as the source of its row says (`language/quantities`). A free body's pose and velocity
come from qpos and qvel; everything else spatial from frame sensors, contacts from geom-to-geom contact sensors, so that
every engine means the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import mujoco
import numpy as np

from ksim_spec.ir.node import Node, walk
from ksim_spec.language.program import Program
from ksim_spec.language.quantities import arrays, row_of
from ksim_spec.language.sources import AddedSensor, ContactSensor, Derived, MjcfSensor, ModelField, Source
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import (
    STAGES,
    ContactRequest,
    Scene,
    SceneRequest,
    SensorRequest,
    SiteRequest,
    Stage,
    stage_of,
)
from ksim_spec.robot.static_contacts import Touch


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


def bind(program: Program, index: RobotIndex) -> Binding:
    """Returns the composed scene of a program and the place of every quantity it reads."""
    return _Binder(program, index).run()


class _Binder:
    def __init__(self, program: Program, index: RobotIndex) -> None:
        self.program, self.index = program, index
        self.nodes = [n for n in walk(program.roots()) if n.op in ("read", "model", "pose")]
        self.touch = Touch(index, program.world.floor, program.own, {s.name: s.body for s in program.world.sites})
        self.sensors: dict[str, SensorRequest] = {}
        self.contacts: dict[str, ContactRequest] = {}

    def run(self) -> Binding:
        for node in self.nodes:
            if node.op == "read":
                self._request(node)
        scene = compose(self._scene_request())
        leaves = {id(n): self._leaf(n, scene) for n in self.nodes}
        reads = {"qpos", "qvel"} | {leaf.array for leaf in leaves.values() if leaf.array}
        stages: list[Stage] = [scene.stage, *(stage_of_leaf(n, scene) for n in self.nodes)]
        return Binding(scene, leaves, tuple(a for a in arrays() if a in reads), STAGES[max(map(STAGES.index, stages))])

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
        of, names, what = node.attr("of"), node.attr("names"), node.attr("what")
        source = self._source(node)
        for name in names:
            if isinstance(source, AddedSensor):
                request = source.request(of, name, what)
                self.sensors[request.key] = request
            elif isinstance(source, ContactSensor):
                key, other = _contact_key(node, name), node.attr("other")
                named = tuple(g for n in other[1:] for g in self._geoms(other[0], n))
                b = "outside" if other == ("outside",) else named
                self.contacts[key] = ContactRequest(key, self._geoms(of, name), b, source.fields)

    def _source(self, node: Node) -> Source:
        """The source of a leaf; what one free body's own state holds needs no sensor."""
        if node.attr("of") == "sensor":
            return MjcfSensor()
        source, names = row_of(node).source, node.attr("names")
        own = source.free if isinstance(source, AddedSensor) and node.attr("of") == "body" and len(names) == 1 else None
        return own if own is not None and self._floats(names[0]) else source

    def _floats(self, body: str) -> bool:
        element = self.index.find("body", body)
        return any(element is not None and j.body == element.id and j.type == "free" for j in self.index.joints)

    def _geoms(self, of: str, name: str) -> tuple[str | int, ...]:
        """The geoms that stand for an element, by name or id; the scene reports one that is not there."""
        found = tuple(g.name or g.id for g in self.touch.of(of, name))
        return found or ((name,) if of == "geom" else ())

    # Places -------------------------------------------------------------------------------------------------------

    def _leaf(self, node: Node, scene: Scene) -> Leaf:
        if node.op == "pose":
            return Leaf("const", value=pose_positions(scene.model, node.attr("key"), node.attr("names")).tolist())
        of, names, source = node.attr("of"), node.attr("names"), self._source(node)
        if isinstance(source, ModelField):
            return Leaf("const", value=np.reshape(source.value(scene, of, names), node.shape).tolist())
        if isinstance(source, ContactSensor):
            return _contact_leaf(node, source, scene)
        assert not isinstance(source, Derived)
        places = tuple(i for name in names for i in source.where(scene, of, name, node.attr("what")))
        return Leaf("slice", source.array, places, node.shape)


def _contact_key(node: Node, name: str) -> str:
    return f"{node.attr('of')}.{name}.{node.attr('what')}.{'+'.join(node.attr('other'))}"


def _contact_leaf(node: Node, source: ContactSensor, scene: Scene) -> Leaf:
    slots = [
        tuple(tuple(range(s.start, s.stop)) for s in scene.contacts[_contact_key(node, n)]) for n in node.attr("names")
    ]
    if source.fields == ("found",):
        return Leaf("contact", "sensordata", tuple(tuple(s[0] for s in element) for element in slots), node.shape)
    return Leaf("force", "sensordata", tuple(slots), node.shape)


def stage_of_leaf(node: Node, scene: Scene) -> Stage:
    """Returns how far an engine must compute for a leaf; what the model or the spec gives needs nothing."""
    if node.op != "read":
        return STAGES[0]
    if node.attr("of") == "sensor":
        return stage_of(scene.model.sensor(node.attr("names")[0]).needstage[0])
    return row_of(node).stage


def pose_positions(model: mujoco.MjModel, key: str, names: Iterable[str]) -> np.ndarray:
    """Returns the positions of scalar joints in a keyframe (the model's reference pose for an empty name)."""
    qpos = model.key(key).qpos if key else model.qpos0
    return np.array([float(qpos[int(model.joint(n).qposadr[0])]) for n in names])
