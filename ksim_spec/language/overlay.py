"""Overlays on the syntax tree: `extends`, `include`, profiles and `--set`, applied before anything is derived.

A path names a section, an entry and an attribute: `train.num_envs`, `reward.slip.weight`, `command.velocity.x`. An
absent target is an error with a near name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostics, SpecError, suggest
from ksim_spec.source import SourceFile, SourceMap, Span, plain_lines
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_file, read_bytes, text_of

NO_TEXTS: Mapping[Path, str] = {}
Item = ast.Section | ast.Directive | ast.FnDef | ast.Assign | ast.Clause | ast.ErrorStmt


@dataclass(frozen=True)
class Edit:
    """One change: set a path to a value, or remove it (value None)."""

    path: tuple[str, ...]
    value: ast.Expr | None
    span: Span
    create: bool = False


def expand(
    file: ast.File,
    path: Path | None,
    sources: SourceMap,
    out: Diagnostics,
    seen: tuple[Path, ...] = (),
    texts: Mapping[Path, str] = NO_TEXTS,
) -> list[Item]:
    """Returns the items with includes and the base of `extends` spliced in, overrides applied.

    `texts` are those of files that an editor has open, by resolved path: they go before what is on the disk.
    """
    items: list[Item] = []
    edits: list[Edit] = []
    own = [i for i in file.items if _is_task(i)]
    for extra in own[1:]:
        out.report(rules.REPEATED_BLOCK, extra.span, "there is already a `task` line", help="write one task a file")
    for item in file.items:
        if isinstance(item, ast.Directive) and item.word in ("include", "extends"):
            brought = _other(item, path, sources, out, seen, texts)
            items += _no_task(brought) if own else brought
        elif isinstance(item, ast.Clause) and item.word == "remove":
            edits += [Edit(_path(a), None, item.span) for a in item.args]
        elif isinstance(item, ast.Assign) and item.override:
            edits.append(Edit(_path(item.target), item.value, item.span))
        else:
            items.append(item)
    for edit in edits:
        items = apply(items, edit, out)
    return items


def _is_task(item: Item) -> bool:
    return isinstance(item, ast.Directive) and item.word == "task"


def _no_task(items: list[Item]) -> list[Item]:
    """A spec that extends another keeps its own `task` line."""
    return [i for i in items if not _is_task(i)]


def _other(
    item: ast.Directive,
    path: Path | None,
    sources: SourceMap,
    out: Diagnostics,
    seen: tuple[Path, ...],
    texts: Mapping[Path, str],
) -> list[Item]:
    try:
        target = ((path.parent if path else Path(".")) / (item.text or "")).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a name that no file can have
        out.report(rules.UNREADABLE_FILE, item.span, f"`{item.text}` cannot be read: {_reason(error)}")
        return []
    if target in seen or target == (path.resolve() if path else None):
        out.report(
            rules.INCLUDE_CYCLE, item.span, f"`{item.text}` includes itself", help="leave one of the includes out"
        )
        return []
    if target not in texts and not target.is_file():
        near = [p.name for p in target.parent.glob("*.ksim")] if target.parent.is_dir() else []
        out.report(
            rules.MISSING_FILE,
            item.span,
            f"there is no file `{item.text}`",
            help=suggest(target.name, near, "specs"),
        )
        return []
    try:
        text = plain_lines(texts[target] if target in texts else text_of(read_bytes(target), item.text or ""))
    except OSError as error:
        out.report(rules.UNREADABLE_FILE, item.span, f"`{item.text}` cannot be read: {_reason(error)}")
        return []
    except SpecError as error:  # it is no text, or too large: told where it is named
        out.extend(replace(d, span=item.span) for d in error.diagnostics)
        return []
    source = sources.add(SourceFile(str(target.name if path is None else _display(target, path)), text, target))
    parsed, problems = parse_file(source)
    out.extend(problems)
    return expand(parsed, target, sources, out, (*seen, path.resolve()) if path else seen, texts)


def _reason(error: Exception) -> str:
    """Returns why a file cannot be read, in the system's words where it has any."""
    if isinstance(error, RuntimeError):
        return "its links lead in a circle"
    return getattr(error, "strerror", None) or str(error)


