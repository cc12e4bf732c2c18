"""A task around a robot: its text, and what is known of every part of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.random_specs.drawn import Draw, Drawn
from tests.random_specs.leaves import Expr
from tests.random_specs.robots import Robot
from tests.random_specs.truth import Truth


@dataclass(frozen=True)
class Drive:
    """A line of `action`: which numbers of it drive which actuators, and how far."""

    mode: str
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    first: int
    around: float
    scale: float
    delay: tuple[int, int]  # physics steps
    gains: tuple[float, float] | None = None  # of servos made, at the joint


@dataclass(frozen=True)
class Seen:
    """An entry of `observe actor`: the value, and what is done to it."""

    name: str
    value: Expr
    noise: Draw | None
    bias: Draw | None
    scale: float
    clip: float | None
    delay: int
    history: int


@dataclass
class Product:
    """A robot, a spec, and what is known of it. `entries` are what the critic sees."""

    robot: Robot
    truth: Truth
    substeps: int
    friction: float
    base: str = ""
    text: str = ""
    drives: list[Drive] = field(default_factory=list)
    entries: list[tuple[str, Expr]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    rewards: list[tuple[str, Expr, float, bool]] = field(default_factory=list)
    rules: list[tuple[str, Expr, str]] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    pose: str = ""
    settles: bool = False
    commands: dict[str, dict[str, Draw]] = field(default_factory=dict)
    resample: dict[str, int] = field(default_factory=dict)  # control steps
    drawn: Drawn = field(default_factory=Drawn)

    @property
    def dt(self) -> float:
        return self.substeps * float(self.truth.model.opt.timestep)

    @property
    def size(self) -> int:
        return sum(len(d.joints) for d in self.drives)

    def __repr__(self) -> str:
        return f"\n{self.text}\n{self.robot.xml}"
