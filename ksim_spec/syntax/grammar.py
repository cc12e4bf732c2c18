"""Loads the grammar file; its tables are made by Lark once and then kept."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ksim_spec.syntax.automaton import Grammar
from ksim_spec.syntax.build import Builder
from ksim_spec.syntax.tables import Tables, keep_tables, kept_tables, key_of, tables_of
from ksim_spec.syntax.words import COUNTS
from ksim_spec.units import UNITS

if TYPE_CHECKING:
    from lark import Lark

_WORD_END = r"(?![A-Za-z0-9_])"
NUMBER = r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?"


def _longest_first(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w)))


def unit_pattern() -> str:
    """Returns a regular expression for one unit without spaces: a product, at most one `/`, integer powers.

    Only symbols of the unit table match, and only where no name goes on, so `5 m*x` ends its unit at `m`.
    """
    words = _longest_first([symbol for symbol in UNITS if symbol.isalpha()])
    signs = _longest_first([symbol for symbol in UNITS if not symbol.isalpha()])
    symbol = rf"(?:(?:{words})(?:\^-?[0-9]+)?{_WORD_END}|(?:{signs}))"
    product = rf"{symbol}(?:[*·]{symbol})*"
    return rf"(?:{product}(?:\/{product})?)"


def grammar_text() -> str:
    """Returns the text of `ksim.lark` with the unit, count and number patterns filled in."""
    packaged = resources.files("ksim_spec") / "grammar" / "ksim.lark"
    checkout = Path(__file__).resolve().parents[2] / "grammar" / "ksim.lark"
    text = packaged.read_text("utf-8") if packaged.is_file() else checkout.read_text("utf-8")
    counts = f"(?:{_longest_first(list(COUNTS))}){_WORD_END}"
    return text.replace("@UNIT@", unit_pattern()).replace("@COUNT@", counts).replace("@NUMBER@", NUMBER)


class _KeepTerminals:
    """Tells Lark to lex the terminals that only our own passes read."""

    always_accept = ("NEWLINE", "COMMENT", "SEMI", "BAD_STRING", "STRAY")

    def process(self, stream):  # noqa: ANN001, ANN201 - Lark's interface
        return stream


def make_parser(strict: bool = False, builder: Builder | None = None) -> Lark:
    """Returns Lark's parser of the grammar. For tests: it refuses any conflict when `strict`, and calls a builder."""
    from lark import Lark

    return Lark(
        grammar_text(), parser="lalr", lexer="basic", start=["file", "value"], maybe_placeholders=True,
        postlex=_KeepTerminals(), strict=strict, transformer=builder,
    )  # fmt: skip


def make_tables(cache: Path | None = None) -> Tables:
    """Returns the tables of the grammar, from the file `cache` where it holds them; else they are made and kept there.

    Making them takes 0.2 s of CPU, reading them a few milliseconds.
    """
    key = key_of(grammar_text())
    tables = kept_tables(cache, key) if cache else None
    if tables is None:
        tables = tables_of(make_parser())
        if cache:
            keep_tables(tables, cache, key)
    return tables


def cache_file() -> Path | None:
    """Returns where the tables are kept: a file in a folder that only this user can write, or None without one.

    What others could write there would decide how specs are read, hence the ownership check. Set `KSIM_SPEC_CACHE` to
    choose the folder, or to an empty string to keep nothing.
    """
    chosen = os.environ.get("KSIM_SPEC_CACHE")
    if chosen == "":
        return None
    try:
        base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
        folder = Path(chosen) if chosen else Path(base) / "ksim-spec"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and (folder.stat().st_uid != os.geteuid() or folder.stat().st_mode & 0o022):
            return None
        return folder / "grammar.json"
    except (OSError, RuntimeError):
        return None


@cache
def shared_grammar() -> Grammar:
    """Returns the one grammar of this process; use it under the lock of `parse.py`."""
    return Grammar(make_tables(cache_file()), Builder())
