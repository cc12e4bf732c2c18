"""The resolved spec as pydantic models: what `ksim show` prints and `spec.yaml` holds. A dump loads back the same."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.language.program import Check, Program, RewardTerm
from ksim_spec.robot.index import RobotIndex
from ksim_spec.settings import PolicyConfig, TrainConfig

NORMAL_RANGE = 3.0  # deviations of a normal draw that a slider reaches


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorldSpec(_Model):
    """Seconds; `floor_friction` None leaves the MJCF's floor."""

    physics_step: float
    control_step: float
    floor: bool
    floor_friction: float | None


class ActionSpec(_Model):
    name: str
    mode: str
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    delay_physics_steps: tuple[int, int]


class ObservationSpec(_Model):
    """`start` and `stop` are the slice of the group's vector."""

    name: str
    start: int
    stop: int
    unit: str
    frame: str
    scale: str
    noise: str
    privileged: bool


class RewardSpec(_Model):
    """`weight` is the number that is written, None for a weight that is computed.

    `per_step` and `per_second` are effective weights: what a value of 1 (SI) adds to the return, the factors of groups
    included and the curriculum at its end.
    """

    name: str
    unit: str
    weight: float | None
    weight_text: str
    mode: str
    per_step: float | None
    per_second: float | None


class TerminationSpec(_Model):
    name: str
    outcome: str


class RandomizationSpec(_Model):
    name: str
    op: str
    scope: str


class LevelSpec(_Model):
    name: str
    start: float
    end: float
    step: float | None
    over: float | None


class CheckSpec(_Model):
    """One line of the check block; `statistic` over all steps of all episodes against `bound` (SI)."""

    text: str
    kind: str
    statistic: str
    op: str
    bound: float
    unit: str
    argument: float


class Spec(_Model):
    """The whole resolved spec as plain values.

    `command_ranges` says by `block.field` between which values a field is drawn (SI; a normal draw within three
    deviations), zero included where the command can be zero; fields without bounds are left out.
    """

    schema_version: int = 1
    task: str
    doc: str
    robot: str
    world: WorldSpec
    action: tuple[ActionSpec, ...]
    commands: dict[str, tuple[str, ...]]
    command_ranges: dict[str, tuple[float, float]] = {}
    observations: dict[str, tuple[ObservationSpec, ...]]
    rewards: tuple[RewardSpec, ...]
    terminations: tuple[TerminationSpec, ...]
    events: tuple[str, ...]
    randomize: tuple[RandomizationSpec, ...]
    curriculum: tuple[LevelSpec, ...]
    checks: tuple[CheckSpec, ...]
    params: dict[str, float]
    policy: PolicyConfig
    critic_group: str
    train: TrainConfig


def _reward(program: Program, term: RewardTerm) -> RewardSpec:
    written, found = program.param(f"reward.{term.name}", "weight"), effective(program, term)
    return RewardSpec(
        name=term.name,
        unit=term.unit,
        weight=written and written.value,
        weight_text=term.weight_text,
        mode=term.mode,
        per_step=found and found.per_step[1],
        per_second=found and found.per_second and found.per_second[1],
    )


def _check(check: Check) -> CheckSpec:
    return CheckSpec(
        text=check.text,
        kind=check.kind,
        statistic=check.statistic,
        op=check.op,
        bound=check.bound,
        unit=check.unit,
        argument=check.argument,
    )


def _command_ranges(program: Program, index: RobotIndex) -> dict[str, tuple[float, float]]:
    seeds = Seeds(program, index, NORMAL_RANGE)
    ranges = {f"{c.name}.{f.name}": seeds.command(c.name, f.name) for c in program.commands for f in c.fields}
    return {
        name: (float(f"{low:.9g}"), float(f"{high:.9g}"))
        for name, (low, high) in ranges.items()
        if math.isfinite(low) and math.isfinite(high)
    }


def resolved(program: Program, index: RobotIndex) -> Spec:
    """Returns the resolved spec of a program checked against a robot."""
    world = program.world
    return Spec(
        task=program.name,
        doc=program.doc,
        robot=program.robot_name,
        world=WorldSpec(
            physics_step=world.physics_step,
            control_step=world.control_step,
            floor=world.floor,
            floor_friction=world.floor_friction,
        ),
        action=tuple(
            ActionSpec(name=t.name, mode=t.mode, joints=t.joints, actuators=t.actuators, delay_physics_steps=t.delay)
            for t in program.action
        ),
        commands={c.name: tuple(f.name for f in c.fields) for c in program.commands},
        command_ranges=_command_ranges(program, index),
        observations={
            g.name: tuple(
                ObservationSpec(
                    name=e.name,
                    start=a,
                    stop=b,
                    unit=e.unit,
                    frame=e.frame,
                    scale=e.scale,
                    noise=e.noise,
                    privileged=e.privileged,
                )
                for e, a, b in g.slices()
            )
            for g in program.observations
        },
        rewards=tuple(_reward(program, r) for r in program.rewards),
        terminations=tuple(TerminationSpec(name=t.name, outcome=t.outcome) for t in program.terminations),
        events=tuple(e.name for e in program.events),
        randomize=tuple(RandomizationSpec(name=f.name, op=f.op, scope=f.scope) for f in program.randomization),
        curriculum=tuple(
            LevelSpec(name=v.name, start=v.start, end=v.end, step=v.step, over=v.over) for v in program.levels
        ),
        checks=tuple(_check(k) for k in program.checks),
        params=dict(sorted(program.params.items())),
        policy=program.policy,
        critic_group=program.critic_group,
        train=program.train,
    )
