"""Where a training begins, and stepping from Python: from a spec to a task on an engine, and to a run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from ksim_spec import rules
from ksim_spec.compiler import Compiled, compile_spec, model_of, write_compiled
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.compatibility import check_files, check_spec
from ksim_spec.differ.sides import Opener
from ksim_spec.physics.preflight import preflight
from ksim_spec.physics.registry import choose_engine
from ksim_spec.runs.folder import (
    Folder,
    assembled,
    check_agreement,
    make_task,
    open_folder,
    open_run,
    use_compilation_cache,
)
from ksim_spec.runs.provenance import commit_of
from ksim_spec.source import SourceMap
from ksim_spec.task.env import Env
from ksim_spec.task.module import load_module
from ksim_spec.trainer import checkpoint as ckpt
from ksim_spec.trainer.custom import check_class
from ksim_spec.trainer.network import Network
from ksim_spec.trainer.policy import Policy
from ksim_spec.trainer.progress import Mode
from ksim_spec.trainer.run import OnUpdate, TrainResult, check_config, create_run_dir, default_run_dir, train

Notify = Callable[[Sequence[Diagnostic], SourceMap], None]


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


def train_spec(
    request: TrainRequest,
    notify: Notify | None = None,
    *,
    network: type[Network] | None = None,
    on_update: Sequence[OnUpdate] = (),
) -> TrainResult:
    """Compiles a spec into a new run folder and trains it; with `network` actor and critic are of that class.

    `notify` is given the warnings of the spec and of the engine before training begins, `on_update` the row of metrics
    of every update.
    """
    check_class(network)
    choose_engine(request.backend)
    compiled = compile_spec(request.spec, profile=request.profile, sets=request.overrides())
    program = compiled.program
    check_config(program.train)
    if network is not None:
        _check_fit(network, compiled)
    _tell(notify, compiled, request.backend)
    run_dir = request.out or default_run_dir(program.name)
    create_run_dir(run_dir)
    (run_dir / "spec.ksim").write_bytes(request.spec.read_bytes())  # first: it marks the folder as a run's
    write_compiled(compiled, run_dir)
    folder = open_folder(run_dir)
    use_compilation_cache()
    return train(
        make_task(folder, program.train.num_envs, request.backend),
        program.train,
        program.policy,
        run_dir,
        network=network,
        name=program.name,
        spec=folder.spec_text,
        contract=folder.contract,
        commit=commit_of(request.spec.resolve()),
        engine=choose_engine(request.backend),
        prepared=True,
        progress=request.progress,
        on_update=on_update,
        resume_hint=_resume_hint(network),
    )


def resume_run(
    path: Path,
    backend: str = "auto",
    progress: Mode = "auto",
    *,
    spec: Path | None = None,
    budget: int | None = None,
    agreed: bool = False,
    network: type[Network] | None = None,
    on_update: Sequence[OnUpdate] = (),
) -> TrainResult:
    """Goes on with an interrupted run exactly where it stopped, on its engine; returns the TrainResult.

    `budget` is how many EnvStates it is to learn from in all, if not as many as before; what a schedule stretches over
    the budget then goes on over the new one. A run that was trained with a network of one's own needs that class again.
    With `spec` the run must have been begun with it. Raises SpecError where that, or a file of the run, has changed
    since (`agreed` goes on all the same), for another engine, and where nothing is left to learn.
    """
    check_class(network)
    folder, _ = open_run(path)
    saved = ckpt.load(ckpt.find(folder.path))
    ckpt.check_network(saved, network)
    if not agreed:
        check_agreement(folder, saved)
        if spec is not None:
            _check_spec(spec, folder)
    backend = _engine_of(saved, backend)
    config = folder.spec.train.model_copy(update={"budget": budget or saved.config.budget})
    check_config(config)
    if config.real_budget <= saved.meta["env_states"]:
        message = f"`{path}` has learnt from all the {saved.meta['env_states']} env_states of its budget"
        raise ckpt.problem(rules.RESUME_SETTING, message, "give a larger budget: `--budget 20e6`")
    use_compilation_cache()
    return train(
        make_task(folder, config.num_envs, backend),
        config,
        folder.spec.policy,
        folder.path,
        network=network,
        name=folder.spec.task,
        spec=folder.spec_text,
        contract=folder.contract,
        resume=True,
        progress=progress,
        on_update=on_update,
        resume_hint=_resume_hint(network),
    )


def _engine_of(saved: ckpt.Checkpoint, backend: str) -> str:
    """Returns the engine to go on with: the run's. Raises SpecError where another is asked for."""
    engine = saved.meta.get("engine")  # checkpoints of older versions do not say it
    if engine is None or backend in ("auto", engine):
        return engine or backend
    message = f"checkpoint `{saved.path}` was trained on the engine `{engine}`, not `{backend}`"
    raise ckpt.problem(rules.RESUME_SETTING, message, "leave `--backend` out: its state is that engine's")


