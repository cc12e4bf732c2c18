"""Splits the token stream into statements and blocks, whatever state the text is in.

This is where newlines are kept or dropped, brackets are paired and missing or stray ones reported. A line that clearly starts a
statement ends the one before it, whatever bracket was left open, so a mistake never swallows the healthy lines below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ksim_spec.diagnostics import did_you_mean
from ksim_spec.source import SourceFile
from ksim_spec.syntax.report import MAX_DEPTH, Report
from ksim_spec.syntax.roles import ATTRIBUTE_WORDS, continues, is_attribute_use, opening_role
from ksim_spec.syntax.tokens import ASSIGN_OPS, CLOSER, OPERATORS, Scan, Statement, Tok
from ksim_spec.syntax.words import FLAGS, INFIX, NESTED_WORDS, SECTIONS, UNKNOWN, sections_in

_ENDS = frozenset({"NEWLINE", "SEMI", "$END"})
_OPEN = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_CLOSE = frozenset({"RPAR", "RSQB", "RBRACE"})
_LINE_STARTERS = (OPERATORS - {"MINUS", "PLUS"}) | ASSIGN_OPS | {"DOT", "COMMA", "COLON"}


@dataclass
class _Block:
    """An open block: the section's word (UNKNOWN when we cannot tell), its header's first token and its brace."""

    keyword: str
    first: Tok
    brace: Tok
    column: int


class Layout:
    """One pass over one file. `statements()` yields in order; `report` collects what was wrong."""

    def __init__(self, source: SourceFile, scan: Scan, report: Report) -> None:
        self.source, self.scan, self.report = source, scan, report
        self.tokens = [*scan.tokens, scan.tokens[-1]]  # one `$END` more, so that a look at the next token never ends
        self.i = 0
        self.blocks: list[_Block] = []

    @property
    def section(self) -> str:
        return self.blocks[-1].keyword if self.blocks else ""

    def statements(self) -> Iterator[Statement]:
        """Yields headers, statements and block ends, every header with its end."""
        while True:
            tok = self.tokens[self.i]
            if tok.type in ("NEWLINE", "SEMI"):
                self.i += 1
            elif tok.type == "$END":
                break
            elif tok.type == "RBRACE":
                self.i += 1
                if self.blocks:
                    yield self._close(tok)
                else:
                    self.report.stray_brace(tok)
            elif (brace := self._header_brace(self.i)) is not None:
                yield from self._header(brace)
            else:
                yield self._simple()
        end = self.tokens[-1]
        while self.blocks:
            self.report.unclosed_block(self.blocks[-1].first, self.blocks[-1].brace, None)
            yield self._close(Tok("RBRACE", "", end.start, end.end))

    def _close(self, brace: Tok) -> Statement:
        self.blocks.pop()
        return Statement([], brace, self.section)

    # Headers

    def _header_brace(self, i: int) -> int | None:
        """Returns the index of the `{` that ends the header starting at `i`, if a header starts there."""
        first = self.tokens[i]
        if first.type == "LBRACE":
            return i
        if first.type == "STRING" and self.tokens[i + 1].type == "LBRACE":
            return i + 1
        if first.type != "NAME":
            return None
        known = first.text in SECTIONS or first.text in NESTED_WORDS
        j, depth = i + 1, 0
        while True:
            tok = self.tokens[j]
            if tok.type == "LBRACE" and depth == 0:
                break
            if tok.type in ASSIGN_OPS or tok.type in ("RBRACE", "$END", "SEMI"):
                return None
            if tok.type == "NEWLINE":
                last = self.tokens[j - 1]
                if last.type == "LBRACE" and known:
                    return j - 1
                return (self._brace_below(i, j) or self._brace_missing(i, j)) if known else None
            depth += (tok.type in ("LPAR", "LSQB")) - (tok.type in ("RPAR", "RSQB") and depth > 0)
            j += 1
        if known:
            return j
        ends_line = self.tokens[j + 1].type in ("NEWLINE", "$END", "RBRACE")
        shaped = self.tokens[i + 1].type in ("LBRACE", "NAME", "STRING")
        clause = opening_role(self.tokens[i : i + 2], self.section) != "NAME"
        return j if ends_line and shaped and not clause else None

    def _brace_below(self, i: int, j: int) -> int | None:
        """The `{` alone at the start of the line after a section word: a common habit, reported and accepted."""
        if any(t.type not in ("NAME", "STRING", "QUANTITY", "RANGE", "DOT") for t in self.tokens[i:j]):
            return None
        while self.tokens[j].type == "NEWLINE":
            j += 1
        if self.tokens[j].type != "LBRACE":
            return None
        self.report.brace_below(self.tokens[i], self.tokens[j])
        return j

    def _brace_missing(self, i: int, j: int) -> int | None:
        """Puts in the `{` that a section's line lacks when a block clearly follows: the next line is indented deeper."""
        first, second = self.tokens[i], self.tokens[i + 1]
        if first.text not in sections_in(self.section) or second.type not in ("NAME", "STRING", "NEWLINE") or second.text in INFIX:
            return None
        below = j
        while self.tokens[below].type == "NEWLINE":
            below += 1
        if self.tokens[below].type == "$END" or self._column(below) <= self._column(i):
            return None
        end = self.tokens[j - 1].end
        self.report.missing_brace(first, self.tokens[j - 1])
        self.tokens.insert(j, Tok("LBRACE", "{", end, end))
        return j

    def _column(self, i: int) -> int:
        return self.source.position(self.tokens[i].start).column

    def _header(self, brace: int) -> Iterator[Statement]:
        tokens = [t for t in self.tokens[self.i : brace] if t.type != "NEWLINE"]
        end = self.tokens[brace]
        self.i = brace + 1
        first = tokens[0] if tokens else end
        column = self.source.position(first.start).column
        while self.blocks and first.text in SECTIONS and not self._allowed(first) and column <= self.blocks[-1].column:
            self.report.unclosed_block(self.blocks[-1].first, self.blocks[-1].brace, first)
            yield self._close(Tok("RBRACE", "", first.start, first.start))
        keyword = first.text if self._allowed(first) else None
        if first.type != "NAME":
            self.report.bare_brace(end)
        elif keyword is None and (keyword := self._misplaced(first)):
            tokens[0] = Tok("NAME", keyword, first.start, first.end)
        statement = Statement(tokens, end, self.section, keyword, broken=keyword is None)
        statement.names = tuple(t.text for t in tokens[1:2] if t.type == "NAME" and t.text not in ATTRIBUTE_WORDS)
        self.blocks.append(_Block(keyword or UNKNOWN, first, end, column))
        yield statement

    def _allowed(self, first: Tok) -> bool:
        return first.text in sections_in(self.section)

    def _misplaced(self, first: Tok) -> str | None:
        """Reports a block that cannot stand here; returns the section it most likely is, if only misspelt."""
        allowed = sections_in(self.section)
        if first.text in SECTIONS or first.text in NESTED_WORDS:
            self.report.misplaced_block(first, self.section)
            return None
        near = did_you_mean(first.text, allowed)
        self.report.unknown_section(first, near, allowed, self.section)
        return near[0] if near else None

    # Statements

    def _simple(self) -> Statement:
        """Collects one statement, up to the newline that ends it."""
        tokens: list[Tok] = []
        opened: list[Tok] = []  # brackets still open, table braces retyped LTABLE
        statement = Statement(tokens, self.tokens[self.i], self.section)
        in_params = self.tokens[self.i].text == "fn"
        if self._attribute_line(self.i) or self._operator_line(self.i):
            statement.broken = True
            self.report.line_start(self.tokens[self.i], joined=False)
        while True:
            tok = self.tokens[self.i]
            if tok.type == "$END" or (tok.type == "SEMI" and not opened):
                break
            if tok.type == "NEWLINE":
                if self._newline_ends(statement, opened, in_params):
                    break
                continue
            if tok.type == "RBRACE" and not any(o.type == "LTABLE" for o in opened):
                break
            self.i += 1
            if tok.type in _OPEN:
                self._open(tok, opened, statement)
            elif tok.type in _CLOSE:
                self._shut(tok, opened, statement)
            if tok.type == "COMMA" and opened and opened[-1].type == "LTABLE":
                tok.type = "SEP"
            tokens.append(tok)
        if opened and not statement.broken:
            self.report.unclosed_bracket(opened[-1])
            statement.broken = True
        self._finish(statement)
        return statement

    def _open(self, tok: Tok, opened: list[Tok], statement: Statement) -> None:
        if tok.type == "LBRACE":
            tok.type = "LTABLE"
        opened.append(tok)
        if len(opened) > MAX_DEPTH and not statement.broken:
            self.report.too_deep(tok)
            statement.broken = True

    def _shut(self, tok: Tok, opened: list[Tok], statement: Statement) -> None:
        """Pairs a closing bracket, reporting one that closes nothing or something else."""
        if tok.type == "RBRACE":
            tok.type = "RTABLE"
        if opened and CLOSER[opened[-1].type] == tok.type:
            opened.pop()
            return
        if not statement.broken:
            self.report.mismatched(tok, opened[-1] if opened else None)
            statement.broken = True
        if any(CLOSER[o.type] == tok.type for o in opened):
            while CLOSER[opened.pop().type] != tok.type:
                pass

    def _newline_ends(self, statement: Statement, opened: list[Tok], in_params: bool) -> bool:
        """Decides about the newline at the cursor; moves past it when it does not end the statement."""
        newline = self.tokens[self.i]
        j = self.i
        while self.tokens[j].type == "NEWLINE":
            j += 1
        last = statement.tokens[-1]
        starts = self._starts_statement(j, in_params and len(opened) == 1)
        if opened:
            if starts:
                return True
            if opened[-1].type == "LTABLE" and not continues(last):
                self._separate(statement, newline, j)
            self.i = j
            return False
        if continues(last):
            if starts or self.tokens[j].type in ("RBRACE", "$END"):
                return True
            self.i = j
            return False
        if j == self.i + 1 and (self._attribute_line(j) or (self._operator_line(j) and not self._line_assigns(j))):
            self.report.line_start(self.tokens[j], joined=True)
            self.i = j
            return False
        return True

    def _separate(self, statement: Statement, newline: Tok, following: int) -> None:
        """Turns a newline between two table entries into their separator."""
        edge = statement.tokens[-1].type in ("LTABLE", "SEP", "COMMA")
        if not edge and self.tokens[following].type not in ("RBRACE", "COMMA"):
            statement.tokens.append(Tok("SEP", "\n", newline.start, newline.end))

    def _starts_statement(self, j: int, in_params: bool) -> bool:
        """True when the line at `j` is surely a new statement, even inside an open bracket."""
        tok = self.tokens[j]
        if tok.type != "NAME":
            return False
        if self._is_target(j) and not in_params:
            return True
        if (tok.text in SECTIONS or tok.text in NESTED_WORDS) and self._header_brace_on_line(j):
            return True
        following = self.tokens[j + 1]
        if opening_role([tok, following], self.section) != "NAME" and following.type in ("NAME", "STRING", "QUANTITY"):
            return following.text not in INFIX
        return following.type == "NAME" and (is_attribute_use(self.tokens, j + 1))

    def _header_brace_on_line(self, j: int) -> bool:
        while self.tokens[j].type not in _ENDS:
            j += 1
        return self.tokens[j - 1].type == "LBRACE"

    def _is_target(self, j: int) -> bool:
        """True when the line starts with a path and an assignment sign."""
        depth, j = 0, j + 1
        while True:
            kind = self.tokens[j].type
            if kind in ASSIGN_OPS and not depth:
                return True
            if kind in ("LPAR", "LSQB"):
                depth += 1
            elif kind in ("RPAR", "RSQB") and depth:
                depth -= 1
            elif kind in _ENDS or (not depth and kind not in ("DOT", "NAME")):
                return False
            elif not depth and kind == "NAME" and self.tokens[j - 1].type != "DOT":
                return False
            j += 1

    def _attribute_line(self, j: int) -> bool:
        """True when the line at `j` starts with an attribute and so belongs to the line before."""
        tok = self.tokens[j]
        if tok.type != "NAME" or opening_role(self.tokens[j : j + 2], self.section) != "NAME":
            return False
        if tok.text in FLAGS:
            return self.tokens[j + 1].type in _ENDS or self.tokens[j + 1].type == "RBRACE"
        return is_attribute_use(self.tokens, j)

    def _operator_line(self, j: int) -> bool:
        """True when the line at `j` starts with an operator."""
        tok = self.tokens[j]
        if tok.type in ("MINUS", "PLUS"):
            return self.section != "check"
        if tok.type in _LINE_STARTERS:
            return True
        following = self.tokens[j + 1].type
        return tok.type == "NAME" and tok.text in INFIX and following not in ASSIGN_OPS | {"DOT", "$END"}

    def _line_assigns(self, j: int) -> bool:
        """True when the line at `j` has an assignment sign of its own, so that it cannot go on from the line above."""
        while self.tokens[j].type not in _ENDS and self.tokens[j].type not in ASSIGN_OPS:
            j += 1
        return self.tokens[j].type in ASSIGN_OPS

    def _finish(self, statement: Statement) -> None:
        """Sets the statement's end and the comments that belong to it."""
        if not statement.tokens:
            statement.end = Tok("_NL", "", self.tokens[self.i].start, self.tokens[self.i].start)
            return
        stop = statement.tokens[-1].end
        statement.end = Tok("_NL", "", stop, stop)
        if not self.scan.comments:
            return
        trailing = self.scan.by_line.get(self.source.position(stop).line)
        line = self.source.position(statement.tokens[0].start).line - 1
        above: list[str] = []
        while (comment := self.scan.by_line.get(line)) and comment.alone:
            above.append(comment.text)
            line -= 1
        statement.doc = "\n".join(reversed(above))
        statement.comment = trailing.text if trailing and trailing.span.start >= stop else statement.doc


