"""Whether a checkpoint belongs to what is about to run: no policy is played in a task that it was not trained for.

A run folder holds the compiled task beside its checkpoints, so they differ only when somebody changed one of them: a
checkpoint of another run, a folder compiled anew, an edited file, another version of ksim.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ksim_spec import rules
from ksim_spec.contract.schema import Contract
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.change import Change, verdict
from ksim_spec.differ.compare import compare
from ksim_spec.differ.sides import as_contract

SHOWN = 12  # changes that a refusal lists


def check_checkpoint(
    contract: Any, spec: Mapping[str, Any], saved: Any, saved_spec: Mapping[str, Any], path: Path
) -> None:
    """Raises SpecError (KS718) where a checkpoint's contract or settings are not those of the folder it runs in."""
    if saved is None or (saved == contract and saved_spec == spec):
        return
    if saved == contract:
        found = [f"{name}: {a} -> {b}" for name, a, b in _settings(saved_spec, spec)]
        raise _refused(path, "other settings than `spec.yaml` beside it", found, "restore `spec.yaml`")
    try:
        old, new = as_contract(saved, f"{path}: contract.json"), as_contract(contract, "contract.json")
    except SpecError as error:
        found, what = [d.message for d in error.diagnostics], "another contract than the folder it is run in"
        raise _refused(path, what, found, "use the ksim that trained it") from None
    changes = [c for c in compare(old, new) if c.cls != "cosmetic"]
    if changes:
        raise _refused(path, f"another task than the folder it is run in ({verdict(changes)})", lines(changes),
                       "run it in its own run folder")  # fmt: skip


def check_files(folder: Path, contract: Any) -> None:
    """Raises SpecError (KS719) where the model or the program of a folder is not the one that its contract is of."""
    built = contract.get("built") if isinstance(contract, dict) else None
    wanted = {"model.xml": "digest", "task.py": "program"}
    for file, key in wanted.items():
        digest = (built or {}).get(key)
        if digest and hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest:
            message = f"`{folder / file}` is not the file that was compiled: it was changed, or not copied whole"
            help = f"restore it, or compile anew: `ksim compile SPEC -o {folder}`; `--ignore-contract` runs it as it is"
            raise SpecError([Diagnostic(rules.RUN_EDITED, message, help=help)])


def check_spec(spec: Contract, run: Any, folder: Path, path: Path) -> None:
    """Raises SpecError (KS718) where a spec is no longer what a run to be resumed was begun with."""
    changes = [c for c in compare(as_contract(run, f"{folder}/contract.json"), spec) if c.cls != "cosmetic"]
    if changes:
        help = f"go on with the run's own spec: `ksim train --resume {folder}`; or begin anew: `ksim train {path}`"
        message = f"`{path}` has changed since `{folder}` was begun: trained policies are {verdict(changes)}"
        raise SpecError([Diagnostic(rules.CONTRACT_MISMATCH, message, notes=tuple(lines(changes)), help=help)])


def lines(changes: Sequence[Change]) -> list[str]:
    """Returns changes as lines of a message, the first few of them."""
    shown = [f"{c.cls} {c.rule.code} {c.path}: {c.text}" for c in changes[:SHOWN]]
    more = len(changes) - SHOWN
    return [*shown, *([f"and {more} more: `ksim diff` lists them"] if more > 0 else [])]


def _refused(path: Path, what: str, found: Sequence[str], advice: str) -> SpecError:
    help = f"{advice}; `--ignore-contract` runs it all the same"
    message = f"checkpoint `{path}` was trained with {what}"
    return SpecError([Diagnostic(rules.CONTRACT_MISMATCH, message, notes=tuple(found), help=help)])


def _settings(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yields the settings that differ, by path."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _settings(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif old != new:
        yield path, old, new
