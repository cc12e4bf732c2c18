"""The configuration of the rules: where it is found, what it changes, and what is wrong with it."""

from pathlib import Path

import pytest

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.linter.config import Config, configured, forget, parse
from ksim_spec.source import SourceFile

WARNING = Diagnostic(rules.UNUSED_SIGNAL, "nothing uses `a`")
OTHER = Diagnostic(rules.READS_NOMINAL, "read elsewhere")
HINT = Diagnostic(rules.SOLVER_COST, "many iterations")
ERROR = Diagnostic(rules.UNIT_MISMATCH, "cannot add")
ALL = (WARNING, OTHER, HINT, ERROR)


def config(text: str) -> Config:
    read = parse(SourceFile("ksim.toml", text))
    assert read.problems == ()
    return read.config


def shown(text: str) -> dict[str, str]:
    return {d.slug: d.severity for d in config(text).apply(ALL)}


def test_without_settings_nothing_changes():
    assert Config().apply(ALL) == list(ALL) and shown("") == shown("[lint]") == {d.slug: d.severity for d in ALL}


@pytest.mark.parametrize("name", ["unused-signal", "KS115", "ks115"])
def test_ignored_rules_are_not_told(name):
    assert list(shown(f'lint.ignore = ["{name}"]')) == ["reads-nominal", "solver-cost", "unit-mismatch"]


@pytest.mark.parametrize("name", ["names", "KS1"])
def test_a_family_is_ignored_but_for_its_errors(name):
    assert list(shown(f'lint.ignore = ["{name}"]')) == ["reads-nominal", "solver-cost", "unit-mismatch"]
    assert list(shown('lint.ignore = ["units", "episode"]')) == ["unused-signal", "solver-cost", "unit-mismatch"]


def test_selecting_leaves_the_selected_and_every_error():
    assert list(shown('lint.select = ["unused-signal"]')) == ["unused-signal", "unit-mismatch"]
    assert list(shown('lint.select = ["KS6"]\nlint.ignore = ["reads-nominal"]')) == ["unit-mismatch"]
    assert list(shown("lint.select = []")) == ["unit-mismatch"]


def test_severities_by_slug():
    text = '[lint]\nseverity = { "unused-signal" = "error", "reads-nominal" = "off", KS731 = "warning" }'
    assert shown(text) == {"unused-signal": "error", "solver-cost": "warning", "unit-mismatch": "error"}
    assert shown('[lint.severity]\nreads-nominal = "hint"')["reads-nominal"] == "hint"


PROBLEMS = [
    ('[lint]\nignore = ["unused-signall"]', "KS902", "unused-signall", 2, "did you mean `unused-signal`?"),
    ('[lint]\nselect = [\n  "KS115",\n  "zzzzz",\n]', "KS902", "zzzzz", 4, "`ksim explain`"),
    ('[lint.severity]\n"no-rule" = "error"', "KS902", "no-rule", 2, ""),
    ('[lint]\nignore = ["unit-mismatch"]', "KS907", "unit-mismatch", 2, "repair"),
    ('[lint]\nseverity = { KS301 = "warning" }', "KS907", "KS301", 2, "repair"),
    ('[lint.severity]\nunused-signal = "fatal"', "KS906", "unused-signal", 2, "error, warning, hint, off"),
    ("[lint.severity]\nunused-signal = 3", "KS906", "unused-signal", 2, "error, warning, hint, off"),
    ('[lint]\nignore = "unused-signal"', "KS906", "ignore", 2, 'ignore = ["unused-signal"]'),
    ("[lint]\nselect = [1]", "KS906", "select", 2, ""),
    ("[lint]\nignor = []", "KS906", "ignor", 2, "did you mean `ignore`?"),
    ("ignore = []", "KS906", "ignore", 1, "table `lint`"),
    ("lint = 3", "KS906", "lint", 1, ""),
    ("[lint]\nseverity = []", "KS906", "severity", 2, ""),
    ("[lint]\n\nselect = [", "KS906", "", 3, ""),
]


@pytest.mark.parametrize(("text", "code", "word", "line", "help"), PROBLEMS, ids=[p[0][-24:] for p in PROBLEMS])
def test_what_cannot_be_used_is_told_with_its_place(text, code, word, line, help):
    source = SourceFile("ksim.toml", text)
    read = parse(source)
    (problem,) = read.problems
    assert (problem.code, source.position(problem.span.start).line) == (code, line)
    assert text[problem.span.start : problem.span.end].startswith(word) and help in problem.help
    assert list(read.config.apply([ERROR])) == [ERROR]


def test_what_is_wrong_leaves_the_rest_in_force():
    read = parse(SourceFile("ksim.toml", '[lint]\nignore = ["no-rule", "KS115"]'))
    assert read.config.ignored == {"KS115"} and len(read.problems) == 1


@pytest.fixture
def tree(tmp_path):
    """Returns a function that writes files below a folder; the last path is the spec that is asked about."""

    def write(**files: str) -> Config:
        forget()
        (tmp_path / "a" / "b").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / name.replace("__", "/").replace("_toml", ".toml")).write_text(text)
        return configured(tmp_path / "a" / "b" / "walk.ksim").config

    return write


def test_the_nearest_file_counts(tree):
    assert tree(ksim_toml='lint.ignore = ["KS115"]').ignored == {"KS115"}
    assert tree(a__ksim_toml='lint.ignore = ["KS607"]').ignored == {"KS607"}
    assert tree(a__b__ksim_toml="").ignored == frozenset()


def test_a_pyproject_counts_when_it_speaks_of_ksim(tree):
    assert tree(ksim_toml='lint.ignore = ["KS115"]', a__pyproject_toml="[project]\nname = 'ksim'").ignored == {"KS115"}
    assert tree(a__pyproject_toml='[tool.ksim.lint]\nignore = ["KS607"]').ignored == {"KS607"}
    assert tree(a__pyproject_toml="[tool.other\nbroken").ignored == {"KS115"}
    assert tree(a__b__pyproject_toml='[tool]\nksim.lint.ignore = ["KS311"]').ignored == {"KS311"}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    forget()
    (tmp_path / "ksim.toml").write_bytes(b"\xff\xfe")
    (problem,) = configured(tmp_path / "walk.ksim").problems
    assert problem.code == "KS906"
