"""The contract as pydantic models: what `contract.json`, checkpoints and `SPEC.lock` hold, and its JSON Schema.

All numbers are SI. A name is a key wherever order means nothing; where it does (observations, actions, joints), a list.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 3


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Draw(Part):
    """A random draw with literal arguments, as written: `normal` [0.2], `uniform` [-1.0, 1.0]."""

    distribution: str
    arguments: tuple[float, ...]


class Expression(Part):
    """A value: its text, what it canonically is, and its numbers where they are known without a simulation.

    `digest` is equal for two ways to write the same thing. `anonymous` leaves names out too (of robot elements,
    commands, random streams); `names` lists them in the order of their first use, so that a renaming can be told.
    """

    text: str
    digest: str
    anonymous: str
    names: tuple[str, ...] = ()
    values: tuple[float, ...] | None = None
    draws: tuple[Draw, ...] = ()


class Timing(Part):
    """Seconds."""

    control_step: float
    physics_step: float


class Observation(Part):
    """One entry of a group: `slice` of its vector; delay, bias, noise, scale, clip, history apply in this order.

    `elements` are the names along the last axis. `history` is how many samples are kept, newest first.
    """

    name: str
    slice: tuple[int, int]
    unit: str
    frame: str
    elements: tuple[str, ...]
    privileged: bool
    value: Expression
    delay_control_steps: int
    bias: Expression | None
    noise: Expression | None
    scale: Expression | None
    clip: tuple[Expression, Expression] | None
    history: int


class Actuator(Part):
    """How a control becomes a force at a joint in the simulated model, with the spec's `gain` and `damping`."""

    name: str
    joint: str
    kind: str
    kp: float | None
    kv: float | None
    gear: tuple[float, ...]
    control_range: tuple[float, float] | None
    force_range: tuple[float, float] | None


class Action(Part):
    """A slice of the action vector, in the order of `joints`: the control is `offset + scale * action`."""

    name: str
    slice: tuple[int, int]
    mode: Literal["position", "velocity", "torque"]
    joints: tuple[str, ...]
    actuators: tuple[Actuator, ...]
    scale: Expression
    offset: Expression | None
    delay_physics_steps: tuple[int, int]


class Field(Part):
    name: str
    unit: str
    value: Expression


class Command(Part):
    """Fields in order; redrawn after `resample` seconds, all zero with probability `zero`.

    `frame` is as the spec calls it, `frame_of` as the MJCF does: `body:torso.heading`.
    """

    frame: str
    frame_of: str
    fields: tuple[Field, ...]
    resample: tuple[float, float] | None
    zero: float | None


class Networks(Part):
    """Hidden layers of the networks, their inputs and outputs, and how observations and actions are transformed."""

    actor: tuple[int, ...] | dict[str, Any]  # layer sizes of an `mlp`; the settings of other kinds, `kind` among them
    critic: tuple[int, ...] | dict[str, Any]
    actor_inputs: int
    critic_inputs: int
    actions: int
    critic_observes: str
    activation: str
    distribution: str
    std: str
    symmetric: bool
    init_std: float
    min_std: float
    normalize_observations: bool
    observation_clip: float


class Reward(Part):
    """`weight` at the start and the end of the curriculum, None where it hangs on more; `rate` terms are per second."""

    value: Expression
    unit: str
    weight: Expression
    mode: Literal["rate", "step", "event"]
    effective: tuple[float, float] | None


class Termination(Part):
    when: Expression
    outcome: Literal["fail", "success", "truncate"]


class Change(Part):
    """One line of a reset or an event: which part of the state of what, how, by what."""

    target: str
    names: tuple[str, ...]
    components: tuple[int, ...]
    op: str
    value: Expression


class Placed(Part):
    """Where a free or ball joint starts, as the keyframe says: None where it does not, and the robot file counts.

    `position` (m) is that of the body of a free joint, in the world. `rotation` (w, x, y, z) is that of the body: of a
    free joint in the world, of a ball joint in its place in the robot file. `joint` is empty for one without a name.
    """

    joint: str
    body: str
    position: tuple[float, float, float] | None
    rotation: tuple[float, float, float, float] | None


class Reset(Part):
    """`pose` by joint (rad or m), as the keyframe gives it, and free and ball joints as they are `placed` in it.

    `placed` is None in a contract of an older version that does not say it.
    """

    keyframe: str
    pose: tuple[float, ...]
    placed: tuple[Placed, ...] | None
    settle: float
    changes: tuple[Change, ...]


class Event(Part):
    every: tuple[float, float]
    changes: tuple[Change, ...]


class Randomization(Part):
    name: str
    quantity: str
    of: str
    names: tuple[str, ...]
    op: str
    scope: str
    value: Expression


class Level(Part):
    start: float
    end: float
    step: float | None
    over_env_states: float | None
    when: Expression | None


class Check(Part):
    text: str
    kind: str
    statistic: str
    op: str
    bound: float
    argument: float
    value: Expression | None
    where: Expression | None


class Signal(Part):
    type: str
    value: Expression


class World(Part):
    """`floor_friction` is None without a floor of the spec's own; added `sites` are in their body's frame (m)."""

    floor: bool
    floor_friction: float | None
    solver: dict[str, float]
    sites: dict[str, tuple[str, tuple[float, float, float]]]


class Element(Part):
    """One element of the MJCF: what it is part of, and its attributes with defaults applied, as normal texts."""

    name: str
    parent: str
    tag: str
    attributes: dict[str, str]


class Model(Part):
    """What the MJCF says, apart from appearance. `rest` is a digest of what the elements do not show."""

    joints: tuple[str, ...]
    joint_ranges: tuple[tuple[float, float] | None, ...]
    elements: dict[str, tuple[Element, ...]]
    options: dict[str, str]
    rest: str
    appearance: str


class Built(Part):
    """What only building tells: total mass (kg), and the SHA-256 of `model.xml` and of `task.py` (`program`)."""

    mass: float
    digest: str
    program: str


class Contract(Part):
    """Everything that must agree between a trained policy and what runs it, and the task it was trained for."""

    schema_version: Literal[3] = SCHEMA_VERSION
    task: str
    doc: str
    robot: str
    robot_names: dict[str, str]
    timing: Timing
    observations: dict[str, tuple[Observation, ...]]
    action: tuple[Action, ...]
    commands: dict[str, Command]
    networks: Networks
    mirror: tuple[tuple[str, str], ...]
    mirrored: dict[str, Any]
    world: World
    rewards: dict[str, Reward]
    terminations: dict[str, Termination]
    reset: Reset
    events: dict[str, Event]
    randomize: tuple[Randomization, ...]
    levels: dict[str, Level]
    checks: tuple[Check, ...]
    train: dict[str, Any]
    signals: dict[str, Signal]
    profiles: dict[str, str]
    model: Model
    built: Built | None
    hashes: dict[str, str]


def json_schema() -> dict[str, Any]:
    """Returns the JSON Schema of a contract, as `contract.schema.json` has it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Contract.model_json_schema()}


if __name__ == "__main__":  # after a change of the models
    Path(__file__).with_name("contract.schema.json").write_text(json.dumps(json_schema(), indent=1) + "\n")
