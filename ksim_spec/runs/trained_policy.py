"""A trained policy with the task it was trained in: what play, the live views and eval begin with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ksim_spec.runs.folder import Folder, check_agreement, make_task, open_run, use_compilation_cache
from ksim_spec.runs.provenance import Origin
from ksim_spec.task.env import Env
from ksim_spec.task.task import Task


@dataclass(frozen=True)
class TrainedPolicy:
    """The actor of a checkpoint with its task, and the runtime parameters that it was saved with.

    `folder` is the compiled task beside it (`.path`, `.spec`, `.contract`), `origin` what it was trained from.
    """

    folder: Folder
    task: Task
    actor: Any
    params: Any
    origin: Origin

    @cached_property
    def env(self) -> Env:
        """The environments of its task, with curriculum levels where training left them."""
        return Env(self.task, self.params)

    def start(self) -> Any:
        """Returns what the networks carry at the first step of an episode (a `trainer.policy.Memory`)."""
        return self.actor.policy.start(self.task.num_envs)

    def act(self, memory: Any, obs: Any) -> tuple[Any, Any]:
        """Returns the memory after a step, and the deterministic actions (num_envs, action_size), float32.

        `obs` are the observations of every environment by group, unnormalised as `Env` gives them. Traceable. What
        comes back must be told which episodes the step ended: `memory.after(done)`.
        """
        from ksim_spec.trainer.evaluate import act

        return act(self.task, self.folder.spec.train, self.actor, memory, obs)


def open_trained(
    path: Path, num_envs: int, backend: str = "auto", *, agreed: bool = False, network: type[Any] | None = None
) -> TrainedPolicy:
    """Returns the latest policy of a run, or a checkpoint's, with so many environments of its task.

    A run that was trained with a `trainer.network.Network` of one's own needs that class again, as `network`.

    Raises SpecError for a path that is neither, for another network than it was trained with, for an engine that cannot
    run the task, and unless `agreed` where the policy was trained in another task than the folder holds.
    """
    from ksim_spec.trainer import checkpoint as ckpt
    from ksim_spec.trainer.custom import check_class

    check_class(network)
    folder, checkpoint = open_run(path)
    saved = ckpt.load(ckpt.find(checkpoint or path))
    ckpt.check_network(saved, network)
    if not agreed:
        check_agreement(folder, saved)
    use_compilation_cache()
    task = make_task(folder, num_envs, backend)
    actor, params = ckpt.restore_actor(saved, task, network=network), ckpt.restore_params(saved, task)
    return TrainedPolicy(folder, task, actor, params, _origin(folder, saved))


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
