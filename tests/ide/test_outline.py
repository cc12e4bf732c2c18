"""Problems, formatting, outline and folding of a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from ksim_spec.ide.diagnostics import problems
from ksim_spec.ide.document_symbols import flat, symbols
from ksim_spec.ide.folding_range import Fold, folds
from ksim_spec.ide.formatting import format_changes
from ksim_spec.ide.positions import Encoding, Spot, offset_at, spot_at
from ksim_spec.ide.workspace import Workspace
from ksim_spec.language.load import load_spec
from ksim_spec.source import SourceFile
from tests.ide.helpers import ROOT, WALK_TEXT, edited, snapshot
from tests.mistakes import Mistake, lint, mistakes

SPECS = sorted((ROOT / "specs").glob("*.ksim"))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_good_spec_has_the_findings_of_lint(path: Path):
    found = problems(snapshot(path=path))
    assert [p.code for p in found] == [d.code for d in load_spec(path).diagnostics]


@pytest.mark.parametrize("case", mistakes()[::12], ids=lambda c: c.name)
def test_a_bad_spec_has_the_findings_of_lint_where_lint_puts_them(case: Mistake):
    here = snapshot(case.text, case.path)
    own = [d for d in lint(case.text, case.path).diagnostics if d.span.file == str(case.path)]
    found = {(p.code, p.start) for p in problems(here)}
    assert own and {(d.code, d.span.start) for d in own if d.span.end > d.span.start} <= found


def test_the_help_is_part_of_the_message_and_the_first_declaration_is_related():
    here, offset = edited("  gait    = phase(1.4 Hz)\n", "  gait    = phase(1.4 Hz)\n  |gait = 1 m\n")
    (found,) = [p for p in problems(here) if p.code == "KS109"]
    assert found.start == offset and "help: rename one of the two" in found.text
    place, text = found.related[0]
    assert here.text[place.start : place.end] == "gait" and place.start < offset and "first declared" in text


def test_a_mistake_in_the_robot_file_is_shown_where_the_spec_names_it(tmp_path: Path):
    (tmp_path / "bad.xml").write_text("<mujoco>\n  <worldbody>\n</mujoco>")
    here = snapshot('robot "bad.xml" {\n}\n', tmp_path / "a.ksim")
    (found,) = [p for p in problems(here) if p.code == "KS151"]
    assert here.text[found.start : found.end].startswith('robot "bad.xml"')
    assert found.related[0][0].source.path == tmp_path / "bad.xml"


def test_problems_of_an_unsaved_document_and_of_nothing():
    for text in ("", "task a", "\ufefftask a", "\r\n\r\n", 'robot "x" {\r\n'):
        here = snapshot(text, Path("nowhere.ksim"))
        assert all(0 <= p.start <= p.end <= len(here.text) for p in problems(here))


def test_formatting_changes_only_the_lines_that_need_it():
    here, offset = edited("  physics_step = 4 ms\n", "  physics_step|    = 4 ms\n")
    (change,) = format_changes(here)
    assert change.text == "  physics_step = 4 ms\n"
    new = here.text[: change.start] + change.text + here.text[change.end :]
    assert new == WALK_TEXT and change.start < offset < change.end


def test_formatting_leaves_a_formatted_text_and_a_broken_one_alone():
    assert format_changes(snapshot()) == []
    assert format_changes(edited("physics_step = 4 ms", "physics_step = |= 4 ms")[0]) == []


def test_the_outline_has_every_block_and_what_it_declares():
    here = snapshot()
    outline = symbols(here)
    assert [s.name for s in outline][:6] == ["task walk", "robot", "world", "action", "command velocity", "signal"]
    (robot,) = [s for s in outline if s.name == "robot"]
    assert {s.name: s.detail for s in robot.children}["feet"] == "2 sites"
    (reward,) = [s for s in outline if s.name == "reward"]
    assert [s.name for s in reward.children[-1].children][0] == "bounce"
    for s in (s for top in outline for s in flat(top)):
        assert s.start <= s.name_start <= s.name_end <= s.end


def test_blocks_and_comments_fold():
    here = snapshot(
        "# one\n# two\ntask a\nworld {\n  # x\n  floor = plane\n}\nfn f(x) = sum(\n  x\n)\n", Path("a.ksim")
    )
    assert folds(here) == [Fold(0, 1, "comment"), Fold(3, 5, "block"), Fold(7, 9, "block")]


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 7), ("utf-16", 5), ("utf-32", 4)])
def test_columns_count_in_the_units_of_the_editor(encoding: Encoding, column: int):
    source = SourceFile("a", "x\nab🤖c\n")
    for offset in range(len(source.text) + 1):
        assert offset_at(source, spot_at(source, offset, encoding), encoding) == offset
    assert spot_at(source, source.text.index("c") + 1, encoding).column == column


def test_spots_outside_the_text_are_brought_into_it():
    source = SourceFile("a", "ab\nc")
    assert [offset_at(source, Spot(*s), "utf-16") for s in ((0, 99), (9, 0), (9, 9), (1, 5))] == [2, 4, 4, 4]


def test_a_suppressed_warning_is_not_shown() -> None:
    line = "  idle = base.height\n"
    loud = snapshot(WALK_TEXT.replace("signal {\n", "signal {\n" + line, 1))
    assert [p.slug for p in problems(loud)] == ["unused-signal"]
    allowed = "  idle = base.height  # ksim: allow unused-signal -- for a plot\n"
    quiet = snapshot(WALK_TEXT.replace("signal {\n", "signal {\n" + allowed, 1))
    assert problems(quiet) == []


def test_a_change_of_the_configuration_is_noticed(tmp_path: Path) -> None:
    robot = (ROOT / "specs" / "robots" / "biped.xml").as_posix()
    text = WALK_TEXT.replace("robots/biped.xml", robot).replace("signal {\n", "signal {\n  idle = base.height\n", 1)
    config, spaces = tmp_path / "ksim.toml", Workspace()
    config.write_text("[lint]\n", encoding="utf-8")
    before = spaces.snapshot("u", text, tmp_path / "walk.ksim")
    assert before is not None and [p.slug for p in problems(before)] == ["unused-signal"]
    config.write_text('[lint]\nignore = ["unused-signal"]\n', encoding="utf-8")
    assert spaces.stale() == ["u"]
    after = spaces.snapshot("u", text, tmp_path / "walk.ksim")
    assert after is not None and problems(after) == []
