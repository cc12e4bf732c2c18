"""One mistake gives one message at its place, and every healthy statement survives."""

from __future__ import annotations

import pytest

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from tests.syntax.parse_helpers import faulty


def healthy(items: tuple) -> list[str]:
    """Names of what parsed, blocks flattened."""
    names = []
    for item in items:
        if isinstance(item, ast.Section):
            names += [f"{item.keyword}:", *healthy(item.body)]
        elif isinstance(item, ast.Assign) and isinstance(item.target, ast.Name):
            names.append(item.target.id)
        elif isinstance(item, ast.Entry):
            names.append(item.name)
    return names


# A line of a `reward` block that is wrong: rule, the text it points at, and a word its help or message must hold.
LINES = [
    ("a = 1 +", "missing-value", "+", "missing"),
    ("a =", "missing-value", "=", "missing"),
    ("a = x weight", "missing-value", "weight", "value"),
    ("a = f(,)", "missing-value", "(,", "missing"),
    ("a = and b", "missing-value", "= and", "reserved"),
    ("a = f(1, 2", "unclosed-bracket", "(", "add `)`"),
    ("a = [1, 2", "unclosed-bracket", "[", "add `]`"),
    ("a = sum(x where c  weight 2 per s", "unclosed-bracket", "(", "never closed"),
    ("a = (1, 2]", "unmatched-bracket", "]", "closed by"),
    ("a = 1)", "unmatched-bracket", ")", "closes nothing"),
    ("a = v weigth 2 per s", "unknown-word", "weigth", "`weight`"),
    ("a = v wieght -2 per s", "unknown-word", "wieght", "`weight`"),
    ("a 3", "missing-equals", "a", "`a = …`"),
    ("a.b 3", "missing-equals", "a.b", "`a.b = …`"),
    ("a : 3", "missing-equals", ":", "`a = …`"),
    ("a = x = y", "unexpected-token", "=", "`==`"),
    ("a = f(b = 3)", "unexpected-token", "=", "name: value"),
    ("a = x < y < z", "unexpected-token", "<", "chain"),
    ("a = x where y", "unexpected-token", "where", "parentheses"),
    ("a = x as deg + 1", "unexpected-token", "+", "parentheses"),
    ("a = x AND y", "unexpected-token", "AND", "`and`"),
    ("a = if x then y", "missing-value", "a = if x then y", "else"),
    ("a = 10 % 3", "unexpected-token", "3", "`mod`"),
    ("a = 1 $ 2", "invalid-character", "$", "$"),
    ("a = 1 ø° 2", "invalid-character", "ø°", "ø°"),
    ("a = x & y", "invalid-character", "&", "`and`"),
    ('a = "abc', "unterminated-string", '"abc', "quote"),
    ("a = 'abc'", "unterminated-string", "'abc'", '"abc"'),
    ("a = 1.2.3", "malformed-number", "1.2.3", "1.2.3"),
    ("a = .5", "malformed-number", ".5", "`0.5`"),
    ("a = 5.", "malformed-number", "5.", "`5.0`"),
    ("a = 0x10", "malformed-number", "0x10", "not a number"),
    ("a = 2 e3", "malformed-number", "2 e3", "`2e3`"),
    ("a = v.2", "malformed-number", ".2", "digit"),
    ("a = 0.3 m / s", "spaced-unit", "0.3 m / s", "`0.3 m/s`"),
    ("a = 2 m/s/s", "spaced-unit", "2 m/s/s", "`m/s^2`"),
    ("a = 1 / s", "spaced-unit", "1 / s", "`1 per s`"),
    ("a = 3 N * m", "spaced-unit", "3 N * m", "`3 N*m`"),
    ("a = 3 metres", "unknown-unit", "metres", "`m`"),
    ("a = 3 radians", "unknown-unit", "radians", "`rad`"),
    ("a = 3 khz", "unknown-unit", "khz", "`kHz`"),
    ("a = x per epsiode", "unknown-unit", "epsiode", "`episode`"),
    ("a = x as parsec", "unknown-unit", "parsec", "parsec"),
    ("a + b = 2", "invalid-target", "a + b", "path"),
    ("in = 2", "reserved-word", "in", "reserved"),
    ("= 2", "misplaced-line-start", "=", "nothing"),
    ("weight 2", "misplaced-line-start", "weight", "attribute"),
]


@pytest.mark.parametrize(("line", "slug", "place", "word"), LINES, ids=[line[0] for line in LINES])
def test_one_bad_line(line: str, slug: str, place: str, word: str) -> None:
    text = f"reward {{\n  before = 1\n\n  {line}\n\n  after = 2\n}}\nworld {{\n  floor = plane\n}}\n"
    tree, found = faulty(text)
    assert [d.slug for d in found] == [slug]
    assert text[found[0].span.start : found[0].span.end] == place
    assert word in found[0].message + found[0].help
    kept = healthy(tree.items)
    assert [n for n in kept if n not in ("a",)] == ["reward:", "before", "after", "world:", "floor"]


