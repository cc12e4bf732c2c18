"""Every line of a spec either means something or is reported: shown by spoiling each line of a good one in turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ksim_spec.language.load import load_text

WALK = Path(__file__).parent / "good" / "walk.ksim"
LINES = WALK.read_text(encoding="utf-8").splitlines()
CHANGES = ("reset", "event", "randomize")  # where a line may come twice, and `+=` means something


def spoilt() -> Iterator[tuple[str, list[str]]]:
    """Yields what was done, and the lines."""
    block = ""
    for i, line in enumerate(LINES):
        if not line.strip() or line.startswith("}") or line.startswith("task"):
            continue
        if line.endswith("{"):
            block = line.split()[0]
            yield f"attribute: {line}", [*LINES[:i], line[:-1] + "priority 3 {", *LINES[i + 1 :]]
            if block not in ("command", "observe", "event", "train"):
                yield f"name: {line}", [*LINES[:i], line[:-1] + "zzz {", *LINES[i + 1 :]]
            yield f"expression: {line}", [*LINES[: i + 1], "  1 > 2", *LINES[i + 1 :]]
            continue
        yield f"attribute: {line}", [*LINES[:i], line + "  priority 3", *LINES[i + 1 :]]
        if " = " in line and block not in CHANGES:
            yield f"operator: {line}", [*LINES[:i], re.sub(r" = ", " += ", line, count=1), *LINES[i + 1 :]]
        if block not in (*CHANGES, "check") and "mirror" not in line:
            yield f"twice: {line}", [*LINES[: i + 1], line, *LINES[i + 1 :]]


@pytest.mark.parametrize("what, lines", list(spoilt()), ids=lambda x: x if isinstance(x, str) else "")
def test_it_is_reported(what: str, lines: list[str]) -> None:
    found = load_text("\n".join(lines) + "\n", "walk.ksim", WALK)
    assert found.diagnostics, what
    assert found.program is None, what
