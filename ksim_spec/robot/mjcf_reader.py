"""From the MJCF tree to elements in compiled order: bodies depth first, what they carry, then the rest as written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeVar

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.robot import elements as el
from ksim_spec.robot.collision import FLAT
from ksim_spec.robot.defaults import ACTUATORS, Defaults
from ksim_spec.robot.law import LawReader
from ksim_spec.robot.mjcf import Node, Tree
from ksim_spec.robot.rotation import IDENTITY, LEVEL, Quat, orientation, product, upright

T = TypeVar("T", bound=el.Element)
Placed = tuple[Node, str, Quat]  # an element, the class around it, and how what is around it is turned

ON_BODY = {"geom": "geom", "site": "site", "joint": "joint", "freejoint": "joint", "camera": "camera", "light": "light"}
# Elements that make others when the model is compiled: only MuJoCo knows what comes out.
GENERATORS = frozenset(("replicate", "attach", "composite", "flexcomp"))


class Numbers:
    """Parses attribute text, with an error that points at the element's line."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def vector(self, node: Node, attrs: dict[str, str], key: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
        text = attrs.get(key)
        if text is None:
            return default
        try:
            return tuple(float(x) for x in text.split())
        except ValueError:
            raise SpecError(
                [Diagnostic(rules.MJCF_NUMBER, f"`{key}=\"{text}\"` of `<{node.tag}>` is not a list of numbers",
                            self.tree.span(node))], self.tree.sources) from None  # fmt: skip

    def scalar(self, node: Node, attrs: dict[str, str], key: str, default: float = 0.0) -> float:
        values = self.vector(node, attrs, key, (default,))
        return values[0] if values else default


