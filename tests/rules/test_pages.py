"""Every rule has a page, and what the page shows is so: the first example breaks this rule alone, the second none."""

import pytest

from ksim_spec.rules import RULES
from ksim_spec.rules.pages import Page, page_of
from tests.rules.pages import BASE, DOCS, completed, told

# A rule of a checked spec that has no page yet is named here, so that a missing page is never silent.
MISSING: set[str] = set()
PAGES = [(rule, page) for rule in RULES if (page := page_of(rule)) is not None]
SHOWN = [(rule, page) for rule, page in PAGES if rule.needs == "spec"]
PROSE = ["Why it matters", "How to repair it"]


def test_the_pages_are_those_of_the_rules():
    pages = {path.stem for path in DOCS.glob("KS*.md")}
    assert pages == {rule.code for rule, _ in PAGES} and {r.code for r in RULES} - pages == MISSING


@pytest.mark.parametrize(("rule", "page"), PAGES, ids=[rule.slug for rule, _ in PAGES])
def test_a_page_has_the_rules_words_and_the_same_parts(rule, page):
    assert page.title == f"{rule.code} {rule.slug}"
    assert page.text.split("\n\n")[1] == f"{rule.severity.capitalize()}, {rule.family.name}: {rule.summary}."
    assert page.headings == PROSE + ["Fails", "Passes"] * (rule.needs == "spec")
    assert all(len(page.section(heading).split()) >= 7 for heading in PROSE)
    long = [line for line in page.text.splitlines() if len(line) > 120 and not line.startswith("  ")]
    assert long == [] and page.text.endswith("\n") and not page.text.endswith("\n\n")


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
