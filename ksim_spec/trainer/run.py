"""A training run from start to end: folder, compile, updates, records, checkpoints, Ctrl-C, resume."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.settings import PolicyConfig, TrainConfig, validate_batch
from ksim_spec.trainer import checkpoint as ckpt
from ksim_spec.trainer.interrupt import Interrupts
from ksim_spec.trainer.metrics import Row, RunLog, plain
from ksim_spec.trainer.named_vector import Named
from ksim_spec.trainer.network import Network
from ksim_spec.trainer.ppo import start
from ksim_spec.trainer.progress import Mode, Progress, make_progress
from ksim_spec.trainer.state import TrainState
from ksim_spec.trainer.task_protocol import Task

OnUpdate = Callable[[Row], None]


@dataclass(frozen=True)
class TrainResult:
    """How a run ended. `faults` counts physics faults and numbers that were not finite in this process."""

    run_dir: Path
    checkpoint: Path
    updates: int
    env_states: int
    wall_s: float
    compile_s: float
    interrupted: bool
    faults: int
    last: Row


@dataclass
class _Run:
    """The moving parts of one run."""

    task: Task
    config: TrainConfig
    run_dir: Path
    meta: dict[str, Any]
    spec: str
    contract: dict[str, Any] | None
    log: RunLog
    progress: Progress
    best: float
    wall_before: float
    resume_hint: str
    started: float
    faults: int = 0
    compile_s: float = 0.0
    last: Row = field(default_factory=dict)
    returns: list[float] = field(default_factory=list)

    @property
    def wall_s(self) -> float:
        return self.wall_before + time.monotonic() - self.started


def default_run_dir(name: str, root: Path = Path("runs")) -> Path:
    """Returns `runs/<task>-<date>-<time>`, with a number added where that exists."""
    base = root / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    path, n = base, 2
    while path.exists():
        path, n = base.with_name(f"{base.name}-{n}"), n + 1
    return path


def create_run_dir(path: Path) -> None:
    """Creates a run folder, or takes one whose run ended before its first checkpoint.

    Raises SpecError if something else is there already or it cannot be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())) and not _never_begun(path):
        help_text = "choose another folder, or continue that run with `--resume`"
        raise ckpt.problem(rules.RUN_EXISTS, f"`{path}` already exists and is not empty", help_text)
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ckpt.problem(rules.RUN_NOT_WRITABLE, f"cannot write to `{path}`: {error.strerror}") from None


def _never_begun(path: Path) -> bool:
    """Whether a folder is that of a run (only these keep the spec's own text) without a checkpoint to lose."""
    return (path / "spec.ksim").is_file() and not any((path / "checkpoints").glob(f"*{ckpt.SUFFIX}"))


def check_config(config: TrainConfig) -> None:
    """Raises SpecError for impossible batch sizes or budgets."""
    problems = validate_batch(config)
    if problems:
        raise SpecError([Diagnostic(rules.IMPOSSIBLE_BATCH, p.message, help=p.help) for p in problems])


def train(
    task: Task,
    config: TrainConfig,
    policy_config: PolicyConfig | None = None,
    run_dir: Path | None = None,
    *,
    network: type[Network] | None = None,
    name: str = "task",
    spec: str = "",
    contract: dict[str, Any] | None = None,
    commit: str | None = None,
    engine: str | None = None,
    resume: bool = False,
    prepared: bool = False,
    progress: Mode = "auto",
    on_update: Sequence[OnUpdate] = (),
    resume_hint: str = "ksim train --resume {run}",
) -> TrainResult:
    """Trains until the budget is spent or Ctrl-C, and returns how it went.

    Actor and critic are of the kinds that `policy_config` names, or of the class `network`: an Equinox module with the
    methods of `trainer.network.Network`. It is not kept with the run: who resumes or opens that gives it again.
    run_dir gets metrics.jsonl, TensorBoard events and checkpoints/; with `resume` it must hold a checkpoint, and the
    run goes on from there exactly as if it had not stopped. `spec` (resolved, YAML), `contract`, `commit` (that the
    spec came from) and `engine` travel in checkpoints. `prepared` says that the caller made the folder.
    Raises SpecError for impossible settings, unusable folders and checkpoints that do not fit the task.
    """
    check_config(config)
    policy_config = policy_config or PolicyConfig()
    run_dir = run_dir or default_run_dir(name)
    saved = ckpt.load(ckpt.find(run_dir)) if resume else None
    if saved is not None:
        ckpt.check_network(saved, network)
    if saved is None and not prepared:
        create_run_dir(run_dir)
    started = time.monotonic()
    before = saved.meta if saved is not None else {}
    origin = {"commit": before.get("commit", commit), "engine": before.get("engine", engine)}
    meta = ckpt.describe(task, config, policy_config, network) | origin
    run = _Run(
        task,
        config,
        run_dir,
        meta,
        spec,
        contract,
        RunLog(run_dir, before.get("env_states", 0)),
        make_progress(progress, name, config.real_budget),
        before.get("best", -np.inf) if before.get("best") is not None else -np.inf,
        before.get("wall_s", 0.0),
        resume_hint.format(run=run_dir),
        started,
    )
    if config.real_budget != config.budget:
        run.progress.say(f"budget: {config.real_budget} env_states ({config.num_updates} updates)")
    try:
        begin = partial(start, task, config, policy_config, network)
        return _loop(run, begin, saved, on_update)
    finally:
        run.progress.close()
        with contextlib.suppress(OSError):  # what could not be written has been told
            run.log.close()


