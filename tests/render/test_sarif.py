"""SARIF logs: what the format demands, and what code scanning services need on top."""

import json
from pathlib import Path

import pytest

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Edit, Fix, Label, behind
from ksim_spec.render.diagnostics import render
from ksim_spec.rules import RULES
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span

TEXT = "task walk\nreward {\n  a = 1 m\n}\n"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sources(path: Path | None, text: str = TEXT) -> SourceMap:
    return SourceMap({"walk.ksim": SourceFile("walk.ksim", text, path)})


def at(word: str, text: str = TEXT) -> Span:
    return Span("walk.ksim", text.index(word), text.index(word) + len(word))


def finding(span: Span, **more) -> Diagnostic:
    return Diagnostic(rules.UNIT_MISMATCH, "cannot add `m`", span, **more)


def log(findings: list[Diagnostic], known: SourceMap) -> dict:
    return json.loads(render(findings, known, format="sarif"))


def run_of(found: dict) -> dict:
    """Returns the one run of a log, with everything in place that the schema requires of it."""
    assert found["version"] == "2.1.0" and found["$schema"].endswith("sarif-2.1.0.json")
    (run,) = found["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "ksim" and run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for rule in driver["rules"]:
        assert rule["id"] and rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    for result in run["results"]:
        assert result["message"]["text"] and result["level"] in ("none", "note", "warning", "error")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert all(isinstance(v, str) for v in result["partialFingerprints"].values())
        for place in [*result.get("locations", []), *result.get("relatedLocations", [])]:
            physical = place["physicalLocation"]
            assert physical["artifactLocation"]["uri"] and " " not in physical["artifactLocation"]["uri"]
            if region := physical.get("region"):
                assert 1 <= region["startLine"] <= region["endLine"] and region["startColumn"] >= 1
                assert region["startLine"] < region["endLine"] or region["startColumn"] <= region["endColumn"]
    return run


def test_a_log_without_findings_lists_every_rule(home):
    run = run_of(log([], SourceMap()))
    assert run["results"] == []
    assert [(r["id"], r["name"]) for r in run["tool"]["driver"]["rules"]] == [(r.code, r.slug) for r in RULES]
    assert not any("help" in r for r in run["tool"]["driver"]["rules"])


def test_a_finding_has_its_place_relative_to_the_folder(home):
    path = home / "my specs" / "walk.ksim"
    related = (Label(at("task"), "declared here"),)
    (result,) = run_of(log([finding(at("1 m"), notes=("a fact",), help="do", related=related)], sources(path)))[
        "results"
    ]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "my%20specs/walk.ksim", "uriBaseId": "ROOT"}
    assert physical["region"] == {"startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 10}
    assert result["message"]["text"] == "cannot add `m`\nnote: a fact\nhelp: do" and result["ruleId"] == "KS301"
    assert result["relatedLocations"][0]["message"]["text"] == "declared here"


def test_the_page_of_a_broken_rule_is_in_the_log(home):
    told = run_of(log([finding(at("1 m"))], sources(home / "walk.ksim")))["tool"]["driver"]["rules"]
    assert [r["id"] for r in told if "help" in r] == ["KS301"]
    assert "How to repair it" in next(r for r in told if r["id"] == "KS301")["help"]["markdown"]


def test_a_file_elsewhere_is_an_absolute_uri(home):
    (result,) = run_of(log([finding(at("1 m"))], sources(Path("/elsewhere/walk.ksim"))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///elsewhere/walk.ksim"}


def test_every_result_has_a_place_for_services_refuse_a_log_with_one_that_has_none(home):
    flag = Span("--set #1", 0, 3)
    known = SourceMap({"--set #1": SourceFile("--set #1", "a=b"), **sources(home / "walk.ksim").files})
    results = run_of(log([finding(NOWHERE), finding(flag)], known))["results"]
    assert [r["locations"][0]["physicalLocation"] for r in results] == [
        {"artifactLocation": {"uri": "walk.ksim", "uriBaseId": "ROOT"}}
    ] * 2
    (nowhere,) = run_of(log([finding(NOWHERE)], SourceMap()))["results"]
    assert nowhere["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_paths_are_relative_to_the_repository_around_the_folder(home, monkeypatch):
    (home / ".git").mkdir()
    (home / "specs").mkdir()
    monkeypatch.chdir(home / "specs")
    known = SourceMap({"walk.ksim": SourceFile("walk.ksim", TEXT, Path("walk.ksim"))})
    (result,) = run_of(log([finding(at("1 m"))], known))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "specs/walk.ksim"
    assert ",file=specs/walk.ksim,line=3," in render([finding(at("1 m"))], known, format="github")
    known = SourceMap({"walk.ksim": SourceFile("walk.ksim", TEXT, Path("../other/walk.ksim"))})
    assert ",file=other/walk.ksim,line=3," in render([finding(at("1 m"))], known, format="github")
    flag = render([finding(Span("--set #1", 0, 3))], SourceMap(), format="github")
    assert "file=" not in flag


@pytest.mark.parametrize(
    ("severity", "level"), [("error", "error"), ("warning", "warning"), ("info", "note"), ("hint", "note")]
)
def test_levels(severity, level, home):
    (result,) = run_of(log([finding(at("1 m"), severity=severity)], sources(home / "walk.ksim")))["results"]
    assert result["level"] == level


def test_the_fingerprint_outlives_lines_added_above(home):
    def prints(text: str, word: str) -> set[str]:
        results = run_of(log([finding(at(word, text))], sources(home / "walk.ksim", text)))["results"]
        return {r["partialFingerprints"]["ksim/v1"] for r in results}

    assert prints(TEXT, "1 m") == prints("# a line more\n" + TEXT, "1 m") != prints(TEXT, "task")


def test_a_fix_is_in_the_log_and_repairs_the_file(home):
    """What the regions delete and insert, carried out on the lines of the file, is what `--fix` would write."""
    text = "task walk\nreward {\n  a = 1 m\n  b = 2\n}\n"
    edits = (Edit(at("1 m", text), "1"), behind(at("2", text), "  weight 1"))
    fix = Fix("write it so", edits, safe=True)
    path = home / "walk.ksim"
    known = sources(path, text)
    (result,) = run_of(log([finding(at("1 m", text), fix=fix)], known))["results"]
    (found,) = result["fixes"]
    assert found["description"]["text"] == "write it so"
    (change,) = found["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "walk.ksim", "uriBaseId": "ROOT"}
    lines = text.split("\n")
    for replacement in reversed(change["replacements"]):
        gone, new = replacement["deletedRegion"], replacement["insertedContent"]["text"]
        line = lines[gone["startLine"] - 1]
        assert gone["startLine"] == gone["endLine"]
        lines[gone["startLine"] - 1] = line[: gone["startColumn"] - 1] + new + line[gone["endColumn"] - 1 :]
    assert "\n".join(lines) == "task walk\nreward {\n  a = 1\n  b = 2  weight 1\n}\n"


def test_a_fix_says_when_it_changes_the_meaning_and_one_of_no_file_is_left_out(home):
    fix = Fix("remove it", (Edit(at("1 m"), ""),))
    (result,) = run_of(log([finding(at("1 m"), fix=fix)], sources(home / "walk.ksim")))["results"]
    assert result["fixes"][0]["description"]["text"] == "remove it (changes the meaning)"
    (result,) = run_of(log([finding(at("1 m"), fix=fix)], sources(None)))["results"]
    assert "fixes" not in result
