"""The checked spec: configuration as plain values, mathematics as IR nodes. Everything after the checker reads this.

All numbers are SI. The numbers that stay adjustable (weights, named scalars, draw ranges) are `parameters`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from ksim_spec.ir.node import Node
from ksim_spec.language.declarations import Declaration, declarations, places, written
from ksim_spec.language.overlay import Item
from ksim_spec.language.params import Param, Role
from ksim_spec.language.ranges import Limit
from ksim_spec.language.types import Value
from ksim_spec.robot.elements import Actuator
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.naming import name_of
from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.source import NOWHERE, Span

WeightMode = Literal["rate", "step", "event"]
Outcome = Literal["fail", "success", "truncate"]


@dataclass(frozen=True)
class AddedSite:
    """A site that the MJCF lacks: name, body, position in the body's frame (m)."""

    name: str
    body: str
    position: tuple[float, float, float]


@dataclass(frozen=True)
class World:
    """Floor and timing. `floor_friction` None leaves the MJCF's floor alone; `solver` overrides MuJoCo options."""

    floor: bool
    floor_friction: float | None
    physics_step: float
    control_step: float
    sites: tuple[AddedSite, ...] = ()
    solver: tuple[tuple[str, float], ...] = ()

    @property
    def substeps(self) -> int:
        return round(self.control_step / self.physics_step)


@dataclass(frozen=True)
class ActionTerm:
    """A slice of the action: actuators of joints, in order. `target` is the control per actuator (SI) as IR.

    `servo` (kp, kd) are the gains that the spec gives, None for what a servo keeps; `drives` are the actuators as they
    are in the model then, a motor with gains as a servo. Delays are in physics steps, drawn per episode.
    """

    name: str
    mode: Literal["position", "velocity", "torque"]
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    target: Node
    around: Node | None
    scale: Node
    delay: tuple[int, int] = (0, 0)
    servo: tuple[float | None, float | None] | None = None
    drives: tuple[Actuator, ...] = field(default=(), compare=False)
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def size(self) -> int:
        return len(self.joints)


@dataclass(frozen=True)
class CommandField:
    name: str
    value: Node
    dim: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class CommandBlock:
    """Fields drawn together; redrawn at reset and after each interval (s); zero with a probability."""

    name: str
    fields: tuple[CommandField, ...]
    interval: Node | None
    zero: Node | None
    frame: str = "world"
    frame_key: str = "world"  # the same however the spec calls it: `body:torso.heading`
    span: Span = field(default=NOWHERE, compare=False)
    resample_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Pipeline:
    """How an observed value becomes numbers, applied in this order; delay in control steps, history in samples."""

    value: Node
    delay: int = 0
    bias: Node | None = None
    noise: Node | None = None
    scale: Node | None = None
    clip: tuple[Node, Node] | None = None
    history: int = 1


@dataclass(frozen=True)
class ObservationEntry:
    """One entry of a group: the finished vector (noise, scale, clip applied) and what a person wants to know of it."""

    name: str
    node: Node
    size: int
    unit: str
    frame: str
    scale: str
    noise: str
    privileged: bool
    labels: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)
    pipeline: Pipeline | None = field(default=None, compare=False)
    stream: str = field(default="", compare=False)  # its qualified name where it was declared


@dataclass(frozen=True)
class ObservationGroup:
    name: str
    entries: tuple[ObservationEntry, ...]

    @property
    def size(self) -> int:
        return sum(e.size for e in self.entries)

    def slices(self) -> list[tuple[ObservationEntry, int, int]]:
        """Returns each entry with the start and stop of its slice."""
        out, start = [], 0
        for entry in self.entries:
            out.append((entry, start, start + entry.size))
            start += entry.size
        return out


@dataclass(frozen=True)
class RewardTerm:
    """value * weight, times the control step for a rate; `weight` is IR over parameters and curriculum levels."""

    name: str
    value: Node
    weight: Node
    mode: WeightMode
    unit: str
    weight_text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Termination:
    name: str
    when: Node
    outcome: Outcome
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class StateChange:
    """One line of a reset or an event: which part of the state, how (= += *=), by what.

    `target` is one of pos, linvel, angvel (of a free body, with component indices), yaw, roll, pitch, joint_pos,
    joint_vel.
    """

    target: str
    names: tuple[str, ...]
    components: tuple[int, ...]
    op: Literal["=", "+=", "*="]
    value: Node
    span: Span = field(default=NOWHERE, compare=False)


def in_order(changes: tuple[StateChange, ...]) -> list[StateChange]:
    """Returns the lines of a reset as they are applied: those that place and turn, then those that set velocities.

    So a velocity is that of the world however the body is turned, and the order in which the two kinds stand is free.
    """
    return sorted(changes, key=lambda change: change.target in ("linvel", "angvel", "joint_vel"))


