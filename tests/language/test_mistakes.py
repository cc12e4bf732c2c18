"""One mistake, one message: every file of `bad/` says in its first lines what is reported, where, and what helps.

Each is `good/walk.ksim` (or the shipped cart-pole) with one mistake. To add one, write the file with the header lines
that are expected: code and slug, message, the text that is marked, and the help.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_spec
from ksim_spec.lint import designed

HERE = Path(__file__).parent
FILES = sorted((HERE / "bad").glob("*.ksim"))


def header(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()[:4]
    return [lines[0][2:], lines[1][2:], lines[2].removeprefix("# at: "), lines[3].removeprefix("# help:").strip()]


def shown(path: Path, found: Diagnostic) -> list[str]:
    text = path.read_text(encoding="utf-8")[found.span.start : found.span.end].split("\n")[0]
    return [f"{found.code} {found.slug}", found.message, text, found.help.strip()]


def test_the_good_spec_has_nothing_to_report():
    assert designed(load_spec(HERE / "good" / "walk.ksim")).diagnostics == []


def test_there_are_many_kinds_of_mistakes():
    codes = {header(f)[0] for f in FILES}
    assert len(FILES) >= 300 and len(codes) >= 100
    assert {c[:3] for c in codes} >= {"KS1", "KS2", "KS3", "KS4", "KS5", "KS6", "KS7"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_one_mistake_gives_one_message(path: Path) -> None:
    loaded = designed(load_spec(path))
    assert [shown(path, d) for d in loaded.diagnostics] == [header(path)]
    errors = [d for d in loaded.diagnostics if d.severity == "error"]
    assert (loaded.program is None) == bool(errors)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_messages_are_short_and_in_one_style(path: Path) -> None:
    code, message, _, help = header(path)
    assert help or code == "KS704 bad-setting", "say what to do, unless the message says what is allowed"
    assert not re.search(r"\b(illegal|wrong|forbidden|bad|fail(ed)? to)\b", message), "no blame"
    assert not re.search(r", [^,]+ (and|or) ", re.sub(r", (and|or) .*|, and this .*", "", message)), "a, b, and c"
    assert len(message) <= 110 and not message.endswith(".") and "\n" not in message
    assert not message[0].isupper() or message.startswith("MuJoCo")
    assert len(help) <= 200 and "Error" not in message + help
