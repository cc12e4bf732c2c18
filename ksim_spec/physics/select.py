"""Which engine to use where, and making it."""

from __future__ import annotations

from typing import Any, Literal, cast, get_args

import jax
import mujoco

from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.physics.protocol import Engine, EngineConfig
from ksim_spec.robot.preflight import EngineName

Backend = Literal["auto", "cpu", "mjx", "warp"]


def choose_engine(backend: str = "auto") -> EngineName:
    """Returns the name of the engine for a backend; `auto` is `cpu` without an accelerator, else `warp` or `mjx`.

    Raises `SpecError` for an unknown name.
    """
    if backend not in get_args(Backend):
        raise SpecError([
            Diagnostic("KS725", "unknown-engine", f"there is no engine `{backend}`",
                       help=suggest(backend, get_args(Backend), "engines"))
        ])
    if backend != "auto":
        return cast(EngineName, backend)
    if jax.default_backend() == "cpu":
        return "cpu"
    from ksim_spec.physics.warp import warp_installed

    return "warp" if jax.default_backend() in ("gpu", "cuda") and warp_installed() else "mjx"


def make_engine(name: str, model: mujoco.MjModel, config: EngineConfig, **options: Any) -> Engine:
    """Returns the named engine (`auto` chooses), for `config.num_envs` copies of the model.

    Options go to the engine: `nthread`, `persistent` (cpu), `max_contacts` (warp). Raises `SpecError` where the engine
    is missing, cannot simulate the model, or cannot vary or read what the configuration asks for.
    """
    chosen = choose_engine(name)
    if chosen == "cpu":
        from ksim_spec.physics.cpu import CpuEngine

        return CpuEngine(model, config, **options)
    if chosen == "mjx":
        from ksim_spec.physics.mjx import MjxEngine

        return MjxEngine(model, config, **options)
    from ksim_spec.physics.warp import WarpEngine

    return WarpEngine(model, config, **options)
