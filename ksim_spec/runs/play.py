"""Playing a trained policy: one environment, deterministic actions, the motion recorded and filmed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.runs.trained_policy import TrainedPolicy, open_trained
from ksim_spec.viewer.video import Motion, Video, write_video


def play(
    path: Path,
    video: Path,
    *,
    seconds: float = 10.0,
    command: Mapping[str, float] | None = None,
    seed: int = 0,
    agreed: bool = False,
    network: type[Any] | None = None,
) -> Video:
    """Plays a run's latest policy (or a checkpoint's) for some seconds and films it; returns what became of the video.

    `command` fixes command fields by `block.field` (SI). Raises SpecError for a field that is not there, and as
    `open_trained` does, which `agreed` and `network` go to.
    """
    trained = open_trained(path, 1, agreed=agreed, network=network)
    return write_video(trained.task.model, record(trained, seconds, command or {}, seed), video)


def record(trained: TrainedPolicy, seconds: float, command: Mapping[str, float], seed: int) -> Motion:
    """Returns the motion of one environment under the deterministic policy."""
    task = trained.task
    params = commanded(trained, command)
    length = max(1, round(seconds / task.control_dt))

    def one(carry: Any, _: None) -> Any:
        state, env, memory = carry
        memory, action = trained.act(memory, env.obs)
        state, env, _info = task.step(state, action, params)
        shown = (state.now.reads["qpos"][0], command_row(env.command))
        return (state, env, memory.after(env.done)), shown

    def whole(key: Any) -> Any:
        return jax.lax.scan(one, (*task.init(key, params), trained.start()), None, length=length)[1]

    qpos_TQ, command_TC = jax.device_get(jax.jit(whole)(jax.random.key(seed)))
    has_command = command_TC.shape[1] == 3
    return Motion(
        np.asarray(qpos_TQ, float),
        task.control_dt,
        task.about["base"] or "",
        np.asarray(command_TC, float) if has_command else None,
    )


def command_row(command: Mapping[str, Mapping[str, Any]]) -> Any:
    """Returns (x, y, yaw) of the first command that has them, else an empty row."""
    for fields in command.values():
        if all(k in fields for k in ("x", "y", "yaw")):
            return jnp.stack([fields[k][0] for k in ("x", "y", "yaw")])
    return jnp.zeros(0)


def commanded(trained: TrainedPolicy, command: Mapping[str, float]) -> dict[str, Any]:
    """Returns the policy's runtime parameters with command fields held at a value (SI), whatever the spec draws there.

    Raises SpecError for an unknown field, and for what is no finite number.
    """
    commands = trained.folder.spec.commands
    known = [f"{block}.{name}" for block, fields in commands.items() for name in fields]
    for name, value in command.items():
        if name not in known:
            help = suggest(name, known, "fields")
            raise SpecError([Diagnostic(rules.UNKNOWN_NAME, f"there is no command field `{name}`", help=help)])
        if not math.isfinite(value):
            help = f"for example `--set command.{name}=0.5`"
            raise SpecError([Diagnostic(rules.BAD_SET, f"`{name}` cannot be held at {value}", help=help)])
    fixed = {
        block: {name: jnp.float32(command.get(f"{block}.{name}", math.nan)) for name in fields}
        for block, fields in commands.items()
    }
    return {**trained.params, "fixed": fixed}
