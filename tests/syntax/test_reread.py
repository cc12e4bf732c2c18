"""A changed text read again is what it would be when it was read for the first time, down to the last span."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec.ide.tree import walk
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast, incremental
from ksim_spec.syntax.incremental import read_again
from ksim_spec.syntax.parse import Reading, read_file

SPECS = {p.stem: p.read_text(encoding="utf-8") for p in sorted((Path(__file__).parents[2] / "specs").glob("*.ksim"))}
# What an edit puts in: everything that opens, closes or ends something, and plain letters.
PIECES = [
    "", "x", " ", "\n", "\n\n", "{", "}", "(", ")", "[", '"', "#", "# note\n", ";", "=", "+", ",", "0.5 m", "?", "\t",
    "reward {\n", "}\n", "observe actor {\n  a = b\n}\n", "fn f(x) = x\n", "# above\nfn f(x) = x\n", "weight 2 per s",
    "signal { a = 1 }\n", "rewrd {\n", "policy\n", "{\n", "task a\n", "é", "\u2028", "\r",
]  # fmt: skip


def dump(value: Any) -> Any:
    """Returns everything a part of a reading holds, places included."""
    if isinstance(value, ast.Node):
        return (type(value).__name__, *(dump(getattr(value, f.name)) for f in fields(value)))
    if isinstance(value, (list, tuple)):
        return [dump(v) for v in value]
    return repr(value)


def contents(reading: Reading) -> list[Any]:
    parts = [dump(reading.tree), reading.diagnostics, dump(reading.comments), dump(reading.statements)]
    return [*parts, reading.stretch.seams, reading.stretch.found]


def changed(text: str, start: float, length: int, piece: str) -> str:
    """Returns the text with a piece in place of some letters."""
    at = int(start * len(text))
    return text[:at] + piece + text[at + length :]


_EDIT = st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 2, 10, 200]), st.sampled_from(PIECES))


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(SPECS)), edits=st.lists(_EDIT, min_size=1, max_size=5))
def test_reading_again_is_reading(name: str, edits: list[tuple[float, int, str]]) -> None:
    text = SPECS[name]
    reading = read_file(SourceFile(name, text))
    for edit in edits:
        text = changed(text, *edit)
        source = SourceFile(name, text)
        reading = read_again(source, reading)
        assert contents(reading) == contents(read_file(source))


def test_a_brace_too_many_excuses_one_too_few_far_below() -> None:
    source = SourceFile("t", "{\na = 1\n}\nsignal {\n  b = 1\n}\nreward {\n")
    reading = read_file(source)
    assert len(reading.diagnostics) == 1
    assert contents(read_again(source, reading)) == contents(reading)


def test_every_line_taken_away_and_put_back() -> None:
    text = SPECS["walk"]
    lines, whole = text.splitlines(keepends=True), SourceFile("walk", text)
    reading = read_file(whole)
    original = contents(reading)
    for k in range(len(lines)):
        source = SourceFile("walk", "".join(lines[:k] + lines[k + 1 :]))
        reading = read_again(source, reading)
        assert contents(reading) == contents(read_file(source))
        reading = read_again(whole, reading)
        assert contents(reading) == original


def test_a_change_reads_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text with a changed number only the block around it, and the one before, are read again."""
    read: list[int] = []

    def counted(source: SourceFile, start: int = 0, until: int | None = None) -> Any:
        stretch = original(source, start, until)
        read.append(len(stretch.statements))
        return stretch

    original = incremental.read_stretch
    monkeypatch.setattr(incremental, "read_stretch", counted)
    text = SPECS["walk"]
    earlier = read_file(SourceFile("walk", text))
    read_again(SourceFile("walk", text.replace("friction 0.8", "friction 0.85")), earlier)
    assert len(read) == 1
    assert read[0] < len(earlier.statements) / 4


def test_a_long_sum_below_a_change_is_moved() -> None:
    total = " + ".join(["x"] * 5000)
    text = f"world {{\n  a = 1\n}}\nsignal {{\n  s = {total}\n}}\n"
    source = SourceFile("sum", text.replace("= 1", "= 10"))
    again, whole = read_again(source, read_file(SourceFile("sum", text))), read_file(source)
    assert [(type(n), n.span) for n in walk(again.tree)] == [(type(n), n.span) for n in walk(whole.tree)]
