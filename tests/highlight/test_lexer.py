"""The Pygments lexer: found by its name, loses nothing, sees no error in any spec."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatters import NullFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Error, Token

from ksim_spec.highlight.classes import STYLES
from ksim_spec.highlight.lexer import TOKENS, KsimLexer
from ksim_spec.highlight.terminal import colored
from tests.highlight.test_classify import GOLDEN, ROOT, SPECS
from tests.mistakes import Mistake, mistakes


def test_the_package_declares_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = project["entry-points"]["pygments.lexers"].items()
    assert EntryPoint(*entry, group="pygments.lexers").load() is KsimLexer


@pytest.mark.skipif(
    not entry_points(group="pygments.lexers", name="ksim"), reason="installed by an older pyproject.toml"
)
def test_pygments_finds_it():
    assert isinstance(get_lexer_by_name("ksim"), KsimLexer)
    assert isinstance(get_lexer_for_filename("specs/walk.ksim"), KsimLexer)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_no_spec_has_an_error(path: Path):
    text = path.read_text(encoding="utf-8")
    found = list(KsimLexer().get_tokens_unprocessed(text))
    assert "".join(piece for _, _, piece in found) == text
    assert Error not in {token for _, token, _ in found}


def test_a_mistaken_character_is_an_error():
    found = [
        piece for _, token, piece in KsimLexer().get_tokens_unprocessed("signal {\n  a = b & c\n}\n") if token is Error
    ]
    assert found == ["&"]


@pytest.mark.parametrize("case", mistakes()[::5], ids=lambda c: c.name)
def test_bad_specs_lose_nothing(case: Mistake):
    text = case.text
    assert "".join(piece for _, _, piece in KsimLexer().get_tokens_unprocessed(text)) == text


@settings(deadline=None)  # the machine is measured by that, not the code
@given(st.text(alphabet='ab1 .{}()[]"#\n;=+-*/&%\ufeff\r\tä', max_size=60))
def test_any_text_comes_back_whole(text: str):
    pieces = list(KsimLexer().get_tokens_unprocessed(text))
    assert "".join(piece for _, _, piece in pieces) == text
    assert [at for at, _, _ in pieces] == [sum(len(p) for _, _, p in pieces[:k]) for k in range(len(pieces))]


def test_every_class_has_a_token_of_its_own_kind():
    assert all(token is not Token for token in TOKENS.values())
    golden = {token for _, token, _ in KsimLexer().get_tokens_unprocessed(GOLDEN.read_text(encoding="utf-8"))}
    assert {TOKENS[name] for name in STYLES if name != "error"} <= golden


def test_it_colours_and_leaves_the_text_alone():
    text = GOLDEN.read_text(encoding="utf-8")
    assert highlight(text, KsimLexer(), NullFormatter()) == text
    painted = colored(text)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == text
    assert "\x1b[34mfn\x1b[39;49;00m \x1b[35mexcess\x1b[39;49;00m(x, " in painted
