"""Composing the model that is simulated: robot, floor, timing, added sites and sensors, as one MjModel and one XML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.robot import elements as el
from ksim_spec.robot.assets import bundle_assets
from ksim_spec.robot.compiled_reader import geoms_of
from ksim_spec.robot.contacts import TouchFilter, contact_count, outside_geoms
from ksim_spec.robot.elements import SENSOR_TAGS
from ksim_spec.robot.floor import place_floor
from ksim_spec.robot.floors import NAME as FLOOR
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.load import compile_spec, spec_from_file, spec_from_text
from ksim_spec.robot.naming import generated_name, name_of
from ksim_spec.robot.options import DISABLE, ENABLE, apply_options
from ksim_spec.robot.same_model import Asked, differences
from ksim_spec.robot.scene_request import ContactRequest, Scene, SceneRequest, SensorRequest, stage_of
from ksim_spec.robot.who import robot_bodies

OBJ = mujoco.mjtObj
OBJECTS = {
    "body": OBJ.mjOBJ_BODY, "inertial": OBJ.mjOBJ_BODY, "xbody": OBJ.mjOBJ_XBODY, "joint": OBJ.mjOBJ_JOINT,
    "geom": OBJ.mjOBJ_GEOM, "site": OBJ.mjOBJ_SITE, "camera": OBJ.mjOBJ_CAMERA, "tendon": OBJ.mjOBJ_TENDON,
    "actuator": OBJ.mjOBJ_ACTUATOR,
}  # fmt: skip
NAMED = {"body": "bodies", "joint": "joints", "geom": "geoms", "site": "sites", "camera": "cameras",
         "tendon": "tendons", "actuator": "actuators", "sensor": "sensors", "keyframe": "keys"}  # fmt: skip
CONTACT_FIELDS = ("found", "force", "torque", "dist", "pos", "normal", "tangent", "linvel", "angvel")
NEAREST, STRONGEST = 1, 2  # contact sensor `reduce`: mindist, maxforce
PREFIX = "ksim_spec:"


def compose(request: SceneRequest) -> Scene:
    """Returns the composed scene; SpecError (KS150-KS169) when MuJoCo refuses it or something named is not there."""
    return _Composer(request).run()


class _Composer:
    def __init__(self, request: SceneRequest) -> None:
        self.request = request
        robot = request.robot
        self.path = None if isinstance(robot, str) and robot.lstrip().startswith("<") else Path(robot)
        self.spec = spec_from_file(self.path) if self.path else spec_from_text(str(robot))
        self.notes: list[str] = []
        self.floor: str | None = None
        self.names: dict[str, list[str]] = {}
        self.alias: dict[str, str] = {}
        self.gone: set[str] = set()  # geoms that were taken out
        self.closed: dict[str, list[str]] = {}  # arrays of gaps, and whose were taken out

    def run(self) -> Scene:
        request, spec = self.request, self.spec
        self._name_everything()
        if request.physics_step is not None:
            spec.option.timestep = request.physics_step
        apply_options(spec, request.options)
        for site in request.sites:
            self._body(site.body).add_site(name=site.name, pos=list(site.pos))
            self.names["site"].append(site.name)
        for servo in request.servos:
            self._servo(servo)
        if request.floor is not None:
            geoms = [replace(g, name=self.names["geom"][g.id]) for g in geoms_of(self.built)]
            welded = self.built.body_weldid.tolist()
            before, gone = place_floor(spec, geoms, welded, frozenset(self._own()), request.floor, self.notes)
            self.gone |= set(gone)
            self.floor = FLOOR
            # Ids and the old name go on meaning the same geom.
            self.alias = {before: FLOOR}
            self.names["geom"] = [self.alias.get(n, n) for n in self.names["geom"]]
            if FLOOR not in self.names["geom"]:
                self.names["geom"].append(FLOOR)
        if request.keep_sensors is not None:
            for sensor in [s for s in spec.sensors if s.name not in request.keep_sensors]:
                spec.delete(sensor)
        for sensor in request.sensors:
            self._sensor(sensor)
        slots = self._contacts()
        _write_masses(spec)
        assets = bundle_assets(spec, self.path.parent if self.path else None)
        compile_spec(spec, self.path)
        # XML keeps six digits: the model simulated is the one that the XML gives, so that both are the same everywhere.
        xml = spec.to_xml()
        model = compile_spec(spec_from_text(xml, assets), self.path)
        if problems := differences(self.built, model, self._asked()):
            raise SpecError(problems)
        return self._scene(model, xml, slots, assets)

    def _asked(self) -> Asked:
        """What the request changes of the robot's own model."""
        sizes = {"geom": self.built.ngeom, "site": self.built.nsite}  # others were added behind them
        names = {kind: known[: sizes.get(kind)] for kind, known in self.names.items()}
        names["pair"] = [generated_name("pair", i) for i in range(self.built.npair)]
        pairs = [
            n for n, a, b in zip(names["pair"], self.built.pair_geom1, self.built.pair_geom2, strict=True)
            if FLOOR in (names["geom"][a], names["geom"][b])
        ]  # fmt: skip
        floor = {"geom": [FLOOR], "pair": pairs, "hfield": self.names.get("hfield", ["*"])}
        return Asked(
            names,
            self._options(),
            {
                "actuator": [name_of(s) for s in self.request.servos],
                **({} if self.floor is None else floor),
                **self.closed,
            },
            self.gone,
        )

    def _options(self) -> set[str]:
        """What the request sets of `mjOption`: a flag is a bit of one of two of its numbers."""
        flags = {k.removeprefix("flag:") for k in self.request.options if k.startswith("flag:")}
        bits = {"disableflags": flags & set(DISABLE), "enableflags": flags & set(ENABLE)}
        time = ["timestep"] if self.request.physics_step is not None else []
        return {*self.request.options, *time, *(name for name, asked in bits.items() if asked)}

    def _name_everything(self) -> None:
        """Names what has no name after its place in the robot's own model, so that sensors can refer to it."""
        self.built = compile_spec(self.spec, self.path)
        for kind, plural in NAMED.items():
            elements = sorted(getattr(self.spec, plural), key=lambda e: e.id)
            for e in elements:
                if not e.name:
                    e.name = generated_name(kind, e.id)
            self.names[kind] = [e.name for e in elements]

    # What a request names -----------------------------------------------------------------------------------------

    def _resolve(self, kind: str, name: str | int) -> str:
        kind = {"xbody": "body", "inertial": "body"}.get(kind, kind)
        known = self.names.get(kind, [])
        if isinstance(name, int):
            return known[name]
        if kind == "geom":
            name = self.alias.get(name, name)
        if name not in known and not (kind == "body" and name == "world"):
            raise SpecError([Diagnostic(rules.SCENE_NAME, f"the scene has no {kind} `{name}`",
                                        help=suggest(name, known, f"{kind}s"))])  # fmt: skip
        return name

    def _body(self, name: str) -> Any:
        return self.spec.worldbody if name == "world" else self.spec.body(self._resolve("body", name))

    def _servo(self, wanted: el.Actuator) -> None:
        """Gives an actuator the law of `wanted`; a motor takes its gear and ranges too, a servo keeps its own."""
        actuator, law = self.spec.actuator(self._resolve("actuator", name_of(wanted))), wanted.law
        if actuator.biastype == mujoco.mjtBias.mjBIAS_AFFINE and actuator.biasprm[1]:
            actuator.gainprm[0], actuator.biasprm[1] = law.gain, -law.kp
            if law.kv is not None:  # else a damping ratio, which stays one
                actuator.biasprm[2] = -law.kv
            return
        gear = abs(actuator.gear[0])
        actuator.set_to_position(kp=law.kp, kv=law.kv)
        actuator.gear = list(wanted.gear)
        # What hangs on the motor itself is felt at the joint through its gear.
        actuator.armature *= gear**2
        actuator.damping = [d * gear**2 for d in actuator.damping]
        actuator.ctrlrange, actuator.ctrllimited = [0.0, 0.0], mujoco.mjtLimited.mjLIMITED_FALSE
        if wanted.forcerange is not None:
            actuator.forcerange, actuator.forcelimited = list(wanted.forcerange), mujoco.mjtLimited.mjLIMITED_TRUE

    def _sensor(self, request: SensorRequest) -> None:
        frame = request.kind.startswith("frame")
        objtype = "xbody" if frame and request.objtype == "body" else request.objtype
        reftype = "xbody" if frame and request.reftype == "body" else request.reftype
        more: dict[str, Any] = {}
        if reftype:
            more = {"reftype": OBJECTS[reftype], "refname": self._resolve(reftype, request.ref)}
        self.spec.add_sensor(
            name=PREFIX + request.key,
            type=_sensor_type(request.kind),
            objtype=OBJECTS[objtype],
            objname=self._resolve(objtype, request.obj),
            cutoff=request.cutoff,
            **more,
        )

    # Contacts -----------------------------------------------------------------------------------------------------

    def _contacts(self) -> dict[str, list[str]]:
        """Adds the contact sensors; returns the names of each request's sensors."""
        if not self.request.contacts:
            return {}
        self._close_gaps()
        model = compile_spec(self.spec, self.path)
        touch, shared = TouchFilter(model), dict[tuple[int, frozenset[int]], str]()
        return {request.key: self._contact(request, model, touch, shared) for request in self.request.contacts}

    def _close_gaps(self) -> None:
        """Takes gaps out: within one MuJoCo counts a contact that does not push, and MJX counts none.

        They stay where something else asks for such contacts: adhesion, or a contact sensor of the robot file.
        """
        adhesive = any(a.trntype == mujoco.mjtTrn.mjTRN_BODY for a in self.spec.actuators)
        if adhesive or any(s.type == mujoco.mjtSensor.mjSENS_CONTACT for s in self.spec.sensors):
            return
        for kind, elements in (("geom", self.spec.geoms), ("pair", self.spec.pairs)):
            open_ones = [i for i, e in enumerate(elements) if e.gap > 0]
            for i in open_ones:
                elements[i].gap = 0.0
            names = [generated_name("pair", i) if kind == "pair" else elements[i].name for i in open_ones]
            self.closed[f"{kind}_gap"] = names

    def _own(self) -> Iterable[str]:
        """The names of the robot's bodies."""
        if self.request.own is not None:
            return self.request.own
        index = RobotIndex.load(self.request.robot)
        return [name_of(index.bodies[b]) for b in robot_bodies(index)]

    def _contact(
        self,
        request: ContactRequest,
        model: mujoco.MjModel,
        touch: TouchFilter,
        shared: dict[tuple[int, frozenset[int]], str],
    ) -> list[str]:
        """Adds the sensors of a request. Whether two geoms touch is read once: by fields and pair, `shared` has those
        sensors that another request, or this one from the other side, has added.
        """

        def ids(geoms: tuple[str | int, ...]) -> list[int]:
            return [model.geom(self._resolve("geom", g)).id for g in geoms]

        others = outside_geoms(model, self._own()) if request.b == "outside" else ids(request.b)
        fields = sum(1 << CONTACT_FIELDS.index(f) for f in request.data)
        single = set(request.data) <= {"found", "dist"}
        added: list[str] = []
        for a, b in touch.pairs(ids(request.a), others):
            if single and (known := shared.get((fields, frozenset((a, b))))) is not None:
                added.append(known)
                continue
            name = f"{PREFIX}{request.key}:{len(added)}"
            shared[fields, frozenset((a, b))] = name
            self.spec.add_sensor(
                name=name,
                type=mujoco.mjtSensor.mjSENS_CONTACT,
                objtype=OBJ.mjOBJ_GEOM,
                objname=model.geom(a).name,
                reftype=OBJ.mjOBJ_GEOM,
                refname=model.geom(b).name,
                intprm=[fields, NEAREST if single else STRONGEST, 1 if single else contact_count(model, a, b)],
            )
            added.append(name)
        if not added:
            self.notes.append(f"nothing can touch for `{request.key}`: it is always false")
        return added

    # Result -------------------------------------------------------------------------------------------------------

    def _scene(self, model: mujoco.MjModel, xml: str, slots: dict[str, list[str]], assets: dict[str, bytes]) -> Scene:
        sensors = {r.key: _range(model, PREFIX + r.key) for r in self.request.sensors}
        contacts = {key: [s for n in names for s in _slots(model, n)] for key, names in slots.items()}
        ours = [PREFIX + r.key for r in self.request.sensors] + [n for names in slots.values() for n in names]
        needed = max((int(model.sensor_needstage[model.sensor(n).id]) for n in ours), default=1)
        pairs: tuple[int, ...] = ()
        if self.floor is not None:
            floor = model.geom(self.floor).id
            pairs = tuple(i for i in range(model.npair) if floor in (model.pair_geom1[i], model.pair_geom2[i]))
        return Scene(model, xml, assets, sensors, contacts, stage_of(needed), self.floor, pairs, tuple(self.notes))


def _write_masses(spec: mujoco.MjSpec) -> None:
    """Lets every geom write its own mass or density: MuJoCo's XML loses those of default classes with a mass."""
    for geom in spec.geoms:
        if geom.classname is not None and not np.isnan(geom.classname.geom.mass):
            geom.classname.geom.mass = float("nan")


def _sensor_type(word: str) -> mujoco.mjtSensor:
    name = next((enum for enum, tag in SENSOR_TAGS.items() if tag == word), word)
    return getattr(mujoco.mjtSensor, f"mjSENS_{name.upper()}")


def _range(model: mujoco.MjModel, name: str) -> tuple[int, int]:
    i = model.sensor(name).id
    start = int(model.sensor_adr[i])
    return start, start + int(model.sensor_dim[i])


def _slots(model: mujoco.MjModel, name: str) -> list[slice]:
    start, stop = _range(model, name)
    count = int(model.sensor_intprm[model.sensor(name).id, 2])
    each = (stop - start) // count
    return [slice(start + k * each, start + (k + 1) * each) for k in range(count)]
