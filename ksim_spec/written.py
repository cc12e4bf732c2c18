"""The texts of a spec by qualified name, as they stand after profile and overrides: what people want to read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ksim_spec.diagnostics import Diagnostics
from ksim_spec.language.load import overlaid
from ksim_spec.language.overlay import expand
from ksim_spec.source import SourceFile, SourceMap, plain_lines
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_file

Body = tuple["ast.Stmt | ast.Section", ...]


def written(path: Path, *, profile: str | None = None, sets: Sequence[str] = ()) -> dict[str, str]:
    """Returns the text of every declaration of a spec that checks, by qualified name.

    Expressions: `signal.NAME`, `reward.NAME`, `observe.GROUP.NAME`, `command.NAME.FIELD`, conditions under
    `terminate.NAME` and `curriculum.NAME`. Whole lines: `reset.0`, `event.NAME.0`, `randomize.0`, counted as written.
    """
    sources, out = SourceMap(), Diagnostics()
    source = sources.add(SourceFile(str(path), plain_lines(path.read_text(encoding="utf-8-sig")), path))
    tree, _ = parse_file(source)
    items = overlaid(expand(tree, path, sources, out), profile, sets, sources, out)
    texts: dict[str, str] = {}
    for section in (i for i in items if isinstance(i, ast.Section)):
        texts.update(_section(section, sources, texts))
    return texts


def text_of(node: ast.Node, sources: SourceMap) -> str:
    """Returns the text of a syntax node on one line, comments left out."""
    source = sources.get(node.span.file)
    lines = source.text[node.span.start : node.span.end].splitlines() if source is not None else []
    return " ".join(" ".join(line.partition("#")[0].split()) for line in lines).strip()


def _section(section: ast.Section, sources: SourceMap, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    keyword, path = section.keyword, ".".join(filter(None, (section.keyword, section.name)))
    if keyword == "reward":
        yield from _terms(section.body, sources)
    elif keyword in ("signal", "observe", "command"):
        for stmt in section.body:
            if isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
                yield f"{path}.{stmt.target.id}", text_of(stmt.value, sources)
    elif keyword in ("terminate", "curriculum"):
        for stmt in section.body:
            when = _attribute(stmt, "when")
            if isinstance(stmt, ast.Entry) and when is not None:
                yield f"{keyword}.{stmt.name}", text_of(when, sources)
    elif keyword in ("reset", "event", "randomize"):
        first = sum(k.startswith(f"{path}.") for k in known)
        lines = (s for s in section.body if isinstance(s, ast.Assign))
        for number, stmt in enumerate(lines, first):
            yield f"{path}.{number}", f"{text_of(stmt.target, sources)} {stmt.op} {text_of(stmt.value, sources)}"


def _terms(body: Body, sources: SourceMap) -> Iterator[tuple[str, str]]:
    for stmt in body:
        if isinstance(stmt, ast.Section) and stmt.keyword == "product":
            factors = [text_of(s.value, sources) for s in stmt.body if isinstance(s, ast.Assign)]
            yield f"reward.{stmt.name or 'product'}", " * ".join(factors)
        elif isinstance(stmt, ast.Section):
            yield from _terms(stmt.body, sources)
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.target, ast.Name):
            yield f"reward.{stmt.target.id}", text_of(stmt.value, sources)


def _attribute(stmt: ast.Stmt | ast.Section, word: str) -> ast.Node | None:
    attrs = stmt.attrs if isinstance(stmt, ast.Entry) else ()
    return next((a.values[0] for a in attrs if a.word == word and a.values), None)
