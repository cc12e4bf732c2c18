"""`SPEC.lock`: the contract of a spec as a committed file, laid out so that its own text diff can be read in review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ksim_spec.review.changes import Change
from ksim_spec.review.compare import compare
from ksim_spec.review.contract import contract_text
from ksim_spec.review.schema import Contract
from ksim_spec.review.sides import read_contract


def lock_path(spec: Path) -> Path:
    """Returns where the lock of a spec is: `walk.ksim.lock` beside `walk.ksim`."""
    return spec.with_name(f"{spec.name}.lock")


def stale(lock: Path, whole: Contract) -> Sequence[Change] | None:
    """Returns what changed since a lock was written, maybe nothing but its form; None for one that is current.

    Raises SpecError for a file that is no lock of this version, OSError for one that cannot be read.
    """
    data = lock.read_bytes()
    if data.decode("utf-8", "replace") == contract_text(whole):
        return None
    return compare(read_contract(data, str(lock)), whole)