def make_env(
    spec: Path | Compiled,
    num_envs: int,
    backend: str = "auto",
    *,
    profile: str | None = None,
    sets: Sequence[str] = (),
    notify: Notify | None = None,
) -> Env:
    """Returns environments of a spec, of a compiled task, or of a compiled folder on disk: what training steps.

    `notify` is given the warnings of the spec and of the engine. Raises SpecError where the spec has errors, a file of
    the folder was changed since it was compiled, or the engine cannot run it.
    """
    choose_engine(backend)  # a wrong name is told before anything is compiled
    use_compilation_cache()
    if isinstance(spec, Path) and spec.is_dir():
        folder = open_folder(spec)
        check_files(folder.path, folder.contract)
        return Env(make_task(folder, num_envs, backend))
    compiled = spec if isinstance(spec, Compiled) else compile_spec(spec, profile=profile, sets=sets)
    _tell(notify, compiled, backend)
    scene = compiled.binding.scene
    module = load_module(compiled.source, f"<task {compiled.program.name}>")
    return Env(assembled(module, model_of(scene.xml, scene.assets), num_envs, backend))


def preflight_compiled(compiled: Compiled, backend: str) -> list[Diagnostic]:
    """Returns the warnings of the spec and of the engine it will run on; raises SpecError for what it cannot do."""
    scene, index = compiled.binding.scene, compiled.index
    found = preflight(scene.model, index, choose_engine(backend), scene.floor)
    compiled.loaded.sources.files.update(index.sources.files)
    if any(d.severity == "error" for d in found):
        raise SpecError(found, compiled.loaded.sources)
    return [d for d in (*compiled.loaded.diagnostics, *found, *compiled.notices()) if d.severity == "warning"]


def _tell(notify: Notify | None, compiled: Compiled, backend: str) -> None:
    notices = preflight_compiled(compiled, backend)
    if notify is not None and notices:
        notify(notices, compiled.loaded.sources)


def _check_fit(network: type[Network], compiled: Compiled) -> None:
    """Raises SpecError where the networks of a class do not do what they must, before there is a folder of the run."""
    about = load_module(compiled.source, f"<task {compiled.program.name}>").TASK
    actor, critic = about["groups"]["actor"], about["groups"][about["critic_group"]]
    config = compiled.program.policy

    def make(key: Any) -> Policy:
        return Policy(key, actor, critic, about["action_size"], config, None, network)

    jax.eval_shape(make, jax.random.key(0))


def _check_spec(path: Path, folder: Folder) -> None:
    opener = Opener()
    check_spec(opener.open(*opener.locate(str(path))).contract, folder.contract, folder.path, path)


def _resume_hint(network: Any) -> str:
    """Returns how to go on with a run, with `{run}` for its folder."""
    if network is None:
        return "ksim train --resume {run}"
    return 'ks.resume("{run}", network=' + network.__name__ + ")"
