"""Training from Python, and what can be done with a run: `train`, `resume`, `open_run`, `evaluate` and `play`."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ksim_spec.api.arguments import (
    PathLike,
    Settings,
    bad_argument,
    count,
    given,
    log_warnings,
    path_of,
    profile_of,
    set_lines,
    word,
)
from ksim_spec.viewer.gl import import_mujoco

if TYPE_CHECKING:
    from ksim_spec.runs.evaluate import Judgement
    from ksim_spec.runs.trained_policy import TrainedPolicy
    from ksim_spec.trainer.network import Network
    from ksim_spec.trainer.run import TrainResult
    from ksim_spec.viewer.video import Video

OnUpdate: TypeAlias = Callable[[dict[str, Any]], None]


def train(
    spec: PathLike,
    out: PathLike | None = None,
    *,
    seed: int | None = None,
    budget: int | None = None,
    num_envs: int | None = None,
    backend: str = "auto",
    profile: str | None = None,
    set: Settings | None = None,
    network: type[Network] | None = None,
    on_update: OnUpdate | Sequence[OnUpdate] = (),
    progress: bool = False,
) -> TrainResult:
    """Trains a spec in a new run folder and returns how it went: `.run_dir`, `.checkpoint`, `.env_states`, `.last`.

    `out` is the folder (`runs/TASK-DATE` if left out); `budget` is how many EnvStates to learn from, rounded up to
    whole updates. Each function of `on_update` is given the row of metrics of every update, as `metrics.jsonl` has it:
    `update`, `env_states`, `wall_s` (seconds), `episode/return`, `reward/TERM` (mean per control step) … With
    `progress` they are shown on stderr. Ctrl-C ends it after the update, with a checkpoint (`.interrupted`); a second
    one ends the whole program at once.

    Raises SpecError where the spec has errors, the batch sizes do not fit, the engine cannot run it, the folder is in
    use, or the network does not do what `Network` says.
    """
    import_mujoco()
    from ksim_spec.runs.start import TrainRequest, train_spec

    request = TrainRequest(
        path_of(spec, "spec"),
        None if out is None else path_of(out, "out"),
        backend=word(backend, "backend"),
        profile=profile_of(profile),
        sets=(*set_lines(set), *set_lines(given(seed=seed, budget=budget, num_envs=num_envs))),
        progress="auto" if progress else "none",
    )
    return train_spec(request, log_warnings, network=network, on_update=listed(on_update))


def resume(
    run: PathLike,
    *,
    budget: int | None = None,
    backend: str = "auto",
    network: type[Network] | None = None,
    on_update: OnUpdate | Sequence[OnUpdate] = (),
    progress: bool = False,
) -> TrainResult:
    """Goes on with an interrupted run exactly where it stopped and returns how it went, as `train` does.

    `budget` is how many EnvStates it is to learn from in all, if more than before. Raises SpecError for a path that is
    no run, for another engine or network than it was begun with, where a file of the run has changed since, and where
    nothing is left to learn.
    """
    import_mujoco()
    from ksim_spec.runs.start import resume_run

    mode = "auto" if progress else "none"
    return resume_run(
        path_of(run, "run"),
        word(backend, "backend"),
        mode,
        budget=None if budget is None else count(budget, "budget"),
        network=network,
        on_update=listed(on_update),
    )


def open_run(
    run: PathLike,
    *,
    num_envs: int = 1,
    backend: str = "auto",
    network: type[Network] | None = None,
    ignore_contract: bool = False,
) -> TrainedPolicy:
    """Returns a trained policy with `num_envs` environments of its task.

    `run` is a run folder (its latest checkpoint) or a checkpoint. `.act(memory, obs)` gives deterministic actions and
    the memory that goes with them, which begins as `.start()`; `.env` are the environments. Raises SpecError for a path
    that is neither, for another network than it was trained with, and where the policy was trained in another task than
    the folder holds, unless `ignore_contract`.
    """
    import_mujoco()
    from ksim_spec.runs.trained_policy import open_trained

    num_envs = count(num_envs, "num_envs")
    return open_trained(
        path_of(run, "run"), num_envs, word(backend, "backend"), agreed=ignore_contract, network=network
    )


def evaluate(
    run: PathLike,
    *,
    episodes: int = 512,
    seed: int | None = None,
    backend: str = "auto",
    network: type[Network] | None = None,
    ignore_contract: bool = False,
) -> Judgement:
    """Returns what `ksim eval` measures of a policy on fresh episodes with deterministic actions: `.checks` of the spec
    and whether all have `.passed`, `.survived` (a fraction), `.mean_return`, `.terms` (mean per control step).

    `seed` is that of the episodes; left out, one that training does not use. Raises SpecError as `open_run` does.
    """
    import_mujoco()
    from ksim_spec.runs.evaluate import EVAL_SEED, judge

    return judge(
        path_of(run, "run"),
        episodes=count(episodes, "episodes"),
        backend=word(backend, "backend"),
        seed=EVAL_SEED if seed is None else count(seed, "seed", least=0),
        agreed=ignore_contract,
        network=network,
    )


def play(
    run: PathLike,
    video: PathLike,
    *,
    seconds: float = 10.0,
    command: Mapping[str, float] | None = None,
    seed: int = 0,
    network: type[Network] | None = None,
    ignore_contract: bool = False,
) -> Video:
    """Films one environment under a trained policy into an mp4: `.path`, or None and the `.reason` there is no video.

    `command` holds command fields at a value in SI units: `{"velocity.x": 0.5}`. Raises SpecError for a field that is
    not there, and as `open_run` does.
    """
    import_mujoco()
    from ksim_spec.runs import play as playing

    if not isinstance(seconds, numbers.Real) or not 0 < seconds < float("inf"):
        raise bad_argument(f"`seconds` is {seconds!r:.60}", "give a number above 0")
    if not isinstance(command or {}, Mapping):
        raise bad_argument(f"`command` is {command!r:.60}", 'give a mapping: `{"velocity.x": 0.5}`')
    return playing.play(
        path_of(run, "run"),
        path_of(video, "video"),
        seconds=float(seconds),
        command=command,
        seed=count(seed, "seed", least=0),
        agreed=ignore_contract,
        network=network,
    )


def listed(functions: OnUpdate | Sequence[OnUpdate]) -> Sequence[OnUpdate]:
    found = [functions] if callable(functions) else functions
    if not isinstance(found, Sequence) or not all(callable(f) for f in found):
        raise bad_argument(f"`on_update` is {functions!r:.60}", "give a function of a row of metrics, or several")
    return found
