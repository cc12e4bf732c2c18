"""The robot index: every named thing of an MJCF model, in compiled order, without MuJoCo.

Order, names, addresses, types, ranges and gains agree with the compiled model (tests compare them). A model that uses
elements which make others (`replicate`, `attach`, `composite`, `flexcomp`) is built with MuJoCo instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.robot import elements as el
from ksim_spec.robot.mjcf import Node, Tree, read_file, read_text
from ksim_spec.robot.mjcf_reader import GENERATORS, Reader
from ksim_spec.robot.naming import name_of
from ksim_spec.robot.sources import missing_files
from ksim_spec.source import NOWHERE, SourceMap, Span

DEFAULT_TIMESTEP = 0.002
T = TypeVar("T", bound=el.Element)


@dataclass(frozen=True)
class RobotIndex:
    """Elements by kind in compiled order, sizes and options of one model.

    `options` merges the attributes of `<option>` and, as `flag:NAME`, its flags; `exact` is False where MuJoCo had to
    build the model to know the elements (their lines are then those of the first element of that name, or 0).
    """

    path: Path | None
    model_name: str
    kinds: dict[str, tuple[el.Element, ...]]
    nq: int
    nv: int
    options: dict[str, str]
    tree: Tree = field(repr=False, compare=False)
    exact: bool = True

    @staticmethod
    def load(source: str | Path, name: str | None = None) -> RobotIndex:
        """Reads a model from a path, or from text (a string that starts with `<`).

        `name` is the display name in diagnostics. Raises SpecError (KS150-KS159) with the MJCF line.
        """
        if isinstance(source, str) and source.lstrip().startswith("<"):
            return from_tree(read_text(source, name or "robot.xml"), None)
        path = Path(source)
        return from_tree(read_file(path, name), path)

    def known_once(self, what: str, find: Callable[[RobotIndex], Iterable[Diagnostic]]) -> tuple[Diagnostic, ...]:
        """Returns what `find` finds in this index, looked for once."""
        if what not in self._once:
            self._once[what] = tuple(find(self))
        return self._once[what]

    @cached_property
    def _once(self) -> dict[str, tuple[Diagnostic, ...]]:
        return {}

    # Looking up ---------------------------------------------------------------------------------------------------

    def all(self, kind: str) -> tuple[el.Element, ...]:
        """Returns the elements of a kind (see `elements.KINDS`), in compiled order."""
        return self.kinds.get(kind, ())

    def names(self, kind: str) -> list[str]:
        """Returns the names of a kind in compiled order, leaving out what has none."""
        return [e.name for e in self.all(kind) if e.name]

    def find(self, kind: str, name: str) -> el.Element | None:
        """Returns the element of that kind and name, or None; what has no name is found by its generated one."""
        return self._by_name.get((kind, name))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], el.Element]:
        return {(kind, name_of(e)): e for kind, found in self.kinds.items() for e in found}

    @property
    def sources(self) -> SourceMap:
        """The text of every file read, for showing diagnostics."""
        return self.tree.sources

    @property
    def files(self) -> tuple[Path, ...]:
        """The MJCF files read: the model and its includes (not meshes and textures)."""
        return tuple(self.tree.files)

    def span(self, element: el.Element | None) -> Span:
        """Returns the span of the line on which an element is declared, NOWHERE when unknown."""
        source = self.sources.get(element.file) if element else None
        return source.line_span(element.line) if source and element and element.line else NOWHERE

    def option_span(self, key: str) -> Span:
        """Returns where an option (`iterations`, `flag:eulerdamp`, …) is set, NOWHERE when it is not."""
        for section in reversed(self.tree.sections("option")):
            for node in [section, *section.children]:
                names = [f"flag:{k}" for k in node.attrs] if node.tag == "flag" else list(node.attrs)
                if key in names:
                    return self.tree.span(node)
        return NOWHERE

    # Kinds with a type of their own -------------------------------------------------------------------------------

    @property
    def bodies(self) -> tuple[el.Body, ...]:
        return _typed(self.all("body"), el.Body)

    @property
    def joints(self) -> tuple[el.Joint, ...]:
        return _typed(self.all("joint"), el.Joint)

    @property
    def geoms(self) -> tuple[el.Geom, ...]:
        return _typed(self.all("geom"), el.Geom)

    @property
    def sites(self) -> tuple[el.Site, ...]:
        return _typed(self.all("site"), el.Site)

    @property
    def actuators(self) -> tuple[el.Actuator, ...]:
        return _typed(self.all("actuator"), el.Actuator)

    @property
    def sensors(self) -> tuple[el.Sensor, ...]:
        return _typed(self.all("sensor"), el.Sensor)

    @property
    def keyframes(self) -> tuple[el.Keyframe, ...]:
        return _typed(self.all("keyframe"), el.Keyframe)

    # Relations ----------------------------------------------------------------------------------------------------

    @property
    def timestep(self) -> float:
        """Returns the physics step in seconds."""
        return float(self.options.get("timestep", DEFAULT_TIMESTEP))

    def free_joint(self, body: str) -> el.Joint | None:
        """Returns the free joint on which a body floats, None where it does not."""
        found = self.find("body", body)
        return next((j for j in self.joints if found and j.body == found.id and j.type == "free"), None)

    def actuators_of(self, joint: str) -> tuple[el.Actuator, ...]:
        """Returns the actuators that drive a joint directly."""
        return tuple(a for a in self.actuators if a.target == joint and a.transmission in ("joint", "jointinparent"))

    def key_positions(self, key: el.Keyframe, joints: Iterable[el.Joint]) -> list[tuple[float, ...]]:
        """Returns each joint's entries of a keyframe's qpos (aligned by joint, not by position in the file).

        A keyframe without qpos gives the reference pose of slides and hinges and the unit quaternion of the rest.
        """
        return [key.qpos[j.qposadr : j.qposadr + j.nq] if key.qpos else _reference(j) for j in joints]


def _reference(joint: el.Joint) -> tuple[float, ...]:
    rotation = (1.0, 0.0, 0.0, 0.0)
    return {"free": (0.0, 0.0, 0.0, *rotation), "ball": rotation}.get(joint.type, (joint.ref,))


def _typed(found: Sequence[el.Element], cls: type[T]) -> tuple[T, ...]:
    return tuple(e for e in found if isinstance(e, cls))


def from_tree(tree: Tree, path: Path | None) -> RobotIndex:
    """Returns the index of a parsed model; builds it with MuJoCo where its elements are generated."""
    model_name = tree.root.attrs.get("model", "")
    generated = any(_changes_elements(n) for n in tree.root.walk())
    if generated:
        from ksim_spec.robot.compiled_reader import read_built

        if missing := [*missing_files(tree), *_classes(tree)]:
            raise SpecError(missing, tree.sources)
        kinds, nq, nv = read_built(tree, path)
    else:
        reader = Reader(tree)
        kinds, nq, nv = reader.read(), reader.nq, reader.nv
    index = RobotIndex(
        path, model_name, {k: tuple(v) for k, v in kinds.items()}, nq, nv, _options(tree), tree, exact=not generated
    )
    problems = _duplicates(index) + _keyframe_sizes(index)
    if problems:
        raise SpecError(problems, tree.sources)
    return index


def _classes(tree: Tree) -> list[Diagnostic]:
    """Errors for default classes that an attached model without a prefix brings along under a name that is taken."""
    own = _class_names(tree)
    bare = [n.attrs.get("model", "") for n in tree.root.walk() if n.tag == "attach" and not n.attrs.get("prefix")]
    found: list[Diagnostic] = []
    for node, part in tree.attached:
        name = node.attrs.get("name") or part.root.attrs.get("model", "")
        taken = [c for c in _class_names(part) if c in own]
        if taken and name in bare:
            text = f"`{name}` is attached with an empty prefix, and both have a default class `{taken[0]}`"
            help = "give `<attach>` a `prefix`, or rename one of the two classes"
            found.append(Diagnostic(rules.MJCF_DUPLICATE, text, tree.span(node), help=help))
    return found


def _class_names(tree: Tree) -> list[str]:
    """The names of default classes below the top one, which is each model's own."""
    inner = [n for s in tree.sections("default") for c in s.children for n in c.walk()]
    return [n.attrs["class"] for n in inner if n.tag == "default" and "class" in n.attrs]