@contextlib.contextmanager
def _storing(run: _Run) -> Iterator[None]:
    """Raises SpecError where a file of the run cannot be written: what is safe, and how to go on."""
    try:
        yield
    except OSError as error:
        raise _not_written(run, error) from error


def _not_written(run: _Run, error: OSError) -> SpecError:
    safe = ckpt.pointed(run.run_dir / "checkpoints", "latest")
    known = f"the checkpoint `{safe.name}` is whole" if safe else "no checkpoint was written"
    go_on = f"then go on with: {run.resume_hint}" if safe else "then begin again in the same folder"
    what = f"cannot write to `{run.run_dir}`: {error.strerror or error}; {known}"
    cause = "make room on the disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make the folder writable"
    return ckpt.problem(rules.RUN_NOT_WRITABLE, what, f"{cause}, {go_on}")


def _loop(
    run: _Run, start: Callable[[], Any], saved: ckpt.Checkpoint | None, on_update: Sequence[OnUpdate]
) -> TrainResult:
    def first() -> None:
        run.progress.say("stopping after this update; press Ctrl-C again to leave at once")

    def second() -> None:
        saved = ckpt.pointed(run.run_dir / "checkpoints", "latest")
        run.progress.say(
            f"stopped; resume from the last checkpoint with: {run.resume_hint}" if saved else "stopped at the start"
        )

    with Interrupts(first, second) as interrupts:
        begin = time.monotonic()
        state, step = interrupts.run(start)
        run.compile_s = time.monotonic() - begin
        if saved is not None:
            state = ckpt.restore_state(saved, run.task, state)
        done = int(state.update)
        path = ckpt.pointed(run.run_dir / "checkpoints", "latest") or _save(run, state, done)
        while done < run.config.num_updates and not interrupts.requested:
            begin, cpu = time.monotonic(), time.process_time()
            state, metrics = interrupts.run(_step, step, state)
            done += 1
            row = _row(run, done, metrics, time.monotonic() - begin, time.process_time() - cpu)
            _record(run, row, on_update)
            if done % run.config.checkpoint_every == 0 or done == run.config.num_updates or interrupts.requested:
                path = _save(run, state, done)
        if interrupts.requested and done < run.config.num_updates:
            run.progress.say(
                f"stopped at {done * run.config.num_env_states} env_states; resume with: {run.resume_hint}"
            )
    if run.faults:
        run.progress.say(f"{run.faults} faults: environments whose physics or numbers broke were reset")
    states = done * run.config.num_env_states
    stopped = done < run.config.num_updates
    return TrainResult(run.run_dir, path, done, states, run.wall_s, run.compile_s, stopped, run.faults, run.last)


def _step(step: Callable[..., tuple[TrainState, Named]], state: TrainState) -> tuple[TrainState, Named]:
    return jax.block_until_ready(step(state))


def _row(run: _Run, done: int, metrics: Named, seconds: float, cpu: float) -> Row:
    head: Row = {"update": done, "env_states": done * run.config.num_env_states, "wall_s": round(run.wall_s, 3)}
    body: Row = {name: plain(value) for name, value in sorted(metrics.items())}
    perf: Row = {
        "perf/env_states_per_s": round(run.config.num_env_states / seconds, 1),
        "perf/update_s": round(seconds, 4),
        "perf/cpu_cores": round(cpu / seconds, 2),
        "perf/compile_s": round(run.compile_s, 2),
    }
    return head | body | perf


def _record(run: _Run, row: Row, on_update: Sequence[OnUpdate]) -> None:
    faults = int((row["fault/physics"] or 0) + (row["fault/not_finite"] or 0))
    if faults and not run.faults:
        run.progress.say("physics or numbers broke in an environment; it is reset and counted, training goes on")
    run.faults += faults
    if row["episode/return"] is not None:
        run.returns.append(float(row["episode/return"]))
    run.last = row
    with _storing(run):
        run.log.write(row)
    run.progress.update(row)
    for callback in on_update:
        callback(row)


def _save(run: _Run, state: TrainState, done: int) -> Path:
    """Writes a checkpoint; `best` follows the mean return of the episodes finished since the last one."""
    folder = run.run_dir / "checkpoints"
    mean = float(np.mean(run.returns)) if run.returns else -np.inf
    improved = mean > run.best
    run.best = max(mean, run.best)
    run.returns.clear()
    best = run.best if np.isfinite(run.best) else None
    counters = {"update": done, "env_states": done * run.config.num_env_states, "wall_s": run.wall_s, "best": best}
    with _storing(run):
        path = ckpt.save(folder, run.task, state, run.meta | counters, run.spec, run.contract)
        if improved or ckpt.pointed(folder, "best") is None:
            ckpt.point(folder, "best", path)
        ckpt.prune(folder, run.config.keep_checkpoints)
    return path