def _display(target: Path, path: Path) -> str:
    try:
        return str(target.relative_to(Path.cwd()))
    except ValueError:
        return str(target)


def profile_edits(items: list[Item], name: str, out: Diagnostics, span: Span) -> list[Edit]:
    """Returns the edits of a profile block; `no noise`, `no event push`, `no randomize` remove things."""
    sections = [i for i in items if isinstance(i, ast.Section) and i.keyword == "profile"]
    found = next((s for s in sections if s.name == name), None)
    if found is None:
        known = [s.name or "" for s in sections]
        out.report(rules.UNKNOWN_PROFILE, span, f"there is no profile `{name}`", help=suggest(name, known, "profiles"))
        return []
    edits: list[Edit] = []
    for stmt in found.body:
        if isinstance(stmt, ast.Clause) and stmt.word in ("no", "remove"):
            words = [w for a in stmt.args for w in _path(a)]
            edits.append(Edit((*(("no",) if stmt.word == "no" else ()), *words), None, stmt.span))
        elif isinstance(stmt, ast.Assign):
            edits.append(Edit(_path(stmt.target), stmt.value, stmt.span, create=True))
        elif not isinstance(stmt, ast.ErrorStmt):
            out.report(
                rules.MISPLACED_STATEMENT,
                stmt.span,
                "a profile holds settings, `no …`, and `remove …`",
                help="for example `train.num_envs = 1`, or `no noise`",
            )
    return edits


def _path(expr: ast.Expr) -> tuple[str, ...]:
    if isinstance(expr, ast.Attribute):
        return (*_path(expr.value), expr.name)
    return (expr.id,) if isinstance(expr, ast.Name) else ("?",)


def apply(items: list[Item], edit: Edit, out: Diagnostics) -> list[Item]:
    """Returns the items after one edit; reports a target that does not exist."""
    if edit.path[:1] == ("no",):
        return _without(items, edit, out)
    matches = [(i, s) for i, s in enumerate(items) if isinstance(s, ast.Section) and s.keyword == edit.path[0]]
    rest = edit.path[1:]
    named = [(i, s) for i, s in matches if rest and s.name == rest[0]]
    if named and (len(rest) > 1 or edit.value is None):
        matches, rest = named, rest[1:]
    if not matches and edit.create and edit.value is not None and len(rest) == 1:
        # A setting of a block that the spec leaves to its defaults: `--set train.budget=…`.
        name = "ppo" if edit.path[0] == "train" else None
        matches = [(len(items), ast.Section(edit.path[0], name, span=edit.span, header_span=edit.span))]
        items = [*items, matches[0][1]]
    if not matches:
        keywords = {i.keyword for i in items if isinstance(i, ast.Section)}
        out.report(
            rules.NO_SUCH_PATH,
            edit.span,
            f"there is no `{edit.path[0]}` block",
            help=suggest(edit.path[0], keywords, "blocks"),
        )
        return items
    if not rest and edit.value is not None:
        known = suggest("", [n for _, s in matches for n in _names(s.body)], "entries")
        out.report(rules.NO_SUCH_PATH, edit.span, f"`{edit.path[0]}` is a block, which has no value", help=known)
        return items
    if not rest:
        gone = {i for i, _ in matches}
        return [s for i, s in enumerate(items) if i not in gone]
    for index, section in matches:
        body = _edit_body(section.body, rest, edit)
        if body is not None:
            return [*items[:index], replace(section, body=body), *items[index + 1 :]]
    if edit.create and edit.value is not None and len(rest) == 1:
        index, section = matches[0]
        added = ast.Assign(ast.Name(rest[0], span=edit.span), "=", edit.value, span=edit.span)
        return [*items[:index], replace(section, body=(*section.body, added)), *items[index + 1 :]]
    names = [n for _, s in matches for n in _names(s.body)]
    out.report(
        rules.NO_SUCH_PATH,
        edit.span,
        f"there is no `{'.'.join(edit.path)}`",
        help=suggest(rest[0], names, "entries"),
    )
    return items


