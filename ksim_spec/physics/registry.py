"""The engines there are, which to use where, and making one. An engine is described in its own file (`INFO`).

Adding an engine is a file beside this one and a line in `ENGINES`. The file is first imported when the engine is used
or asked about; nothing heavy is imported here.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest

if TYPE_CHECKING:
    import mujoco

    from ksim_spec.physics.preflight import Preflight
    from ksim_spec.physics.protocol import Engine, EngineConfig

AUTO = "auto"
REFERENCE = "cpu"  # C MuJoCo: what recordings are made and replayed with, and other engines are compared with
ENGINES = {  # in the order in which `auto` looks for one that suits the machine
    "cpu": "ksim_spec.physics.cpu",
    "warp": "ksim_spec.physics.warp",
    "mjx": "ksim_spec.physics.mjx",
}


@dataclass(frozen=True)
class Needs:
    """A package that an engine needs and not every installation has: its module, its name, our extra that brings it."""

    module: str
    package: str
    extra: str


@dataclass(frozen=True)
class EngineInfo:
    """What the rest of the package knows of an engine.

    `make` is its class, called with a model, an `EngineConfig` and the engine's own options. `suits` says of a platform
    of JAX (`cpu`, `gpu`, `tpu`, …) whether `auto` should use the engine there. `preflight` finds what speaks against a
    model, `probe` tries the engine and returns a line about what it found, or raises where the engine does not work.
    """

    name: str
    make: Callable[..., Engine]
    suits: Callable[[str], bool]
    probe: Callable[[], str]
    preflight: Callable[[Preflight], Iterator[Diagnostic]]
    needs: Needs | None = None

    @property
    def installed(self) -> bool:
        return self.needs is None or importlib.util.find_spec(self.needs.module) is not None


def backends() -> tuple[str, ...]:
    """Returns what may be asked for as `--backend`."""
    return (AUTO, *sorted(ENGINES))


def backend_help() -> str:
    """Returns what the commands say of `--backend`."""
    *most, last = backends()
    return f"The physics engine: {', '.join(most)}, or {last}."


def engine_info(name: str) -> EngineInfo:
    """Returns the description of an engine. Imports its file, and with it JAX. Raises KeyError for no engine's name."""
    return importlib.import_module(ENGINES[name]).INFO


def choose_engine(backend: str = AUTO) -> str:
    """Returns the name of the engine for a backend; `auto` takes the first that suits the platform JAX runs on.

    Raises `SpecError` for an unknown name.
    """
    if backend not in backends():
        raise SpecError(
            [
                Diagnostic(
                    rules.UNKNOWN_ENGINE,
                    f"there is no engine `{backend}`",
                    help=suggest(backend, backends(), "engines"),
                )
            ]
        )
    if backend != AUTO:
        return backend
    import jax

    platform = jax.default_backend()
    return next(name for name in ENGINES if (info := engine_info(name)).installed and info.suits(platform))


def make_engine(name: str, model: mujoco.MjModel, config: EngineConfig, **options: Any) -> Engine:
    """Returns the named engine (`auto` chooses), for `config.num_envs` copies of the model.

    Options go to the engine: `nthread`, `persistent` (cpu), `max_contacts` (warp). Raises `SpecError` where the engine
    is missing, cannot simulate the model, or cannot vary or read what the configuration asks for.
    """
    info = engine_info(choose_engine(name))
    if info.needs is not None and not info.installed:
        raise SpecError(
            [
                Diagnostic(
                    rules.ENGINE_MISSING,
                    f"the `{info.name}` engine needs the package `{info.needs.package}`",
                    help=f'install it with `pip install "ksim_spec[{info.needs.extra}]"`, or use another engine',
                )
            ]
        )
    return info.make(model, config, **options)


def probe(name: str) -> str:
    """Returns a line about an engine that works here; raises whatever keeps it from working."""
    info = engine_info(name)
    if info.needs is not None and not info.installed:
        raise ModuleNotFoundError(f"needs {info.needs.package}: pip install -e '.[{info.needs.extra}]'")
    return info.probe()
