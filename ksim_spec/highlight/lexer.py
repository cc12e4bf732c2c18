"""The Pygments lexer, for documentation and the terminal: `pygmentize -l ksim`, Sphinx, MkDocs, `ksim explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pygments.lexer import Lexer
from pygments.token import Error, Punctuation, Whitespace, string_to_tokentype

from ksim_spec.highlight.classes import STYLES
from ksim_spec.highlight.classify import pieces
from ksim_spec.source import SourceFile
from ksim_spec.syntax.parse import read_file

TOKENS = {name: string_to_tokentype(style.pygments) for name, style in STYLES.items()}


class KsimLexer(Lexer):
    """Colours `.ksim` text as the parser reads it, so a word is a keyword only where it acts as one."""

    name = "ksim"
    url = "https://pypi.org/project/ksim_spec"
    aliases = ("ksim",)
    filenames = ("*.ksim",)
    mimetypes = ("text/x-ksim",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Yields start, token type and text of every stretch of the text; together they are the text."""
        at = 0
        for piece in pieces(read_file(SourceFile("text.ksim", text)), text):
            yield from _between(text, at, piece.start)
            yield piece.start, TOKENS[piece.name], text[piece.start : piece.end]
            at = piece.end
        yield from _between(text, at, len(text))


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, Any, str]]:
    """What lies between two pieces: blanks, separators, and what the parser passed over as a mistake."""
    gap = text[start:end]
    if gap:
        blank = not gap.strip("\ufeff \t\r\n\f\v\u00a0")
        yield start, Whitespace if blank else Punctuation if not gap.strip(" \t\n;{}") else Error, gap
