"""A trained policy with the task it was trained in: what play, the live views and eval begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ksim_spec.runs.folder import Folder, check_agreement, make_task, open_run, use_compilation_cache
from ksim_spec.runs.provenance import Origin
from ksim_spec.task.task import Task


@dataclass(frozen=True)
class Trained:
    """The actor of a checkpoint, the runtime parameters and curriculum levels it was saved with, and its task."""

    folder: Folder
    task: Task
    actor: Any
    params: Any
    origin: Origin

    def start(self) -> Any:
        """Returns what the networks carry at the first step of an episode (a `train.policy.Memory`)."""
        return self.actor.policy.start(self.task.num_envs)

    def act(self, memory: Any, obs: Any) -> tuple[Any, Any]:
        """Returns the memory after a step, and the deterministic actions for observations of every environment.

        Traceable. What comes back must be told which episodes the step ended: `memory.after(done)`.
        """
        from ksim_spec.trainer.evaluate import act

        return act(self.task, self.folder.spec.train, self.actor, memory, obs)


def open_trained(
    path: Path, num_envs: int, backend: str = "auto", *, agreed: bool = False, network: type[Any] | None = None
) -> Trained:
    """Returns the latest policy of a run, or a checkpoint's, with so many environments of its task.

    A run that was trained with a `train.network.Network` of one's own needs that class again, as `network`.

    Raises SpecError for a path that is neither, for an engine that cannot run the task, and unless `agreed` where the
    policy was trained in another task than the folder holds.
    """
    from ksim_spec.trainer import checkpoint as ckpt

    folder, checkpoint = open_run(path)
    saved = ckpt.load(ckpt.find(checkpoint or path))
    if not agreed:
        check_agreement(folder, saved)
    use_compilation_cache()
    task = make_task(folder, num_envs, backend)
    actor, params = ckpt.restore_actor(saved, task, network=network), ckpt.restore_params(saved, task)
    return Trained(folder, task, actor, params, _origin(folder, saved))


def _origin(folder: Folder, saved: Any) -> Origin:
    meta, contract = saved.meta, saved.contract or folder.contract
    return Origin(
        folder.spec.task,
        contract.get("hashes", {}).get("meaning"),
        meta.get("commit"),
        meta["train"]["seed"],
        meta["env_states"],
        round(meta["wall_s"], 1),
        meta["versions"],
    )