def _names(body: tuple[ast.Stmt | ast.Section, ...]) -> list[str]:
    names: list[str] = []
    for stmt in body:
        if isinstance(stmt, ast.Assign):
            names.append(".".join(_path(stmt.target)))
        elif isinstance(stmt, ast.Entry):
            names.append(stmt.name)
        elif isinstance(stmt, ast.Section):
            names += [stmt.name or stmt.keyword, *_names(stmt.body)]
    return names


def _edit_body(
    body: tuple[ast.Stmt | ast.Section, ...], rest: tuple[str, ...], edit: Edit
) -> tuple[ast.Stmt | ast.Section, ...] | None:
    for index, stmt in enumerate(body):
        if isinstance(stmt, ast.Section):
            # `reward.slip.weight` is of a term `slip` in a group of that name, too
            named = _edit_body(stmt.body, rest[1:], edit) if stmt.name == rest[0] and rest[1:] else None
            inner = named if named is not None else _edit_body(stmt.body, rest, edit)
            if inner is not None:
                return (*body[:index], replace(stmt, body=inner), *body[index + 1 :])
            continue
        name = (
            _path(stmt.target) if isinstance(stmt, ast.Assign) else (stmt.name,) if isinstance(stmt, ast.Entry) else ()
        )
        if not name or rest[: len(name)] != name:
            continue
        changed = _edit_statement(stmt, rest[len(name) :], edit)  # type: ignore[arg-type]
        return (*body[:index], *([] if changed is None else [changed]), *body[index + 1 :])
    return None


def _edit_statement(
    stmt: ast.Assign | ast.Entry, attribute: tuple[str, ...], edit: Edit
) -> ast.Assign | ast.Entry | None:
    if not attribute:
        if edit.value is None:
            return None
        return replace(stmt, value=edit.value) if isinstance(stmt, ast.Assign) else stmt
    word = attribute[0]
    others = tuple(a for a in stmt.attrs if a.word != word)
    if edit.value is None:
        return replace(stmt, attrs=others)
    new = ast.Attr(word, (edit.value,), span=edit.span)
    kept = tuple(new if a.word == word else a for a in stmt.attrs)
    return replace(stmt, attrs=kept if len(others) < len(stmt.attrs) else (*stmt.attrs, new))


def _without(items: list[Item], edit: Edit, out: Diagnostics) -> list[Item]:
    """`no noise` drops every noise and bias, `no event push` one event, `no randomize` a whole block."""
    what = edit.path[1:]
    if what == ("noise",):
        return [_no_noise(i) for i in items]
    if what == ("delay",):
        return [
            _without_attrs(i, ("delay",)) if isinstance(i, ast.Section) and i.keyword == "action" else i for i in items
        ]
    kept = [
        i for i in items
        if not (isinstance(i, ast.Section) and i.keyword == what[0] and (len(what) == 1 or i.name == what[1]))
    ]  # fmt: skip
    if len(kept) == len(items):
        names = [
            "noise",
            "delay",
            *(" ".join(filter(None, (i.keyword, i.name))) for i in items if isinstance(i, ast.Section)),
        ]
        out.report(
            rules.NO_SUCH_PATH,
            edit.span,
            f"there is no `{' '.join(what)}` to leave out",
            help=suggest(" ".join(what), names, "parts"),
        )
    return kept


def _no_noise(item: Item) -> Item:
    return (
        _without_attrs(item, ("noise", "bias")) if isinstance(item, ast.Section) and item.keyword == "observe" else item
    )


def _without_attrs(section: ast.Section, words: tuple[str, ...]) -> ast.Section:
    body = tuple(
        replace(s, attrs=tuple(a for a in s.attrs if a.word not in words)) if isinstance(s, ast.Assign) else s
        for s in section.body
    )
    return replace(section, body=body)
