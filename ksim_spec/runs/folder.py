"""Compiled folders and run folders as things that can be stepped: what play, eval and bench begin with.

A run folder holds the compiled task next to its checkpoints, and only that is used to play or judge it: the spec and
the robot may have changed since.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from ksim_spec import rules
from ksim_spec.contract.resolved_spec import Spec
from ksim_spec.diagnostics import Diagnostic, SpecError


@dataclass(frozen=True)
class Folder:
    """A compiled folder on disk: `task.py`, `model.xml`, `contract.json`, `spec.yaml`, `ir.txt`."""

    path: Path
    spec: Spec
    contract: dict[str, Any]
    spec_text: str


def use_compilation_cache() -> None:
    """Lets JAX keep compiled programs between processes, so that the second start of a task is quick."""
    import jax

    if os.environ.get("KSIM_NO_CACHE") or getattr(jax.config, "jax_compilation_cache_dir", None):
        return  # nobody wants one, or whoever imported us has one already
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "ksim_spec" / "jax"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def open_folder(path: Path) -> Folder:
    """Returns a compiled folder; raises SpecError when something in it is missing or cannot be read."""
    import json

    missing = [n for n in ("task.py", "model.xml", "contract.json", "spec.yaml") if not (path / n).is_file()]
    if missing:
        message = f"`{path}` is not a run or compiled folder: `{missing[0]}` is missing"
        raise SpecError(
            [Diagnostic(rules.NOT_A_RUN, message, help="give a folder that `ksim train` or `ksim compile` wrote")]
        )
    try:
        text = (path / "spec.yaml").read_text(encoding="utf-8")
        spec = Spec.model_validate(yaml.safe_load(text))
        contract = json.loads((path / "contract.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        message = f"`{path}` cannot be read as a run or compiled folder: {error}"
        raise SpecError([Diagnostic(rules.NOT_A_RUN, message, help="restore its files, or compile it anew")]) from None
    return Folder(path, spec, contract, text)


def open_run(path: Path) -> tuple[Folder, Path | None]:
    """Returns the compiled folder of a run, and the checkpoint when the path names one."""
    if path.is_dir() and (path / "task.py").is_file():
        return open_folder(path), None
    for parent in path.resolve().parents:
        if all((parent / name).is_file() for name in ("task.py", "contract.json")):  # others have a task.py, too
            return open_folder(parent), path
    raise SpecError(
        [
            Diagnostic(
                rules.NOT_A_RUN,
                f"`{path}` is neither a run nor a checkpoint of one",
                help="give a folder that `ksim train` wrote",
            )
        ]
    )


def check_agreement(folder: Folder, saved: Any) -> None:
    """Raises SpecError where a checkpoint (a `train.checkpoint.Checkpoint`) was not trained in this folder's task."""
    from ksim_spec.differ.compatibility import check_checkpoint, check_files

    check_files(folder.path, folder.contract)
    check_checkpoint(
        folder.contract, yaml.safe_load(folder.spec_text), saved.contract, yaml.safe_load(saved.spec), saved.path
    )


def make_task(folder: Folder, num_envs: int, backend: str = "auto", **options: Any) -> Any:
    """Returns the task of a compiled folder on an engine; raises SpecError for what the engine cannot do."""
    from ksim_spec.compiler import load_model
    from ksim_spec.physics.preflight import preflight
    from ksim_spec.physics.registry import choose_engine
    from ksim_spec.task.module import load_file

    model = load_model(folder.path)
    if refused := [d for d in preflight(model, None, choose_engine(backend)) if d.severity == "error"]:
        raise SpecError(refused)
    return assembled(load_file(folder.path / "task.py"), model, num_envs, backend, **options)


def assembled(module: ModuleType, model: Any, num_envs: int, backend: str, **options: Any) -> Any:
    """Returns the task of a generated module and its composed model; raises SpecError for what the engine cannot do."""
    from ksim_spec.physics.registry import make_engine
    from ksim_spec.task.task import Task

    return Task(module, make_engine(backend, model, Task.engine_config(module, num_envs), **options))
