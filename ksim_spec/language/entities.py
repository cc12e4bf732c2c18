"""What a name in a spec may stand for, besides a value: selections, keyframes, the world, commands, levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ksim_spec.language.types import Axis, Frame, Value

ElementKind = Literal["joint", "body", "site", "geom", "sensor", "actuator"]


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
