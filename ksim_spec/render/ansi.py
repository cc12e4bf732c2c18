"""Terminal colours, and the width of text on a terminal."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from ksim_spec.diagnostics import Severity

TAB = 4
_COLORS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "info": "1;36", "hint": "1;32"}


@dataclass(frozen=True)
class Style:
    """Paints text with ANSI escapes, or leaves it alone."""

    color: bool = False

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def severity(self, text: str, severity: Severity) -> str:
        return self.paint(text, _COLORS[severity])

    def strong(self, text: str) -> str:
        return self.paint(text, "1")

    def dim(self, text: str) -> str:
        return self.paint(text, "1;34")


def wants_color(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Returns whether to colour what goes to `stream`: a terminal, unless `NO_COLOR` is set or `TERM` is dumb.

    `FORCE_COLOR` colours anything; `NO_COLOR` wins over it (both count when set and not empty).
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def visible(text: str) -> str:
    """Returns the text with control and direction-changing characters replaced by one visible symbol each.

    One character in, one character out, so offsets stay true. Tabs are kept: `cells` gives them their width.
    """
    return text if _simple(text) else "".join(c if _plain(c) else _symbol(c) for c in text)


def cells(char: str, column: int) -> int:
    """Returns how many terminal cells a character takes when it starts at zero-based cell `column`."""
    if char == "\t":
        return TAB - column % TAB
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Returns how many cells the text takes from the start of a line."""
    if _simple(text):
        return len(text)
    column = 0
    for char in text:
        column += cells(char, column)
    return column


def untabbed(text: str) -> str:
    """Returns the text with tabs as spaces, each reaching to the next multiple of `TAB` cells."""
    if _simple(text):
        return text
    out: list[str] = []
    column = 0
    for char in text:
        size = cells(char, column)
        out.append(" " * size if char == "\t" else char)
        column += size
    return "".join(out)


def _simple(text: str) -> bool:
    """Whether every character is one cell that shows as it is, as nearly all are: no need to look at each."""
    return text.isascii() and text.isprintable()


def _plain(char: str) -> bool:
    # Cs are lone surrogates, which no UTF-8 terminal can be sent; a soft line end would break the layout
    return char == "\t" or (unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") and not _bidi(char))


def _bidi(char: str) -> bool:
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


def _symbol(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # the block of pictures for control characters
    return "\u2421" if code == 0x7F else "\ufffd"
