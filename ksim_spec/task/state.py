"""What an environment carries from step to step. Every array has the environment axis first."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Bool, Float, Int32, PRNGKeyArray


class Episode(NamedTuple):
    """An episode under way, or a spare start waiting to be taken: the two have the same parts.

    `reads` are the simulator arrays of the current state, `values` and `memory` those of the temporal operators (an
    episode under way keeps no values between steps), `draws` the samples that later steps read again, `past_EHA` the
    last actions (newest first) that action delays still need.
    """

    reads: dict[str, Float[Array, "E ..."]]
    values: dict[str, Array]
    memory: dict[str, Array]
    command: dict[str, dict[str, Float[Array, "E"]]]
    command_left: dict[str, Float[Array, "E"]]
    event_left: dict[str, Float[Array, "E"]]
    draws: dict[str, Array]
    action_EA: Float[Array, "E A"]
    past_EHA: Float[Array, "E H A"]
    step_E: Int32[Array, "E"]
    return_E: Float[Array, "E"]


class TaskState(NamedTuple):
    """The whole batch: episodes under way, one spare start each, and the counters that key the random streams.

    `take_E` marks environments that become their spare at the next physics step; `used_E` marks spares that an episode
    has begun from and that must be drawn anew. `cut_E` is the control step at which the current episode is cut short.
    """

    physics: Any
    now: Episode
    spare: Episode
    take_E: Bool[Array, "E"]
    used_E: Bool[Array, "E"]
    cut_E: Int32[Array, "E"]
    run: dict[str, Array]
    fields: dict[str, Array]
    key: PRNGKeyArray
    step: Int32[Array, ""]
    refill: Int32[Array, ""]


class EnvState(NamedTuple):
    """What one control step shows: the next observation, the command it goes with, and what the action earned."""

    obs: dict[str, Float[Array, "E L"]]
    command: dict[str, dict[str, Float[Array, "E"]]]
    action: Float[Array, "E A"]
    reward: Float[Array, "E"]
    done: Bool[Array, "E"]


class StepInfo(NamedTuple):
    """How the step ended and what was measured on it, before any reset. `metrics` are (value, counts) by check.

    `cut_E` marks truncations by `Task.stagger`: they are not whole episodes, so statistics leave them out. `reads` are
    the simulator arrays at the end of the step.
    """

    fail_E: Bool[Array, "E"]
    success_E: Bool[Array, "E"]
    truncated_E: Bool[Array, "E"]
    cut_E: Bool[Array, "E"]
    fault_E: Bool[Array, "E"]
    bootstrap_E: Float[Array, "E"]
    terms: dict[str, Float[Array, "E"]]
    metrics: dict[str, Any]
    rules: dict[str, Bool[Array, "E"]]
    time_E: Float[Array, "E"]
    episode_return_E: Float[Array, "E"]
    reads: dict[str, Float[Array, "E ..."]]
