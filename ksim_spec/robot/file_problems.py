"""What is wrong with a robot file before MuJoCo builds it: words that MJCF does not have, names and files that are not
there.

MuJoCo refuses each when the model is compiled, the first one only; here all are found, without MuJoCo. The words are
those of `mjcf_schema.txt`, which `scripts/mjcf_schema.py` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, suggest
from ksim_spec.robot import elements as el
from ksim_spec.robot.file_values import values
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.mjcf import Node
from ksim_spec.robot.sources import missing_files

Schema = dict[str, tuple[frozenset[str], "Schema"]]  # by tag: attributes, and the elements inside
# What MuJoCo reads without having it in its schema: it may stand wherever bodies do, and holds what they hold.
_LIKE_BODIES = {
    "frame": frozenset(("name", "childclass", "pos", "quat", "axisangle", "xyaxes", "zaxis", "euler")),
    "replicate": None,
    "composite": None,
}
_INSIDE_BODIES = frozenset(("frame", "replicate"))


@cache
def _schema() -> Schema:
    whole: Schema = {}
    levels = [whole]
    text = Path(__file__).with_name("mjcf_schema.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        depth, (tag, *attributes) = len(line) - len(line.lstrip()), line.split()
        inside: Schema = {}
        levels[depth + 1 :] = []
        levels[depth][tag] = frozenset(attributes), inside
        levels.append(inside)
    root = whole["mujoco"][1]
    body, default = root.pop("body"), root["default"]
    # A body may hold bodies, a default class others; the world is a body.
    body[1]["body"], default[1]["default"] = body, default
    root["worldbody"] = body
    return whole


def words(index: RobotIndex) -> Iterator[Diagnostic]:
    """Yields an error for every element and attribute that MJCF does not have (KS193)."""
    attributes, inside = _schema()["mujoco"]
    yield from _attributes(index, index.tree.root, attributes)
    for child in index.tree.root.children:
        yield from _element(index, child, "mujoco", inside)


def _element(index: RobotIndex, node: Node, parent: str, known: Schema) -> Iterator[Diagnostic]:
    holds_bodies = "body" in known and parent != "default"
    if node.tag in _LIKE_BODIES and holds_bodies:
        attributes, inside = _LIKE_BODIES[node.tag], known
        if node.tag not in _INSIDE_BODIES:
            return
    elif node.tag not in known:
        message = f"`<{node.tag}>` is not an element of `<{parent}>`"
        help = suggest(node.tag, list(known), "elements")
        yield Diagnostic(rules.MJCF_WORD, message, index.tree.span(node), help=help)
        return
    else:
        attributes, inside = known[node.tag]
    if attributes is not None:
        yield from _attributes(index, node, attributes)
    for child in node.children:
        yield from _element(index, child, node.tag, inside)


def _attributes(index: RobotIndex, node: Node, known: frozenset[str]) -> Iterator[Diagnostic]:
    for name in node.attrs:
        if name not in known and ":" not in name and not name.startswith("xmlns"):
            message = f"`<{node.tag}>` has no attribute `{name}`"
            help = suggest(name, sorted(known), "attributes") if known else "it has none at all"
            yield Diagnostic(rules.MJCF_WORD, message, index.tree.span(node), help=help)


# Names ---------------------------------------------------------------------------------------------------------------

_LOOKS = {"material": "material"}
_PLURAL = {"body": "bodies", "mesh": "meshes"}
_SIDES = ("joint", "body", "tendon", "geom", "site")
# By kind of element: attribute, and what kind its value names.
_REFERENCES: Mapping[str, Mapping[str, str]] = {
    "geom": {**_LOOKS, "mesh": "mesh", "hfield": "hfield"},
    "site": {**_LOOKS, "mesh": "mesh"},
    "tendon": _LOOKS,
    "actuator": {"joint": "joint", "jointinparent": "joint", "tendon": "tendon", "site": "site", "body": "body",
                 "cranksite": "site", "slidersite": "site", "refsite": "site"},
    "equality": {f"{kind}{side}": kind for kind in _SIDES for side in (1, 2)},
    "pair": {"geom1": "geom", "geom2": "geom"},
    "exclude": {"body1": "body", "body2": "body"},
    "sensor": {**{kind: kind for kind in (*_SIDES, "actuator", "camera")},
               **{f"{kind}{side}": kind for kind in ("geom", "body") for side in (1, 2)}},
    "material": {"texture": "texture"},
}  # fmt: skip


def names(index: RobotIndex) -> Iterator[Diagnostic]:
    """Yields an error for every name of an element that the file does not have (KS194)."""
    if not index.exact:  # MuJoCo has built it: all names are there
        return
    known = {kind: {*index.names(kind)} for kind in el.KINDS}
    known["body"] |= {"world"}
    known["texture"] = {_asset_name(n) for s in index.tree.sections("asset") for n in s.children if n.tag == "texture"}
    for kind, references in _REFERENCES.items():
        for element in index.all(kind):
            for attribute, wanted in references.items():
                name = element.attrs.get(attribute)
                if name and name not in known[wanted]:
                    yield _missing(index, element, attribute, wanted, name, known[wanted])
    for node in (n for s in index.tree.sections("tendon") for t in s.children for n in t.children):
        path = {"joint": "joint", "site": "site", "geom": "geom", "sidesite": "site"}
        for attribute, wanted in path.items():
            name = node.attrs.get(attribute)
            if name and name not in known[wanted]:
                part = el.Element("tendon", -1, None, node.tag, node.file, node.line)
                yield _missing(index, part, attribute, wanted, name, known[wanted])


def _missing(index: RobotIndex, e: el.Element, attribute: str, kind: str, name: str, known: set[str]) -> Diagnostic:
    message = f'`{attribute}="{name}"` of `<{e.tag}>` names no {kind} of the robot'
    return Diagnostic(
        rules.MJCF_NAME, message, index.span(e), help=suggest(name, sorted(known), _PLURAL.get(kind, f"{kind}s"))
    )


def _asset_name(node: Node) -> str:
    files = [v for k, v in node.attrs.items() if k.startswith("file")]
    return node.attrs.get("name") or (Path(files[0].replace("\\", "/")).stem if files else "")


# Files ---------------------------------------------------------------------------------------------------------------


def files(index: RobotIndex) -> Iterator[Diagnostic]:
    """Yields an error for every file that the robot names and that is not there, or not what it should be (KS195)."""
    if index.exact:  # else MuJoCo has read them
        yield from missing_files(index.tree)


def file_problems(index: RobotIndex) -> list[Diagnostic]:
    """Returns all of these problems of a robot file."""
    once = [*index.known_once("words", words), *index.known_once("names", names), *index.known_once("values", values)]
    return [*once, *files(index)]
