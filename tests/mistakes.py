"""The corpus of mistakes: specs with one mistake each, written as changes of a good spec with what is reported beside.

The files `tests/language/mistakes/FAMILY.txt` hold them, one after the other:

    == body-misspelt
    -  base = body("torso")
    +  base = body("torsoo")
                   ^^^^^^^^
    error[KS102 unknown-element]: `torsoo` is not a body of biped
    help: did you mean `torso`?

`== NAME` begins a case that changes `walk`; `== NAME (BASE)` one that changes another spec of `BASES`. The change is
written as a diff: lines of the base that stay begin with a space, those that go with `-`, those that come with `+`.
What a diff has of the base must stand there exactly once; a line before or after it makes it so. `...` begins another
place of the same spec. Where there are only lines that come, they come at the end. `^^^` marks what is reported, under
the line that has it; then follows the report: severity, code, slug and message, and `note:`, `related:` and `help:` as
it has them. Several findings are written in the order of their places, the n-th mark being that of the n-th finding;
those without a place come first. `#` begins a comment between cases.

To add one, write the change and any report: the test shows what is reported instead, in this form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import Loaded, load_text
from ksim_spec.linter.design import designed

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "language" / "mistakes"
BASES = {
    "walk": ROOT / "tests" / "language" / "good" / "walk.ksim",
    "stand": ROOT / "docs" / "rules" / "base.ksim",
    "cartpole": ROOT / "specs" / "cartpole.ksim",
}
_HEADER = re.compile(r"== ([a-z0-9-]+)(?: \((\w+)\))?")
_MARK = re.compile(r" +(\^+)")
_HEAD = re.compile(r"(error|warning|info|hint)\[KS\d{3} [a-z-]+\]: .+")
_MORE = re.compile(r"(note|related|help): .+")


@dataclass(frozen=True)
class Mark:
    """The marked part of a line of a spec; lines and columns count from 0."""

    line: int
    column: int
    width: int


@dataclass(frozen=True)
class Mistake:
    """A spec with a mistake: its whole text, and what is reported of it as `reported` writes it.

    No file has the path: it lies beside the base, so that the robot is found.
    """

    name: str
    path: Path
    text: str
    report: list[str]


@dataclass
class _Change:
    """Lines of a diff as (sign, text), and the marks under them as (which line, column, width)."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    marks: list[tuple[int, int, int]] = field(default_factory=list)

    def texts(self, signs: str) -> list[str]:
        return [text for sign, text in self.lines if sign in signs]


def lint(text: str, path: Path) -> Loaded:
    """Returns what `ksim lint` finds in a text that would have this path."""
    return designed(load_text(text, str(path), path))


@cache
def mistakes() -> tuple[Mistake, ...]:
    """Returns the whole corpus, by name. Raises ValueError, with file and line, for a case that is not well written."""
    found = [case for file in sorted(FOLDER.glob("*.txt")) for case in parsed(file.read_text("utf-8"), file.name)]
    twice = {a.name for a in found for b in found if a is not b and a.name == b.name}
    if twice:
        raise ValueError(f"cases of one name: {', '.join(sorted(twice))}")
    return tuple(sorted(found, key=lambda case: case.name))


