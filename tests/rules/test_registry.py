"""The registry holds what the code can report, and nothing else."""

from pathlib import Path

import pytest

from ksim_spec import rules
from ksim_spec.rules import RULES, changes, find, near
from ksim_spec.rules.changes import CHANGE_RULES
from ksim_spec.rules.registry import group
from tests.rules.emitted import called, emitted
from tests.test_import_hygiene import HEAVY, heavy_imports


def test_every_rule_is_used_under_its_slug_and_no_code_stands_alone():
    found, loose = emitted()
    assert loose == [], "write `rules.NAME`"
    assert found == {called(r.slug) for r in (*RULES, *CHANGE_RULES)}
    assert all(getattr(rules, called(r.slug)) is r for r in RULES)
    assert all(getattr(changes, called(r.slug)) is r for r in CHANGE_RULES)


def test_the_search_sees_what_is_used_and_codes_that_stand_alone(tmp_path: Path):
    (tmp_path / "a.py").write_text('c.report(rules.UNIT_MISMATCH, span, "x")\nx = change_rules.RENAMED\ny = "KS005"\n')
    assert emitted(tmp_path) == ({"UNIT_MISMATCH", "RENAMED"}, ["a.py:3 KS005"])


def test_codes_and_slugs_are_unique_and_in_order():
    codes = [r.code for r in RULES]
    assert codes == sorted(set(codes)) and len({r.slug for r in RULES}) == len(RULES) > 60


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.slug)
def test_a_summary_is_one_clause_on_one_line(rule):
    assert rule.family.digit == rule.code[2]
    assert 10 < len(rule.summary) <= 100 and "\n" not in rule.summary and not rule.summary.endswith(".")
    assert rule.summary[0].islower() or rule.summary.startswith(("MuJoCo", "`"))


def test_a_rule_is_found_by_code_and_slug():
    assert find("ks301") == find("KS301") == find("unit-mismatch") == find(" Unit-Mismatch ")
    assert find("unit") is None and find("KS30") is None and find("") is None


@pytest.mark.parametrize(
    ("name", "help"),
    [("unit-mismach", "`unit-mismatch`"), ("Unit-Mismach", "`unit-mismatch`"), ("KS399", "`ksim explain`")],
)
def test_a_wrong_name_gets_a_near_one(name, help):
    assert help in near(name)


def test_a_group_is_a_rule_a_start_of_codes_or_a_family():
    assert (
        {r.code for r in group("units")}
        == {r.code for r in group("KS3")}
        == {r.code for r in RULES if r.code[2] == "3"}
    )
    assert [r.slug for r in group("KS301")] == ["unit-mismatch"]
    assert group("KS") == group("") == group("nothing") == group("KS8") == ()


def test_the_registry_loads_nothing_heavy():
    program = "import ksim_spec.rules, sys\nassert not {'pydantic', 'numpy', 'lark', 'rich'} & set(sys.modules)"
    assert heavy_imports(program) == [] and "jax" in HEAVY
