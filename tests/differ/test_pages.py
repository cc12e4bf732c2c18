"""Every kind of change has its part of a page, and what its example changes is that kind and no other."""

import re
import shutil
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.differ.diff import changes
from ksim_spec.differ.sides import Opener, Side
from ksim_spec.rules.change_pages import TO_DO, change_page, class_page
from ksim_spec.rules.changes import CHANGE_RULES, CLASSES, ChangeRule
from ksim_spec.rules.pages import Page
from tests.rules.pages import BASE, completed

ROBOT = Path(__file__).parents[2] / "specs" / "robots" / "biped.xml"
# A file that came or went, what no other rule names, and what only versions of ksim tell apart.
WITHOUT = {"spec-removed", "spec-added", "other-change", "source-declared", "not-compared"}
# Blocks of another spec than the base of the pages, and what follows from the change beside it.
OF = {"action-mode": ("humanoid", {"KD212", "KD215", "KD216"})}
SHOWN = [rule for rule in CHANGE_RULES if rule.slug not in WITHOUT]


def page(rule_class: str) -> Page:
    found = class_page(rule_class)
    assert found is not None
    return found


def examples(rule: ChangeRule) -> list[str]:
    return re.findall(r"^```diff\n(.*?)^```", page(rule.cls).section(f"{rule.code} {rule.slug}"), re.M | re.S)


def before_and_after(example: str) -> tuple[str, str]:
    """Returns the two texts that a diff is of."""
    lines = example.splitlines()
    assert all(line[:1] in (" ", "-", "+", "") for line in lines)
    old, new = ("\n".join(x[1:] for x in lines if not x.startswith(sign)) + "\n" for sign in "+-")
    return old, new


def side(folder: Path, spec: str, robot: str, base: Path) -> Side:
    folder.mkdir()
    text = completed(spec, base).replace("../../specs/robots/biped.xml", "biped.xml")
    (folder / "spec.ksim").write_text(text.replace('"robots/', f'"{ROBOT.parent}/'))
    (folder / "biped.xml").write_text(robot)
    opener = Opener()
    return opener.open(opener.disk, str(folder / "spec.ksim"))


def test_the_parts_of_the_pages_are_those_of_the_rules():
    for cls in CLASSES:
        mine = [f"{r.code} {r.slug}" for r in CHANGE_RULES if r.cls == cls]
        assert page(cls).headings == [TO_DO, *mine] and page(cls).title.lower().startswith(f"{cls}: ")
        assert max(map(len, page(cls).text.splitlines())) <= 120 and page(cls).text.endswith("\n")


@pytest.mark.parametrize("rule", CHANGE_RULES, ids=lambda r: r.slug)
def test_a_part_says_something_and_has_an_example(rule: ChangeRule):
    prose = page(rule.cls).section(f"{rule.code} {rule.slug}").partition("```")[0].split()
    assert len(prose) >= 4
    assert bool(examples(rule)) == (rule.slug not in WITHOUT)


@pytest.mark.parametrize("rule", SHOWN, ids=lambda r: r.slug)
def test_an_example_is_a_change_of_its_kind_and_of_no_other(rule: ChangeRule, tmp_path: Path):
    specs, robots = ["", ""], [ROBOT.read_text()] * 2
    for example in examples(rule):
        parts = before_and_after(example)
        if example[1:].lstrip().startswith("<"):
            assert robots[0].count(parts[0]) == 1, "the base robot has no such lines"
            robots = [robots[0], robots[0].replace(*parts)]
        elif parts[0].startswith("task"):  # one line, and what follows it in the base
            specs = [text + completed("").partition('Stand up"\n')[2] for text in parts]
        else:
            specs = list(parts)
    name, follows = OF.get(rule.slug, ("", set()))
    base = ROBOT.parents[1] / f"{name}.ksim" if name else BASE
    old = side(tmp_path / "old", specs[0], robots[0], base)
    found = changes(old, side(tmp_path / "new", specs[1], robots[1], base))
    assert {c.rule.code for c in found} == {rule.code, *follows}, [(c.rule.code, c.path, c.text) for c in found]


@pytest.mark.parametrize("name", ["KD301", "kd301", "reward-weight"])
def test_explain_prints_what_a_change_means(name: str, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", name]) == 0
    told = capsys.readouterr().out
    assert told.startswith("KD301 reward-weight\n") and "A change of class behaviour: a reward term counts" in told
    assert "    -  upright = gaussian" in told and "\nWhat to do\n" in told and "```" not in told
    assert "\nKD302" not in told


def test_explain_lists_the_kinds_of_changes_by_class(capsys: pytest.CaptureFixture[str]):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [x.split()[0] for x in lines if x.startswith("  KD")] == [r.code for r in CHANGE_RULES]
    assert [x for x in lines if x.startswith("changes, ")] == [f"changes, {page(c).title.lower()}" for c in CLASSES]


def test_a_page_that_is_not_installed_leaves_the_summary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class_page.cache_clear()
    monkeypatch.setattr("ksim_spec.rules.change_pages.folder", lambda: tmp_path)
    rule = SHOWN[0]
    assert change_page(rule) == f"# {rule.code} {rule.slug}\n\nA change of class shape: {rule.summary}.\n"
    shutil.copy(ROBOT.parents[2] / "docs" / "rules" / "shape.md", tmp_path)
    class_page.cache_clear()
    assert "## What to do" in change_page(rule)
    class_page.cache_clear()
