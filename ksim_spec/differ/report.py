"""A diff as plain values: what every renderer shows, and the JSON that tools read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from ksim_spec.diagnostics import Severity
from ksim_spec.differ.acceptances import Acceptances
from ksim_spec.differ.change import Change, Verdict, verdict
from ksim_spec.differ.diff import Difference, DiffResult
from ksim_spec.differ.git.trees import GitTree
from ksim_spec.differ.sides import Side
from ksim_spec.differ.states import StatesRow
from ksim_spec.linter.config import Level
from ksim_spec.render.located import in_repository
from ksim_spec.rules.changes import CLASSES, Class

SCHEMA_VERSION = 1
SEVERITY: dict[Class, Severity] = {"shape": "error", "meaning": "error", "behaviour": "warning", "cosmetic": "info"}
_NONE: Mapping[str, Level] = {}
FailOn = Literal["shape", "meaning", "behaviour", "any"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceRow(_Row):
    """Counted from one. `file` is relative to where the command ran; of a revision, and `repository_file` always, to
    the root of the repository. What lies outside has its absolute path."""

    file: str
    repository_file: str
    line: int
    column: int
    end_line: int
    end_column: int


class ChangeRow(_Row):
    """One change; `accepted` is the reason given for it, None where it is not accepted.

    `severity` follows from the class unless the project's configuration says otherwise, which `configured` tells.
    """

    code: str
    slug: str
    cls: Class
    severity: Severity
    configured: bool
    path: str
    message: str
    notes: tuple[str, ...]
    advice: str
    old: Any
    new: Any
    fingerprint: str
    accepted: str | None
    place: PlaceRow | None
    old_place: PlaceRow | None


class SpecRow(_Row):
    """One spec; `problems` are what is wrong with a side that does not check. `repository_file` as of a place."""

    name: str
    repository_file: str
    old: str | None
    new: str | None
    verdict: Verdict
    changes: tuple[ChangeRow, ...]
    problems: tuple[str, ...]


class UnusedRow(_Row):
    fingerprint: str
    reason: str
    expired: bool
    line: int


class Report(_Row):
    """Everything that a diff found; the verdict is about policies trained before the changes.

    `on` is what both versions make of the same states, where that was asked for.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    old: str
    new: str
    verdict: Verdict
    counts: dict[str, int]
    specs: tuple[SpecRow, ...]
    unchanged: int
    unused_acceptances: tuple[UnusedRow, ...]
    on: StatesRow | None = None

    def rows(self) -> list[ChangeRow]:
        return [c for s in self.specs for c in s.changes]

    def blocked(self, fail_on: FailOn | None) -> list[ChangeRow]:
        """Returns the changes that nothing accepts and that are as strong as `fail_on`; `any` takes all of them.

        Of a change whose severity is configured that counts instead: an error blocks, and nothing else does.
        """
        if fail_on is None:
            return []
        limit = len(CLASSES) - 1 if fail_on == "any" else CLASSES.index(fail_on)

        def strong(c: ChangeRow) -> bool:
            return c.severity == "error" if c.configured else CLASSES.index(c.cls) <= limit

        return [c for c in self.rows() if c.accepted is None and strong(c)]


def report(
    result: DiffResult,
    acceptances: Acceptances = Acceptances(),  # noqa: B008 - a frozen value
    today: date | None = None,
    levels: Mapping[str, Level] = _NONE,
) -> Report:
    """Returns a diff as plain values, with what is accepted of it marked.

    `levels` are severities by code; a rule that is `off` is left out, though the verdict still counts it.
    """
    day = today or date.today()
    specs = tuple(_spec(d, acceptances, day, levels) for d in result.differences)
    found = [(c, _file(d)) for d in result.differences for c in d.changes]
    unused = tuple(
        UnusedRow(fingerprint=a.fingerprint, reason=a.reason, line=a.line, expired=a.expired(day))
        for a in acceptances.unused(found, day)
    )
    counts = {cls: sum(c.cls == cls for c, _ in found) for cls in CLASSES}
    return Report(
        old=result.old,
        new=result.new,
        verdict=_verdict(result.differences),
        counts=counts,
        specs=specs,
        unchanged=result.same,
        unused_acceptances=unused,
    )


