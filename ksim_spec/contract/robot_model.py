"""What the MJCF says that a policy or its training may hang on, read without MuJoCo.

Elements are compared by their attributes after defaults, numbers by value. Appearance (colours, lights, cameras that
no sensor refers to) is kept apart, and whatever the elements do not show (frames, tendon paths, compiler settings) is
covered by one digest, so that no change of a file goes unseen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from ksim_spec.contract.schema import Element, Model
from ksim_spec.robot import elements as el
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.mjcf import Node, Tree
from ksim_spec.robot.sources import asset_files

KINDS = (
    "body",
    "joint",
    "geom",
    "site",
    "tendon",
    "actuator",
    "sensor",
    "equality",
    "pair",
    "exclude",
    "keyframe",
    "mesh",
    "hfield",
    "numeric",
)
_LOOKS = frozenset(("rgba", "material", "group", "class", "childclass", "name", "texcoord"))
_VISUAL = frozenset(("camera", "light", "texture", "material", "skin", "visual", "statistic"))
# Compared in SI by the fields of the joint, whatever unit the file is in.
_JOINT_FIELDS = frozenset(("range", "limited", "ref", "axis", "type"))
_SHOWN = frozenset((*KINDS, "key", "freejoint", "default", "option", "inertial", *el.KINDS))


def model_facts(index: RobotIndex) -> Model:
    """Returns the facts of a robot file; equal for two files that simulate alike."""
    scalar = [j for j in index.joints if j.type in ("hinge", "slide")]
    elements = {kind: tuple(_elements(index, kind)) for kind in KINDS if index.all(kind)}
    if cameras := tuple(e for e in _elements(index, "camera") if e.name in _sensing(index)):
        elements["camera"] = cameras
    if not index.exact:  # built by MuJoCo: its elements have no attributes, so the whole text counts
        return Model(
            joints=tuple(j.label for j in scalar),
            joint_ranges=tuple(j.range for j in scalar),
            elements=elements,
            options=_options(index),
            rest=_digest([*_texts(index.tree.root), *_attached(index.tree)]),
            appearance="",
        )
    return Model(
        joints=tuple(j.label for j in scalar),
        joint_ranges=tuple(j.range for j in scalar),
        elements=elements,
        options=_options(index),
        rest=_digest([*_rest(index.tree.root), *_assets(index)]),
        appearance=_digest(_appearance(index)),
    )


def _sensing(index: RobotIndex) -> frozenset[str]:
    """The cameras that sensors refer to: where these are is more than appearance."""
    sides = [side for s in index.sensors for side in ((s.objtype, s.obj), (s.reftype, s.ref))]
    return frozenset(name for kind, name in sides if kind == "camera")


def _options(index: RobotIndex) -> dict[str, str]:
    options = {k: normal(v) for k, v in index.options.items()}
    compiler = {f"compiler:{k}": normal(v) for s in index.tree.sections("compiler") for k, v in s.attrs.items()}
    options.pop("timestep", None)  # the spec has the last word on it: see `timing`
    return dict(sorted({**options, **compiler}.items()))


def _elements(index: RobotIndex, kind: str) -> Iterator[Element]:
    counted: dict[tuple[str, str], int] = {}
    nodes = {(n.file, n.line, n.tag): n for n in index.tree.root.walk()} if kind == "body" else {}
    for e in index.all(kind):
        parent = _parent(index, e)
        number = counted[parent, e.tag] = counted.get((parent, e.tag), -1) + 1
        attributes = {k: normal(v) for k, v in e.attrs.items() if k not in _LOOKS}
        attributes |= {k: text for k, text in _fields(index, e).items() if text}
        if isinstance(e, el.Joint):
            attributes = {k: v for k, v in attributes.items() if k not in _JOINT_FIELDS} | _joint(e)
        if node := nodes.get((e.file, e.line, e.tag)):
            inertials = [c for c in node.children if c.tag == "inertial"]
            attributes |= {f"inertial.{k}": normal(v) for c in inertials for k, v in c.attrs.items()}
        name = e.name or (f"{parent}/{e.tag}#{number}" if parent else f"{e.tag}#{number}")
        yield Element(name=name, parent=parent, tag=e.tag, attributes=dict(sorted(attributes.items())))


def _parent(index: RobotIndex, e: el.Element) -> str:
    owner = e.parent if isinstance(e, el.Body) else e.body if isinstance(e, el.Attached) else None
    return "" if owner is None or e.kind == "body" and e.id == 0 else index.bodies[owner].label


def _joint(joint: el.Joint) -> dict[str, str]:
    """The fields that the checker reads too: radians and metres."""
    numbers = {"axis": joint.axis, "range": joint.range or (), "ref": (joint.ref,)}
    shown = {"type": joint.type, **{k: _list(v) for k, v in numbers.items()}}
    return {k: v for k, v in shown.items() if v}


def _fields(index: RobotIndex, e: el.Element) -> dict[str, str]:
    if isinstance(e, el.Keyframe):
        # by joint, for its numbers are in the order of the joints; a joint without a name is that of its body
        joints = index.joints
        names = [j.name or index.bodies[j.body].label for j in joints]
        rows = zip(names, index.key_positions(e, joints), strict=True)
        return {"qpos": "; ".join(f"{name} {_list(p)}" for name, p in sorted(rows, key=lambda row: row[0]))}
    return {}


def normal(text: str) -> str:
    """Returns an attribute's text with its numbers in one spelling."""
    try:
        return _list([float(x) for x in text.split()]) if text.strip() else ""
    except ValueError:
        return " ".join(text.split())


