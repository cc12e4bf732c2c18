"""What the user sees when a command fails, and the exit code it fails with."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable

from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.render.ansi import wants_color
from ksim_spec.source import SourceMap

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_FAILED = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class UserError(Exception):
    """Something the user can put right that has no place in a file; the message is a sentence without a full stop."""


def report(error: BaseException) -> int:
    """Prints what went wrong to stderr and returns the exit code.

    A `SpecError` is shown as its diagnostics, a `UserError` and a file that the system refuses as one line; anything
    else is our bug: its traceback goes to a file, and the user is told where it is and what to do with it.
    """
    if isinstance(error, SpecError):
        show(error.diagnostics, error.sources)
        return EXIT_FAILED
    if isinstance(error, UserError):
        print(f"ksim: error: {error}", file=sys.stderr)
        return EXIT_FAILED
    if isinstance(error, OSError) and error.filename is not None:
        print(f"ksim: error: {error.filename}: {error.strerror or error}", file=sys.stderr)
        return EXIT_FAILED
    return _bug(error)


def show(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> None:
    """Prints diagnostics to stderr, coloured when that is a terminal."""
    from ksim_spec.render.diagnostics import render

    sys.stderr.write(render(diagnostics, sources, color=wants_color(sys.stderr)))


def _bug(error: BaseException) -> int:
    summary = traceback.format_exception_only(error)[-1].strip()
    print(f"ksim: internal error: {summary}", file=sys.stderr)
    from ksim_spec._internal.bug_report import bug_report

    try:
        path = bug_report(error)
    except OSError as problem:
        traceback.print_exception(error)
        print(f"(the report could not be written to a file: {problem.strerror})", file=sys.stderr)
    else:
        print(f"The details are in {path}", file=sys.stderr)
    print(
        "This is a bug in ksim, not in your spec. Please open an issue with that text, the command you ran and, "
        "if you can share it, the spec.",
        file=sys.stderr,
    )
    return EXIT_BUG
