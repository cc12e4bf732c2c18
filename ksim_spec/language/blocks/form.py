"""What every block has in common: which attributes, operators and repetitions make sense in it.

One pass over the syntax tree before the blocks are read, so that no block silently passes over something written in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostics, Label
from ksim_spec.language.blocks.registry import Block, block, blocks
from ksim_spec.source import Span
from ksim_spec.syntax import ast

Statement = ast.Stmt | ast.Section


def check_form(sections: list[ast.Section], out: Diagnostics) -> None:
    """Reports attributes, names, operators and repetitions that a block does not know."""
    for b in blocks():
        if b.distinct:
            _same_names(sections, b, out)
        for extra in [s for s in sections if s.keyword == b.keyword][1:] if b.single else ():
            message = f"there is already a `{b.keyword}` block"
            out.report(rules.REPEATED_BLOCK, extra.header_span, message, help="write one block")
    whole: dict[str, dict[str, Span]] = {}
    for section in sections:
        own = block(section.keyword)
        if own is None:
            continue  # reported where its word was read
        for inner in own.nested or ((own,) if own.distinct else ()):
            if inner.distinct:
                _same_names(section.body, inner, out)
        _header(own, section, out)
        if own.holds and not section.body and not section.broken:
            message, help = f"this `{own.keyword}` block holds no {own.holds}", "add one, or remove the block"
            out.report(rules.EMPTY_BLOCK, section.header_span, message, help=help)
        seen = whole.setdefault(own.keyword, {}) if own.whole else {}
        for stmt in section.body:
            if isinstance(stmt, ast.Section):
                check_form([stmt], out)
                continue
            _operator(own, stmt, out)
            _attributes(own, stmt, out)
            _repeated(own, stmt, seen, out)


def _header(own: Block, section: ast.Section, out: Diagnostics) -> None:
    keyword = own.keyword
    if section.broken:
        return
    if section.name is None and own.name == "needed":
        help = f"for example `{keyword} {own.example} {{`"
        out.report(rules.MISSING_NAME, section.header_span, f"{own.one} needs a name", help=help)
    for attr in section.attrs if own.header is None else ():
        message = f"a `{keyword}` block takes no `{attr.word}`"
        out.report(rules.UNKNOWN_ATTRIBUTE, attr.span, message, help="leave it out")
    if section.name is not None and own.name == "none":
        help = f"write `{keyword} {{`"
        out.report(rules.UNEXPECTED_NAME, section.name_span, f"a `{keyword}` block has no name", help=help)


def _operator(own: Block, stmt: Statement, out: Diagnostics) -> None:
    if isinstance(stmt, ast.Assign) and stmt.op != "=" and not own.changes:
        message = f"`{stmt.op}` has nothing to change in a `{own.keyword}` block"
        out.report(rules.MISPLACED_STATEMENT, stmt.span, message, help="write `=`")


def _attributes(own: Block, stmt: Statement, out: Diagnostics) -> None:
    """Reports the attributes of lines whose attributes the block does not look at."""
    word = stmt.word if isinstance(stmt, ast.Clause) else _name(own, stmt)
    line = own.lines.get(word or "")
    takes = (own if line is None else line).takes
    if takes is not None or not isinstance(stmt, ast.Assign | ast.Entry | ast.ExprStmt | ast.Clause):
        return
    what = f"`{stmt.word}`" if isinstance(stmt, ast.Clause) else "a setting" if own.settings else own.one
    if not what:
        return  # a line that does not belong there, which the block reports
    for attr in stmt.attrs:
        out.report(rules.UNKNOWN_ATTRIBUTE, attr.span, f"{what} takes no `{attr.word}`", help="leave it out")


def _name(own: Block, stmt: Statement) -> str | None:
    """Returns what a statement sets or declares, or None when it may stand more than once."""
    if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
        return stmt.target.id
    if isinstance(stmt, ast.Entry):
        return stmt.name
    once = isinstance(stmt, ast.Clause) and stmt.word in own.lines and own.lines[stmt.word].once
    return f"{stmt.word} …" if isinstance(stmt, ast.Clause) and once else None


def _repeated(own: Block, stmt: Statement, seen: dict[str, Span], out: Diagnostics) -> None:
    name = _name(own, stmt)
    if name is None or not (own.unique or isinstance(stmt, ast.Clause)):
        return
    # A file that extends another may set a pose of its own: a clause is repeated only within a file.
    apart = isinstance(stmt, ast.Clause) and name in seen and seen[name].file != stmt.span.file
    if name in seen and not apart:
        related = (Label(seen[name], "first given here"),)
        shown = name.removesuffix(" …")
        out.report(rules.DUPLICATE_NAME, stmt.span, f"`{shown}` is given twice", related=related, help="keep one")
    seen.setdefault(name, stmt.span)


def _same_names(body: Sequence[Statement], own: Block, out: Diagnostics) -> None:
    """Reports blocks of a kind with a name that something beside them has. Two events without one are alike."""
    seen: dict[str, tuple[Span, bool]] = {}
    for stmt in body:
        block = isinstance(stmt, ast.Section) and stmt.keyword == own.keyword
        name = _called(stmt, own.keyword)
        if name is None:
            continue
        span = stmt.header_span if isinstance(stmt, ast.Section) else stmt.span
        earlier, was_block = seen.setdefault(name, (span, block))
        if earlier == span or not (block or was_block):
            continue
        message = f"there is already {own.one} `{name}`" if was_block else f"there is already a term `{name}`"
        message = message if name else f"there is already {own.one} without a name"
        at = stmt.name_span if isinstance(stmt, ast.Section) and stmt.name is not None else span
        help = "rename one of the two" if name else "name them"
        out.report(rules.DUPLICATE_NAME, at, message, related=(Label(earlier, "first given here"),), help=help)


def _called(stmt: Statement, keyword: str) -> str | None:
    """What a block or a term is called; None for what shares no names with blocks of this kind."""
    if not isinstance(stmt, ast.Section):
        target = stmt.target if keyword == "group" and isinstance(stmt, ast.Assign) else None
        return target.id if isinstance(target, ast.Name) else None
    if stmt.broken or (stmt.keyword != keyword and keyword != "group"):
        return None
    return stmt.name or ("" if keyword == "event" else None)
