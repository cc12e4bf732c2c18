"""Diagnostics as SARIF 2.1.0, the format that code scanning services read.

Plain dictionaries: the library of SARIF classes on PyPI has not been released since 2019, and only a few of its classes
would be used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from urllib.parse import quote

from ksim_spec.diagnostics import Diagnostic, Fix, Severity
from ksim_spec.render.located import in_repository
from ksim_spec.rules import RULES, Rule
from ksim_spec.rules.pages import page_of
from ksim_spec.source import SourceFile, SourceMap, Span
from ksim_spec.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "the root of the repository, or outside of one the folder where ksim ran"
_LEVEL: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
_INDEX = {rule.slug: index for index, rule in enumerate(RULES)}


def as_sarif(findings: Sequence[Diagnostic], sources: SourceMap) -> dict[str, object]:
    """Returns a SARIF log of one run: every rule, and the findings in the order given.

    Paths are relative to the root of the repository (outside of one to the working folder), as services need them.
    Every result has a place, for services refuse a log with one that has none: a finding of a flag is put at the spec.
    The page of a rule is included for the rules that were broken.
    """
    broken = {d.slug for d in findings}
    driver = {
        "name": "ksim",
        "semanticVersion": __version__,
        "rules": [_rule(rule, rule.slug in broken) for rule in RULES],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": ROOT}}},
        "results": [_result(d, sources) for d in findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule, with_page: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "id": rule.code,
        "name": rule.slug,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {"tags": [rule.family.name]},
    }
    page = page_of(rule) if with_page else None
    if page is not None:
        row["help"] = {"text": page.text, "markdown": page.text}
    return row


def _result(d: Diagnostic, sources: SourceMap) -> dict[str, object]:
    text = [d.message, *(f"note: {note}" for note in d.notes), *([f"help: {d.help}"] if d.help else [])]
    result: dict[str, object] = {
        "ruleId": d.code,
        "ruleIndex": _INDEX.get(d.slug, -1),
        "level": _LEVEL[d.severity],
        "message": {"text": "\n".join(text)},
        "partialFingerprints": {"ksim/v1": _fingerprint(d, sources)},
    }
    result["locations"] = [_location(d.span, sources, d.label) or _somewhere(sources)]
    related = [found for label in d.related if (found := _location(label.span, sources, label.text))]
    if related:
        result["relatedLocations"] = related
    if d.fix is not None and (changes := _changes(d.fix, sources)):
        title = d.fix.title if d.fix.safe else f"{d.fix.title} (changes the meaning)"
        result["fixes"] = [{"description": {"text": title}, "artifactChanges": changes}]
    return result


def _changes(fix: Fix, sources: SourceMap) -> list[dict[str, object]]:
    """Returns the edits of a fix by file; none where one of them is not in a file."""
    files = {edit.span.file: sources.get(edit.span.file) for edit in fix.edits}
    if any(source is None or source.path is None for source in files.values()):
        return []
    return [
        {
            "artifactLocation": _artifact(source, name),
            "replacements": [
                {"deletedRegion": _region(source, e.span), "insertedContent": {"text": e.text}}
                for e in fix.edits if source is not None and e.span.file == name
            ],
        }
        for name, source in files.items()
    ]  # fmt: skip


def _location(span: Span, sources: SourceMap, text: str) -> dict[str, object] | None:
    """Returns a place as SARIF has it; None for one that is not in a file, such as a `--set`."""
    source = sources.get(span.file)
    if not span.file or (source is not None and source.path is None):
        return None
    physical: dict[str, object] = {"artifactLocation": _artifact(source, span.file)}
    if source is not None:
        physical["region"] = _region(source, span)
    location: dict[str, object] = {"physicalLocation": physical}
    return location | ({"message": {"text": text}} if text else {})


def _somewhere(sources: SourceMap) -> dict[str, object]:
    """The place of a finding that has none: the first spec that was read, else the folder."""
    files = [source for source in sources.files.values() if source.path is not None]
    source = next((f for f in files if f.name.endswith(".ksim")), files[0] if files else None)
    return {"physicalLocation": {"artifactLocation": _artifact(source, source.name if source else ".")}}


def _region(source: SourceFile, span: Span) -> dict[str, int]:
    start, end = source.position(span.start), source.position(max(span.start, span.end))
    return {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}


def _artifact(source: SourceFile | None, name: str) -> dict[str, str]:
    return artifact(in_repository(source.path if source is not None and source.path is not None else Path(name)))


def artifact(path: str) -> dict[str, str]:
    """Returns a path from the root of the repository, or an absolute one, as SARIF has it."""
    known = PurePath(path)
    return {"uri": known.as_uri()} if known.is_absolute() else {"uri": quote(known.as_posix()), "uriBaseId": "ROOT"}


def _fingerprint(d: Diagnostic, sources: SourceMap) -> str:
    """Returns what stays the same when lines are added above: rule, file name, text of the line, message."""
    source = sources.get(d.span.file)
    line = " ".join(source.line(source.position(d.span.start).line).split()) if source is not None else ""
    return hashlib.sha256("\0".join(_parts(d, line)).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _parts(d: Diagnostic, line: str) -> Iterable[str]:
    return (d.code, PurePath(d.span.file).name, line, d.message)
