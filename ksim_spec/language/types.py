"""What the checker knows about a value: axes, dimension, kind, frame and source, around an IR node."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ksim_spec.ir.node import Node
from ksim_spec.units import ANGLE, NUMBER, Dim

Kind = Literal["scalar", "point", "vector", "axial", "rotation"]
XYZ_LABELS = ("x", "y", "z")


@dataclass(frozen=True)
class Axis:
    """A named axis with labelled elements: two axes are the same only when name and labels agree."""

    name: str
    labels: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.labels)

    def __str__(self) -> str:
        return f"{self.name} {self.size}"


XYZ = Axis("xyz", XYZ_LABELS)
QUAT = Axis("quat", ("w", "x", "y", "z"))


@dataclass(frozen=True)
class Frame:
    """A frame of reference: the world, a body or site, or the yaw-only heading frame of a body.

    `measured` says that the robot knows how it is turned, which it does not of objects, `placed` that it also knows
    where it is and how it moves, as on a fixed base.
    """

    key: str
    name: str = field(default="world", compare=False)
    quat: Node | None = field(default=None, compare=False)
    position: Node | None = field(default=None, compare=False)
    heading: bool = False
    linvel: Node | None = field(default=None, compare=False)
    angvel: Node | None = field(default=None, compare=False)
    measured: bool = field(default=True, compare=False)
    placed: bool = field(default=False, compare=False)

    @property
    def shares_z(self) -> bool:
        """True when the frame's z axis is the world's."""
        return self.heading or self.key in ("world", "vertical")


WORLD = Frame("world")
VERTICAL = Frame("vertical")  # of a z component that the world and every heading frame share


@dataclass(frozen=True)
class Value:
    """A checked value: the IR node and everything the IR does not say.

    `privileged` is true when any simulator-only quantity went into it; `zero` marks a literal zero, which fits any
    dimension; `aligns` marks a per-joint table (a keyframe) that takes the axis of what it meets; where
    it holds angles, `sliding` is the one of the joints that slide.
    """

    node: Node
    axes: tuple[Axis, ...] = ()
    dim: Dim = NUMBER
    kind: Kind = "scalar"
    frame: Frame | None = None
    privileged: bool = False
    zero: bool = False
    literal: bool = False
    aligns: bool = False
    sliding: Value | None = None
    mixed: bool = False

    @property
    def is_bool(self) -> bool:
        return self.node.dtype == "bool"

    def axis(self, name: str) -> int | None:
        """Returns the position of the axis called `name`, or None."""
        return next((i for i, a in enumerate(self.axes) if a.name == name), None)

    def describe(self) -> str:
        """Returns `[foot 2, xyz 3] m/s in base` for messages and hovers."""
        parts = []
        if self.is_bool:
            parts.append("true/false")
        if self.axes:
            parts.append("[" + ", ".join(map(str, self.axes)) + "]")
        if not self.is_bool:
            parts.append("of mixed units" if self.mixed else "plain number" if self.dim == NUMBER else str(self.dim))
        if self.frame is not None and self.kind != "scalar":
            parts.append(f"in {self.frame.name}")
        return " ".join(parts)

    def but(self, **changes: object) -> Value:
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Unknown:
    """The type of something already reported; whatever meets it stays quiet."""


UNKNOWN = Unknown()
Checked = Value | Unknown


def per_joint_dim(joint_type: str, base: Dim = ANGLE) -> Dim:
    """Returns rad for hinges and m for slides, for a quantity that is an angle on a hinge."""
    from ksim_spec.units import LENGTH

    return base * (LENGTH / ANGLE) if joint_type == "slide" else base
