"""Formats a `.ksim` file: one way to lay out what was written, with every comment at its place.

Only white space, `;`, commas before a closing bracket and those that stand for line ends in a table change. Numbers,
units, names, order and blank lines (at most one at a time) stay as written.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.diagnostics import SpecError
from ksim_spec.formatter.columns import Cell, Row, align
from ksim_spec.formatter.equivalence import check_same
from ksim_spec.formatter.items import Item, items
from ksim_spec.formatter.spaces import WIDE, cell_starts, gaps
from ksim_spec.formatter.wrap import INDENT, has_comments, wrap
from ksim_spec.source import SourceFile, SourceMap, plain_lines
from ksim_spec.syntax.parse import read_file
from ksim_spec.syntax.tokens import ASSIGN_OPS

WIDTH = 120
_ALONE = frozenset({"open", "close", "line", "comment"})


def format_text(source: SourceFile, width: int = WIDTH) -> str:
    """Returns the formatted text of a file, which parses to the same tree and holds the same comments.

    Raises SpecError when the file has syntax errors. What is changed is read again: should it mean something else,
    which would be our mistake, an AssertionError keeps it from being used.
    """
    source = SourceFile(source.name, plain_lines(source.text), source.path)
    reading = read_file(source)
    if reading.diagnostics:
        sources = SourceMap()
        sources.add(source)
        raise SpecError(reading.diagnostics, sources)
    page = _Page(width)
    for item in items(reading, source.text):
        page.add(item)
    page.finish()
    text = "".join(f"{line}\n" for line in page.lines)
    if text != source.text:
        check_same(reading, SourceFile(source.name, text))
    return text


class _Page:
    """Takes the items of a file in order and makes its lines; statements of one kind in a run are lined up."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []
        self.depth = 0
        self.before: Item | None = None
        self.kind = ""  # of the run that is open
        self.run: list[tuple[int, Row]] = []  # its rows, and the lines that they will be

    def add(self, item: Item) -> None:
        """Adds one item. A run ends at a blank line, another kind of statement or a broken one, not at a comment."""
        if item.kind == "close":
            self.finish()
            self.depth -= 1
        before = self.before
        opened = before is not None and before.kind == "open"
        if item.blank and before is not None and not opened and item.kind != "close":
            self.finish()
            self.lines.append("")
        if item.kind == "comment":
            self.lines.append(self._indent + item.comment)
        elif item.kind == "close" and before is not None and opened and not before.comment:
            self.lines[-1] += _with_comment("}", item.comment)
        else:
            self._statement(item)
        self.depth += item.kind == "open"
        self.before = item

    def finish(self) -> None:
        """Lines up the run that is open and closes it."""
        texts = align([row for _, row in self.run], self.width - len(self._indent))
        for (k, _), text in zip(self.run, texts, strict=True):
            self.lines[k] = self._indent + text
        self.run, self.kind = [], ""

    @property
    def _indent(self) -> str:
        return " " * (INDENT * self.depth)

    def _statement(self, item: Item) -> None:
        spaces = gaps(item)
        length = len(self._indent) + sum(spaces) + sum(len(p.text) for p in item.pieces)
        wrapped = has_comments(item.pieces) or (length > self.width and item.kind != "open")
        if wrapped or item.kind in _ALONE or item.kind != self.kind:
            self.finish()
        if not wrapped and item.kind not in _ALONE:
            self.kind = item.kind
            self.run.append((len(self.lines), _row(item, spaces)))
            self.lines.append("")
            return
        # the header of a block must stay on its line, or it would be none
        width = self.width if item.kind != "open" else length
        lines = wrap(item.pieces, spaces, len(self._indent), width)
        self.lines += [*lines[:-1], _with_comment(lines[-1], item.comment)]


def _row(item: Item, spaces: Sequence[int]) -> Row:
    """Returns the cells of a statement that fits into a line."""
    starts = cell_starts(item)
    head = _text(item, spaces, 0, starts[0] if starts else len(item.pieces))
    cells = [_cell(item, spaces, a, b) for a, b in zip(starts, [*starts[1:], len(item.pieces)], strict=False)]
    comment = [Cell("#", item.comment, "", WIDE)] * bool(item.comment)
    return Row(head, (*cells, *comment))


def _cell(item: Item, spaces: Sequence[int], start: int, stop: int) -> Cell:
    """Returns a cell; its key is the attribute's word, but flags such as `fail` and `success` share one."""
    body = start + 1 + (item.pieces[start].type == "FILLER")  # `with probability` is one word
    first = item.pieces[body - 1]
    key = "=" if first.type in ASSIGN_OPS else "flag" if first.type == "FLAG" else first.text
    return Cell(key, _text(item, spaces, start, body), _text(item, spaces, body, stop), spaces[start])


def _text(item: Item, spaces: Sequence[int], start: int, stop: int) -> str:
    return "".join(" " * (spaces[k] * (k > start)) + item.pieces[k].text for k in range(start, stop))


def _with_comment(line: str, comment: str) -> str:
    return line + " " * WIDE + comment if comment else line
