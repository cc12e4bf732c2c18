"""Completes the examples of the rules' pages to whole specs, and judges them as `ksim lint` does."""

from pathlib import Path

from ksim_spec.diagnostics import Diagnostic, Diagnostics
from ksim_spec.language.load import load_text
from ksim_spec.linter.design import designed
from ksim_spec.linter.filter import settled
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_file

DOCS = Path(__file__).parents[2] / "docs" / "rules"
BASE = DOCS / "base.ksim"


def completed(example: str, file: Path = BASE) -> str:
    """Returns the base spec with the blocks of the example in place of its own; one with a `task` line is whole."""
    if example.startswith("task"):
        return example
    base = file.read_text(encoding="utf-8")
    mine, _ = parse_file(SourceFile("example", example))
    replaced = {_block(s) for s in mine.items if isinstance(s, ast.Section)}
    tree, _ = parse_file(SourceFile("base", base))
    for s in reversed(tree.items):
        if isinstance(s, ast.Section) and _block(s) in replaced:
            base = base[: s.span.start] + base[s.span.end :]
    return f"{base}\n{example}"


def _block(section: ast.Section) -> tuple[str, str | None]:
    """Returns what makes two blocks the same one: the word, and the name where there may be several."""
    return section.keyword, section.name if section.keyword in ("observe", "command", "event", "profile") else None


def told(example: str) -> list[Diagnostic]:
    """Returns what is told of a completed example."""
    loaded = designed(load_text(completed(example), str(BASE), BASE))
    return Diagnostics(settled(BASE, loaded.diagnostics, loaded.sources)).sorted()
