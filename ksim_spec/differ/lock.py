"""`SPEC.lock`: the contract of a spec as a committed file, laid out so that its own text diff can be read in review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ksim_spec.contract.schema import Contract
from ksim_spec.differ.change import Change
from ksim_spec.differ.compare import compare
from ksim_spec.differ.sides import read_contract


def lock_path(spec: Path) -> Path:
    """Returns where the lock of a spec is: `walk.ksim.lock` beside `walk.ksim`."""
    return spec.with_name(f"{spec.name}.lock")


def outdated(lock: Path, whole: Contract) -> Sequence[Change]:
    """Returns what changed since a lock was written, maybe nothing but its form.

    Raises SpecError for a file that is no lock of this version, OSError for one that cannot be read.
    """
    return compare(read_contract(lock.read_bytes(), str(lock)), whole)