def test_many_mistakes_give_one_message_each() -> None:
    text = (
        "reward {\n  a = x *\n  b = [1, 2\n  c = f(1,\n  d = 1  weigth 2 per s\n  e = 1 $\n  ok = 1\n}\n"
        "rewards {\n  ok2 = 1\n}\nsignal {\n  ok3 = 1\nworld {\n  ok4 = 1\n}\n"
    )
    tree, found = faulty(text)
    source = SourceFile("t", text)
    assert [(d.slug, source.position(d.span.start).line) for d in found] == [
        ("missing-value", 2),
        ("unclosed-bracket", 3),
        ("unclosed-bracket", 4),
        ("unknown-word", 5),
        ("invalid-character", 6),
        ("unknown-section", 9),
        ("unclosed-block", 12),
    ]
    assert healthy(tree.items) == ["reward:", "ok", "reward:", "ok2", "signal:", "ok3", "world:", "ok4"]
    broken = [s for s in tree.items[0].body if isinstance(s, ast.ErrorStmt)]
    assert [s.names for s in broken] == [("a",), ("b",), ("c",), ("d",), ("e",)]


def test_a_line_that_continues_the_one_above_is_read_with_it() -> None:
    tree, found = faulty("reward {\n a = x\n   weight 2 per s\n b = x\n  + y\n c = 2\n}\n")
    assert [d.slug for d in found] == ["misplaced-line-start"] * 2
    a, b, c = tree.items[0].body
    assert a.attrs[0].word == "weight" and isinstance(b.value, ast.Binary) and c.attrs == ()


@pytest.mark.parametrize(
    ("text", "slugs", "kept"),
    [
        ("reward {\n a = 1\n}\n}\nworld {\n b = 1\n}\n", ["unmatched-bracket"], ["reward:", "a", "world:", "b"]),
        ("reward\n{\n a = 1\n}\n", ["unexpected-token"], ["reward:", "a"]),
        ("reward\n  a = 1\n}\n", ["unclosed-block"], ["reward:", "a"]),
        ("reward {\n a = 1\n", ["unclosed-block"], ["reward:", "a"]),
        ("reward {\n terminate {\n  a when b fail\n }\n c = 1\n}\n", ["misplaced-block"], ["reward:", "c"]),
        ("product p {\n a = 1\n}\nb = 1\n", ["misplaced-block"], ["b"]),
        ("foo bar {\n a = 1\n pose home\n}\nb = 1\n", ["unknown-section"], ["b"]),
        ("{\n a = 1\n}\nb = 1\n", ["unexpected-token"], ["b"]),
        ("event push evry 5 s {\n a = 1\n}\n", ["unknown-word"], ["event:", "a"]),
        ("event push every {\n a = 1\n}\n", ["missing-value"], ["event:", "a"]),
        ("reset {\n pose = home\n pose home\n}\n", ["reserved-word"], ["reset:"]),
        ("fn f(a)\nb = 1\n", ["missing-equals"], ["b"]),
        ("fn f = 3\nb = 1\n", ["unexpected-token"], ["b"]),
        ("override a.b\nb = 1\n", ["missing-equals"], ["b"]),
        ('extend "x"\nb = 1\n', ["unexpected-token"], ["b"]),
        ("include x.y\nb = 1\n", ["unexpected-token"], ["b"]),
        ("reward\nb = 1\n", ["unexpected-token"], ["b"]),
        ("a < b\nb = 1\n", ["statement-outside-block"], ["b"]),
        ("check {\n a < 3\n -b < 3\n a < )\n c < 1\n}\n", ["unmatched-bracket"], ["check:"]),
    ],
)
def test_blocks_and_top_level(text: str, slugs: list[str], kept: list[str]) -> None:
    tree, found = faulty(text)
    assert [d.slug for d in found] == slugs
    assert healthy(tree.items) == kept


def test_a_block_we_cannot_place_still_declares_its_names() -> None:
    tree, _ = faulty("foo bar {\n a = 1\n b when c fail\n}\n")
    assert tree.items == (ast.ErrorStmt(("foo", "bar", "a", "b")),)


def test_a_broken_header_keeps_its_section_and_needs_no_second_message() -> None:
    section = faulty("event push evry 5 s {\n a = 1\n}\n")[0].items[0]
    assert (section.keyword, section.name) == ("event", "push")
    assert section.attrs == (ast.Attr("every", (ast.ErrorExpr(),)),)
