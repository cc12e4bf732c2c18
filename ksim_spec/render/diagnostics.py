"""Diagnostics as text: `full` for people, `concise` for greps, `json` and `sarif` for tools, `github` for CI.

Nothing of a user's text is interpreted: no markup, and control characters are shown as visible symbols, so that a file
cannot colour or clear the terminal of the one who checks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ksim_spec.diagnostics import Diagnostic, Diagnostics, Severity
from ksim_spec.render.ansi import Style, visible
from ksim_spec.render.located import in_repository
from ksim_spec.render.snippet import snippet
from ksim_spec.source import NOWHERE, SourceMap, Span

Format = Literal["full", "concise", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = ("full", "concise", "json", "github", "sarif")
SCHEMA_VERSION = 1
_GITHUB_LEVEL: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice", "hint": "notice"}


def render(
    diagnostics: Iterable[Diagnostic], sources: SourceMap, *, format: Format = "full", color: bool = False
) -> str:
    """Returns the findings as text, sorted by place and without exact duplicates.

    Ends with a newline unless there is nothing to say; `json` and `sarif` always say something. Never raises for a
    span that lies outside its file or in a file that `sources` lacks: the place is then shown as far as it is known.
    """
    findings = Diagnostics(list(diagnostics)).sorted()
    if format == "json":
        return json.dumps(as_json(findings, sources), indent=2) + "\n"
    if format == "sarif":
        from ksim_spec.render.sarif import as_sarif  # what every other format need not pay for

        return json.dumps(as_sarif(findings, sources), indent=2) + "\n"
    if format == "full":
        return "".join(f"{full(d, sources, Style(color))}\n" for d in findings)
    one_line = concise if format == "concise" else github
    return "".join(f"{one_line(d, sources)}\n" for d in findings)


def full(diagnostic: Diagnostic, sources: SourceMap, style: Style) -> str:
    """Returns one finding with its source lines underlined, its notes and its help; ends with a newline."""
    severity = diagnostic.severity
    tag = style.severity(f"{severity}[{diagnostic.code} {diagnostic.slug}]", severity)
    lines = [f"{tag}{style.strong(': ' + _indented(diagnostic.message, '  '))}"]
    body, gutter = snippet(diagnostic, sources, style)
    trailer = [("note", note) for note in diagnostic.notes] + [("help", diagnostic.help)] * bool(diagnostic.help)
    lines.extend(body if trailer else body[:-1])  # the last line of the snippet only leads to what follows it
    for word, text in trailer:
        lead = f"{' ' * gutter} = {word}: "
        lines.append(f"{' ' * gutter} {style.dim('=')} {style.strong(word)}: {_indented(text, ' ' * len(lead))}")
    return "\n".join(lines) + "\n"


def concise(diagnostic: Diagnostic, sources: SourceMap) -> str:
    """Returns `file:line:column: severity[CODE slug]: message` on one line."""
    place = where(diagnostic.span, sources)
    lead = f"{place}: " if place else ""
    return f"{lead}{diagnostic.severity}[{diagnostic.code} {diagnostic.slug}]: {_one_line(diagnostic.message)}"


def github(diagnostic: Diagnostic, sources: SourceMap) -> str:
    """Returns one GitHub Actions workflow command, which the service shows beside the changed line."""
    fields = {"title": f"{diagnostic.code} {diagnostic.slug}"}
    source = sources.get(diagnostic.span.file)
    if diagnostic.span.file and not diagnostic.span.file.startswith("--"):  # a flag is no file
        start, end = _ends(diagnostic.span, sources)
        path = source.path if source is not None and source.path is not None else Path(diagnostic.span.file)
        fields["file"] = visible(in_repository(path))
        if start is not None and end is not None:
            fields |= {"line": str(start["line"]), "endLine": str(end["line"]), "col": str(start["column"])}
            if start["line"] == end["line"]:
                fields["endColumn"] = str(end["column"])
    text = [diagnostic.message, *(f"note: {n}" for n in diagnostic.notes)]
    text += [f"help: {diagnostic.help}"] * bool(diagnostic.help)
    text = [visible(line) for part in text for line in part.splitlines()]
    properties = ",".join(f"{k}={percent_escaped(v, ':,')}" for k, v in fields.items())
    return f"::{_GITHUB_LEVEL[diagnostic.severity]} {properties}::{percent_escaped(chr(10).join(text), '')}"


def as_json(findings: Iterable[Diagnostic], sources: SourceMap) -> dict[str, object]:
    """Returns `schema_version`, the findings and their count by severity; lines and columns count from one."""
    listed = list(findings)
    counts = {severity: sum(d.severity == severity for d in listed) for severity in _GITHUB_LEVEL}
    return {"schema_version": SCHEMA_VERSION, "counts": counts, "diagnostics": [_finding(d, sources) for d in listed]}


def where(span: Span, sources: SourceMap) -> str:
    """Returns `file:line:column`, or the file alone where its text is not known, or nothing for no place."""
    return visible(sources.place(span))


def _finding(d: Diagnostic, sources: SourceMap) -> dict[str, object]:
    return {
        "code": d.code,
        "slug": d.slug,
        "severity": d.severity,
        "message": d.message,
        **_place(d.span, sources),
        "label": d.label,
        "related": [{"message": label.text, **_place(label.span, sources)} for label in d.related],
        "notes": list(d.notes),
        "help": d.help,
        "fix": None if d.fix is None else {
            "title": d.fix.title,
            "safe": d.fix.safe,
            "edits": [{"text": e.text, **_place(e.span, sources)} for e in d.fix.edits],
        },
    }  # fmt: skip


def _place(span: Span, sources: SourceMap) -> dict[str, object]:
    if span == NOWHERE:
        return {"file": None, "start": None, "end": None}
    start, end = _ends(span, sources)
    return {"file": span.file, "start": start, "end": end}


def _ends(span: Span, sources: SourceMap) -> tuple[dict[str, int] | None, dict[str, int] | None]:
    source = sources.get(span.file)
    if source is None:
        return None, None
    start, end = source.position(span.start), source.position(span.end)
    return (
        {"line": start.line, "column": start.column, "offset": span.start},
        {"line": end.line, "column": end.column, "offset": span.end},
    )


def _one_line(text: str) -> str:
    return visible(" ".join(text.splitlines()))


def _indented(text: str, indent: str) -> str:
    return f"\n{indent}".join(visible(line) for line in text.splitlines())


def percent_escaped(text: str, also: str) -> str:
    """Returns text as workflow commands hold it, with these characters escaped too."""
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
