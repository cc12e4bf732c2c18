"""Applies fixes to a spec until none is left, and takes none that does harm.

After a round of fixes the spec is checked again. Fixes are taken back, one by one if need be, when there are no fewer
errors and findings than before, a comment is lost that they do not remove, or, for safe ones, the meaning changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ksim_spec.contract.program_digest import differences, meaning
from ksim_spec.diagnostics import Diagnostic, Edit, Fix
from ksim_spec.language.load import Loaded, load_text
from ksim_spec.linter.design import designed
from ksim_spec.linter.statement_fixes import removes, with_fixes
from ksim_spec.source import SourceFile, SourceMap
from ksim_spec.syntax.parse import read_file

ROUNDS = 10
Judge = Callable[[Sequence[Diagnostic], SourceMap], list[Diagnostic]]


@dataclass(frozen=True)
class Repair:
    """A text before and after, the titles of the fixes it took, and the findings that are left with a fix refused.

    `effect` says in words what became of the meaning.
    """

    old: str
    new: str
    done: tuple[str, ...]
    refused: tuple[Diagnostic, ...]
    effect: str = ""

    @property
    def changed(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class _Checked:
    """A version of the text: what it means (None with errors), its findings, and how many of them are errors."""

    text: str
    loaded: Loaded
    found: tuple[Diagnostic, ...]
    meaning: str | None

    @property
    def errors(self) -> int:
        return sum(d.severity == "error" for d in self.loaded.diagnostics)


def repair(text: str, path: Path, judge: Judge, unsafe: bool = False) -> Repair:
    """Returns the text of a spec with every fix applied that is allowed and does no harm.

    `judge` says which findings count, with suppressions and configuration. Only the file itself is changed, not what
    it includes.
    """
    name = str(path)
    now = first = _check(text, name, path, judge)
    done: list[str] = []
    refused: dict[tuple[str, str], Diagnostic] = {}
    for _ in range(ROUNDS):
        allowed = [d for d in now.found if _allowed(d, name, unsafe) and (d.slug, d.message) not in refused]
        wanted = [d for d in allowed if not _own_work(d, first.text, now.text)]
        if not wanted:
            break
        later, taken = _round(now, wanted, name, path, judge)
        refused.update({(d.slug, d.message): d for d in wanted if d not in taken and _apart(d, taken)})
        if not taken:
            continue
        done += [f"{d.code} {d.fix.title}" for d in taken if d.fix]
        now = later
    left = {(d.slug, d.message) for d in now.found}
    harmful = tuple(d for key, d in refused.items() if key in left)
    return Repair(text, now.text, tuple(done), harmful, _effect(first, now))


def _effect(first: _Checked, last: _Checked) -> str:
    """Returns which parts of a task mean something else than before."""
    if last.loaded.program is None:
        return f"the spec still has {last.errors} error{'s' * (last.errors != 1)}"
    if first.loaded.program is None:
        return "the spec had errors, and means something now"
    changed = differences(first.loaded.program, last.loaded.program)
    return f"the meaning changes in {', '.join(changed)}" if changed else "the meaning is unchanged"


def _check(text: str, name: str, path: Path, judge: Judge) -> _Checked:
    loaded = designed(load_text(text, name, path))
    found = with_fixes(judge(loaded.diagnostics, loaded.sources), loaded.sources)
    return _Checked(text, loaded, tuple(found), meaning(loaded.program) if loaded.program else None)


def _allowed(found: Diagnostic, name: str, unsafe: bool) -> bool:
    fix = found.fix
    return fix is not None and (fix.safe or unsafe) and all(e.span.file == name for e in fix.edits)


def _own_work(found: Diagnostic, first: str, now: str) -> bool:
    """Whether a fix would remove what an earlier one has changed: that a guess made nonsense is no reason to."""
    fix = found.fix
    if fix is None or fix.safe or not removes(fix):
        return False
    return any(now[e.span.start : e.span.end].strip() not in first for e in fix.edits)


def _apart(found: Diagnostic, taken: Sequence[Diagnostic]) -> bool:
    """True where a fix was refused for itself, and did not merely overlap with one that was taken."""
    return not any(_overlap(found.fix, d.fix) for d in taken)


def _overlap(a: Fix | None, b: Fix | None) -> bool:
    edits = [(x.span, y.span) for x in (a.edits if a else ()) for y in (b.edits if b else ())]
    return any(x.start <= y.end and y.start <= x.end for x, y in edits)


def _round(
    now: _Checked, wanted: Sequence[Diagnostic], name: str, path: Path, judge: Judge
) -> tuple[_Checked, list[Diagnostic]]:
    """Takes all the fixes that do not overlap at once; one after the other where together they do harm."""
    together: list[Diagnostic] = []
    for d in wanted:
        if _apart(d, together):
            together.append(d)
    later = _check(applied(now.text, [d.fix for d in together if d.fix]), name, path, judge)
    if _helps(now, later, together):
        return later, together
    for d in together if len(together) > 1 else ():
        later = _check(applied(now.text, [d.fix] if d.fix else []), name, path, judge)
        if _helps(now, later, [d]):
            return later, [d]
    return now, []


def applied(text: str, fixes: Sequence[Fix]) -> str:
    """Returns the text with fixes that do not overlap carried out."""
    edits: list[Edit] = sorted({e for f in fixes for e in f.edits}, key=lambda e: e.span.start, reverse=True)
    for edit in edits:
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _helps(now: _Checked, later: _Checked, taken: Sequence[Diagnostic]) -> bool:
    safe = all(d.fix is not None and d.fix.safe for d in taken)
    if (later.errors, len(later.found)) >= (now.errors, len(now.found)):  # no progress, or worse
        return False
    if safe and (now.meaning is None or now.meaning != later.meaning):
        return False
    return not _comments(now.text, taken) - Counter(_comment_texts(later.text))


def _comments(text: str, taken: Sequence[Diagnostic]) -> Counter[str]:
    """The comments that have to stay: all but those in which a fix changes something."""
    spans = [e.span for d in taken if d.fix for e in d.fix.edits]
    reading = read_file(SourceFile("", text))
    kept = [c for c in reading.comments if not any(s.start < c.span.end and c.span.start < s.end for s in spans)]
    inside = [c for c in reading.comments if c not in kept]
    told = [c for c in inside if not text[c.span.start : c.span.end].lstrip("#").strip().startswith("ksim")]
    return Counter(text[c.span.start : c.span.end] for c in [*kept, *told])


def _comment_texts(text: str) -> list[str]:
    return [text[c.span.start : c.span.end] for c in read_file(SourceFile("", text)).comments]
