"""One mistake, one message: every case of the corpus says beside its change what is reported, where, and what helps."""

from __future__ import annotations

import re

import pytest

from ksim_spec.rules import RULES
from tests.mistakes import BASES, FOLDER, Mistake, lint, mistakes, parsed, reported

CASES = mistakes()


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_what_the_cases_change_has_nothing_to_report(base):
    assert lint(base.read_text(encoding="utf-8"), base).diagnostics == []


def test_there_are_many_kinds_of_mistakes():
    codes = {line.split("[")[1][:5] for case in CASES for line in case.report if re.match(r"\w+\[KS", line)}
    assert len(CASES) >= 360 and len(codes) >= 100
    assert {c[:3] for c in codes} >= {"KS1", "KS2", "KS3", "KS4", "KS5", "KS6", "KS7"}


def test_every_case_stands_in_the_file_of_its_family():
    families = {rule.code: rule.family.name for rule in RULES}
    for file in FOLDER.glob("*.txt"):
        codes = re.findall(r"(?m)^\w+\[(KS\d+) ", file.read_text(encoding="utf-8"))
        assert {families[code] for code in codes} == {file.stem}
    assert not list(FOLDER.parent.glob("bad/*.ksim")), "write it as a change of a base, in mistakes/"


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_one_mistake_gives_one_message(case: Mistake) -> None:
    loaded = lint(case.text, case.path)
    assert reported(case.text, loaded.diagnostics) == case.report
    assert len(loaded.diagnostics) == 1
    errors = [d for d in loaded.diagnostics if d.severity == "error"]
    assert (loaded.program is None) == bool(errors)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_messages_are_short_and_in_one_style(case: Mistake) -> None:
    rule, message = next(line.split(": ", 1) for line in case.report if re.match(r"\w+\[KS", line))
    help = next((line.removeprefix("help: ") for line in case.report if line.startswith("help: ")), "")
    assert help or "KS704 bad-setting" in rule, "say what to do, unless the message says what is allowed"
    assert not re.search(r"\b(illegal|wrong|forbidden|bad|fail(ed)? to)\b", message), "no blame"
    assert not re.search(r", [^,]+ (and|or) ", re.sub(r", (and|or) .*|, and this .*", "", message)), "a, b, and c"
    assert len(message) <= 110 and not message.endswith(".") and "\n" not in message
    assert not message[0].isupper() or message.startswith("MuJoCo")
    assert len(help) <= 200 and "Error" not in message + help


# How a case is written --------------------------------------------------------------------------------------------

HEAD = "error[KS102 unknown-element]: a message"
STEP = "   physics_step = 4 ms"


def case(*lines: str) -> Mistake:
    (made,) = parsed("\n".join(lines) + "\n", "x.txt")
    return made


def test_a_change_is_made_where_its_lines_stand_and_marked_where_it_then_is():
    made = case(
        "== a",
        STEP,
        "+  one = 1",
        "   ^^^",
        "...",
        '-task walk "The spec that every mistake in ../mistakes is made in"',
        HEAD,
        "help: h",
    )
    base = BASES["walk"].read_text(encoding="utf-8")
    assert made.text == base.split("\n", 1)[1].replace(STEP[1:] + "\n", STEP[1:] + "\n  one = 1\n")
    number = made.text.splitlines().index("  one = 1") + 1
    assert made.report == [f"{number}:   one = 1", "  ^^^", HEAD, "help: h"]


def test_what_only_comes_comes_at_the_end_and_another_base_is_named():
    made = case("== b (stand)", "+signal {", "+}", HEAD)
    assert made.text == BASES["stand"].read_text(encoding="utf-8") + "signal {\n}\n"
    assert made.path.parent == BASES["stand"].parent and made.report == ["(no place)", HEAD]


def test_several_findings_have_the_marks_in_their_order():
    made = case("== c", "+one", " ^^", "+two", "  ^", HEAD, "note: n", HEAD.replace("102", "103"))
    assert [line.split(": ")[-1] for line in made.report] == ["one", "^^", "a message", "n", "two", " ^", "a message"]
    assert case("== c", "+one", " ^^", HEAD, HEAD).report[:3:2] == ["(no place)", "87: one"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["== a", "-  no such line", HEAD], "x.txt:1: a: these lines stand in the base nowhere:\n  no such line"),
        (["== a", " }", "+x", HEAD], "more than once; add a line before or after them:\n}"),
        (["== a", STEP, "...", STEP, HEAD], "two changes are of the same lines"),
        (["== a", "-" + STEP[1:], "   ^^^", HEAD], "a mark is under nothing"),
        (["== a", "+short", " ^^^^^^^", HEAD], "a mark is under nothing"),
        (["== a", "+x"], "0 marks for 0 findings"),
        (["== a", "+x", " ^", "+y", " ^", HEAD], "2 marks for 1 findings"),
        (["== a", "+x", HEAD, "+y"], "this line is none of a case: +y"),
        (["== a", "+x", "help: early", HEAD], "this line is none of a case: help: early"),
        (["== a", "x = 1", HEAD], "this line is none of a case: x = 1"),
        (["== a (b)", "+x", HEAD], "with one of walk, stand, cartpole"),
        (["== A b", "+x", HEAD], "x.txt:1: write `== name`"),
        (["# fine", "+x"], "x.txt:2: a case begins with"),
    ],
)
def test_a_case_that_is_not_well_written_says_so(lines, told):
    with pytest.raises(ValueError) as error:
        case(*lines)
    assert told in str(error.value)


def test_a_report_that_is_not_so_is_seen():
    text = '== body-misspelt\n-  base = body("torso")\n+  base = body("torsoo")\n               ^^^^^^^^\nerror[KS102 unknown-element]: other\n'
    (made,) = parsed(text, "x.txt")
    found = reported(made.text, lint(made.text, made.path).diagnostics)
    assert found != made.report and "help: did you mean `torso`?" in found and found[1] == made.report[1]
