"""Whatever the text, parsing ends quickly, without an exception, and with spans inside the text."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.grammar import shared_grammar
from ksim_spec.syntax.parse import parse_expr, parse_file
from ksim_spec.syntax.tokens import scan
from tests.syntax.parse_helpers import faulty

TEXT = (Path(__file__).parent / "north_star.ksim").read_text("utf-8")
TOKENS = [t for t in scan(SourceFile("t", TEXT), shared_grammar().pattern).tokens if t.type != "$END"]
PIECES = sorted({t.text for t in TOKENS}) + [
    "(", ")", "[", "]", "{", "}", '"', "'", "#", "$", ";", "?", "..", "<->", "if", "then", "not", "\r\n",
    "\t", "🤖", "\\", "override", "remove", "fn", "where", "as", "0x", "1.", ".5", "\0",
]  # fmt: skip


def check(text: str) -> list:
    tree, found = faulty(text)
    assert isinstance(tree, ast.File)
    for d in found:
        assert 0 <= d.span.start <= d.span.end <= len(text)
        assert d.message and "\n" not in d.message and d.code.startswith("KS")
    return found


def test_every_prefix() -> None:
    for end in range(0, len(TEXT), 11):
        assert len(check(TEXT[:end])) <= 2  # what is cut off, and the block around it


def test_every_single_token_deletion_gives_at_most_one_message() -> None:
    for tok in TOKENS[::3]:
        assert len(check(TEXT[: tok.start] + TEXT[tok.end :])) <= 1


def test_random_edits() -> None:
    rng = random.Random(0)
    for _ in range(150):
        text = TEXT
        for _ in range(rng.randint(1, 5)):
            tok = rng.choice(TOKENS)
            text = text[: tok.start] + rng.choice(PIECES) + text[tok.end if rng.random() < 0.5 else tok.start :]
        check(text)
        parse_expr(SourceFile("e", text[:150]))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_random_token_soup(pieces: list[str]) -> None:
    check(" ".join(pieces))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    check(text)
    parse_expr(SourceFile("e", text))


@pytest.mark.parametrize("opening", ["(", "[", "{", "f(", "- ", "not ", "2 ^ ", "if ", "{\n", ")"])
@pytest.mark.parametrize("before", ["", "x = "])
def test_deep_nesting_is_one_mistake(opening: str, before: str) -> None:
    assert len(check(before + opening * 3000)) == 1


def test_a_run_of_closing_braces_is_one_mistake() -> None:
    assert len(check("}\n" * 3000)) == 1


def test_nested_blocks_have_a_limit() -> None:
    text = "reward {\n" + " group g {\n" * 300 + " a = 1\n" + "}\n" * 301
    assert [d.slug for d in check(text)] == ["nesting-too-deep"]


@pytest.mark.parametrize("text", [" + ".join(["a"] * 5000), "a" + ".b" * 5000, "a" + "()" * 5000, "a" + " in b" * 5000])
def test_long_chains_parse(text: str) -> None:
    tree, found = parse_file(SourceFile("t", f"x = {text}\n"))
    assert found == [] and isinstance(tree.items[0], ast.Assign)
    assert parse_expr(SourceFile("t", text))[1] == []


def test_binary_garbage() -> None:
    rng = random.Random(1)
    check("".join(chr(rng.randrange(256)) for _ in range(5000)))
    check("".join(chr(rng.randrange(0x3000)) for _ in range(5000)))


def test_a_long_file_parses_quickly() -> None:
    start = time.perf_counter()
    assert check(TEXT * 9) == []  # about 1,000 lines
    assert time.perf_counter() - start < 2.0  # measured 0.16 s on a quiet machine