def parsed(text: str, file: str) -> list[Mistake]:
    """Returns the cases of one file's text; `file` is its name in messages."""
    lines = [*text.splitlines(), ""]
    starts = [i for i, line in enumerate(lines) if line.startswith("==")]
    for i, line in enumerate(lines[: starts[0] if starts else None]):
        if line and not line.startswith("#"):
            raise ValueError(f"{file}:{i + 1}: a case begins with `== NAME`")
    return [_case(lines[a:b], f"{file}:{a + 1}") for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def reported(text: str, findings: Iterable[Diagnostic]) -> list[str]:
    """Returns the findings of a spec with this text as a case writes them, each with its marked line before it."""
    out: list[str] = []
    for found in findings:
        first = text[found.span.start : found.span.end].split("\n")[0]
        line = text.count("\n", 0, found.span.start)
        column = found.span.start - (text.rfind("\n", 0, found.span.start) + 1)
        out += _shown(text, Mark(line, column, len(first)) if first else None)
        out.append(f"{found.severity}[{found.code} {found.slug}]: {found.message}")
        out += [f"note: {note}" for note in found.notes] + [f"related: {label.text}" for label in found.related]
        out += [f"help: {found.help.strip()}"] * bool(found.help)
    return out


def _shown(text: str, mark: Mark | None) -> list[str]:
    if mark is None:
        return ["(no place)"]
    return [f"{mark.line + 1}: {text.splitlines()[mark.line]}", " " * mark.column + "^" * mark.width]


def _case(lines: Sequence[str], place: str) -> Mistake:
    """Returns the case of its lines, of which the first is the header."""
    header = _HEADER.fullmatch(lines[0])
    if header is None or (header[2] or "walk") not in BASES:
        raise ValueError(f"{place}: write `== name` or `== name (base)`, with one of {', '.join(BASES)}")
    base = BASES[header[2] or "walk"]
    changes, findings = _read(lines, place)
    text, marks = _changed(base.read_text("utf-8").splitlines(), changes, f"{place}: {header[1]}")
    if not findings or len(marks) > len(findings):
        raise ValueError(f"{place}: {header[1]}: {len(marks)} marks for {len(findings)} findings")
    places = [None] * (len(findings) - len(marks)) + sorted(marks, key=lambda m: (m.line, m.column))
    report = [line for mark, told in zip(places, findings, strict=True) for line in (*_shown(text, mark), *told)]
    return Mistake(header[1], base.with_name(f"{header[1]}.ksim"), text, report)


def _read(lines: Sequence[str], place: str) -> tuple[list[_Change], list[list[str]]]:
    """Returns the changes of a case and the lines of each of its findings."""
    changes, findings = [_Change()], list[list[str]]()
    for line in lines[1:]:
        if not line or line.startswith("#"):
            continue
        if _HEAD.fullmatch(line):
            findings.append([line])
        elif findings and _MORE.fullmatch(line):
            findings[-1].append(line)
        elif not findings and line == "...":
            changes.append(_Change())
        elif not findings and changes[-1].lines and (mark := _MARK.fullmatch(line)):
            changes[-1].marks.append((len(changes[-1].lines) - 1, mark.start(1) - 1, len(mark[1])))
        elif not findings and line[0] in " -+":
            changes[-1].lines.append((line[0], line[1:]))
        else:
            raise ValueError(f"{place}: this line is none of a case: {line}")
    return changes, findings


def _changed(base: list[str], changes: list[_Change], case: str) -> tuple[str, list[Mark]]:
    """Returns the base with the changes made, and the marks where they then are."""
    placed = sorted(((_find(base, c.texts(" -"), case), c) for c in changes), key=lambda p: p[0])
    out, marks, done = list[str](), list[Mark](), 0
    for start, change in placed:
        if start < done:
            raise ValueError(f"{case}: two changes are of the same lines; write them as one")
        out += base[done:start]
        done = start + len(change.texts(" -"))
        kept = [len(out) + sum(sign != "-" for sign, _ in change.lines[:i]) for i in range(len(change.lines))]
        for which, column, width in change.marks:
            if change.lines[which][0] == "-" or column + width > len(change.lines[which][1]):
                raise ValueError(f"{case}: a mark is under nothing of the spec")
            marks.append(Mark(kept[which], column, width))
        out += change.texts(" +")
    return "\n".join([*out, *base[done:]]) + "\n", marks


def _find(base: list[str], wanted: list[str], case: str) -> int:
    """Returns where these lines stand in the base, once; the end of it for none."""
    if not wanted:
        return len(base)
    found = [i for i in _places(base, wanted[0]) if base[i : i + len(wanted)] == wanted]
    if len(found) != 1:
        several = "more than once; add a line before or after them" if found else "nowhere"
        raise ValueError(f"{case}: these lines stand in the base {several}:\n" + "\n".join(wanted))
    return found[0]


def _places(base: list[str], line: str) -> Iterator[int]:
    return (i for i, other in enumerate(base) if other == line)
