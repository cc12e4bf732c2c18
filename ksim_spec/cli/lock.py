"""`ksim lock`: writes the contracts of specs beside them, or checks that they are current."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ksim_spec.cli.exit import EXIT_BUG, EXIT_FAILED, EXIT_FINDINGS, report, show
from ksim_spec.diagnostics import SpecError
from ksim_spec.linter.lint import find_specs


def lock(
    paths: list[Path] = typer.Argument(..., metavar="SPEC...", help="Spec files, or folders to search for them."),
    check: bool = typer.Option(False, "--check", help="Write nothing; say which locks are missing or out of date."),
) -> None:
    from ksim_spec.differ.sides import Opener

    specs, missing = find_specs(paths)
    for problem in missing:
        print(f"ksim: error: {problem}", file=sys.stderr)
    opener = Opener()
    stale, failed, faults = 0, len(missing), 0
    for spec in specs:
        try:
            stale += not _one(opener, spec, check)
        except SpecError as error:
            show(error.diagnostics, error.sources)
            failed += 1
        except Exception as error:  # a fault of ours, or a file that the system refuses, hides none of the others
            faults += report(error) == EXIT_BUG
            failed += 1
    if faults:
        raise typer.Exit(EXIT_BUG)
    if failed:
        raise typer.Exit(EXIT_FAILED)
    if stale and check:
        print(f"ksim: {stale} of {len(specs)} locks are not current; `ksim lock` writes them", file=sys.stderr)
        raise typer.Exit(EXIT_FINDINGS)


def _one(opener: object, spec: Path, check: bool) -> bool:
    """Writes or checks the lock of one spec; True when it was current."""
    from ksim_spec._internal.files import write_atomic
    from ksim_spec.contract.build import contract_text
    from ksim_spec.differ.change import verdict
    from ksim_spec.differ.diff import is_task
    from ksim_spec.differ.lock import lock_path, outdated
    from ksim_spec.differ.sides import Opener

    assert isinstance(opener, Opener)
    if not is_task((opener.disk, str(spec))):
        return True  # a file that others include
    whole = opener.open(opener.disk, str(spec)).contract
    path, written = lock_path(spec), contract_text(whole).encode()
    if path.is_file() and path.read_bytes() == written:
        return True
    if not check:
        write_atomic(path, written)
        print(f"wrote {path}", file=sys.stderr)
    elif not path.is_file():
        print(f"{path}: missing")
    else:
        try:
            changes = outdated(path, whole)
        except SpecError as error:  # another version of ksim wrote it, or a merge left its marks
            print(f"{path}: out of date; {error.diagnostics[0].message}")
            return False
        print(f"{path}: out of date; trained policies: {verdict(changes)}")
        for c in changes:
            print(f"  {c.cls} {c.rule.code} {c.path}: {c.text}")
    return False
