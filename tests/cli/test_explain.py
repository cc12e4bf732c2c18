"""`ksim explain`: the page of a rule, the list of all, and what it says to a name that is none."""

import re

import pytest

from ksim_spec.cli.main import main
from ksim_spec.render.ansi import Style
from ksim_spec.render.markdown_page import terminal
from ksim_spec.rules import FAMILIES, RULES


@pytest.mark.parametrize("name", ["KS301", "ks301", "unit-mismatch"])
def test_a_rule_by_code_or_slug(name, capsys):
    assert main(["explain", name]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("KS301 unit-mismatch\n") and told.err == ""
    assert "\nHow to repair it\n" in told.out and "    terminate {" in told.out and "```" not in told.out


def test_every_rule_can_be_explained(capsys):
    for rule in RULES:
        assert main(["explain", rule.slug]) == 0
        assert capsys.readouterr().out.startswith(f"{rule.code} {rule.slug}\n")


def test_without_a_rule_all_are_listed_by_family(capsys):
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  KS")] == [r.code for r in RULES]
    shown = [f"{f.name}: {f.about}" for f in FAMILIES if any(r.family == f for r in RULES)]
    assert [line for line in lines if line and not line.startswith((" ", "changes, "))] == shown
    assert next(line for line in lines if "KS115" in line).endswith("(warning)")


@pytest.mark.parametrize(
    ("name", "help"),
    [
        ("unit-mismach", "did you mean `unit-mismatch`?"),
        ("KS399", "`ksim explain`"),
        ("reward-wight", "`reward-weight`"),
    ],
)
def test_an_unknown_rule_is_2_with_a_near_one(name, help, capsys):
    assert main(["explain", name]) == 2
    told = capsys.readouterr()
    assert told.out == "" and f"there is no rule `{name}`" in told.err and help in told.err


def test_paragraphs_are_filled_and_code_is_left_alone():
    page = "# A\n\none two\nthree `four five`\n\n```ksim\na  =  1\n\nb\n```\n\n- first\n- second\n"
    assert terminal(page, Style()) == "A\n\none two three `four five`\n\n    a  =  1\n\n    b\n\n- first\n- second\n"
    assert max(map(len, terminal("word " * 60, Style(), 40).splitlines())) <= 40
    assert "\x1b[1m`four five`\x1b[0m" in terminal(page, Style(color=True))


def test_examples_are_coloured_by_their_words_and_keep_their_text():
    page = "# A\n\n```ksim\nsignal {\n\n  a = 1 m\n}\n```\n\n```\nplain\n```\n\n```ksim\nleft open\n"
    painted = terminal(page, Style(color=True))
    assert "    \x1b[34msignal\x1b[39;49;00m {\n\n" in painted and "\x1b[36mplain\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == terminal(page, Style()) and "    left open\n" in terminal(
        page, Style()
    )
