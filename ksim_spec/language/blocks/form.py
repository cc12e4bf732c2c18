"""What every block has in common: which attributes, operators and repetitions make sense in it.

One pass over the syntax tree before the blocks are read, so that no block silently passes over something written in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostics, Label
from ksim_spec.source import Span
from ksim_spec.syntax import ast

Statement = ast.Stmt | ast.Section

# Blocks whose header reads attributes, and reports the ones that it does not take, itself.
_OWN_ATTRIBUTES = ("command", "observe", "reward", "event", "group", "product")
_NAMED = ("command", "observe", "event", "group", "product", "profile", "train", "mode")
_NEEDS_NAME = {
    "command": ("a command", "velocity"),
    "observe": ("an observation group", "actor"),
    "profile": ("a profile", "play"),
}
# Blocks whose lines change something that is there already.
_CHANGES = ("reset", "event", "randomize")
# Blocks whose lines are settings or declarations that nothing else reports when they come twice.
_ONCE = ("world", "action", "policy", "train", "product", "terminate", "curriculum")
_WHOLE = ("terminate", "reset")  # what is written in several of these is one block
_ONCE_WORDS = ("pose", "settle", "resample", "zero")
_A = {"event": "an event", "group": "a group", "profile": "a profile"}
_PLAIN_CLAUSES = ("pose", "settle", "always", "mirror")


def check_form(sections: list[ast.Section], out: Diagnostics) -> None:
    """Reports attributes, names, operators and repetitions that a block does not know."""
    for keyword in ("event", "profile"):
        _same_names(sections, keyword, out)
    whole: dict[str, dict[str, Span]] = {}
    for section in sections:
        _header(section, out)
        if section.keyword in ("reward", "group"):
            _same_names(section.body, "group", out)
        seen = whole.setdefault(section.keyword, {}) if section.keyword in _WHOLE else {}
        for stmt in section.body:
            if isinstance(stmt, ast.Section):
                check_form([stmt], out)
                continue
            _operator(section.keyword, stmt, out)
            _attributes(section.keyword, stmt, out)
            _repeated(section.keyword, stmt, seen, out)


def _header(section: ast.Section, out: Diagnostics) -> None:
    keyword = section.keyword
    if section.broken:
        return
    if section.name is None and keyword in _NEEDS_NAME:
        what, example = _NEEDS_NAME[keyword]
        help = f"for example `{keyword} {example} {{`"
        out.report(rules.MISSING_NAME, section.header_span, f"{what} needs a name", help=help)
    if section.attrs and keyword not in _OWN_ATTRIBUTES:
        for attr in section.attrs:
            out.report(
                rules.UNKNOWN_ATTRIBUTE,
                attr.span,
                f"a `{keyword}` block takes no `{attr.word}`",
                help="leave it out",
            )
    if section.name is not None and keyword not in _NAMED:
        help = f"write `{keyword} {{`"
        out.report(rules.UNEXPECTED_NAME, section.name_span, f"a `{keyword}` block has no name", help=help)


def _operator(keyword: str, stmt: Statement, out: Diagnostics) -> None:
    if isinstance(stmt, ast.Assign) and stmt.op != "=" and keyword not in _CHANGES:
        message = f"`{stmt.op}` has nothing to change in a `{keyword}` block"
        out.report(rules.MISPLACED_STATEMENT, stmt.span, message, help="write `=`")


def _attributes(keyword: str, stmt: Statement, out: Diagnostics) -> None:
    if isinstance(stmt, ast.Clause) and stmt.word in _PLAIN_CLAUSES:
        what = f"`{stmt.word}`"
    elif isinstance(stmt, ast.ExprStmt) and keyword == "check":
        what = "a check"
    elif isinstance(stmt, ast.Assign) and keyword == "world" and _name(stmt) != "floor":
        what = "a setting"
    else:
        return
    for attr in stmt.attrs:
        out.report(rules.UNKNOWN_ATTRIBUTE, attr.span, f"{what} takes no `{attr.word}`", help="leave it out")


def _name(stmt: Statement) -> str | None:
    """Returns what a statement sets or declares, or None when it may stand more than once."""
    if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
        return stmt.target.id
    if isinstance(stmt, ast.Entry):
        return stmt.name
    return f"{stmt.word} …" if isinstance(stmt, ast.Clause) and stmt.word in _ONCE_WORDS else None


def _repeated(keyword: str, stmt: Statement, seen: dict[str, Span], out: Diagnostics) -> None:
    name = _name(stmt)
    if name is None or (keyword not in _ONCE and not isinstance(stmt, ast.Clause)):
        return
    # A file that extends another may set a pose of its own: a clause is repeated only within a file.
    apart = isinstance(stmt, ast.Clause) and name in seen and seen[name].file != stmt.span.file
    if name in seen and keyword != "curriculum" and not apart:
        related = (Label(seen[name], "first given here"),)
        shown = name.removesuffix(" …")
        out.report(rules.DUPLICATE_NAME, stmt.span, f"`{shown}` is given twice", related=related, help="keep one")
    seen.setdefault(name, stmt.span)


def _same_names(body: Sequence[Statement], keyword: str, out: Diagnostics) -> None:
    """Reports blocks of a kind with a name that something beside them has. Two events without one are alike."""
    seen: dict[str, tuple[Span, bool]] = {}
    for stmt in body:
        block = isinstance(stmt, ast.Section) and stmt.keyword == keyword
        name = _called(stmt, keyword)
        if name is None:
            continue
        span = stmt.header_span if isinstance(stmt, ast.Section) else stmt.span
        earlier, was_block = seen.setdefault(name, (span, block))
        if earlier == span or not (block or was_block):
            continue
        message = f"there is already {_A[keyword]} `{name}`" if was_block else f"there is already a term `{name}`"
        message = message if name else f"there is already {_A[keyword]} without a name"
        at = stmt.name_span if isinstance(stmt, ast.Section) and stmt.name is not None else span
        help = "rename one of the two" if name else "name them"
        out.report(rules.DUPLICATE_NAME, at, message, related=(Label(earlier, "first given here"),), help=help)


def _called(stmt: Statement, keyword: str) -> str | None:
    """What a block or a term is called; None for what shares no names with blocks of this kind."""
    if not isinstance(stmt, ast.Section):
        return _name(stmt) if keyword == "group" and isinstance(stmt, ast.Assign) else None
    if stmt.broken or (stmt.keyword != keyword and keyword != "group"):
        return None
    return stmt.name or ("" if keyword == "event" else None)
