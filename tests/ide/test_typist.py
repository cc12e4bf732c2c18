"""Typing in an editor never changes what was typed: Enter at the end of a line ends the line."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator

import pytest

from ksim_spec.ide.completion import complete
from tests.ide import typist
from tests.ide.client import Client
from tests.ide.helpers import ROOT, WALK, WALK_TEXT, edited, snapshot

CARTPOLE = ROOT / "specs" / "cartpole.ksim"


def ends(text: str) -> Iterator[int]:
    """Yields where the lines of a text end, comments apart."""
    at = 0
    for line in text.splitlines(keepends=True):
        code = line.partition(" #")[0].rstrip()
        if code and not code.startswith("#"):
            yield at + len(code)
        at += len(line)


@pytest.mark.parametrize("below", [True, False], ids=["in a whole spec", "in one that ends here"])
@pytest.mark.parametrize("blank", ["", " "], ids=["at once", "after a space"])
def test_enter_ends_every_line_of_a_spec(below: bool, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typist, "snapshot", lambda text: snapshot(text, CARTPOLE))
    text = CARTPOLE.read_text(encoding="utf-8")
    changed = []
    for end in ends(text):
        line = text[:end] + blank
        changed += [made for made in typist.enter(line, text[end:] if below else "") if made != line]
    assert changed == []


TASK = 'task walk "Follow a velocity command on flat ground"'
ALIVE = "alive        = 1                                                   weight 0.5 per s"
GAIT = "  gait    = phase(1.4 Hz)"
CLOCK = "  clock_cos = cos(gait)"


@pytest.mark.parametrize(
    ("old", "line"),
    [
        (TASK, 'task hop "Trot"'), (TASK, "task or"), (TASK, "task hop"), (TASK, 'task hop  # "Trot"'), (TASK, 'task hop  # a.'),
        (ALIVE, "alive = 1 weight 2 per s"), (ALIVE, "alive = 1 weight 2 per step"), (ALIVE, "alive = 1 weight 2 on event"),
        (ALIVE, "alive = base.height weight 2 per m per s"), (ALIVE, "alive = base.height weight 2 per m per step"),
        (ALIVE, "alive = base.height weight 2 per m"), (ALIVE, "alive = base.height weight 2 per s"),
        (ALIVE, "alive = base.height weight 2 m"), (ALIVE, "alive = 1 weight 2 Hz"), (ALIVE, "alive = 1 weight 2 kHz"),
        (ALIVE, 'alive = 1 weight 2 per s doc "to live"'), (ALIVE, "group a weight 2"),
        ("per run", "per run"), ("per run", "per episode"), ('mirror "left_*" <-> "right_*"', 'mirror "left_*" <-> "right_*"'),
        ('site("left_foot")', 'site("left_foot"'), ('site("left_foot")', 'site("left_foot")'),
        ("noise normal(0.01 rad)", "noise normal(0.01 rad"), ("noise normal(0.01 rad)", "noise normal(0.01 m"),
        ("delay 0 ms .. 20 ms", "delay 0 ms .."), ("delay 0 ms .. 20 ms", "delay 0 ms .."), ("delay 0 ms .. 20 ms", "delay 20 m"),
        ("physics_step = 4 ms", "physics_step = 4 m"), ("physics_step = 4 ms", "physics_step = 4 s"),
        (GAIT, "  gait = v.x"), (GAIT, "  gait = v.yz"), (GAIT, "  gait = v.zx"), (GAIT, "  gait = 2."), (GAIT, "  gait = base.linvel in world"),
        (GAIT, "  gait = phase(1.4 Hz)\n  o = gait"), (GAIT, "  gait = base.height as m"), (GAIT, "  gait = base.height as cm"),
        (GAIT, "  gait = sum(square(legs.pos) over joint"), (CLOCK, "  g = sum(m over j"), (CLOCK, "  o"),
        ("\nworld {", "\nfn f(i, t) = i"), ("\nworld {", "\nfn f(i, t) = t * i"), ("\nworld {", "\nfn o"), ("  zero with probability 10 %", "  zero with probability 10 %"),
        ("budget                       = 20e6 env_states", "budget = 20e6 env_states"),
    ],
)  # fmt: skip
def test_enter_leaves_a_complete_word_alone(old: str, line: str):
    before, there, after = WALK_TEXT.partition(old)
    assert there, f"{old!r} is not there"
    typed = before + line
    assert typist.enter(typed, after) <= {typed}


def offered(old: str, new: str, trigger: str = "") -> list[str]:
    here, offset = edited(old, new)
    return [item.label for item in complete(here, offset, trigger).items]


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        (ALIVE, "alive = 1 weight 2 |", ["per s"]),
        (ALIVE, "alive = 1 weight 2 per |", ["s", "step"]),
        (ALIVE, "alive = 1 weight 2 per s|", ["s", "step"]),
        (ALIVE, "alive = base.height weight 2 |", ["per m per s"]),
        (ALIVE, "alive = base.height weight 2 per |", ["m per s", "m"]),
        (ALIVE, "alive = base.height weight 2 per m per |", ["s", "step"]),
        (ALIVE, "alive = sum(square(legs.torque)) weight -2 |", ["per Nm^2 per s"]),
        (ALIVE, "alive = sum(square(legs.torque)) weight -2 per |", ["Nm^2 per s", "Nm^2"]),
        (ALIVE, "alive = sum(square(rate(action))) weight -0.02 |", ["s^2 per s"]),
        (ALIVE, "alive = moving weight 2 per |", ["s", "step"]),
        ("per run", "per |", ["episode", "run"]),
    ],
)
def test_the_unit_that_is_wanted_comes_first_and_then_only_scopes_that_are_legal(old: str, new: str, first: list[str]):
    found = offered(old, new)
    assert found[: len(first)] == first
    assert not {"episode", "run", "update", "env", "element", "step"} & set(found[len(first) :])
    if new.endswith("per |"):
        assert offered(old, new, " ") == found


pygls = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")


@pygls
def test_an_editor_that_asks_at_every_trigger_gets_no_list_behind_a_closed_text():
    client = Client()
    line = 'task hop "Trot. Fast"'
    text = WALK_TEXT.replace(TASK, line)
    uri = client.open(WALK, text)
    for k, letter in enumerate(line):
        if letter in client.capabilities["capabilities"]["completionProvider"]["triggerCharacters"]:
            context, place = {"triggerKind": 2, "triggerCharacter": letter}, {"line": 0, "character": k + 1}
            found = client.request(
                "textDocument/completion", textDocument={"uri": uri}, position=place, context=context
            )
            assert found["items"] == [], line[: k + 1]
    typed = text.replace('site("left_foot")', 'site("")')
    client.change(uri, 2, typed)
    here = {"line": 4, "character": len('  left  = site("')}
    context = {"triggerKind": 2, "triggerCharacter": '"'}
    found = client.request("textDocument/completion", textDocument={"uri": uri}, position=here, context=context)
    assert "left_foot" in [item["label"] for item in found["items"]]
    here["character"] += 1
    found = client.request("textDocument/completion", textDocument={"uri": uri}, position=here, context=context)
    assert found["items"] == []
    assert client.stop() == 0


def test_vs_code_takes_with_enter_only_what_changes_the_text():
    package = json.loads((ROOT / "editors" / "vscode" / "package.json").read_text(encoding="utf-8"))
    assert package["contributes"]["configurationDefaults"]["[ksim]"]["editor.acceptSuggestionOnEnter"] == "smart"