@dataclass(frozen=True)
class Reset:
    """`control` is the keyframe's control of every actuator, `activation` all of its; None where it gives none."""

    pose: str
    changes: tuple[StateChange, ...] = ()
    settle: float = 0.0
    control: tuple[float, ...] | None = None
    activation: tuple[float, ...] | None = field(default=None, compare=False)
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Event:
    """Fires every interval (s), drawn at reset and after each firing; changes velocities."""

    name: str
    interval: Node
    changes: tuple[StateChange, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class FieldChange:
    """Randomization of a quantity of the model: of which elements, how, by what, and how often."""

    name: str
    quantity: str
    of: str
    names: tuple[str, ...]
    op: Literal["=", "+=", "*="]
    value: Node
    scope: Literal["episode", "run"]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Level:
    """A curriculum level: moves from `start` to `end` by `step` when a condition on the update's episodes holds, or
    linearly over a number of env_states."""

    name: str
    start: float
    end: float
    step: float | None
    when: Node | None
    over: float | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Check:
    """One line of the check block: a statistic over all steps of all evaluation episodes, compared with a bound."""

    text: str
    kind: Literal["always", "compare"]
    statistic: str
    value: Node | None
    where: Node | None
    op: str
    bound: float
    unit: str
    argument: float = 0.0
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Program:
    """The whole checked task. `settings` says where each setting of `train` is written, by its name.

    `own` are the ids of the robot's bodies (see `who`), `base` is the one that floats, None where none does.
    """

    name: str
    doc: str
    robot_path: Path
    robot_name: str
    base: str | None
    world: World
    action: tuple[ActionTerm, ...]
    commands: tuple[CommandBlock, ...]
    signals: tuple[tuple[str, Value], ...]
    observations: tuple[ObservationGroup, ...]
    rewards: tuple[RewardTerm, ...]
    terminations: tuple[Termination, ...]
    reset: Reset
    events: tuple[Event, ...]
    randomization: tuple[FieldChange, ...]
    levels: tuple[Level, ...]
    checks: tuple[Check, ...]
    policy: PolicyConfig
    critic_group: str
    train: TrainConfig
    parameters: tuple[Param, ...]
    own: tuple[int, ...] = ()
    mirror: tuple[tuple[str, str], ...] = ()
    mirror_span: Span = field(default=NOWHERE, compare=False)
    names: dict[int, str] = field(default_factory=dict, compare=False)
    settings: dict[str, Span] = field(default_factory=dict, compare=False)
    items: tuple[Item, ...] = field(default=(), compare=False, repr=False)  # the blocks as written, after overlays
    limits: tuple[Limit, ...] = field(default=(), compare=False, repr=False)  # what must lie in a range in a run

    @cached_property
    def params(self) -> dict[str, float]:
        """The values of the runtime parameters by name (SI)."""
        return {p.name: p.value for p in self.parameters}

    def param(self, owner: str, role: Role) -> Param | None:
        """Returns the parameter that a declaration has for itself, outside of draws; None where it has none."""
        found = (p for p in self.parameters if p.owner == owner and p.role == role and p.draw is None)
        return next(found, None)

    def interval(self, owner: str) -> tuple[float, float] | None:
        """Returns the ends (s) between which a command or an event draws the time to the next one."""
        low, high = self.param(owner, "low"), self.param(owner, "high")
        return None if low is None else (low.value, (high or low).value)

    @property
    def action_size(self) -> int:
        return sum(t.size for t in self.action)

    def actuator(self, index: RobotIndex, name: str) -> Actuator:
        """Returns an actuator as it is in the model that is simulated: with the gains of the spec."""
        found = next((a for t in self.action for a in t.drives if name_of(a) == name), index.find("actuator", name))
        assert isinstance(found, Actuator)
        return found

    def group(self, name: str) -> ObservationGroup:
        return next(g for g in self.observations if g.name == name)

    @cached_property
    def places(self) -> dict[str, Span]:
        """Where every block, declaration and attribute stands, by qualified name."""
        return places(written(self.items))

    def declarations(self) -> tuple[Declaration, ...]:
        """Returns everything that the spec declares, in a fixed order of kinds and within one as written."""
        return self._declarations

    @cached_property
    def _declarations(self) -> tuple[Declaration, ...]:
        return declarations(self)

    def roots(self, start: bool = True) -> list[Node]:
        """Every IR node that something reads; without `start`, none that only resets and randomization read."""
        read = [d for d in self.declarations() if start or not d.only_at_start]
        return [node for d in read for _, node in d.nodes]

    def named_roots(self) -> list[tuple[str, Node]]:
        """Returns every root under its qualified name, in the order of `ordered`."""
        return [(d.label(role), node) for d in self.ordered() for role, node in d.nodes]

    def ordered(self) -> list[Declaration]:
        """Returns the declarations so that they stand alike for rewards written in another order."""
        found = list(self.declarations())
        rewards = [i for i, d in enumerate(found) if d.kind == "reward"]
        for i, d in zip(rewards, sorted((found[i] for i in rewards), key=lambda d: d.nodes[0][1].digest), strict=True):
            found[i] = d
        return found