def _changes_elements(node: Node) -> bool:
    """Whether the compiled model has more or fewer elements because of this node."""
    drops = node.tag == "compiler" and "true" in (node.attrs.get("discardvisual"), node.attrs.get("fusestatic"))
    return drops or node.tag in GENERATORS


def _options(tree: Tree) -> dict[str, str]:
    options: dict[str, str] = {}
    for section in tree.sections("option"):
        options.update(section.attrs)
        flags: list[Node] = [n for n in section.children if n.tag == "flag"]
        options.update({f"flag:{k}": v for n in flags for k, v in n.attrs.items()})
    return options


def _duplicates(index: RobotIndex) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for kind in ("body", "joint", "geom", "site", "tendon", "actuator", "sensor", "keyframe"):
        seen: set[str] = set()
        for e in index.all(kind):
            if e.name and e.name in seen:
                text, help = f"two {kind}s are called `{e.name}`", "rename one of the two"
                found.append(Diagnostic(rules.MJCF_DUPLICATE, text, index.span(e), help=help))
            seen.add(e.name or "")
    return found


_KEY_HELP = {
    "qpos": "it has 7 numbers for a free joint, 4 for a ball, and 1 for every other joint, in the order of the bodies",
    "qvel": "it has 6 numbers for a free joint, 3 for a ball, and 1 for every other joint, in the order of the bodies",
    "ctrl": "it has a number for each actuator",
}


def _keyframe_sizes(index: RobotIndex) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    sizes = {"qpos": index.nq, "qvel": index.nv, "ctrl": len(index.actuators)}
    for key in index.keyframes:
        for word, size in sizes.items():
            values = getattr(key, word)
            if values is not None and len(values) != size:
                text = f"`{word}` of keyframe `{name_of(key)}` has {len(values)} numbers; this model has {size}"
                help = _KEY_HELP[word]
                found.append(Diagnostic(rules.KEYFRAME_SIZE, text, index.span(key), help=help))
    return found
