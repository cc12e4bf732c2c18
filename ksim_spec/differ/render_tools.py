"""A diff for tools: JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ksim_spec.differ.report import SEVERITY, ChangeRow, PlaceRow, Report, SpecRow, summary
from ksim_spec.render.ansi import visible
from ksim_spec.render.diagnostics import percent_escaped
from ksim_spec.render.sarif import ROOT, artifact
from ksim_spec.rules.change_pages import change_page
from ksim_spec.rules.changes import CHANGE_RULES, ChangeRule
from ksim_spec.version import __version__

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB = {"error": "error", "warning": "warning", "info": "notice", "hint": "notice"}
_SARIF = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
ANNOTATIONS = 10  # of one level that GitHub shows of one step


def as_json(found: Report) -> str:
    return json.dumps(found.model_dump(mode="json"), indent=1) + "\n"


def github(found: Report) -> str:
    """Returns workflow commands, the strongest first, at most ten of a level, and how many were left out."""
    lines: list[str] = []
    left = 0
    counts: dict[str, int] = {}
    for spec, row in _rows(found):
        level = "notice" if row.accepted is not None else _GITHUB[row.severity]
        counts[level] = counts.get(level, 0) + 1
        if counts[level] > ANNOTATIONS:
            left += 1
            continue
        lines.append(_command(level, spec, row))
    lines += [
        f"::error title=ksim diff::{percent_escaped(f'{s.name}: {p}', '')}" for s in found.specs for p in s.problems
    ]
    if left:
        lines.append(f"::notice title=ksim diff::{left} more changes: {percent_escaped(summary(found.rows()), '')}")
    return "".join(f"{line}\n" for line in lines)


def _rows(found: Report) -> Iterator[tuple[SpecRow, ChangeRow]]:
    return ((spec, row) for spec in found.specs for row in spec.changes)


def _command(level: str, spec: SpecRow, row: ChangeRow) -> str:
    fields = {"title": f"{row.code} {row.slug} ({row.cls})", "file": spec.repository_file}
    if row.place is not None:
        fields |= {"file": row.place.repository_file, "line": str(row.place.line), "endLine": str(row.place.end_line)}
        if row.place.line == row.place.end_line:
            fields |= {"col": str(row.place.column), "endColumn": str(row.place.end_column)}
    properties = ",".join(f"{k}={percent_escaped(visible(v), ':,')}" for k, v in fields.items())
    more = f"`ksim explain {row.code}` says what it means"
    text = "\n".join(visible(x) for x in (f"{row.path}: {row.message}", *row.notes, row.advice, more) if x)
    return f"::{level} {properties}::{percent_escaped(text, '')}"


def as_sarif(found: Report) -> str:
    """Returns a SARIF 2.1.0 log of one run: the kinds of changes, with pages of those found, and the changes."""
    codes = {r.code for r in found.rows()}
    rules = [_described(r, r.code in codes) for r in CHANGE_RULES]
    driver = {"name": "ksim diff", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver}, "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": ROOT}}},
        "results": [_result(*x) for x in _rows(found)],
    }  # fmt: skip
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _described(rule: ChangeRule, with_page: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "id": rule.code, "name": rule.slug, "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _SARIF[SEVERITY[rule.cls]]}, "properties": {"tags": [rule.cls]},
    }  # fmt: skip
    if with_page:
        page = change_page(rule)
        row["help"] = {"text": page, "markdown": page}
    return row


_INDEX = {r.code: i for i, r in enumerate(CHANGE_RULES)}


def _result(spec: SpecRow, row: ChangeRow) -> dict[str, object]:
    text = "\n".join(x for x in (f"{row.path}: {row.message}", *row.notes, row.advice) if x)
    result: dict[str, object] = {
        "ruleId": row.code, "ruleIndex": _INDEX[row.code], "level": _SARIF[row.severity],
        "message": {"text": text}, "partialFingerprints": {"ksim-diff/v1": row.fingerprint},
    }  # fmt: skip
    # services refuse a log with a result that has no place: what has none is put at the spec
    place = _location(row.place) if row.place is not None else _at(spec.repository_file)
    result["locations"] = [{"physicalLocation": place}]
    if row.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": row.accepted}]
    return result


def _at(file: str) -> dict[str, object]:
    return {"artifactLocation": artifact(file)}


def _location(place: PlaceRow) -> dict[str, object]:
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }
    return {**_at(place.repository_file), "region": region}
