"""A rule is what its page says, and what the page shows is so: the first example breaks this rule alone, the second none."""

import pytest

from ksim_spec.rules import RULES, pages
from ksim_spec.rules.pages import Page, page_of, rule_of, rules_of_pages
from tests.rules.pages import BASE, completed, told

# Rules that no spec can show: of broken files, of other robots, of the command line, of runs and engines.
WITHOUT_EXAMPLES = """
KS018 KS019 KS020 KS116 KS122 KS123 KS125 KS151 KS152 KS153 KS154 KS155 KS156 KS157 KS158 KS159 KS160 KS162 KS163 KS164
KS165 KS190 KS192 KS193 KS194 KS195 KS196 KS197 KS652 KS680 KS710 KS711 KS712 KS713 KS714 KS715 KS716 KS717 KS718 KS719
KS720 KS721 KS722 KS723 KS724 KS725 KS726 KS728 KS730 KS731 KS741 KS742 KS751 KS752 KS753 KS754 KS755 KS760 KS770 KS771
KS906 KS907
"""
PAGES = [(rule, page) for rule in RULES if (page := page_of(rule)) is not None]
SHOWN = [(rule, page) for rule, page in PAGES if rule.code not in WITHOUT_EXAMPLES.split()]
PROSE = ["Why it matters", "How to repair it"]


def test_the_rules_are_those_of_the_pages():
    assert rules_of_pages() == RULES, "run: python docs/generate.py"


@pytest.mark.parametrize(("rule", "page"), PAGES, ids=[rule.slug for rule, _ in PAGES])
def test_pages_have_the_same_parts(rule, page):
    assert page.headings == PROSE + ["Fails", "Passes"] * (rule.code not in WITHOUT_EXAMPLES.split())
    assert all(len(page.section(heading).split()) >= 7 for heading in PROSE)
    long = [line for line in page.text.splitlines() if len(line) > 120 and not line.startswith("  ")]
    assert long == [] and page.text.endswith("\n") and not page.text.endswith("\n\n")


GOOD = "# KS499 much-ado\n\nWarning, reward: a term is about nothing.\n\nMore.\n"


def test_the_head_of_a_page_is_the_rule():
    rule = rule_of(Page(GOOD))
    assert (rule.code, rule.slug, rule.severity, rule.summary) == (
        "KS499", "much-ado", "warning", "a term is about nothing"
    )  # fmt: skip
    assert rule.family.name == "reward"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("KS499", "KS4999", "a page begins with"),
        ("much-ado", "Much ado", "a page begins with"),
        ("Warning, reward", "Warning", "a page begins with"),
        ("Warning", "Grave", "`Grave` is no severity: error, warning"),
        ("KS499", "KS599", "the family of KS599 is `interface`, and the page says `reward`"),
        ("nothing.", "nothing", "a page begins with"),
    ],
)
def test_a_head_that_is_none_says_what_is_missing(old, new, told):
    with pytest.raises(ValueError, match=told):
        rule_of(Page(GOOD.replace(old, new)))


def test_a_page_of_another_rule_is_refused(tmp_path, monkeypatch):
    (tmp_path / "KS498.md").write_text(GOOD)
    monkeypatch.setattr(pages, "folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"KS498\.md: the page is about KS499"):
        rules_of_pages()


def test_the_base_spec_has_nothing_to_report():
    assert told("") == []


@pytest.mark.parametrize(("rule", "page"), SHOWN, ids=[rule.slug for rule, _ in SHOWN])
def test_the_first_example_breaks_this_rule_and_no_other(rule, page):
    found = told(page.fails)
    assert [(d.code, d.slug) for d in found] == [(rule.code, rule.slug)]
    assert found[0].severity == rule.severity


@pytest.mark.parametrize(("rule", "page"), SHOWN, ids=[rule.slug for rule, _ in SHOWN])
def test_the_second_example_breaks_none(rule, page):
    assert [f"{d.code}: {d.message}" for d in told(page.passes)] == []


def test_an_example_takes_the_place_of_its_block():
    text = completed("observe actor {\n  other = base.quat\n}\n")
    assert "gyro" not in text and "other" in text and text.count("reward {") == 1
    assert completed("task whole\n") == "task whole\n" and completed("").strip() == BASE.read_text().strip()


def test_parts_of_a_page_are_found():
    page = Page("# KS1 a\n\n## Fails\n\n```ksim\nx\n```\n\n## Passes\n\n```\ny\n```\n")
    assert (page.title, page.headings, page.fails, page.passes) == ("KS1 a", ["Fails", "Passes"], "x\n", None)