def _verdict(differences: Sequence[Difference]) -> Verdict:
    """Returns the strongest verdict; unknown where all that could be compared is compatible and something could not."""
    found = verdict([c for d in differences for c in d.changes])
    return "unknown" if found == "compatible" and any(d.problem for d in differences) else found


def _spec(d: Difference, acceptances: Acceptances, today: date, levels: Mapping[str, Level]) -> SpecRow:
    problems = (
        tuple(f"{x.code} {x.message}" for x in d.problem.diagnostics if x.severity == "error") if d.problem else ()
    )
    return SpecRow(
        name=d.name,
        repository_file=_spec_file(d),
        old=d.old and d.old.label,
        new=d.new and d.new.label,
        verdict=_verdict([d]),
        problems=problems,
        changes=tuple(_change(c, d, acceptances, today, levels) for c in d.changes if levels.get(c.rule.code) != "off"),
    )


def _file(d: Difference) -> str:
    """The path of the spec, as acceptances name it."""
    side = d.new or d.old
    if side is None:
        return d.name
    return side.label.removeprefix(f"{side.tree.ref}:") if isinstance(side.tree, GitTree) else side.label


def _change(c: Change, d: Difference, acceptances: Acceptances, today: date, levels: Mapping[str, Level]) -> ChangeRow:
    accepted = acceptances.of(c, _file(d), today)
    level = levels.get(c.rule.code, SEVERITY[c.cls])
    return ChangeRow(
        code=c.rule.code,
        slug=c.rule.slug,
        cls=c.cls,
        severity=cast(Severity, level),
        configured=c.rule.code in levels,
        path=c.path,
        message=c.text,
        notes=c.notes,
        advice=c.rule.advice,
        old=c.old,
        new=c.new,
        fingerprint=c.fingerprint,
        accepted=accepted and accepted.reason,
        place=place(d.new, c.path),
        old_place=place(d.old, c.path),
    )


def place(side: Side | None, path: str) -> PlaceRow | None:
    """Returns where a declaration stands on a side; None for a side without texts."""
    span = side.span(path) if side is not None else None
    source = side.sources.get(span.file) if side is not None and span is not None else None
    if side is None or span is None or source is None:
        return None
    start, end = source.position(span.start), source.position(span.end)
    return PlaceRow(
        file=_shown(side, span.file),
        repository_file=_in_repository(side, span.file),
        line=start.line,
        column=start.column,
        end_line=end.line,
        end_column=end.column,
    )


def _shown(side: Side, file: str) -> str:
    name = side.shown(file)
    if isinstance(side.tree, GitTree):
        return name.removeprefix(f"{side.tree.ref}:")
    try:
        return Path(name).absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return name


def _in_repository(side: Side, file: str) -> str:
    name = side.shown(file)
    if isinstance(side.tree, GitTree) and name.startswith(f"{side.tree.ref}:"):
        return name.removeprefix(f"{side.tree.ref}:")
    return in_repository(Path(name))


def _spec_file(d: Difference) -> str:
    side = d.new or d.old
    return in_repository(Path(_file(d))) if side is None or not isinstance(side.tree, GitTree) else _file(d)


def summary(rows: Sequence[ChangeRow]) -> str:
    """Returns the counts per class on one line."""
    order: tuple[Class, ...] = ("meaning", "shape", "behaviour", "cosmetic")
    parts = [f"{n} {cls}" for cls in order if (n := sum(r.cls == cls for r in rows))]
    return ", ".join(parts) or "no changes"


def next_step(rows: Sequence[ChangeRow]) -> str:
    """Returns what to do about the strongest change."""
    strong = next((cls for cls in CLASSES if any(r.cls == cls for r in rows)), None)
    return next((r.advice for r in rows if r.cls == strong and r.advice), "")


def json_schema() -> dict[str, Any]:
    """Returns the JSON Schema of `ksim diff --format json`, as `diff.schema.json` has it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema()}


if __name__ == "__main__":  # after a change of the models
    Path(__file__).with_name("diff.schema.json").write_text(json.dumps(json_schema(), indent=1) + "\n")
