"""What the editor offers to do about findings: the fixes of `ksim lint --fix`, at the place of the finding only."""

import pytest

from ksim_spec.ide.code_action import Action, actions
from tests.ide.helpers import edited


def carried_out(text: str, action: Action) -> str:
    for change in sorted(action.changes, key=lambda c: c.start, reverse=True):
        text = text[: change.start] + change.text + text[change.end :]
    return text


@pytest.mark.parametrize(
    ("old", "new", "title", "result"),
    [
        ('body("torso")', 'body("tor|soo")', "Change to `torso` (changes the meaning)", 'body("torso")'),
        ("signal {\n", "signal {\n  id|le = base.height\n", "Remove the signal", "signal {\n"),
        ("base.height < 0.5 m", "base.height < 0.|5", "Write `m` (changes the meaning)", "base.height < 0.5 m"),
        (
            "sum(square(down.xy))",
            "square(dow|n.xy)",
            "Reduce it with `sum(…)` (changes the meaning)",
            "sum(square(down.xy))",
        ),
    ],
)
def test_a_fix_is_offered_where_its_finding_is(old, new, title, result):
    snapshot, offset = edited(old, new)
    (action,) = actions(snapshot, offset, offset)
    assert action.title == title and action.safe == ("meaning" not in title)
    repaired = carried_out(snapshot.text, action)
    assert result in repaired and repaired != snapshot.text
    assert actions(snapshot, 0, 3) == []


def test_a_sound_place_has_nothing_to_offer():
    snapshot, offset = edited("  alive        = 1", "  ali|ve        = 1")
    assert actions(snapshot, offset, offset) == []
