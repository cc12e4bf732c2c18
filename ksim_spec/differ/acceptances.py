"""Accepted breaks: a committed file that says which changes are wanted, why, and until when.

```toml
[[accept]]
fingerprint = "3f2a…"            # as `ksim diff` prints it; the same however a message is worded
reason      = "retrained as runs/walk-12"
expires     = 2026-12-31         # optional
spec        = "specs/walk.ksim"  # optional: only there
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest
from ksim_spec.differ.change import Change
from ksim_spec.source import SourceFile, SourceMap, Span

FILE = "ksim-accept.toml"
KEYS = ("fingerprint", "reason", "expires", "spec")


@dataclass(frozen=True)
class Acceptance:
    """One accepted change; `line` is where it stands in the file."""

    fingerprint: str
    reason: str
    expires: date | None = None
    spec: str = ""
    line: int = 0

    def expired(self, today: date) -> bool:
        return self.expires is not None and self.expires < today

    def covers(self, change: Change, spec: str, today: date) -> bool:
        """Whether it accepts a change of a spec today."""
        meant = self.fingerprint == change.fingerprint and self.spec in ("", spec)
        return meant and not self.expired(today)


@dataclass(frozen=True)
class Acceptances:
    """The accepted breaks of one file."""

    items: tuple[Acceptance, ...] = ()
    path: str = ""

    def of(self, change: Change, spec: str, today: date) -> Acceptance | None:
        """Returns what accepts a change, None where nothing does."""
        return next((a for a in self.items if a.covers(change, spec, today)), None)

    def unused(self, changes: Iterable[tuple[Change, str]], today: date) -> list[Acceptance]:
        """Returns the acceptances that none of the changes needs; an expired one is of no use either."""
        listed = list(changes)
        return [a for a in self.items if not any(a.covers(c, s, today) for c, s in listed)]


def read_acceptances(path: Path) -> Acceptances:
    """Returns what a file accepts; raises SpecError with the line for what cannot be used of it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SpecError([Diagnostic(rules.UNREADABLE_FILE, f"`{path}` cannot be read: {reason}")]) from None
    source = SourceFile(str(path), text, path)
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(source, Span(source.name, 0, 0), f"this is not TOML: {error}") from None
    lines = [i for i, line in enumerate(text.splitlines(), 1) if line.strip().replace(" ", "") == "[[accept]]"]
    rows = table.get("accept", [])
    if set(table) - {"accept"} or not isinstance(rows, list):
        raise _bad(source, Span(source.name, 0, 0), "a file of accepted breaks holds `[[accept]]` tables only")
    return Acceptances(
        tuple(_row(source, row, lines[i] if i < len(lines) else 1) for i, row in enumerate(rows)), str(path)
    )


def _row(source: SourceFile, row: Any, line: int) -> Acceptance:
    at = source.line_span(line)
    if not isinstance(row, dict):
        raise _bad(source, at, "an acceptance is a table", "write `[[accept]]` above it")
    for key in row:
        if key not in KEYS:
            raise _bad(source, at, f"`{key}` is not a key of an acceptance", suggest(key, KEYS, "keys"))
    missing = [k for k in ("fingerprint", "reason") if not isinstance(row.get(k), str) or not row[k].strip()]
    if missing:
        raise _bad(
            source, at, f"an acceptance needs a `{missing[0]}`", "copy the fingerprint from `ksim diff`, and say why"
        )
    expires = row.get("expires")
    if isinstance(expires, datetime):
        expires = expires.date()
    if isinstance(expires, str):
        try:
            expires = date.fromisoformat(expires)
        except ValueError:
            expires = ""
    if not (expires is None or isinstance(expires, date)):
        raise _bad(source, at, "`expires` is a date", "for example `expires = 2027-01-31`")
    return Acceptance(row["fingerprint"], row["reason"], expires, str(row.get("spec", "")), line)


def _bad(source: SourceFile, at: Span, message: str, help: str = "") -> SpecError:
    return SpecError([Diagnostic(rules.BAD_ACCEPTANCE, message, at, help=help)], SourceMap({source.name: source}))
