"""What a name in a spec may stand for, besides a value: selections, keyframes, the world, commands, levels.

`KINDS` is the table of the kinds of element that are selected or that sensors refer to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksim_spec.ir.ops import make
from ksim_spec.language.types import Axis, Frame, Value

ElementKind = Literal["joint", "body", "site", "geom", "sensor", "actuator", "inertial", "camera"]


@dataclass(frozen=True)
class KindRow:
    """What holds of a kind of element: `plural` selects several (empty: a spec cannot select it).

    `frame` says that it has an origin and axes, which MJCF's sensors call `mjcf`; `heading` that `.heading` is a frame;
    `touches` that it stands for geoms, so that contacts are its own.
    """

    plural: str = ""
    mjcf: str = ""
    heading: bool = False
    touches: bool = False

    @property
    def frame(self) -> bool:
        return bool(self.mjcf)


KINDS: dict[ElementKind, KindRow] = {
    "body": KindRow("bodies", mjcf="xbody", heading=True, touches=True),
    "joint": KindRow("joints"),
    "site": KindRow("sites", mjcf="site", heading=True, touches=True),
    "geom": KindRow("geoms", mjcf="geom", touches=True),
    "sensor": KindRow("sensors"),
    "actuator": KindRow("actuators"),
    # a body's principal axes of inertia at its centre of mass: MJCF's sensors call that frame `body`
    "inertial": KindRow(mjcf="body"),
    "camera": KindRow(mjcf="camera"),
}


def named_as(kind: str) -> str:
    """Returns the kind of element whose names a kind has: an inertial frame is called as its body is."""
    return "body" if kind == "inertial" else kind


FRAMES: tuple[ElementKind, ...] = tuple(kind for kind, row in KINDS.items() if row.frame)


@dataclass(frozen=True)
class Selection:
    """Elements of the robot; `axis` is None for a single element written as `body("torso")`."""

    of: ElementKind
    names: tuple[str, ...]
    alias: str
    axis: Axis | None

    @property
    def one(self) -> str:
        return self.names[0]


@dataclass(frozen=True)
class Keyframe:
    """A pose of the MJCF by name; `default` is the model's own reference pose."""

    name: str


@dataclass(frozen=True)
class World:
    """`world`: `world.up`, `world.down`, `world.floor`, `world.gravity`."""


@dataclass(frozen=True)
class Command:
    """A command block: its fields in order, each with its value, and the frame of its x, y, z fields.

    `partial` when a field was not understood: then one that is not there is no mistake.
    """

    name: str
    fields: tuple[tuple[str, Value], ...]
    frame: Frame | None = None
    partial: bool = False


@dataclass(frozen=True)
class FrameOf:
    """A frame named in an expression: `base.heading`."""

    frame: Frame


Entity = Selection | Keyframe | World | Command | FrameOf


def record(command: Command) -> Value:
    """Returns all fields of a command, in order, as one vector of mixed units."""
    if len(command.fields) == 1:
        return command.fields[0][1]
    axis = Axis("command", tuple(name for name, _ in command.fields))
    nodes = [v.node for _, v in command.fields]
    dims = {v.dim for _, v in command.fields}
    node = make("stack", *nodes) if all(n.shape == () for n in nodes) else make("concat", *nodes)
    if node.op == "concat":
        axis = Axis("command", tuple(str(i) for i in range(node.shape[0])))
    return Value(node, (axis,), command.fields[0][1].dim, mixed=len(dims) > 1)
