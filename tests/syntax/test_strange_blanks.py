"""Blanks that look like a space and are none: they separate as a space does."""

import pytest

from ksim_spec.formatter.format import format_text
from ksim_spec.language.load import load_text
from ksim_spec.source import SourceFile
from tests.ide.helpers import WALK, WALK_TEXT

BLANKS = ("\u00a0", "\f", "\v")
NAMED = ("\u2009", "\u202f", "\u3000", "\u200b")


@pytest.mark.parametrize("blank", BLANKS, ids=[f"U+{ord(b):04X}" for b in BLANKS])
@pytest.mark.parametrize(
    "piece", ["control_step = 20 ms", "weight 2.0 per s", "delay 0 ms .. 20 ms", "floor        = plane", "1.0 m/s)"]
)
def test_a_blank_is_a_space(blank: str, piece: str):
    assert piece in WALK_TEXT
    text = WALK_TEXT.replace(piece, piece.replace(" ", blank), 1)
    assert load_text(text, "walk.ksim", WALK).diagnostics == load_text(WALK_TEXT, "walk.ksim", WALK).diagnostics
    assert format_text(SourceFile("walk.ksim", text)) == format_text(SourceFile("walk.ksim", WALK_TEXT))


@pytest.mark.parametrize("blank", NAMED, ids=[f"U+{ord(b):04X}" for b in NAMED])
def test_another_blank_is_named(blank: str):
    text = WALK_TEXT.replace("floor        =", f"floor{blank}=", 1)
    found = load_text(text, "walk.ksim", WALK).diagnostics
    assert found[0].code == "KS003" and f"\\u{ord(blank):04x}" in found[0].message, found
