"""The standard library: functions written in the language, in `stdlib/*.ksim`, called as `std.name(…)`.

It is read when a spec first calls one of its functions, so that specs that do not use it do not wait for it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import parse_file

if TYPE_CHECKING:
    from ksim_spec.language.checker import Checker

FOLDER = Path(__file__).with_name("stdlib")


@cache
def functions() -> tuple[tuple[SourceFile, tuple[ast.FnDef, ...]], ...]:
    """Returns the files of the library with the functions that each defines."""
    found: list[tuple[SourceFile, tuple[ast.FnDef, ...]]] = []
    for path in sorted(FOLDER.glob("*.ksim")):
        source = SourceFile(f"std/{path.name}", path.read_text(encoding="utf-8"), path)
        tree, problems = parse_file(source)
        if problems:
            raise RuntimeError(f"the library does not parse: {problems[0].message} in {source.name}")
        found.append((source, tuple(i for i in tree.items if isinstance(i, ast.FnDef))))
    return tuple(found)


def add_to(c: Checker) -> None:
    """Declares the library's functions under `std.` and their texts for messages; a second call does nothing."""
    from ksim_spec.language.checker import Fn

    for source, defined in functions():
        c.robot.sources.add(source)
        for fn in defined:
            c.functions.setdefault(f"std.{fn.name}", Fn(f"std.{fn.name}", fn.params, fn.body, fn.span))
