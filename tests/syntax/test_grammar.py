"""The grammar file itself: no conflicts, disjoint vocabularies, a parse table that is kept safely."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ksim_spec.syntax import keywords
from ksim_spec.syntax.grammar import cache_file, make_parser
from ksim_spec.units import UNITS

KEYWORDS = {*keywords.INFIX, *keywords.PREFIX, "override", "fn"}


def test_lark_strict_mode_finds_no_conflict() -> None:
    pytest.importorskip("interegular")
    make_parser(strict=True)


def test_units_share_no_spelling_with_any_word() -> None:
    taken = {
        *keywords.ATTRIBUTES,
        *keywords.FLAGS,
        *keywords.SECTIONS,
        *keywords.DIRECTIVES,
        *keywords.COUNTS,
        *keywords.PER_SCOPES,
    }
    taken |= {w for clause in keywords.CLAUSES.values() for w in clause} | KEYWORDS
    assert not taken & set(UNITS)
    assert not set(keywords.UNIT_SPELLINGS) & set(UNITS)
    assert set(keywords.UNIT_SPELLINGS.values()) <= set(UNITS)


def test_word_classes_do_not_overlap() -> None:
    assert not set(keywords.ATTRIBUTES) & set(keywords.FLAGS)
    assert not (set(keywords.ATTRIBUTES) | set(keywords.FLAGS)) & KEYWORDS
    assert set(keywords.NAME_CLAUSES) <= {w for clause in keywords.CLAUSES.values() for w in clause}


def test_a_kept_parse_table_parses_the_same(tmp_path: Path) -> None:
    file = str(tmp_path / "table")
    for _ in range(2):  # built and written, then read
        parser, builder = make_parser(cache=file)
        builder.file_name = "t"
        assert [t.type for t in parser.lex("a = 1 m")] == ["NAME", "EQUAL", "QUANTITY"]
    Path(file).write_bytes(b"not a table")
    assert make_parser(cache=file)[0].lex("a")


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
