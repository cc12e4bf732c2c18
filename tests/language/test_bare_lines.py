"""A line that lacks what it is about is reported: it never counts as not written."""

from __future__ import annotations

import pytest

from tests.ide.helpers import WALK_TEXT, snapshot


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [("pose", "KS608", "`pose` needs a keyframe"), ("settle", "KS203", "`settle` needs a time")],
)
def test_a_line_of_a_reset_without_its_value_is_an_error(line: str, code: str, says: str):
    (found,) = snapshot(WALK_TEXT.replace("  pose home", f"  {line}")).diagnostics
    assert (found.code, found.message) == (code, says)
    assert WALK_TEXT.replace("  pose home", f"  {line}")[found.span.start : found.span.end] == line
