"""Comments that silence a rule: what they cover, and what is wrong with them."""

import time
from pathlib import Path

import pytest

import ksim_spec as ks
from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_text
from ksim_spec.linter.filter import settled, unsilenced
from ksim_spec.linter.suppressions import Suppressions, read
from ksim_spec.source import SourceFile, SourceMap, Span
from tests.rules.pages import BASE

WALK = Path(__file__).parents[1] / "language" / "good" / "walk.ksim"
SIGNAL = "  spare = base.height"


def told(signal: str, more: str = "") -> list[str]:
    """Returns the slugs of what is told of the good spec with these lines in its signal block."""
    text = WALK.read_text().replace("signal {\n", f"signal {{\n{signal}\n") + more
    loaded = load_text(text, str(WALK), WALK)
    return [d.slug for d in settled(WALK, loaded.diagnostics, loaded.sources)]


def test_without_a_comment_the_rule_is_told():
    assert told(SIGNAL) == ["unused-signal"]


@pytest.mark.parametrize(
    "signal",
    [
        f"{SIGNAL}  # ksim: allow unused-signal -- for the log",
        f"{SIGNAL}  # ksim: allow KS115 -- for the log",
        f"{SIGNAL}  #ksim:allow unused-signal--for the log",
        f"{SIGNAL}  #ksim:allow KS115--logged",
        f"{SIGNAL}  ### ksim: allow unused-signal -- for the log",
        f"{SIGNAL}; other = base.height  # ksim: allow unused-signal -- for the log",
        f"  # ksim: allow unused-signal -- for the log\n{SIGNAL}",
        f"  # ksim: allow unused-signal -- for the log\n  # and a word more\n\n{SIGNAL}",
        "  spare = (base.height +\n    # ksim: allow unused-signal -- for the log\n    1 m)",
        "  spare = (base.height +\n    1 m)  # ksim: allow unused-signal -- for the log",
    ],
)
def test_behind_a_statement_inside_it_or_above_it(signal):
    assert told(signal) == []


def test_one_comment_can_name_several_rules():
    both = "  spare = legs.pos[0] - 0.3  # ksim: allow unused-signal, angle-mismatch -- a test"
    assert told(both) == []


def test_it_reaches_no_further_than_its_statement():
    first = "  # ksim: allow unused-signal -- for the log\n  one = base.height\n  two = base.height"
    assert told(first) == ["unused-signal"]


def test_no_reason_silences_and_is_told():
    for comment in ("# ksim: allow unused-signal", "# ksim: allow unused-signal --", "# ksim: allow unused-signal -- "):
        assert told(f"{SIGNAL}  {comment}") == ["suppression-without-reason"]


def test_one_that_silences_nothing_is_told():
    assert told("  # ksim: allow reads-nominal -- no more needed") == ["unused-suppression"]
    assert sorted(told(f"{SIGNAL}  # ksim: allow reads-nominal -- wrong rule")) == [
        "unused-signal",
        "unused-suppression",
    ]


def test_it_is_not_called_unused_where_errors_kept_the_check_from_ending():
    slugs = told("  # ksim: allow unused-signal -- for the log\n" + SIGNAL, "\nsignal {\n  x = nothing\n}\n")
    assert slugs == ["unknown-name"]


def test_an_error_cannot_be_silenced():
    assert told("  x = nothing  # ksim: allow unknown-name -- I want to") == ["unknown-name", "suppressed-error"]


def test_unknown_rules_and_comments_that_are_not_understood():
    assert sorted(told(f"{SIGNAL}  # ksim: allow unused-signall -- typo")) == ["unknown-rule", "unused-signal"]
    for comment in ("# ksim: ignore unused-signal", "# ksim: allow", "# ksim: allow unused signal -- why"):
        assert sorted(told(f"{SIGNAL}  {comment}")) == ["malformed-suppression", "unused-signal"], comment


def test_other_comments_and_texts_are_not_meant():
    assert told("  # we use ksim: it allows much\n  # see allow unused-signal") == []
    loaded = load_text('task walk "# ksim: allow unused-signal"\n', "a.ksim")
    assert "KS9" not in "".join(d.code for d in settled(WALK, loaded.diagnostics, loaded.sources))


