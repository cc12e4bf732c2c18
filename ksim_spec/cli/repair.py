"""`ksim lint --fix`: repairs specs in place, and says what was done."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from ksim_spec._internal.files import write_atomic
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.formatter.format import format_text
from ksim_spec.linter.apply_fixes import Judge, Repair, repair
from ksim_spec.linter.filter import Verdict
from ksim_spec.linter.lint import LintRequest
from ksim_spec.source import SourceFile, SourceMap, plain_lines
from ksim_spec.syntax.parse import text_of

_MARK = "\ufeff"


def repair_all(specs: Sequence[Path], request: LintRequest, unsafe: bool) -> None:
    """Repairs every spec that can be read and written; says on stderr what was done to which, and what was refused."""
    for path in specs:
        try:
            data = path.read_bytes()
            text = text_of(data, str(path))
        except (OSError, SpecError):
            continue  # the check that follows says so
        done = repair(plain_lines(text), path, _judge(path, request), unsafe)
        new = _formatted(path, done)
        if new != done.old:
            ends = "\r\n" if "\r\n" in text else "\n"
            mark = _MARK if data.decode().startswith(_MARK) else ""
            try:
                write_atomic(path, (mark + new.replace("\n", ends)).encode())
            except OSError as error:
                print(f"ksim: error: {path}: {error.strerror or error}", file=sys.stderr)
                continue
        _tell(path, done, new, unsafe)


def _judge(path: Path, request: LintRequest) -> Judge:
    def judge(found: Sequence[Diagnostic], sources: SourceMap) -> list[Diagnostic]:
        verdict = Verdict(request.select, request.ignore, SourceMap(dict(sources.files)))
        return [*verdict.spec(path, found, sources), *verdict.rest()]

    return judge


def _formatted(path: Path, done: Repair) -> str:
    """Returns the repaired text, formatted if it was before."""
    if not done.changed:
        return done.new
    try:
        before, after = (format_text(SourceFile(str(path), t), 120) for t in (done.old, done.new))
    except SpecError:
        return done.new
    return after if before == done.old else done.new


def _tell(path: Path, done: Repair, new: str, unsafe: bool) -> None:
    for title in done.done:
        print(f"fixed {path}: {title}", file=sys.stderr)
    for d in done.refused:
        assert d.fix is not None
        print(f"not fixed {path}: {d.code} {d.fix.title}: it would not help", file=sys.stderr)
    if unsafe and new != done.old:
        before, after = (t.splitlines(keepends=True) for t in (done.old, new))
        sys.stderr.writelines(difflib.unified_diff(before, after, str(path), f"{path} (fixed)", n=1))
        print(f"{path}: {done.effect}", file=sys.stderr)
