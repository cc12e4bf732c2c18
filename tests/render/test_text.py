"""What diagnostics look like, and that nothing in a user's file can change more than its own line."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Label
from ksim_spec.render.ansi import visible, wants_color, width
from ksim_spec.render.diagnostics import FORMATS, render
from ksim_spec.source import SourceFile, SourceMap, Span

TEXT = (
    'task walk\r\n\r\nreward {\r\n\ttrack = 世界(v.xy - velocity, 0.5 m)\r\n  b = 1\r\n  c = "\x1b[31m[bold]"\r\n}\r\n'
)


def sources(text: str = TEXT) -> SourceMap:
    found = SourceMap()
    found.add(SourceFile("walk.ksim", text))
    found.add(SourceFile("robot.xml", "<a>\n  <b name='x'/>\n</a>"))
    return found


def at(part: str, text: str = TEXT) -> Span:
    start = text.index(part)
    return Span("walk.ksim", start, start + len(part))


def finding(span: Span, **more) -> Diagnostic:
    return Diagnostic(rules.UNIT_MISMATCH, "cannot subtract `m` from `m/s`", span, **more)


def test_full_report_of_one_finding():
    shown = finding(
        at("0.5 m"),
        label="a length",
        related=(Label(at("task"), "in this task"), Label(Span("robot.xml", 6, 17), "this body")),
        notes=("one\ntwo",),
        help="write `0.5 m/s`",
    )
    assert render([shown], sources()).splitlines() == [
        "error[KS301 unit-mismatch]: cannot subtract `m` from `m/s`",
        " --> walk.ksim:4:30",
        "  |",
        "1 | task walk",
        "  | ---- in this task",
        "...",
        "4 |     track = 世界(v.xy - velocity, 0.5 m)",
        "  |                                   ^^^^^ a length",
        "  |",
        " ::: robot.xml:2:3",
        "  |",
        "2 |   <b name='x'/>",
        "  |   ----------- this body",
        "  |",
        "  = note: one",
        "          two",
        "  = help: write `0.5 m/s`",
        "",
    ]


def underlined(report: str) -> str:
    """Returns the characters of the source line that stand above the carets, by terminal cell."""
    lines = report.splitlines()
    row = next(i for i, line in enumerate(lines) if "^" in line)
    code, carets = lines[row - 1], lines[row]
    cells = [c for c in code for _ in range(width(c))]
    return "".join(c for c, mark in zip(cells, carets, strict=False) if mark == "^")


@pytest.mark.parametrize("part", ["track", "velocity", "0.5 m", "reward", "b = 1", "walk"])
def test_carets_stand_under_the_place(part):
    assert underlined(render([finding(at(part))], sources())) == part


def test_wide_characters_are_underlined_whole():
    assert underlined(render([finding(at("世界"))], sources())) == "世世界界"


def test_end_of_line_and_end_of_file_get_one_caret():
    for offset in (at("b = 1").end, len(TEXT)):
        report = render([finding(Span("walk.ksim", offset, offset))], sources())
        assert report.count("^") == 1


def test_a_long_line_is_cut_around_the_place():
    text = "a = " + "x + " * 500 + "bad + " + "y + " * 500 + "z\n"
    report = render([finding(at("bad", text))], sources(text))
    assert underlined(report) == "bad"
    assert max(width(line) for line in report.splitlines()) < 180


def test_a_users_text_cannot_reach_the_terminal():
    hostile = finding(at("\x1b[31m"), label="\x1b[2J", notes=("\x07",), help="\u202e")
    for form in FORMATS:
        shown = render([hostile], sources(), format=form, color=False)
        assert not any(c in shown for c in "\x1b\x07\x9b\u202e")
    assert "[bold]" in render([hostile], sources())


def test_concise_is_one_line_each_in_order_without_repeats():
    findings = [finding(at("walk")), finding(at("task")), finding(at("walk"))]
    assert render(findings, sources(), format="concise").splitlines() == [
        "walk.ksim:1:1: error[KS301 unit-mismatch]: cannot subtract `m` from `m/s`",
        "walk.ksim:1:6: error[KS301 unit-mismatch]: cannot subtract `m` from `m/s`",
    ]


def test_json_has_version_counts_and_places():
    told = json.loads(render([finding(at("0.5 m"), severity="warning")], sources(), format="json"))
    assert told["schema_version"] == 1
    assert told["counts"] == {"error": 0, "warning": 1, "info": 0, "hint": 0}
    assert told["diagnostics"][0]["start"] == {"line": 4, "column": 30, "offset": TEXT.index("0.5 m")}
    assert json.loads(render([], sources(), format="json"))["diagnostics"] == []


def test_github_escapes_what_would_end_a_command():
    line = render([finding(at("walk"), help="50 %\nmore::")], sources(), format="github")
    assert line == (
        "::error title=KS301 unit-mismatch,file=walk.ksim,line=1,endLine=1,col=6,endColumn=10"
        "::cannot subtract `m` from `m/s`%0Ahelp: 50 %25%0Amore::\n"
    )


def test_places_that_are_not_known_are_named_as_far_as_they_are():
    assert "walk.ksim" not in render([finding(Span("", 0, 0))], sources())
    assert "--> gone.xml\n" in render([finding(Span("gone.xml", 3, 9))], sources())


@settings(deadline=None)  # the first SARIF log imports its writer, which a busy machine may take its time for
@given(st.text(max_size=60), st.integers(-5, 80), st.integers(-5, 80))
def test_no_text_and_no_span_breaks_a_format(text, start, end):
    for form in FORMATS:
        report = render([finding(Span("walk.ksim", start, end), label=text)], sources(text), format=form)
        assert report.endswith("\n")
    assert len(visible(text)) == len(text)


def test_color_follows_no_color_and_the_terminal():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert wants_color(Terminal(), {})
    assert not wants_color(Terminal(), {"NO_COLOR": "1"})
    assert not wants_color(Terminal(), {"TERM": "dumb"})
    assert not wants_color(io.StringIO(), {})
    assert wants_color(io.StringIO(), {"FORCE_COLOR": "1"})
    assert "\x1b[" in render([finding(at("walk"))], sources(), color=True)
    assert "\x1b[" not in render([finding(at("walk"))], sources())