class Reader:
    """Walks one tree and fills `found`: elements by kind in compiled order."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.defaults = Defaults(tree)
        self.num = Numbers(tree)
        compiler = {k: v for s in tree.sections("compiler") for k, v in s.attrs.items()}
        self.degrees = compiler.get("angle", "degree") == "degree"
        self.eulerseq = compiler.get("eulerseq", "xyz")
        self.autolimits = compiler.get("autolimits", "true") == "true"
        self.found: dict[str, list[el.Element]] = {kind: [] for kind in el.KINDS}
        self.nq = self.nv = 0

    def read(self) -> dict[str, list[el.Element]]:
        """Returns every element by kind."""
        worlds = self.tree.sections("worldbody")
        first = worlds[0] if worlds else self.tree.root
        self.found["body"].append(el.Body("body", 0, "world", "worldbody", first.file, first.line, {}, 0))
        self._body_contents([(n, "main", IDENTITY) for w in worlds for n in w.children], 0)
        for kind, section, tags, make in self._plain():
            for node in self._section(section, tags):
                self.found[kind].append(make(node, len(self.found[kind])))
        return self.found

    # Bodies and what they carry -----------------------------------------------------------------------------------

    def _body_contents(self, nodes: list[Placed], body: int) -> None:
        bodies: list[Placed] = []
        for node, childclass, turn in self._through_frames(nodes):
            if node.tag in ON_BODY:
                self._attach(node, childclass, body, turn)
            elif node.tag == "body":
                bodies.append((node, childclass, turn))
        for node, childclass, turn in bodies:
            index = len(self.found["body"])
            self.found["body"].append(self._element(el.Body, "body", node, index, node.attrs, parent=body))
            self._body_contents(self._inside(node, childclass, turn), index)

    def _inside(self, node: Node, childclass: str, turn: Quat) -> list[Placed]:
        inner, turned = node.attrs.get("childclass", childclass), product(turn, self._turn(node, node.attrs))
        return [(n, inner, turned) for n in node.children]

    def _through_frames(self, nodes: list[Placed]) -> Iterator[Placed]:
        for node, childclass, turn in nodes:
            if node.tag == "frame":
                yield from self._through_frames(self._inside(node, childclass, turn))
            else:
                yield node, childclass, turn

    def _turn(self, node: Node, attrs: dict[str, str]) -> Quat:
        return orientation(attrs, lambda key: self.num.vector(node, attrs, key), self.degrees, self.eulerseq)

    def _attach(self, node: Node, childclass: str, body: int, turn: Quat) -> None:
        kind = ON_BODY[node.tag]
        # A freejoint takes no defaults.
        attrs = dict(node.attrs) if node.tag == "freejoint" else self.defaults.attributes(node, childclass)
        index = len(self.found[kind])
        make = {"joint": self._joint, "site": self._site}.get(kind)
        if kind == "geom":
            self.found[kind].append(self._geom(node, index, attrs, body, turn))
            return
        self.found[kind].append(
            make(node, index, attrs, body) if make else self._element(el.Attached, kind, node, index, attrs, body=body)
        )

    def _element(
        self, cls: Callable[..., T], kind: str, node: Node, index: int, attrs: dict[str, str], **more: object
    ) -> T:
        return cls(kind, index, node.attrs.get("name") or None, node.tag, node.file, node.line, attrs, **more)

    def _site(self, node: Node, index: int, attrs: dict[str, str], body: int) -> el.Site:
        return self._element(el.Site, "site", node, index, attrs, body=body)

    def _geom(self, node: Node, index: int, attrs: dict[str, str], body: int, turn: Quat) -> el.Geom:
        flat = attrs.get("type") in FLAT
        friction = self.num.vector(node, attrs, "friction")
        return self._element(
            el.Geom,
            "geom",
            node,
            index,
            attrs,
            body=body,
            type=attrs.get("type", "sphere"),
            contype=int(self.num.scalar(node, attrs, "contype", 1)),
            conaffinity=int(self.num.scalar(node, attrs, "conaffinity", 1)),
            friction=friction + (1.0, 0.005, 0.0001)[len(friction) :],
            priority=int(self.num.scalar(node, attrs, "priority", 0)),
            level=not flat or upright(product(turn, self._turn(node, attrs))) > LEVEL,
        )

    def _joint(self, node: Node, index: int, attrs: dict[str, str], body: int) -> el.Joint:
        kind = "free" if node.tag == "freejoint" else attrs.get("type", "hinge")
        if kind not in el.QPOS_SIZE:
            raise SpecError(
                [Diagnostic(rules.MJCF_VALUE, f"unknown joint type `{kind}`", self.tree.span(node))], self.tree.sources
            )
        to_si = math.pi / 180 if self.degrees and kind in ("hinge", "ball") else 1.0
        number = self.num.scalar
        axis = (*self.num.vector(node, attrs, "axis", (0.0, 0.0, 1.0)), 0.0, 0.0, 0.0)
        length = math.hypot(*axis[:3]) or 1.0
        joint = self._element(
            el.Joint,
            "joint",
            node,
            index,
            attrs,
            body=body,
            type=kind,
            axis=(axis[0] / length, axis[1] / length, axis[2] / length),
            range=self._limits(node, attrs, "range", "limited", to_si),
            damping=number(node, attrs, "damping"),
            armature=number(node, attrs, "armature"),
            frictionloss=number(node, attrs, "frictionloss"),
            stiffness=number(node, attrs, "stiffness"),
            ref=number(node, attrs, "ref") * to_si,
            qposadr=self.nq,
            dofadr=self.nv,
        )
        self.nq, self.nv = self.nq + joint.nq, self.nv + joint.nv
        return joint

    def _limits(
        self, node: Node, attrs: dict[str, str], key: str, flag: str, to_si: float = 1.0
    ) -> tuple[float, float] | None:
        values, limited = self.num.vector(node, attrs, key), attrs.get(flag, "auto")
        if len(values) != 2 or limited == "false" or (limited == "auto" and not self.autolimits):
            return None
        return (values[0] * to_si, values[1] * to_si) if values[0] < values[1] else None

    # Everything else ----------------------------------------------------------------------------------------------

    def _plain(self) -> list[tuple[str, str, frozenset[str] | None, Callable[[Node, int], el.Element]]]:
        """Rows of kind, section, tags (None for all) and the function that makes the element."""

        def simple(kind: str) -> Callable[[Node, int], el.Element]:
            return lambda node, i: self._element(el.Element, kind, node, i, self.defaults.attributes(node))

        def asset(kind: str) -> Callable[[Node, int], el.Element]:
            return lambda node, i: self._asset(kind, node, i)

        return [
            ("tendon", "tendon", frozenset(("spatial", "fixed")), simple("tendon")),
            ("actuator", "actuator", ACTUATORS, self._actuator),
            ("sensor", "sensor", None, self._sensor),
            ("equality", "equality", None, simple("equality")),
            ("pair", "contact", frozenset(("pair",)), simple("pair")),
            ("exclude", "contact", frozenset(("exclude",)), simple("exclude")),
            ("keyframe", "keyframe", frozenset(("key",)), self._keyframe),
            ("numeric", "custom", frozenset(("numeric",)), simple("numeric")),
            *((kind, "asset", frozenset((kind,)), asset(kind)) for kind in ("mesh", "hfield", "material")),
        ]

    def _section(self, section: str, tags: frozenset[str] | None) -> Iterator[Node]:
        for part in self.tree.sections(section):
            yield from (n for n in part.children if tags is None or n.tag in tags)

    def _asset(self, kind: str, node: Node, index: int) -> el.Element:
        # A mesh or height field without a name takes that of its file.
        stem = node.attrs.get("file", "").replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        name = node.attrs.get("name") or stem or None
        return el.Element(kind, index, name, node.tag, node.file, node.line, self.defaults.attributes(node))

    def _actuator(self, node: Node, index: int) -> el.Actuator:
        attrs = self.defaults.attributes(node)
        words = ("joint", "jointinparent", "tendon", "site", "cranksite", "body", "slidersite")
        transmission = next((w for w in words if w in attrs), "")
        gear = self.num.vector(node, attrs, "gear", (1.0,))
        law = LawReader(lambda found, key: self.num.vector(node, dict(found), key)).law(self.defaults.of_actuator(node))
        ctrlrange = self._limits(node, attrs, "ctrlrange", "ctrllimited")
        inherit = self.num.scalar(node, attrs, "inheritrange")
        if ctrlrange is None and inherit > 0:
            ctrlrange = self._inherited(attrs.get(transmission, ""), inherit)
        return self._element(
            el.Actuator,
            "actuator",
            node,
            index,
            attrs,
            transmission=transmission,
            target=attrs.get(transmission, ""),
            gear=gear + (0.0,) * (6 - len(gear)),
            ctrlrange=ctrlrange,
            forcerange=self._limits(node, attrs, "forcerange", "forcelimited"),
            law=law,
        )

    def _inherited(self, joint_name: str, scale: float) -> tuple[float, float] | None:
        joint = next((j for j in self.found["joint"] if j.name == joint_name), None)
        if not isinstance(joint, el.Joint) or joint.range is None:
            return None
        middle, half = sum(joint.range) / 2, (joint.range[1] - joint.range[0]) / 2 * scale
        return middle - half, middle + half

    def _sensor(self, node: Node, index: int) -> el.Sensor:
        attrs = node.attrs
        before = self.found["sensor"][-1] if index else None
        adr = 0
        if isinstance(before, el.Sensor):
            adr = None if before.adr is None or before.dim is None else before.adr + before.dim
        objtype, obj = attrs.get("objtype", ""), attrs.get("objname", "")
        if not objtype:
            words = ("site", "joint", "actuator", "tendon", "body", "geom1", "body1", "subtree1", "camera")
            objtype = next((w for w in words if w in attrs), "")
            obj = attrs.get(objtype, "")
        return self._element(
            el.Sensor,
            "sensor",
            node,
            index,
            dict(attrs),
            objtype=objtype.rstrip("1"),
            obj=obj,
            reftype=attrs.get("reftype", ""),
            ref=attrs.get("refname", ""),
            adr=adr,
            dim=self._sensor_dim(node),
        )

    def _sensor_dim(self, node: Node) -> int | None:
        if node.tag == "user":
            return int(self.num.scalar(node, node.attrs, "dim", 0))
        if node.tag == "contact":
            sizes = {"found": 1, "dist": 1}
            each = sum(sizes.get(w, 3) for w in node.attrs.get("data", "found").split())
            return each * int(self.num.scalar(node, node.attrs, "num", 1))
        if node.tag in ("plugin", "tactile") or (node.tag == "rangefinder" and "data" in node.attrs):
            return None
        return el.SENSOR_SIZE.get(node.tag, 1)

    def _keyframe(self, node: Node, index: int) -> el.Keyframe:
        words = ("qpos", "qvel", "ctrl", "act")
        vectors = {k: self.num.vector(node, node.attrs, k) if k in node.attrs else None for k in words}
        return self._element(el.Keyframe, "keyframe", node, index, node.attrs, **vectors)
