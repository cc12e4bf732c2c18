"""One version of a task, compiled: what a side of a diff is when it has to be evaluated and not only read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import mujoco

from ksim_spec import rules
from ksim_spec.compiler import compile_spec, load_model
from ksim_spec.contract.resolved_spec import Spec, resolved
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.git.trees import DiskTree
from ksim_spec.differ.sides import Opener
from ksim_spec.runs.folder import open_run
from ksim_spec.task.module import load_file, load_module


@dataclass(frozen=True)
class Version:
    """The compiled functions of a task, its composed model and its resolved spec."""

    label: str
    module: ModuleType
    model: mujoco.MjModel
    spec: Spec

    @property
    def levels(self) -> dict[str, float]:
        """The curriculum levels where training leaves them."""
        return {level.name: level.end for level in self.spec.curriculum}

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each number of an action drives: a joint, or an actuator where there is no joint."""
        return tuple(name for term in self.spec.action for name in (term.joints or term.actuators))


def open_version(opener: Opener, text: str) -> Version:
    """Returns a side of a diff compiled: a spec, `REF:SPEC`, a run, or a checkpoint of a run.

    Raises SpecError for a contract alone, which says what a task is and cannot compute it, and as compiling does.
    """
    tree, path = opener.locate(text)
    place = Path(path)
    if isinstance(tree, DiskTree) and (place.is_dir() or place.suffix == ".ckpt"):
        folder, _ = open_run(place)
        return Version(text, load_file(folder.path / "task.py"), load_model(folder.path), folder.spec)
    if place.suffix in (".json", ".lock"):
        advice = "give the spec or the run that it belongs to"
        message = f"`{text}` is a contract: it says what a task is and cannot compute its rewards"
        raise SpecError([Diagnostic(rules.CANNOT_EVALUATE, message, help=advice)])
    compiled = compile_spec(tree.on_disk(path), profile=opener.profile, sets=opener.sets)
    module: Any = load_module(compiled.source, f"<task of {text}>")
    return Version(text, module, compiled.binding.scene.model, resolved(compiled.program, compiled.index))
