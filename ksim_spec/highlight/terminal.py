"""A spec in the colours of a terminal."""

from __future__ import annotations

from pygments import highlight
from pygments.formatters import TerminalFormatter
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, Token

from ksim_spec.highlight.lexer import KsimLexer

# On a light and on a dark ground. Red is left to mistakes.
_COLORS = {
    Token: ("", ""),
    Comment: ("gray", "brightblack"),
    Keyword: ("blue", "brightblue"),
    Keyword.Constant: ("magenta", "brightmagenta"),
    Keyword.Type: ("cyan", "brightcyan"),
    Keyword.Pseudo: ("yellow", "yellow"),
    Operator.Word: ("blue", "brightblue"),
    Number: ("cyan", "brightcyan"),
    String: ("green", "green"),
    Name.Builtin: ("magenta", "brightmagenta"),
    Name.Builtin.Pseudo: ("magenta", "brightmagenta"),
    Name.Function: ("magenta", "brightmagenta"),
    Error: ("_brightred_", "_brightred_"),
}


def colored(text: str) -> str:
    """Returns the text of a spec with ANSI escapes; without them it is the same text."""
    return highlight(text, KsimLexer(stripnl=False, ensurenl=False), TerminalFormatter(colorscheme=_COLORS))
