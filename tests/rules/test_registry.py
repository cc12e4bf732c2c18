"""The registry holds what the code can report, and nothing else."""

from pathlib import Path

import pytest

from ksim_spec.rules import RULES, find, near
from ksim_spec.rules.registry import group
from tests.rules.emitted import emitted
from tests.test_import_hygiene import HEAVY, heavy_imports


def test_every_finding_the_code_can_report_is_registered_and_nothing_else():
    found, loose = emitted()
    assert loose == [], "a code whose slug the test cannot see: write both beside each other"
    assert found == {(r.code, r.slug) for r in RULES}


def test_the_search_sees_calls_tuples_tables_and_what_escapes_it(tmp_path: Path):
    (tmp_path / "a.py").write_text(
        'report(span, "KS001", "a-call")\nx = ("KS002", "in-a-tuple")\nT = {"in-a-table": "KS003"}\n'
        'report("KS004", f"made-{up}")\ny = "KS005"\n'
    )
    found, loose = emitted(tmp_path)
    assert found == {("KS001", "a-call"), ("KS002", "in-a-tuple"), ("KS003", "in-a-table")}
    assert loose == ["a.py:4 KS004", "a.py:5 KS005"]


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
