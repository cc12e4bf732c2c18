"""The grammar file itself: no conflicts, disjoint vocabularies, a parse table that is kept safely."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lark import Tree
from lark.exceptions import UnexpectedToken

from ksim_spec.source import SourceFile
from ksim_spec.syntax import words
from ksim_spec.syntax.automaton import Automaton
from ksim_spec.syntax.build import Builder
from ksim_spec.syntax.grammar import cache_file, make_parser, make_tables, shared_grammar
from ksim_spec.syntax.parse import read_file
from ksim_spec.syntax.report import RULES
from ksim_spec.syntax.tokens import BLANK, Tok
from ksim_spec.units import UNITS

ROOT = Path(__file__).parents[2]
TEXTS = [*sorted(ROOT.glob("specs/*.ksim")), *sorted(ROOT.glob("tests/**/*.ksim"))]
ACTIONS = Builder()
LARK = make_parser(builder=ACTIONS)  # what it makes of a text is what our own automaton must make of it

KEYWORDS = {*words.INFIX, *words.PREFIX, "override", "fn"}


def test_lark_strict_mode_finds_no_conflict() -> None:
    pytest.importorskip("interegular")
    make_parser(strict=True)


def test_units_share_no_spelling_with_any_word() -> None:
    taken = {*words.ATTRIBUTES, *words.FLAGS, *words.SECTIONS, *words.DIRECTIVES, *words.COUNTS, *words.PER_SCOPES}
    taken |= {w for clause in words.CLAUSES.values() for w in clause} | KEYWORDS
    assert not taken & set(UNITS)
    assert not set(words.UNIT_SPELLINGS) & set(UNITS)
    assert set(words.UNIT_SPELLINGS.values()) <= set(UNITS)


def test_word_classes_do_not_overlap() -> None:
    assert not set(words.ATTRIBUTES) & set(words.FLAGS)
    assert not (set(words.ATTRIBUTES) | set(words.FLAGS)) & KEYWORDS
    assert set(words.OPTIONAL) <= set(words.ATTRIBUTES) | set(words.FLAGS)
    assert set(words.NAME_CLAUSES) <= {w for clause in words.CLAUSES.values() for w in clause}
    assert len(set(RULES.values())) == len(RULES)


def test_kept_tables_are_the_ones_that_were_made(tmp_path: Path) -> None:
    file = tmp_path / "tables"
    for spoilt in (b"", b"not tables", b"{}", b"[1]", b'{"key": "of another grammar"}', b"\xff"):
        file.write_bytes(spoilt)
        made = make_tables(file)  # and written: Lark numbers the states anew each time
        assert make_tables(file) == made


def test_reading_with_kept_tables_needs_no_lark(tmp_path: Path) -> None:
    code = "import sys; from ksim_spec.syntax.parse import *; e = parse_expr(SourceFile('t', '1 + a.b'))"
    code += "; print(e[0].op, 'lark' in sys.modules)"
    environ = {**os.environ, "KSIM_SPEC_CACHE": str(tmp_path / "c")}
    told = [subprocess.check_output([sys.executable, "-c", code], env=environ, text=True).split() for _ in range(2)]
    assert told == [["+", "True"], ["+", "False"]]


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.stem)
def test_tokens_are_those_that_lark_finds(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    found = [(m.lastgroup, m[0], m.start()) for m in shared_grammar().pattern.finditer(text)]
    assert [t for t in found if t[0] not in (BLANK, "COMMENT")] == [
        (t.type, str(t), t.start_pos) for t in LARK.lex(text) if t.type != "COMMENT"
    ]


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.stem)
def test_values_and_refusals_are_those_of_lark(path: Path) -> None:
    """Each statement of a text, taken in by Lark's own parser with our actions and by ours."""
    source = SourceFile("t", path.read_bytes().decode("utf-8", "replace"))
    builder = shared_grammar().builder
    for statement in read_file(source).statements:
        if statement.end.type != "_NL" or statement.broken:
            continue
        tokens = [*statement.tokens, statement.end, Tok("$END", "", 0, 0)]
        automaton, theirs = Automaton(shared_grammar(), "file"), LARK.parse_interactive(start="file").parser_state
        builder.file_name = ACTIONS.file_name = "t"
        builder.statement = ACTIONS.statement = statement
        for tok in tokens[:-1]:
            took = automaton.feed(tok)
            try:
                theirs.feed_token(tok)  # type: ignore[arg-type]
            except UnexpectedToken:
                assert not took
                break
            assert took
        else:
            assert automaton.finish(tokens[-1]) == theirs.feed_token(tokens[-1], True)  # type: ignore[arg-type]
        if theirs.value_stack:
            assert automaton.values == [_parts(v) for v in theirs.value_stack]


def _parts(value: object) -> object:
    """Returns the value of a rule that only collects parts as our automaton has it: their list."""
    return value.children if isinstance(value, Tree) else value


def test_cache_folder_can_be_chosen_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSIM_SPEC_CACHE", "")
    assert cache_file() is None
    monkeypatch.setenv("KSIM_SPEC_CACHE", str(tmp_path / "c"))
    chosen = cache_file()
    assert chosen is not None and Path(chosen).parent == tmp_path / "c"
    if os.name == "posix":
        (tmp_path / "c").chmod(0o777)
        assert cache_file() is None  # others could plant a file there
    monkeypatch.setenv("KSIM_SPEC_CACHE", str(Path(__file__)))
    assert cache_file() is None


def test_parsing_imports_neither_jax_nor_mujoco() -> None:
    code = "import sys, ksim_spec.syntax.parse; sys.exit(bool({'jax', 'mujoco', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
