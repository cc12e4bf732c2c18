"""The formatter: what each rule does, and that no file loses a comment, a meaning or its shape."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec.diagnostics import SpecError
from ksim_spec.formatter import equivalence, wrap
from ksim_spec.formatter import format as formatter
from ksim_spec.formatter.equivalence import FormatBug, check_same, same_food, same_tree
from ksim_spec.formatter.format import format_text
from ksim_spec.source import SourceFile
from ksim_spec.syntax.keywords import ATTRIBUTES, FLAGS, SECTIONS
from ksim_spec.syntax.parse import comments, parse_file, read_file

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "specs").glob("*.ksim"))
PLACES = (
    "specs",
    "benchmarks/specs",
    "ksim_spec/language/stdlib",
    "tests/emit",
    "tests/cli",
    "tests/syntax",
    "tests/language",
)
FILES = [p for place in PLACES for p in sorted((ROOT / place).rglob("*.ksim"))]


def fmt(text: str, width: int = 120) -> str:
    return format_text(SourceFile("t.ksim", text), width)


def kept(text: str, width: int = 120) -> str:
    """Formats a text that parses; checks all that must hold of every result."""
    out = fmt(text, width)
    source, result = SourceFile("t.ksim", text.replace("\r\n", "\n")), SourceFile("t.ksim", out)
    before, after = parse_file(source)[0], parse_file(result)[0]
    assert same_tree(before, after)
    assert [c for _, c in comments(source)] == [c for _, c in comments(result)]
    assert fmt(out, width) == out
    assert out.endswith("\n") or not out
    assert not re.search(r"[ \t]\n|\n\n\n|\{\n\n|\n\n *\}\n|\A\n|\n\n\Z", out)
    return out


def parses(text: str) -> bool:
    return parse_file(SourceFile("t.ksim", text.replace("\r\n", "\n")))[1] == []


# Whole files


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_shipped_specs_are_formatted(path: Path) -> None:
    text = path.read_text("utf-8")
    assert kept(text) == text


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_spec_here_keeps_its_meaning_and_comments(path: Path) -> None:
    text = path.read_text("utf-8")
    if parses(text):
        kept(text)
    else:
        with pytest.raises(SpecError):
            fmt(text)


def snippets() -> list[str]:
    """Returns the ksim texts in the tests of the language: every string that holds a block and parses."""
    found: list[str] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        found += re.findall(r'"""(.*?)"""', path.read_text("utf-8"), re.S)
    for path in (ROOT / "README.md", ROOT / "docs" / "language.md"):
        found += re.findall(r"^```ksim\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)
    return [text for text in found if "{\n" in text and parses(text)]


def test_the_snippets_of_tests_and_pages_keep_their_meaning() -> None:
    found = snippets()
    assert len(found) > 10
    for text in found:
        kept(text)
        kept(text, 40)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_narrow_lines_keep_the_meaning(width: int) -> None:
    for path in SHIPPED:
        kept(path.read_text("utf-8"), width)


# One rule each: what is written, and what comes out.
CASES = {
    "operators": ("signal {\na=b+c *-d^2/e mod f\n}", "signal {\n  a = b + c * -d ^ 2 / e mod f\n}"),
    "comparison and logic": ("signal {\na=not b>1 m and(c)<=-2\n}", "signal {\n  a = not b > 1 m and (c) <= -2\n}"),
    "brackets": ("signal {\na = f ( b , [ 1,2 ] ) [ 0 ]\n}", "signal {\n  a = f(b, [1, 2])[0]\n}"),
    "named arguments": ("signal {\na = f(b ,high :2 m)\n}", "signal {\n  a = f(b, high: 2 m)\n}"),
    "tables": ('signal {\na = b*{ "x" :1,"y":2 }\n}', 'signal {\n  a = b * {"x": 1, "y": 2}\n}'),
    "table of lines": ('signal {\na = b*{\n"x":1\n"y":2\n}\n}', 'signal {\n  a = b * {"x": 1, "y": 2}\n}'),
    "over several": ("signal {\na = sum(b over(c,d))\n}", "signal {\n  a = sum(b over (c, d))\n}"),
    "idle commas": ("signal {\na = f(b,)+(c,d,)\n}", "signal {\n  a = f(b) + (c, d)\n}"),
    "comma of a vector of one": ("signal {\na = (b,)\n}", "signal {\n  a = (b,)\n}"),
    "units": ("signal {\na = 10%+2  m/s   per s+0.30 kg*m^2\n}", "signal {\n  a = 10 % + 2 m/s per s + 0.30 kg*m^2\n}"),
    "a sign that is apart": ("signal {\na = - 5 m - -5 m\n}", "signal {\n  a = - 5 m - -5 m\n}"),
    "plain numbers of units": ("signal {\na = (b   as   deg)\n}", "signal {\n  a = (b as deg)\n}"),
    "semicolons": ("profile p { no noise; no event push }", "profile p {\n  no noise\n  no event push\n}"),
    "empty blocks": ("signal {\n\n}\nreward{ }# c", "signal {}\nreward {}  # c"),
    "blank lines": ("\n\nsignal {\n\n\na = b\n\n\n\nc = d\n\n}\n\n\n", "signal {\n  a = b\n\n  c = d\n}"),
    "headers": ("command   v   in   base . heading{\nx=1\n}", "command v in base.heading {\n  x = 1\n}"),
    "functions": ("fn  f ( a,b=1 m )=a+b", "fn f(a, b = 1 m) = a + b"),
    "directives": ('task   t   "x  y"', 'task t "x  y"'),
    "overrides": ("override  reward . slip.weight=-0.2", "override reward.slip.weight = -0.2"),
    "clauses": ("command v {\nzero   with   probability 10%\n}", "command v {\n  zero with probability 10 %\n}"),
    "mirrors": ('robot "r" {\nmirror "a"<->"b"\n}', 'robot "r" {\n  mirror "a" <-> "b"\n}'),
    "column of the sign": ("reset {\na=1\nbcd+=2\n}", "reset {\n  a    = 1\n  bcd += 2\n}"),
    "a blank line ends a table": ("signal {\na = 1\n\nbcd = 2\n}", "signal {\n  a = 1\n\n  bcd = 2\n}"),
    "a comment does not": ("signal {\na = 1\n# c\nbcd = 2\n}", "signal {\n  a   = 1\n  # c\n  bcd = 2\n}"),
    "attributes": (
        "observe actor {\na = b noise c scale 1\nd = ef history 3 noise gh\n}",
        "observe actor {\n  a = b              noise c  scale 1\n  d = ef  history 3  noise gh\n}",
    ),
    "columns in the order of the longest": (
        "observe actor {\na = b noise c\nd = e history 3\nf = g noise hi history 2\n}",
        "observe actor {\n  a = b  noise c\n  d = e            history 3\n  f = g  noise hi  history 2\n}",
    ),
    "numbers beside negative ones": (
        "reward {\na = b weight 1 per s\nc = d weight -2 per s on event\n}",
        "reward {\n  a = b  weight  1 per s\n  c = d  weight -2 per s  on event\n}",
    ),
    "attributes that read on": (
        "curriculum {\na from 0 to 1 by 0.1\nbcd from 0.5 to 1 by 0.1\n}",
        "curriculum {\n  a   from 0 to 1    by 0.1\n  bcd from 0.5 to 1  by 0.1\n}",
    ),
    "outcomes share a column": (
        "terminate {\na when b fail\ncd when ef truncate\n}",
        "terminate {\n  a  when b   fail\n  cd when ef  truncate\n}",
    ),
    "comments behind": ("signal {\na = 1 # x\nbc = 23# y\n}#z", "signal {\n  a  = 1   # x\n  bc = 23  # y\n}  #z"),
    "comments of blocks": ("signal {#x\n# y\n\n# z\n}", "signal {  #x\n  # y\n\n  # z\n}"),
    "comments in brackets": (
        "signal {\na = f(b, # x\n# y\nc)\n}",
        "signal {\n  a = f(\n    b,  # x\n    # y\n    c\n  )\n}",
    ),
    "a comment before a comma": ("signal {\na = f(b # x\n, c)\n}", "signal {\n  a = f(\n    b,  # x\n    c\n  )\n}"),
    "a comment in a table": (
        'signal {\na = {"x": 1 # one\n"y": 2}\n}',
        'signal {\n  a = {\n    "x": 1,  # one\n    "y": 2\n  }\n}',
    ),
    "a comment after an operator": ("signal {\na = b + # x\nc*d\n}", "signal {\n  a = b +  # x\n    c * d\n}"),
    "windows": ("signal {\r\na = 1 # x\r\n}\r\n", "signal {\n  a = 1  # x\n}"),
    "tabs, odd spaces and emoji": ('signal {\n\ta\u00a0=\tf("🤖") # 🤖 \n}', 'signal {\n  a = f("🤖")  # 🤖\n}'),
    "only a comment": ("\n\n  # x   \n", "# x"),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str) -> None:
    text, expected = CASES[name]
    assert kept(text) == f"{expected}\n"


@pytest.mark.parametrize("text", ["", "\n", " \t\n\n", "\ufeff", "\r\n"])
def test_nothing_stays_nothing(text: str) -> None:
    assert fmt(text) == ""


# Lines that are too long, at width 40.
LONG = {
    "arguments": (
        "a = function(first_argument, second_argument)",
        "  a = function(\n    first_argument,\n    second_argument\n  )",
    ),
    "the widest brackets": (
        "a = small(b) + function(first, second_values)  weight 1",
        "  a = small(b) + function(\n    first,\n    second_values\n  )  weight 1",
    ),
    "logic first": (
        "a = first(b, c) and second(d, e) or third(f)",
        "  a = first(b, c) and second(d, e) or\n    third(f)",
    ),
    "operators": (
        "a = first_name + second_name * third_name - x",
        "  a = first_name +\n    second_name * third_name - x",
    ),
    "operators in brackets": (
        "a = function(first_name + second_name * third_name)",
        "  a = function(\n    first_name +\n      second_name * third_name\n  )",
    ),
    "a name keeps its attribute on its line": (
        "a = function_one(b) + another_thing * name  weight 1",
        "  a = function_one(b) +\n    another_thing * name  weight 1",
    ),
    "a table that would open a block": (
        'when_it is {"first": 1 m, "second": 20 m, "third": 3}',
        '  when_it is {"first": 1 m,\n    "second": 20 m,\n    "third": 3\n  }',
    ),
    "an attribute's word before a sign": (
        "a = not scale - (second_name + another_third)",
        "  a = not scale - (\n    second_name + another_third\n  )",
    ),
    "what cannot be broken": (
        'a = "a string that is longer than a line may be"',
        '  a = "a string that is longer than a line may be"',
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_long_lines(name: str) -> None:
    text, expected = LONG[name]
    assert kept(f"reward {{\n{text}\n}}", 40) == f"reward {{\n{expected}\n}}\n"


def test_words_that_could_be_attributes_do_not_end_up_where_they_would_be() -> None:
    """Shuffles words of the language into expressions that parse, and formats them for narrow lines."""
    rng = random.Random(0)
    words, tried = (
        [*ATTRIBUTES, *FLAGS, *SECTIONS, "not", "5 m", "-2", '"x"', "(", ")", ",", "+", "-", "*", "and", "is", "{"],
        0,
    )
    for _ in range(1500):
        parts = rng.choices(words, k=rng.randint(3, 14))
        text = f"{rng.choice(SECTIONS)} {{\n{rng.choice(['a = ', '', 'zero '])}{' '.join(parts)}\n}}\n"
        if parses(text):
            tried += 1
            kept(text, rng.choice([20, 30, 60]))
    assert tried > 50


def test_a_header_stays_on_its_line() -> None:
    text = "event a_long_name every 100 s .. 2000 s {\n  a.linvel = b\n}\n"
    assert kept(text, 30) == text


def test_a_long_line_does_not_push_the_others() -> None:
    short = "".join(f"  a{k} = b  weight 1\n" for k in range(4))
    long = f"  ab = {'c + ' * 15}d  weight 1\n"
    assert kept(f"reward {{\n{short}{long}}}\n") == f"reward {{\n{short}{long}}}\n"


def test_a_line_that_lining_up_would_make_too_long_stays_plain() -> None:
    text = "reward {\n  a = bbbbbbbbbbbbbbbbbbbbbb  weight 1\n  c = d  weight 12345678901234567890\n}\n"
    assert kept(text, 45) == text
    assert len(max(kept(text, 60).splitlines(), key=len)) > 45


def test_long_sums_and_deep_brackets_take_no_stack() -> None:
    kept(f"signal {{\n a = {' + '.join(['a'] * 3000)}\n}}\n")
    kept(f"signal {{\n a = {'(' * 150}b{')' * 150}\n}}\n", 40)
    with pytest.raises(SpecError):
        fmt(f"signal {{\n a = {'(' * 3000}b{')' * 3000}\n}}\n")


def test_a_long_file_formats_quickly() -> None:
    text = SHIPPED[-1].read_text("utf-8") * 15  # about 2,000 lines
    start = time.process_time()
    fmt(text)
    assert time.process_time() - start < 4.0  # measured 0.5 s on a quiet machine


# The check of the command itself


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("signal {\n  a = 2  # x\n}\n", "means something else"),
        ("signal {\n  a = 1  # y\n}\n", "comments"),
        ("signal {\n  a = 1\n}\n", "comments"),
        ("signal {\n  a = (1  # x\n}\n", "does not parse"),
    ],
)
def test_a_result_that_says_something_else_is_refused(after: str, told: str) -> None:
    text = "signal {\n  a = 1  # x\n}\n"
    with pytest.raises(FormatBug, match=told):
        check_same(read_file(SourceFile("t", text)), SourceFile("t", after))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("a = 1", "a   =   1;", True),
        ("a = -2 m", "a = - 2 m", False),  # a number, and the negative of one
        ("a = b -2 m", "a = b - 2 m", False),
        ("a = f(b, c,)", "a = f(b, c)", True),
        ('a = b * {\n"x": 1\n"y": 2\n}', 'a = b * {"x": 1, "y": 2}', True),
        ("a = b", "a = c", False),
        ("a = 1", "a = 1; b = 2", False),
        ("a = 1 s", "a = 1 ms", False),
    ],
)
def test_what_is_taken_for_the_same_parses_to_the_same_tree(old: str, new: str, same: bool) -> None:
    readings = [read_file(SourceFile("t", f"signal {{\n  {text}\n}}\n")) for text in (old, new)]
    assert not any(r.diagnostics for r in readings)
    assert same_tree(*(r.tree for r in readings)) or not same
    if same_food(*(r.statements for r in readings)):
        assert same_tree(*(r.tree for r in readings)) and same
    elif not same_tree(*(r.tree for r in readings)):
        with pytest.raises(FormatBug, match="means something else"):
            check_same(readings[0], readings[1].source)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SHIPPED))
def test_equal_food_makes_equal_trees(seed: int, path: Path) -> None:
    """Spaces put in and taken out anywhere, which may well mean something else."""
    text, rng = path.read_text("utf-8"), random.Random(seed)
    before, at = read_file(SourceFile("t", text)), rng.randrange(len(text))
    spaces = [m.start() for m in re.finditer(" ", text)]
    gone = rng.choice(spaces)
    for changed in (text[:at] + " " + text[at:], text[:gone] + text[gone + 1 :]):
        after = read_file(SourceFile("t", changed))
        if not after.diagnostics and same_food(before.statements, after.statements):
            assert same_tree(before.tree, after.tree)


def test_white_space_needs_no_second_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SHIPPED[-1].read_text("utf-8")
    spaced = text.replace(" = ", "   =   ")
    read_file(SourceFile("t.ksim", spaced))
    monkeypatch.setattr(equivalence, "read_file", lambda source: pytest.fail("read again"))
    assert fmt(spaced) == text


def test_the_formatter_checks_what_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter, "_with_comment", lambda line, comment: line)
    with pytest.raises(FormatBug, match="comments"):
        fmt("signal {  # x\n  a = 1\n}\n")


# Properties


def disturbed(text: str, rng: random.Random) -> str:
    """Returns a formatted text with white space, line ends and `;` changed in ways that say nothing."""
    out: list[str] = []
    table = False  # whose entries end in commas or with their line
    for line in text.splitlines():
        parts = re.split(r'("[^"]*"|#.*)', line.strip())  # strings and comments stay
        table = (table or (line.endswith("{") and "=" in line)) and not line.strip().startswith("}")
        block = table or line.endswith("{")
        parts[::2] = [_respaced(part, rng, breaks=not block) for part in parts[::2]]
        indent, end = rng.choice(["", " ", "\t", "      "]), rng.choice(["", " ", "\t"])
        out.append(
            indent + "".join(parts) + end + rng.choice(["", "", ";"]) * (bool(line) and not block and "#" not in line)
        )
        out += [""] * (rng.randrange(3) * (not line))
    return rng.choice(["\n", "\r\n"]).join([*[""] * rng.randrange(2), *out, ""])


def _respaced(code: str, rng: random.Random, breaks: bool) -> str:
    code = re.sub(r" +", lambda _: "".join(rng.choices(" \t", k=rng.randint(1, 4))), code)
    space = ["", " ", "\t "] + ["\n"] * breaks
    return re.sub(r"(?<=[(,\[{])\s*|\s*(?=[)\]])", lambda _: rng.choice(space), code)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SHIPPED))
def test_any_spacing_of_a_shipped_spec_formats_back(seed: int, path: Path) -> None:
    text = path.read_text("utf-8")
    assert fmt(disturbed(text, random.Random(seed))) == text


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(SHIPPED), st.integers(40, 160))
def test_comments_anywhere_are_kept(seed: int, path: Path, width: int) -> None:
    text, rng = path.read_text("utf-8"), random.Random(seed)
    tokens = [t for s in read_file(SourceFile("t", text)).statements for t in s.written]
    for tok in sorted(rng.sample(tokens, 5), key=lambda t: -t.end):
        note = rng.choice(["  # x\n", "\n# y\n", " # x\n\n  # y\n"])
        changed = text[: tok.end] + note + text[tok.end :]
        text = changed if parses(changed) else text
    kept(text, width)


def test_the_lines_of_a_long_sum_are_found_in_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each line would be a thousand looks at a thousand terms."""
    looks: list[int] = []
    look = wrap._Wrap._breakable
    monkeypatch.setattr(wrap._Wrap, "_breakable", lambda *args: (looks.append(args[2] - args[1]), look(*args))[1])
    text = "signal {\n  big = " + " + ".join(f"v.x * {k}" for k in range(1000)) + "\n}\n"
    assert max(map(len, format_text(SourceFile("t", text)).split("\n"))) <= 120
    assert 5000 < sum(looks) < 10_000
