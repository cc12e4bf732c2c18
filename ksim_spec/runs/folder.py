"""Compiled folders and run folders as things that can be stepped: what train, play, eval and bench share.

A run folder holds the compiled task next to its checkpoints, and only that is used to play or judge it: the spec and
the robot may have changed since.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ksim_spec import rules
from ksim_spec.contract.resolved_spec import Spec
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.runs.provenance import commit_of
from ksim_spec.source import SourceMap
from ksim_spec.trainer.progress import Mode


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

    if os.environ.get("KSIM_NO_CACHE"):
        return
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
    text = (path / "spec.yaml").read_text(encoding="utf-8")
    spec = Spec.model_validate(yaml.safe_load(text))
    return Folder(path, spec, json.loads((path / "contract.json").read_text(encoding="utf-8")), text)


def open_run(path: Path) -> tuple[Folder, Path | None]:
    """Returns the compiled folder of a run, and the checkpoint when the path names one."""
    if path.is_dir() and (path / "task.py").is_file():
        return open_folder(path), None
    for parent in path.resolve().parents:
        if (parent / "task.py").is_file():
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
    from ksim_spec.physics.registry import choose_engine, make_engine
    from ksim_spec.task.module import load_file
    from ksim_spec.task.task import Task

    module, model = load_file(folder.path / "task.py"), load_model(folder.path)
    if refused := [d for d in preflight(model, None, choose_engine(backend)) if d.severity == "error"]:
        raise SpecError(refused)
    engine = make_engine(backend, model, Task.engine_config(module, num_envs), **options)
    return Task(module, engine)


@dataclass(frozen=True)
class TrainRequest:
    """What `ksim train` was asked for; None leaves the spec's value."""

    spec: Path
    out: Path | None = None
    seed: int | None = None
    budget: int | None = None
    num_envs: int | None = None
    backend: str = "auto"
    profile: str | None = None
    sets: Sequence[str] = ()
    progress: Mode = "auto"

    def overrides(self) -> list[str]:
        """Returns the flags as `--set` lines, so that everything derived is recomputed after them."""
        named = {"seed": self.seed, "budget": self.budget, "num_envs": self.num_envs}
        return [*self.sets, *(f"train.{k}={v}" for k, v in named.items() if v is not None)]


def train_spec(request: TrainRequest, notify: Callable[[Sequence[Diagnostic], SourceMap], None] | None = None) -> Any:
    """Compiles a spec into a new run folder and trains it; returns the TrainResult.

    `notify` is given the warnings of the spec and of the engine before training begins.
    """
    from ksim_spec.compiler import compile_spec, write_compiled
    from ksim_spec.trainer.run import check_config, create_run_dir, default_run_dir, train

    compiled = compile_spec(request.spec, profile=request.profile, sets=request.overrides())
    program = compiled.program
    check_config(program.train)
    notices = preflight_compiled(compiled, request.backend)
    if notify is not None and notices:
        notify(notices, compiled.loaded.sources)
    run_dir = request.out or default_run_dir(program.name)
    create_run_dir(run_dir)
    write_compiled(compiled, run_dir)
    (run_dir / "spec.ksim").write_bytes(Path(request.spec).read_bytes())
    folder = open_folder(run_dir)
    use_compilation_cache()
    task = make_task(folder, program.train.num_envs, request.backend)
    return train(
        task,
        program.train,
        program.policy,
        run_dir,
        name=program.name,
        spec=folder.spec_text,
        contract=folder.contract,
        commit=commit_of(request.spec.resolve()),
        prepared=True,
        progress=request.progress,
        resume_hint="ksim train --resume {run}",
    )


def _check_spec(path: Path, folder: Folder) -> None:
    from ksim_spec.differ.compatibility import check_spec
    from ksim_spec.differ.sides import Opener

    opener = Opener()
    check_spec(opener.open(*opener.locate(str(path))).contract, folder.contract, folder.path, path)


def preflight_compiled(compiled: Any, backend: str) -> list[Diagnostic]:
    """Returns the warnings of the spec and of the engine it will run on; raises SpecError for what it cannot do."""
    from ksim_spec.physics.preflight import preflight
    from ksim_spec.physics.registry import choose_engine

    scene, index = compiled.binding.scene, compiled.index
    found = preflight(scene.model, index, choose_engine(backend), scene.floor)
    compiled.loaded.sources.files.update(index.sources.files)
    if any(d.severity == "error" for d in found):
        raise SpecError(found, compiled.loaded.sources)
    return [d for d in (*compiled.loaded.diagnostics, *found, *compiled.notices()) if d.severity == "warning"]


def resume_run(
    path: Path, backend: str = "auto", progress: Mode = "auto", *, spec: Path | None = None, agreed: bool = False
) -> Any:
    """Goes on with an interrupted run exactly where it stopped; returns the TrainResult.

    With `spec` the run must have been begun with it. Raises SpecError where that, or a file of the run, has changed
    since; `agreed` goes on all the same.
    """
    from ksim_spec.trainer import checkpoint as ckpt
    from ksim_spec.trainer.run import train

    folder, _ = open_run(path)
    if not agreed:
        check_agreement(folder, ckpt.load(ckpt.find(folder.path)))
        if spec is not None:
            _check_spec(spec, folder)
    use_compilation_cache()
    task = make_task(folder, folder.spec.train.num_envs, backend)
    return train(
        task,
        folder.spec.train,
        folder.spec.policy,
        folder.path,
        name=folder.spec.task,
        spec=folder.spec_text,
        contract=folder.contract,
        resume=True,
        progress=progress,
    )
