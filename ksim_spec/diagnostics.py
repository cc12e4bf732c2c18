"""The one diagnostic type that every stage reports with, and the bag that collects them.

Wording: `message` says what is wrong in one clause, lower case, without a full stop and with backticks around
source text; `help` says what to do; `notes` hold facts. Severity `hint` never affects an exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ksim_spec.source import NOWHERE, SourceMap, Span

Severity = Literal["error", "warning", "info", "hint"]


class Kind(Protocol):
    """What a finding needs to know of its rule; `ksim_spec.rules.Rule` is one."""

    @property
    def code(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def severity(self) -> Severity: ...


@dataclass(frozen=True, slots=True)
class Label:
    """A secondary place with a short text that makes sense alone."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A text in place of what stands at a span."""

    span: Span
    text: str


def before(span: Span, text: str) -> Edit:
    return Edit(Span(span.file, span.start, span.start), text)


def behind(span: Span, text: str) -> Edit:
    return Edit(Span(span.file, span.end, span.end), text)


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that repair a finding, all or none. `safe` ones leave the meaning of a spec as it is."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


class Advice(str):
    """Help that names what to write in place of the marked text: `new` for `old`, or for all of it."""

    new: str
    old: str

    def __new__(cls, text: str, new: str, old: str = "") -> Advice:
        made = super().__new__(cls, text)
        made.new, made.old = new, old
        return made

    def __getnewargs__(self) -> tuple[str, str, str]:  # a copy, also one for another process, is made from these
        return str(self), self.new, self.old

    def fix(self, span: Span) -> Fix | None:
        """Returns the fix for a marked place; None where something else than `old`, bare or in quotes, is marked."""
        spare = span.end - span.start - len(self.old) if self.old else 0
        if spare not in (0, 2) or span.start == span.end:
            return None
        inside = Span(span.file, span.start + spare // 2, span.end - spare // 2)
        return Fix(f"change to `{self.new}`", (Edit(inside, self.new),))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: the rule it breaks, what is wrong, where, what to do about it, and edits that do so.

    `severity` is the rule's unless it is given: a configuration lowers it, an engine raises it.
    """

    rule: Kind
    message: str
    span: Span = NOWHERE
    label: str = ""
    severity: Severity = ""  # type: ignore[assignment]
    related: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fix: Fix | None = None

    def __post_init__(self) -> None:
        if not self.severity:
            object.__setattr__(self, "severity", self.rule.severity)
        if self.fix is None and isinstance(self.help, Advice):
            object.__setattr__(self, "fix", self.help.fix(self.span))

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def slug(self) -> str:
        return self.rule.slug


class SpecError(Exception):
    """Raised when a stage cannot go on: `diagnostics` are the findings so far, `sources` the texts they point into.

    As a string it is a line for each of them, `file:line:column: severity[CODE slug]: message`, with its notes and its
    help below; errors come before warnings.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: SourceMap | None = None) -> None:
        self.diagnostics = list(diagnostics)
        self.sources = sources or SourceMap()
        super().__init__(self.diagnostics, self.sources)  # what a copy is made from, also in another process

    def __str__(self) -> str:
        ordered = sorted(self.diagnostics, key=lambda d: d.severity != "error")
        return "\n".join(_as_text(d, self.sources) for d in ordered)


def _as_text(d: Diagnostic, sources: SourceMap) -> str:
    place = sources.place(d.span)
    lines = [f"{place}{': ' * bool(place)}{d.severity}[{d.code} {d.slug}]: {d.message}"]
    lines += [f"note: {note}" for note in d.notes] + [f"help: {d.help}"] * bool(d.help)
    return "\n  ".join(line.replace("\n", "\n    ") for line in lines)


@dataclass
class Diagnostics:
    """Collects diagnostics; order of report is file, offset, code; exact duplicates are dropped."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        self.items.append(diagnostic)

    def report(self, rule: Kind, span: Span, message: str, **more: object) -> None:
        """Adds a finding of a rule; `more` is what else a Diagnostic has: help, notes, related, fix …"""
        self.add(Diagnostic(rule, message, span, **more))  # type: ignore[arg-type]

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.items.extend(diagnostics)

    @property
    def has_errors(self) -> bool:
        return any(d.severity == "error" for d in self.items)

    def sorted(self) -> list[Diagnostic]:
        """Returns the findings without exact duplicates, by file, offset and code."""
        unique = dict.fromkeys(self.items)
        return sorted(unique, key=lambda d: (d.span.file, d.span.start, d.span.end, d.code))


def did_you_mean(name: str, candidates: Iterable[str], limit: int = 1) -> list[str]:
    """Returns the candidates most like `name`, best first; a match that differs only in case wins."""
    pool = list(dict.fromkeys(candidates))
    by_case = [c for c in pool if c.lower() == name.lower() and c != name]
    close = difflib.get_close_matches(name, pool, n=limit + 1, cutoff=0.6)
    return list(dict.fromkeys(by_case + [c for c in close if c != name]))[:limit]


def meant(name: str, near: str) -> str:
    """Returns the help for a name that is most likely another: with a fix where they differ in a few letters only."""
    text = f"did you mean `{near}`?"
    return Advice(text, near, name) if distance(name.lower(), near.lower()) <= _slips(name) else text


def _slips(name: str) -> int:
    """How many slips of the finger a word of that length may have and still be meant."""
    return 1 if len(name) < 5 else 2 if len(name) < 9 else 3


def distance(a: str, b: str) -> int:
    """Returns how many letters have to be added, left out, exchanged or swapped with the next to make `b` of `a`."""
    before, row = list[int](), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y)))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


def listed(words: Sequence[str]) -> str:
    """Returns alternatives as a sentence has them: `a`, `b`, or `c`."""
    shown = [f"`{word}`" for word in words]
    if len(shown) < 3:
        return " or ".join(shown)
    return f"{', '.join(shown[:-1])}, or {shown[-1]}"


def article(word: str) -> str:
    """Returns a noun with its article: `an actuator`."""
    return f"{'an' if word[:1] in 'aeio' else 'a'} {word}"


def suggest(name: str, candidates: Iterable[str], what: str = "names") -> str:
    """Returns the help text for an unknown name: a near match, or the alternatives when they are few."""
    pool = list(dict.fromkeys(candidates))
    near = did_you_mean(name, pool)
    if near:
        return meant(name, near[0])
    if not pool:
        return f"there are no {what} here"
    shown = ", ".join(f"`{c}`" for c in pool[:8])
    more = f", and {len(pool) - 8} more" if len(pool) > 8 else ""
    return f"known {what}: {shown}{more}"
