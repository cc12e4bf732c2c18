"""Playing a trained policy: one environment, deterministic actions, the motion recorded and filmed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.render.video import Motion, Video, write_video
from ksim_spec.session import Folder
from ksim_spec.trained import Trained, open_trained


def play(
    path: Path, video: Path, *, seconds: float = 10.0, command: Mapping[str, float] | None = None, seed: int = 0,
    agreed: bool = False,
) -> Video:
    """Plays a run's latest policy (or a checkpoint's) for some seconds and films it; returns what became of the video.

    `command` fixes command fields by `block.field`. Raises SpecError for a path that is no run or a field that is not,
    and unless `agreed` where the policy was trained in another task than the folder holds.
    """
    trained = open_trained(path, 1, agreed=agreed)
    return write_video(trained.task.model, record(trained, seconds, command or {}, seed), video)


def record(trained: Trained, seconds: float, command: Mapping[str, float], seed: int) -> Motion:
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
        np.asarray(qpos_TQ, float), task.control_dt, task.about["base"] or "",
        np.asarray(command_TC, float) if has_command else None,
    )  # fmt: skip


def command_row(command: Mapping[str, Mapping[str, Any]]) -> Any:
    """Returns (x, y, yaw) of the first command that has them, else an empty row."""
    for fields in command.values():
        if all(k in fields for k in ("x", "y", "yaw")):
            return jnp.stack([fields[k][0] for k in ("x", "y", "yaw")])
    return jnp.zeros(0)


def commanded(trained: Trained, command: Mapping[str, float]) -> dict[str, Any]:
    """Returns the policy's runtime parameters with command fields pinned; raises SpecError for an unknown field."""
    return {**trained.params, "p": {**trained.params["p"], **fixed_command(trained.folder, command)}}


def fixed_command(folder: Folder, command: Mapping[str, float]) -> dict[str, Any]:
    """Returns the draw parameters that pin command fields to one value; raises SpecError for an unknown field."""
    known = [f"{block}.{field}" for block, fields in folder.spec.commands.items() for field in fields]
    out: dict[str, Any] = {}
    for name, value in command.items():
        if name not in known:
            raise SpecError(
                [
                    Diagnostic(
                        "KS101",
                        "unknown-name",
                        f"there is no command field `{name}`",
                        help=suggest(name, known, "fields"),
                    )
                ]
            )
        for key in folder.spec.params:
            if key.startswith(f"command.{name}."):
                out[key] = jnp.float32(value)
        block = name.partition(".")[0]
        if f"command.{block}.zero" in folder.spec.params:
            out[f"command.{block}.zero"] = jnp.float32(0.0)
    return out
