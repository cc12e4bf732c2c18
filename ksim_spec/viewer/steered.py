"""What the live views show: something that moves in real time and can be steered. `runs.interactive` has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Moment:
    """The state after a control step; `command_C` is the commanded x, y and yaw, or nothing where there are none."""

    qpos_Q: Float[np.ndarray, "Q"]
    command_C: Float[np.ndarray, "3"] | None
    time_s: float


class Steered(Protocol):
    """One environment under a policy. `body` is the one that a camera follows, `command` what is held fixed (SI), and
    `ranges` say for every command field between which values a slider goes.
    """

    model: mujoco.MjModel
    body: str
    command: dict[str, float]
    ranges: dict[str, tuple[float, float]]

    def steer(self, command: Mapping[str, float]) -> None:
        """Fixes these command fields, and only these."""
        ...

    def restart(self) -> None:
        """Begins a new episode."""
        ...

    def paced(self, seconds: float | None, frame_s: float) -> Iterator[Moment]:
        """Yields a moment for every frame to be drawn, in real time."""
        ...