def test_the_place_of_a_problem_is_the_name_in_the_comment():
    text = "signal {\n  a = 1 # ksim: allow KS115, nothing -- why\n}\n"
    allows, problems = read(SourceFile("a.ksim", text))
    assert [text[a.span.start : a.span.end] for a in allows] == ["KS115"]
    assert [text[p.span.start : p.span.end] for p in problems] == ["nothing"]


def test_a_shared_file_is_unused_only_when_no_spec_needs_it():
    shared = SourceFile("shared.ksim", "signal {\n  a = 1  # ksim: allow unused-signal -- some specs use it\n}\n")
    found = Diagnostic(rules.UNUSED_SIGNAL, "nothing uses `a`", Span("shared.ksim", 11, 16))
    sources = SourceMap({"shared.ksim": shared})
    for order in ([[], [found]], [[found], []]):
        seen = Suppressions()
        assert [seen.apply(diagnostics, sources) for diagnostics in order] == [[], []]
        assert seen.unused() == []
    seen = Suppressions()
    assert seen.apply([], sources) == [] and [d.slug for d in seen.unused()] == ["unused-suppression"]


def test_thousands_of_suppressions_take_no_time_to_speak_of():
    lines = "".join(f"  a{i} = 1  # ksim: allow unused-signal -- r\n" for i in range(3000))
    source = SourceFile("a.ksim", f"signal {{\n{lines}}}\n{'#' * 100_000}\n")
    spans = [Span("a.ksim", source.text.index(f" a{i} =") + 1, source.text.index(f" a{i} =") + 3) for i in range(3000)]
    found = [Diagnostic(rules.UNUSED_SIGNAL, "nothing uses it", span) for span in spans]
    start = time.process_time()
    assert Suppressions().apply(found, SourceMap({"a.ksim": source})) == []
    assert time.process_time() - start < 5


def test_commands_that_use_a_spec_leave_out_what_is_silenced_and_no_more(tmp_path):
    text = "signal {\n  a = 1  # ksim: allow KS115 -- why\n  b = 1  # ksim: allow KS607 -- of no use\n}\n"
    (tmp_path / "ksim.toml").write_text('[lint]\nignore = ["angle-mismatch"]\nseverity = { KS115 = "error" }\n')
    path, sources = tmp_path / "a.ksim", SourceMap({"a.ksim": SourceFile("a.ksim", text)})
    first, second = (
        Diagnostic(rules.UNUSED_SIGNAL, "nothing uses it", Span("a.ksim", at, at + 1))
        for at in (text.index("a = 1"), text.index("b = 1"))
    )
    angle = Diagnostic(rules.ANGLE_MISMATCH, "an angle", Span("a.ksim", 12, 13))
    assert unsilenced(path, [first, second, angle], sources) == [second]
    assert list(sources.files) == ["a.ksim"]


def test_compiling_leaves_out_what_is_silenced(tmp_path):
    text = BASE.read_text().replace("../../specs", str(BASE.parents[2] / "specs"))
    path = tmp_path / "a.ksim"
    path.write_text(f"{text}\nsignal {{\n{SIGNAL}\n}}\n")
    assert [d.slug for d in ks.compile(path).loaded.diagnostics] == ["unused-signal"]
    path.write_text(f"{text}\nsignal {{\n{SIGNAL}  # ksim: allow unused-signal -- for the log\n}}\n")
    assert ks.compile(path).loaded.diagnostics == []


def test_no_start_of_a_text_makes_it_fail():
    text = "signal {\n  a = (1 +  # ksim: allow unused-signal, KS1 -- why\n  2)\n}\n# ksim: allow\n#ksim:"
    for end in range(len(text) + 1):
        for tail in ("", "\x00", "\u202e\n", "#"):
            source = SourceFile("a.ksim", text[:end] + tail)
            allows, problems = read(source)
            assert all(source.text[a.span.start : a.span.end] for a in allows) and len(problems) <= 3
