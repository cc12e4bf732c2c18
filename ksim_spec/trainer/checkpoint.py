"""Checkpoints: one zip file that holds a whole run, written so that a crash leaves the old one or the new one.

Inside: `arrays/<path>.npy` (every array of the training state, readable with NumPy alone), `meta.json` (settings,
counters, sizes, versions), `spec.yaml` and `contract.json` as the caller gave them. `latest` and `best` are text files
that name a checkpoint beside them.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ksim_spec import rules
from ksim_spec._internal.files import write_atomic
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.rules.rule import Rule
from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.trainer.network import Network
from ksim_spec.trainer.normalizer import init_normalizer
from ksim_spec.trainer.policy import make_policy
from ksim_spec.trainer.rollout import Actor, groups_of
from ksim_spec.trainer.state import TrainState
from ksim_spec.trainer.task_protocol import Task
from ksim_spec.trainer.value_scale import init_value_scale

FORMAT = 1
SUFFIX = ".ckpt"


def problem(rule: Rule, message: str, help_text: str = "") -> SpecError:
    """Returns the error of a file or folder that cannot be used."""
    return SpecError([Diagnostic(rule, message, help=help_text)])


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory: arrays by path, settings and counters, resolved spec and contract."""

    path: Path
    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]
    spec: str
    contract: dict[str, Any] | None

    @property
    def config(self) -> TrainConfig:
        return TrainConfig(**self.meta["train"])

    @property
    def policy_config(self) -> PolicyConfig:
        return PolicyConfig(**self.meta["policy"])


