"""Splits the token stream into statements and blocks, whatever state the text is in.

This is where newlines are kept or dropped, brackets are paired and missing or stray ones reported. A line that clearly
starts a statement ends the one before it, whatever bracket was left open, so a mistake never swallows the lines below.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from ksim_spec.diagnostics import did_you_mean
from ksim_spec.source import SourceFile
from ksim_spec.syntax import line_shape
from ksim_spec.syntax.keywords import EXPRESSION, INFIX, SECTIONS, UNKNOWN, sections_in
from ksim_spec.syntax.layout_errors import MAX_BLOCKS, MAX_DEPTH, Report
from ksim_spec.syntax.roles import ATTRIBUTE_WORDS, continues
from ksim_spec.syntax.tokens import CLOSER, Scan, Statement, Tok

_OPEN = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSE = frozenset({"RPAR", "RSQB", "RBRACE"})
_SURELY_MEANT = 0.75  # likeness from which a misspelt section is read as the known one


@dataclass
class _Block:
    """An open block: the section's word (UNKNOWN when we cannot tell), its header's first token, brace and column."""

    keyword: str
    first: Tok
    brace: Tok
    column: int
    shown: bool = True  # False for a block nested so deep that its statements count for the one around it

    @property
    def bare(self) -> bool:
        """True for a `{` that belongs to nothing."""
        return self.first.type in ("LBRACE", "STRING")


class Layout:
    """One pass over one file. `statements()` yields in order; `report` collects what was wrong.

    With `until` it ends before the token there, if nothing is open or excused then: it has `arrived`.
    """

    def __init__(self, source: SourceFile, scan: Scan, report: Report, until: int | None = None) -> None:
        self.source, self.scan, self.report = source, scan, report
        self.tokens = [*scan.tokens, scan.tokens[-1]]  # one `$END` more: a look at the next token never runs out
        self.i = 0
        self.until, self.arrived = until, until is None
        self.found = 0  # how many findings there were before the statement at the cursor
        self.blocks: list[_Block] = []
        self.excused = 0  # blocks that may lack their end: a `{` that belonged to nothing took it
        self._next_stray = -1  # where the `}` after a stray one would stand: a run of them is one mistake

    @property
    def section(self) -> str:
        return self.blocks[-1].keyword if self.blocks else ""

    def statements(self) -> Iterator[Statement]:
        """Yields headers, statements and block ends; every header gets its end."""
        while True:
            tok = self.tokens[self.i]
            if tok.start == self.until and not self.blocks and not self.excused:
                self.arrived = True
                return
            self.found = len(self.report.found)
            if tok.type in ("NEWLINE", "SEMI"):
                self.i += 1
            elif tok.type == "$END":
                break
            elif tok.type == "RBRACE":
                self.i += 1
                if self.blocks:
                    yield from self._close(tok)
                else:
                    self._stray_brace(tok)
            elif (brace := self._header_brace()) is not None:
                yield from self._header(brace)
            else:
                yield self._simple()
        end = self.tokens[-1]
        if self.blocks:
            self._report_unclosed(None)
        while self.blocks:
            yield from self._close(Tok("RBRACE", "", end.start, end.end))

    def _close(self, brace: Tok) -> Iterator[Statement]:
        block = self.blocks.pop()
        self.excused += block.bare and bool(brace.text)
        if block.shown:
            yield Statement([], brace, self.section)

    def _stray_brace(self, tok: Tok) -> None:
        if self._next_stray != self.i - 1:
            self.report.stray_brace(tok)
        self._next_stray = line_shape.skip_newlines(self.tokens, self.i)

    def _report_unclosed(self, before: Tok | None) -> None:
        """Reports the innermost open block; the ones around it that lack their end too are only mentioned."""
        if self.blocks[-1].bare:
            return  # a `{` that belongs to nothing is reported already
        if self.excused:
            self.excused -= 1
            return
        around = [b.first for b in self.blocks[:-1]] if before is None else []
        self.report.unclosed_block(self.blocks[-1].first, self.blocks[-1].brace, before, around)

    # Headers

    def _header_brace(self) -> int | None:
        """Returns the index of the `{` of the header at the cursor, found on its line or put in after it."""
        brace = line_shape.header_brace(self.tokens, self.i, self.section)
        if brace is not None:
            return brace
        first, second = self.tokens[self.i], self.tokens[self.i + 1]
        if first.text not in sections_in(self.section) or second.text in INFIX:
            return None
        if second.type not in ("NAME", "STRING", "NEWLINE"):
            return None
        end = line_shape.line_end(self.tokens, self.i)
        below = line_shape.skip_newlines(self.tokens, end)
        if self.tokens[below].type == "LBRACE":
            self.report.brace_below(first, self.tokens[below])
            return below
        if self.tokens[below].type == "$END" or self._column(self.tokens[below]) <= self._column(first):
            return None
        last = self.tokens[end - 1]
        self.report.missing_brace(first, last)
        self.tokens.insert(end, Tok("LBRACE", "{", last.end, last.end))
        return end

    def _column(self, tok: Tok) -> int:
        return self.source.position(tok.start).column

    def _header(self, brace: int) -> Iterator[Statement]:
        end = self.tokens[brace]
        tokens = [t for t in self.tokens[self.i : brace] if t.type != "NEWLINE"]
        self.i = brace + 1
        first = tokens[0] if tokens else end
        column = self._column(first)
        while self.blocks and first.text in SECTIONS and not self._allowed(first) and column <= self.blocks[-1].column:
            self._report_unclosed(first)
            yield from self._close(Tok("RBRACE", "", first.start, first.start))
        keyword = first.text if self._allowed(first) else None
        if len(self.blocks) >= MAX_BLOCKS:
            if len(self.blocks) == MAX_BLOCKS and first.type == "NAME":
                self.report.blocks_too_deep(end)
            self.blocks.append(_Block(UNKNOWN, first, end, column, shown=False))
            return
        if first.type != "NAME":
            if not (self.blocks and self.blocks[-1].bare):
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
        """Reports a block that cannot stand here; returns the section it surely is, if only misspelt."""
        if first.text in line_shape.BLOCK_WORDS:
            self.report.misplaced_block(first, self.section)
            return None
        allowed = sections_in(self.section)
        near = did_you_mean(first.text, allowed)
        self.report.unknown_section(first, near, allowed, self.section)
        return next(iter(difflib.get_close_matches(first.text.lower(), allowed, 1, _SURELY_MEANT)), None)

    # Statements

    def expression(self) -> Statement:
        """Returns the whole text as the tokens of one expression, without newlines."""
        statement = Statement([], self.tokens[-1], EXPRESSION)
        self._collect(statement, whole=True)
        return statement

    def _simple(self) -> Statement:
        """Returns the statement at the cursor, up to the newline that ends it."""
        first = self.tokens[self.i]
        statement = Statement([], first, self.section)
        if self._continues_line(self.i):
            self._fail(statement)
            self.report.line_start(first, joined=False)
        self._collect(statement, whole=False)
        self._finish(statement)
        return statement

    def _collect(self, statement: Statement, whole: bool) -> None:
        """Moves tokens into the statement until it ends, or to the end of the text when `whole`."""
        opened: list[Tok] = []  # brackets still open, table braces retyped LTABLE
        while (tok := self.tokens[self.i]).type != "$END":
            if not whole and self._ends_before(tok, statement, opened):
                break
            if tok.type == "NEWLINE":
                self._skip_newlines(statement, opened)
                continue
            self.i += 1
            if tok.type in _OPEN:
                self._open(tok, opened, statement)
            elif tok.type in _CLOSE:
                self._shut(tok, opened, statement)
            elif tok.type == "COMMA" and opened and opened[-1].type == "LTABLE":
                tok.type = "SEP"
            statement.tokens.append(tok)
        if opened and self._fail(statement):
            self.report.unclosed_bracket(opened[-1])

    def _ends_before(self, tok: Tok, statement: Statement, opened: list[Tok]) -> bool:
        if tok.type == "NEWLINE":
            return self._newline_ends(statement, opened)
        if tok.type == "RBRACE":
            return not any(o.type == "LTABLE" for o in opened)
        return tok.type == "SEMI" and not opened

    def _fail(self, statement: Statement) -> bool:
        """Marks the statement as broken; True the first time, when there is something to report."""
        was, statement.broken = statement.broken, True
        return not was

    def _open(self, tok: Tok, opened: list[Tok], statement: Statement) -> None:
        if tok.type == "LBRACE":
            tok.type = "LTABLE"
        opened.append(tok)
        if len(opened) > MAX_DEPTH and self._fail(statement):
            self.report.too_deep(tok)

    def _shut(self, tok: Tok, opened: list[Tok], statement: Statement) -> None:
        """Pairs a closing bracket, reporting one that closes nothing or something else."""
        if tok.type == "RBRACE":
            tok.type = "RTABLE"
        if opened and CLOSER[opened[-1].type] == tok.type:
            opened.pop()
            return
        if self._fail(statement):
            self.report.mismatched(tok, opened[-1] if opened else None)
        if any(CLOSER[o.type] == tok.type for o in opened):
            while CLOSER[opened.pop().type] != tok.type:
                pass

    def _newline_ends(self, statement: Statement, opened: list[Tok]) -> bool:
        """True when the newline at the cursor ends the statement."""
        j = line_shape.skip_newlines(self.tokens, self.i)
        in_parameters = statement.tokens[0].text == "fn" and len(opened) == 1
        starts = not in_parameters and line_shape.starts_statement(self.tokens, j, self.section)
        if opened:
            return starts
        if continues(statement.tokens[-1]):
            return starts or self.tokens[j].type in ("RBRACE", "$END")
        if j == self.i + 1 and self._continues_line(j) and not line_shape.assigns(self.tokens, j):
            self.report.line_start(self.tokens[j], joined=True)
            return False
        return True

    def _continues_line(self, j: int) -> bool:
        starts = (line_shape.starts_with_attribute, line_shape.starts_with_operator)
        return any(test(self.tokens, j, self.section) for test in starts)

    def _skip_newlines(self, statement: Statement, opened: list[Tok]) -> None:
        """Drops the newlines at the cursor; between two table entries they become the separator."""
        newline = self.tokens[self.i]
        self.i = line_shape.skip_newlines(self.tokens, self.i)
        if not opened or opened[-1].type != "LTABLE":
            return
        last = statement.tokens[-1]
        edge = last.type in ("LTABLE", "SEP") or self.tokens[self.i].type in ("RBRACE", "COMMA")
        if not edge and not continues(last):
            statement.tokens.append(Tok("SEP", "\n", newline.start, newline.end))

    def _finish(self, statement: Statement) -> None:
        """Sets the statement's end and the comments that belong to it."""
        first, last = statement.tokens[0], statement.tokens[-1]
        statement.end = Tok("_NL", "", last.end, last.end)
        if self.scan.comments:
            statement.doc = self.scan.comment_above(self.source.position(first.start).line)
            trailing = self.scan.comment_after(self.source.position(last.end).line, last.end)
            statement.comment = trailing or statement.doc