def _list(numbers: Iterable[float]) -> str:
    return " ".join("0" if x == 0 else f"{x:.9g}" if math.isfinite(x) else str(x) for x in numbers)


# What the elements do not show ---------------------------------------------------------------------------------------


def _rest(node: Node, inside: tuple[str, ...] = ()) -> Iterator[str]:
    """Yields everything that may matter and that is neither an element, a default (they are applied) nor appearance."""
    for child in node.children:
        if child.tag in _VISUAL or child.tag in ("default", "option", "compiler"):
            continue
        path = (*inside, child.tag)
        if child.tag not in _SHOWN and child.attrs and child.tag not in ("worldbody",) and not _shown_below(inside):
            attributes = [f"{k}={normal(v)}" for k, v in sorted(child.attrs.items()) if k not in _LOOKS or k == "name"]
            yield f"{'/'.join(path)} {' '.join(attributes)}"
        yield from _rest(child, path)


def _shown_below(inside: tuple[str, ...]) -> bool:
    """Actuators and sensors have tags of their own; they are elements, their sections hold nothing else."""
    return bool(inside) and inside[-1] in ("actuator", "sensor", "equality", "keyframe", "contact")


def _assets(index: RobotIndex) -> Iterator[str]:
    """Yields name and content of mesh and height field files; a package's own files are left to its version."""
    shapes = {n.attrs.get("file", "") for s in index.tree.sections("asset") for n in s.children if n.tag != "texture"}
    main = index.path
    if main is None or "site-packages" in main.parts:
        return
    for file in asset_files(index.tree):
        if any(str(file).endswith(name) for name in shapes if name):
            yield f"{file.name} {_content(file)}"


def _content(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _appearance(index: RobotIndex) -> list[str]:
    """Colours, cameras and lights: of elements after defaults, so that moving a default changes nothing."""
    looks = [f"{e.kind} {e.label} {k}={normal(v)}" for kind in ("geom", "site", "tendon") for e in index.all(kind)
             for k, v in sorted(e.attrs.items()) if k in ("rgba", "material", "group")]  # fmt: skip
    sensing = _sensing(index)
    seen = (n for n in index.tree.root.walk() if n.tag in _VISUAL and n.attrs.get("name") not in sensing)
    return looks + [t for n in seen for t in _texts(n)]


def _texts(node: Node) -> list[str]:
    return [f"{n.tag} {sorted((k, normal(v)) for k, v in n.attrs.items())}" for n in node.walk()]


def _attached(tree: Tree) -> Iterator[str]:
    """Yields the texts of attached models, which are no part of the model's own."""
    for _, part in tree.attached:
        yield from _texts(part.root)
        yield from _attached(part)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]