def versions() -> dict[str, str]:
    """Returns the versions that numbers may depend on."""
    found = {"python": platform.python_version(), "platform": f"{sys.platform} {platform.machine()}"}
    for name in ("ksim-spec", "jax", "jaxlib", "numpy", "mujoco", "mujoco-mjx", "equinox", "optax"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _to_numpy(x: Any) -> np.ndarray:
    if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = jax.random.key_data(x)
    return np.asarray(x)


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """Returns every leaf as a NumPy array under its path, e.g. `policy/actor/layers/0/weight`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): _to_numpy(x) for path, x in leaves}


def restore(template: Any, arrays: dict[str, np.ndarray], prefix: str, source: Path) -> Any:
    """Returns a tree like `template` (arrays or shapes) filled from the arrays under `prefix`.

    Raises SpecError naming the first array that is missing or has another shape or type.
    """

    def pick(path: Any, like: Any) -> Any:
        tail = jax.tree_util.keystr(path, simple=True, separator="/")
        name = f"{prefix}/{tail}" if tail else prefix
        is_key = hasattr(like, "dtype") and jnp.issubdtype(like.dtype, jax.dtypes.prng_key)
        wanted = jax.eval_shape(jax.random.key_data, like) if is_key else like
        wanted = wanted if hasattr(wanted, "dtype") else np.asarray(wanted)
        if name not in arrays:
            message = f"checkpoint `{source}` has no `{name}`"
            raise problem(rules.CHECKPOINT_MISMATCH, message, "was the spec changed?")
        found = arrays[name]
        if found.shape != wanted.shape or found.dtype != wanted.dtype:
            have, want = f"{found.dtype}{list(found.shape)}", f"{wanted.dtype}{list(wanted.shape)}"
            message = f"`{name}` in checkpoint `{source}` is {have}, the spec needs {want}"
            raise problem(rules.CHECKPOINT_MISMATCH, message, "was the spec changed?")
        if isinstance(like, np.ndarray):
            return found
        return jax.random.wrap_key_data(jnp.asarray(found)) if is_key else jnp.array(found)

    return jax.tree_util.tree_map_with_path(pick, template)


def describe(
    task: Task, config: TrainConfig, policy_config: PolicyConfig, network: type[Network] | None = None
) -> dict[str, Any]:
    """Returns the part of `meta.json` that does not change in a run; `network` names a class from outside."""
    own = {} if network is None else {"network": f"{network.__module__}.{network.__qualname__}"}
    return own | {
        "format": FORMAT,
        "train": config.model_dump(mode="json"),
        "policy": policy_config.model_dump(mode="json"),
        "obs_sizes": dict(task.obs_sizes),
        "action_size": task.action_size,
        "actor_group": task.actor_group,
        "critic_group": task.critic_group,
        "control_dt": task.control_dt,
        "terms": list(task.term_names),
        "versions": versions(),
    }


def tree_of(task: Task, state: TrainState) -> dict[str, Any]:
    """Returns the training state with the task's state exported."""
    return {**state._asdict(), "task_state": task.export_state(state.task_state)}


def save(
    folder: Path, task: Task, state: TrainState, meta: dict[str, Any], spec: str, contract: dict[str, Any] | None
) -> Path:
    """Writes `<env_states>.ckpt` into the folder and points `latest` at it; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("meta.json", json.dumps(meta, indent=1))
        archive.writestr("spec.yaml", spec)
        archive.writestr("contract.json", json.dumps(contract, indent=1))
        for name, array in flatten(tree_of(task, state)).items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            archive.writestr(f"arrays/{name}.npy", member.getvalue())
    path = folder / f"{meta['env_states']:012d}{SUFFIX}"
    write_atomic(path, buffer.getvalue())
    point(folder, "latest", path)
    return path


def point(folder: Path, name: str, path: Path) -> None:
    """Makes the pointer file `latest` or `best` name a checkpoint."""
    write_atomic(folder / name, (path.name + "\n").encode())


def pointed(folder: Path, name: str) -> Path | None:
    """Returns the checkpoint that `latest` or `best` names, None where there is none."""
    pointer = folder / name
    if not pointer.is_file():
        return None
    path = folder / pointer.read_text().strip()
    return path if path.is_file() else None


def prune(folder: Path, keep: int) -> None:
    """Deletes all but the newest `keep` checkpoints and those that `latest` and `best` name."""
    kept = {pointed(folder, "latest"), pointed(folder, "best"), *sorted(folder.glob(f"*{SUFFIX}"))[-keep:]}
    for path in folder.glob(f"*{SUFFIX}"):
        if path not in kept:
            path.unlink(missing_ok=True)


def find(run_or_file: Path, which: str = "latest") -> Path:
    """Returns the checkpoint file meant by a run folder, its checkpoint folder, or the file itself."""
    if run_or_file.is_file():
        return run_or_file
    for folder in (run_or_file / "checkpoints", run_or_file):
        found = pointed(folder, which) or pointed(folder, "latest")
        if found is not None:
            return found
    if not run_or_file.exists():
        raise problem(rules.NO_SUCH_RUN, f"no run folder or checkpoint `{run_or_file}`")
    help_text = "it ended before it began to learn: begin again, `ksim train SPEC --out RUN` takes its folder"
    raise problem(rules.NO_CHECKPOINT, f"`{run_or_file}` holds no checkpoint", help_text)


def load(path: Path) -> Checkpoint:
    """Returns the content of a checkpoint file. Raises SpecError for a file that is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            meta = json.loads(archive.read("meta.json"))
            spec, contract = archive.read("spec.yaml").decode(), json.loads(archive.read("contract.json"))
            names = [n for n in archive.namelist() if n.startswith("arrays/")]
            arrays = {
                n.removeprefix("arrays/").removesuffix(".npy"): np.load(io.BytesIO(archive.read(n)), allow_pickle=False)
                for n in names
            }
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise problem(rules.BAD_CHECKPOINT, f"cannot read checkpoint `{path}`: {error}") from None
    if meta.get("format") != FORMAT:
        message = f"checkpoint `{path}` has format {meta.get('format')}, this version reads {FORMAT}"
        raise problem(rules.BAD_CHECKPOINT, message)
    return Checkpoint(path, arrays, meta, spec, contract)


def restore_state(checkpoint: Checkpoint, task: Task, fresh: TrainState) -> TrainState:
    """Returns the training state of a checkpoint; `fresh` is a new state of the same task and gives the structure."""
    tree = {
        name: restore(like, checkpoint.arrays, name, checkpoint.path) for name, like in tree_of(task, fresh).items()
    }
    return TrainState(**{**tree, "task_state": task.import_state(tree["task_state"])})


def check_network(checkpoint: Checkpoint, network: type[Network] | None) -> None:
    """Raises SpecError where a run was trained with a network of someone's own and that class is not given, or another
    one is, or where one is given and the run was not.

    Classes are told apart by their names alone: the module of the same class is `__main__` in one program and not in
    another.
    """
    name = checkpoint.meta.get("network")
    if name is not None and (network is None or name.rpartition(".")[2] != network.__name__):
        other = f", not `{network.__name__}`" if network is not None else ""
        message = f"checkpoint `{checkpoint.path}` was trained with the network `{name}` of its own{other}"
        raise problem(rules.CHECKPOINT_MISMATCH, message, "open it from Python and give that class as `network`")
    if name is None and network is not None:
        message = f"checkpoint `{checkpoint.path}` was trained with the networks of its spec, not `{network.__name__}`"
        raise problem(rules.CHECKPOINT_MISMATCH, message, "leave `network` out")


def restore_actor(
    checkpoint: Checkpoint, task: Task, policy: PolicyConfig | None = None, network: type[Network] | None = None
) -> Actor:
    """Returns networks and statistics for playing and evaluating; needs no task state.

    With `policy` the networks are what that says, and not what the checkpoint was saved with; `network` is their class
    where the run was trained with one from outside. Raises SpecError where they, or the sizes of the task, do not fit
    the checkpoint.
    """
    config = policy or checkpoint.policy_config
    check_network(checkpoint, network)

    def build(key: Any) -> Actor:
        normalizer = init_normalizer({g: task.obs_sizes[g] for g in groups_of(task)})
        return Actor(make_policy(task, config, key, network), normalizer, init_value_scale())

    like = jax.eval_shape(build, jax.random.key(0))
    names = ("policy", "normalizer", "value_scale")
    return Actor(*(restore(part, checkpoint.arrays, n, checkpoint.path) for n, part in zip(names, like, strict=True)))


def restore_params(checkpoint: Checkpoint, task: Task) -> Any:
    """Returns the task's runtime parameters, curriculum levels included."""
    return restore(task.params, checkpoint.arrays, "params", checkpoint.path)
