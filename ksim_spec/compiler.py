"""The compile pipeline: spec file, checked program, bound scene, generated source, compiled folder.

Each stage takes and returns immutable values. Training, evaluation and play use exactly what is written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ksim_spec import rules
from ksim_spec._internal.files import write_atomic
from ksim_spec.analysis.mirror_map import Mirror, derive_mirror
from ksim_spec.contract.build import contract, contract_text
from ksim_spec.contract.resolved_spec import resolved
from ksim_spec.contract.schema import Contract
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.emit.binding import Binding, bind
from ksim_spec.emit.fields import massless
from ksim_spec.emit.task_module import task_source
from ksim_spec.ir.printer import print_ir
from ksim_spec.language.load import Loaded, load_spec
from ksim_spec.language.program import Program
from ksim_spec.linter.design import designed
from ksim_spec.linter.filter import unsilenced
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.mirror import NotMirrored


@dataclass(frozen=True)
class Compiled:
    """A compiled task, before or after it is written: the texts of its files and the composed scene."""

    program: Program
    binding: Binding
    loaded: Loaded
    index: RobotIndex

    @cached_property
    def mirror(self) -> Mirror | None:
        """What mirroring does to observations and actions; None without `mirror` pairs, or where it cannot be found.

        Raises SpecError where the policy is to be symmetric and the task is not.
        """
        if not self.program.mirror:
            return None
        try:
            return derive_mirror(self.program, self.binding)
        except NotMirrored as reason:
            if self.program.policy.symmetric:
                raise SpecError([_not_mirrored(self.program, str(reason))], self.loaded.sources) from None
            return None

    def notices(self) -> list[Diagnostic]:
        """Returns warnings that the built model gives: drawn masses of bodies without any, and, where the policy is
        symmetric, everything that makes mirrored experience differ.
        """
        return [*self._massless(), *self._asymmetries()]

    def _massless(self) -> Iterator[Diagnostic]:
        model = self.binding.scene.model
        for change in self.program.randomization:
            names = massless(change, model)
            if names:
                few = ", ".join(f"`{n}`" for n in names[:2]) + (f", and {len(names) - 2} more" if names[2:] else "")
                message = f"the mass of {few} is zero and stays zero"
                help = "leave what has no mass out of the selection, or give it mass in the robot file"
                yield Diagnostic(rules.MASSLESS_BODY, message, change.span, help=help)

    def _asymmetries(self) -> list[Diagnostic]:
        if not self.program.policy.symmetric or self.mirror is None:
            return []
        span, shown = self.program.mirror_span, self.mirror.differences[:3]
        more = len(self.mirror.differences) - len(shown)
        notes = (f"and {more} more",) if more > 0 else ()
        return [Diagnostic(rules.NOT_QUITE_SYMMETRIC, text, span, notes=notes) for text in shown]

    @cached_property
    def contract(self) -> Contract:
        """What must agree between a trained policy and what runs it; raises SpecError as `mirror` does."""
        loaded = self.loaded
        return contract(self.program, self.index, self.binding, loaded.items, loaded.sources, self.source, self.mirror)

    @cached_property
    def source(self) -> str:
        """The text of `task.py`."""
        return task_source(self.program, self.binding, self.mirror.as_plain() if self.mirror else {})

    @property
    def files(self) -> dict[str, str | bytes]:
        """The files of the compiled folder by name; `assets/` holds meshes and textures that the model needs."""
        scene = self.binding.scene
        spec = resolved(self.program, self.index).model_dump(mode="json")
        texts: dict[str, str | bytes] = {
            "task.py": self.source,
            "model.xml": scene.xml,
            "contract.json": contract_text(self.contract),
            "spec.yaml": yaml.safe_dump(spec, sort_keys=False, width=100),
            "ir.txt": print_ir(self.program.named_roots(), self.program.names),
        }
        return {**texts, **{f"assets/{name}": data for name, data in scene.assets.items()}}


def compile_spec(path: str | Path, *, profile: str | None = None, sets: Sequence[str] = ()) -> Compiled:
    """Returns the compiled task of a spec file; raises SpecError with every finding when the spec has errors.

    Findings that a suppression or the project's configuration silences are left out of what was loaded.
    """
    loaded = designed(load_spec(path, profile=profile, sets=sets), profile is None)
    loaded = replace(loaded, diagnostics=unsilenced(Path(path), loaded.diagnostics, loaded.sources))
    program = loaded.require()
    if any(d.severity == "error" for d in loaded.diagnostics):  # of the robot file
        raise SpecError(loaded.diagnostics, loaded.sources)
    try:
        index = RobotIndex.load(program.robot_path)
        binding = bind(program, index)
    except SpecError as error:
        error.sources.files.update(loaded.sources.files)
        raise
    return Compiled(program, binding, loaded, index)


def _not_mirrored(program: Program, reason: str) -> Diagnostic:
    return Diagnostic(
        rules.NOT_MIRRORED,
        f"`symmetric = true` needs a mirror image, but {reason}",
        program.mirror_span,
        help="correct the robot or the name pairs, or train without `symmetric`",
    )


def write_compiled(compiled: Compiled, folder: Path) -> None:
    """Writes the compiled folder, each file whole or not at all; raises SpecError where it cannot."""
    for name, text in compiled.files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, text if isinstance(text, bytes) else text.encode())
        except OSError as error:
            message = f"cannot write `{path}`: {error.strerror}"
            raise SpecError([Diagnostic(rules.UNWRITABLE, message, help="choose another folder")]) from None


def load_model(folder: Path) -> Any:
    """Returns the MjModel of a compiled folder."""
    assets = folder / "assets"
    data = {p.name: p.read_bytes() for p in assets.iterdir()} if assets.is_dir() else {}
    return model_of((folder / "model.xml").read_text(encoding="utf-8"), data)


def model_of(xml: str, assets: Mapping[str, bytes]) -> Any:
    """Returns the MjModel of a composed scene as it is written: what training simulates."""
    import mujoco

    return mujoco.MjSpec.from_string(xml, assets=dict(assets)).compile()
