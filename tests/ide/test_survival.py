"""Whatever is half-written, every feature answers: prefixes of specs and specs with one token missing, sampled."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ksim_spec.ide import workspace
from ksim_spec.ide.code_lens import lenses, means
from ksim_spec.ide.completion import complete
from ksim_spec.ide.diagnostics import problems
from ksim_spec.ide.document_symbols import flat, symbols
from ksim_spec.ide.folding_range import folds
from ksim_spec.ide.formatting import format_changes
from ksim_spec.ide.goto_definition import definitions
from ksim_spec.ide.hover import hover
from ksim_spec.ide.inlay_hints import hints
from ksim_spec.ide.references import references, rename
from ksim_spec.ide.semantic_tokens import tokens
from ksim_spec.ide.signature_help import signature_at
from ksim_spec.ide.workspace import LARGEST, Workspace
from ksim_spec.ir import node
from ksim_spec.robot.cache import Robots
from tests.ide.helpers import ROOT, WALK, WALK_TEXT, edited, snapshot
from tests.language.test_robustness import TOKEN

SPECS = sorted((ROOT / "specs").glob("*.ksim"))
EACH = 6  # samples of each kind from each spec


def exercise(text: str, path: Path, offset: int) -> None:
    """Asks everything at an offset and checks that every answer is inside the text."""
    here = snapshot(text, path)
    size = len(here.text)
    assert all(0 <= p.start <= p.end <= size for p in problems(here))
    assert all(0 <= s.start <= s.name_start <= s.name_end <= s.end <= size for top in symbols(here) for s in flat(top))
    assert all(0 <= f.first < f.last <= here.text.count("\n") for f in folds(here))
    assert all(0 <= h.offset <= size for h in hints(here, 0, size))
    assert all(0 <= c.start <= c.end <= size for c in format_changes(here))
    assert 0 <= complete(here, offset).start <= offset
    found = hover(here, offset)
    assert found is None or found.start <= offset <= found.end
    coloured = tokens(here)
    assert all(t.start < t.end <= size for t in coloured)
    assert all(a.end <= b.start for a, b in zip(coloured, coloured[1:], strict=False))
    signature = signature_at(here, offset)
    assert signature is None or all(a < b <= len(signature.label) for a, b in signature.parameters)
    assert all(0 <= h.offset <= size for h in [*means(here, 0, size), *lenses(here)])
    definitions(here, offset)
    references(here, offset)
    rename(here, offset, "zz")


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_prefix(path: Path):
    text = path.read_text(encoding="utf-8")
    for end in random.Random(path.stem).sample(range(len(text)), EACH):
        exercise(text[:end], path, end)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_spec_without_one_token(path: Path):
    text = path.read_text(encoding="utf-8")
    tokens = list(TOKEN.finditer(text))
    for token in random.Random(path.stem).sample(tokens, EACH):
        exercise(text[: token.start()] + text[token.end() :], path, token.start())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{",
        "}",
        "robot",
        'robot "',
        "a.b.c(",
        "((((",
        "\x00\x01",
        "\ud800",
        "reward {\n  a = 1 m",
        "signal{fn f(x)=",
    ],
)
def test_what_is_hardly_a_spec(text: str):
    for offset in range(len(text) + 1):
        exercise(text, WALK, offset)


def test_a_robot_is_read_once_until_it_changes(tmp_path: Path):
    robot, robots = tmp_path / "r.xml", Robots()
    robot.write_text("<mujoco><worldbody><body name='a'/></worldbody></mujoco>")
    spaces = Workspace(robots)
    spec = 'task t\nrobot "r.xml" {\n  base = body("a")\n}\n'
    first = spaces.snapshot("u", spec, tmp_path / "t.ksim")
    for k in range(5):
        spaces.snapshot("u", spec + f"# {k}\n", tmp_path / "t.ksim")
    assert robots.reads == 1 and spaces.checks == 6
    same = spaces.snapshot("u", spec + "# 4\n", tmp_path / "t.ksim")
    assert spaces.checks == 6 and same is not None and first is not None and spaces.stale() == []
    robot.write_text("<mujoco><worldbody><body name='other'/></worldbody></mujoco>")
    assert spaces.stale() == ["u"]
    changed = spaces.snapshot("u", spec + "# 4\n", tmp_path / "t.ksim")
    assert robots.reads == 2 and changed is not None and "KS102" in [d.code for d in changed.diagnostics]


def test_names_of_the_robot_are_still_known_while_its_line_is_broken():
    text = WALK_TEXT
    spaces = Workspace()
    spaces.snapshot("u", text, WALK)
    broken = text.replace('robot "robots/biped.xml" {', 'robot "robots/bip" {', 1)
    here = spaces.snapshot("u", broken, WALK)
    assert here is not None and here.program is None
    at = broken.index('body("torso')
    assert "torso" in [i.label for i in complete(here, at + len('body("')).items]


def test_a_long_session_does_not_pile_up_nodes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workspace, "ROOM", 5)
    spaces, sizes = Workspace(), []
    for k in range(11):
        spaces.snapshot("u", WALK_TEXT.replace("phase(1.4 Hz)", f"phase(1.4{k} Hz)"), WALK)
        sizes.append(len(node._INTERNED))
    assert sizes[3] > sizes[0] and sizes[9] == sizes[4] <= sizes[0]
    found = spaces.snapshot("u", WALK_TEXT, WALK)
    assert found is not None and problems(found) == []


def test_a_text_too_large_is_not_read():
    spaces = Workspace()
    assert spaces.snapshot("u", "#" * (LARGEST + 1), None) is None and spaces.checks == 0


def test_weights_on_a_level_whose_line_is_broken_have_no_value() -> None:
    line = "  cost          from 0.1 to 1"
    shown = []
    for curriculum in (f"|{line}", "|  cost          from 0.1  # why\nt 1"):
        here, _ = edited(line, curriculum)
        start = here.text.index("bounce")
        shown.append([h.text for h in hints(here, start, here.text.index("\n", start))])
    assert any("/s" in text for text in shown[0]) and not any("/s" in text for text in shown[1])
