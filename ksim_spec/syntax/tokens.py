"""Tokens, and the scan of a source text into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ksim_spec.source import SourceFile, Span


class Tok:
    """One token: terminal name, text and code-point offsets. The role pass may change its type."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type, self.text, self.start, self.end = type, text, start, end

    def __repr__(self) -> str:
        return f"{self.type}:{self.text}@{self.start}"


@dataclass(frozen=True)
class Comment:
    """One `#` comment; `alone` when nothing stands before it on its line."""

    span: Span
    text: str
    line: int
    alone: bool


@dataclass
class Scan:
    """Tokens (newlines included, an `$END` last) and comments by line."""

    tokens: list[Tok]
    comments: list[Comment]
    by_line: dict[int, Comment] = field(default_factory=dict)

    def comment_above(self, line: int) -> str:
        """Returns the comment lines that stand directly above a line, joined by newlines; empty without any."""
        above: list[str] = []
        while (comment := self.by_line.get(line - 1)) and comment.alone:
            above.append(comment.text)
            line -= 1
        return "\n".join(reversed(above))

    def comment_after(self, line: int, offset: int) -> str:
        """Returns the comment on this line that starts at or after `offset`; empty without one."""
        comment = self.by_line.get(line)
        return comment.text if comment and comment.span.start >= offset else ""


def scan(source: SourceFile, pattern: re.Pattern[str], begin: int = 0, stop: int | None = None) -> Scan:
    """Splits the text, or whole lines of it, into tokens; never fails: any other character becomes a STRAY token."""
    tokens: list[Tok] = []
    comments: list[Comment] = []
    end = len(source.text) if stop is None else stop
    for match in pattern.finditer(source.text, begin, end):
        kind, text, start = match.lastgroup or "", match[0], match.start()
        if kind == "COMMENT":
            alone = not tokens or tokens[-1].type == "NEWLINE"
            line = source.position(start).line
            span = Span(source.name, start, start + len(text.rstrip()))
            comments.append(Comment(span, text.lstrip("#").strip(), line, alone))
        elif kind != BLANK:
            tokens.append(Tok(kind, text, start, match.end()))
    tokens.append(Tok("$END", "", end, end))
    return Scan(tokens, comments, {c.line: c for c in comments})


@dataclass
class Statement:
    """The tokens of one statement, header or block end, and where it stands."""

    tokens: list[Tok]
    end: Tok  # _NL, LBRACE (a header) or RBRACE (a block's end, then `tokens` is empty)
    section: str = ""  # the block it stands in
    keyword: str | None = None  # of a header: the section it opens; None when unknown or misplaced
    broken: bool = False  # already reported: the parser must not look at it
    comment: str = ""
    doc: str = ""
    names: tuple[str, ...] = ()
    written: list[Tok] = field(default_factory=list)  # once roles are known: `tokens` with the fillers that they lack

    @property
    def start(self) -> int:
        return self.tokens[0].start if self.tokens else self.end.start

    @property
    def stop(self) -> int:
        return self.tokens[-1].end if self.tokens else self.end.end


BLANK = "__IGNORE_0"  # what Lark calls the grammar's one %ignore
ASSIGN_OPS = frozenset({"EQUAL", "PLUS_EQUAL", "STAR_EQUAL"})
CLOSER = {"LPAR": "RPAR", "LSQB": "RSQB", "LTABLE": "RTABLE"}
SHOWN = {"LPAR": "(", "LSQB": "[", "LTABLE": "{", "RPAR": ")", "RSQB": "]", "RTABLE": "}"}
# Operator tokens after which an operand must come; a newline after one does not end the statement.
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET", "COMPARE", "RANGE", "ARROW"})


def declared_names(tokens: Sequence[Tok]) -> tuple[str, ...]:
    """Returns the names a broken statement would have declared: its first name, unless that heads a longer path."""
    if tokens and tokens[0].type == "OVERRIDE":
        return ()
    words = [t for t in tokens[:3] if t.type not in ("FN", "CLAUSE", "SECTION", "DIRECTIVE")]
    if not words or words[0].type != "NAME":
        return ()
    if len(words) > 1 and words[1].type in ("DOT", "LPAR", "LSQB") and tokens[0].type != "FN":
        return ()
    return (words[0].text,)
