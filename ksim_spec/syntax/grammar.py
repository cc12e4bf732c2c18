"""Loads the grammar file and builds the LALR parser once per process."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib import resources
from pathlib import Path

from lark import Lark

from ksim_spec.syntax.build import Builder
from ksim_spec.syntax.keywords import COUNTS
from ksim_spec.units import UNITS

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


def make_parser(strict: bool = False, cache: str | None = None) -> tuple[Lark, Builder]:
    """Builds the parser and the builder its rules call; `strict` makes Lark refuse any conflict (for tests).

    `cache` names a file that holds the parse table between processes; Lark rebuilds it when the grammar, its own
    version or Python's differ, or when the file cannot be read.
    """
    builder = Builder()
    parser = Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",
        start=["file", "value"],
        transformer=builder,
        maybe_placeholders=True,
        postlex=_KeepTerminals(),
        strict=strict,
        cache=cache or False,
    )
    return parser, builder


def cache_file() -> str | None:
    """Returns where the parse table is kept: a file in a folder that only this user can write, or None without one.

    Building the table takes 0.2 s of CPU and loading it a few milliseconds. The file is a pickle, hence the ownership
    check. Set `KSIM_SPEC_CACHE` to choose the folder, or to an empty string to keep nothing.
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
        return str(folder / f"grammar-{sys.version_info[0]}.{sys.version_info[1]}.table")
    except (OSError, RuntimeError):
        return None


@cache
def shared_parser() -> tuple[Lark, Builder]:
    """Returns the one parser of this process; use it under the lock of `parse.py`."""
    return make_parser(cache=cache_file())
