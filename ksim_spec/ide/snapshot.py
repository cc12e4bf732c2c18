"""The snapshot of a document: its text, its tree and everything the checker found out, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ksim_spec._internal.files import Stamp, stamp
from ksim_spec.diagnostics import Diagnostic, Diagnostics
from ksim_spec.ide.tree import Blocks, blocks_of, path_at
from ksim_spec.ir.intervals.analysis import Found
from ksim_spec.language.checker import Checker
from ksim_spec.language.load import Loaded, Trace, load_tree, profile_errors
from ksim_spec.language.overlay import NO_TEXTS, Item
from ksim_spec.language.program import Program
from ksim_spec.language.scope import Thing
from ksim_spec.language.types import Unknown
from ksim_spec.linter.config import forget
from ksim_spec.linter.design import designed
from ksim_spec.linter.filter import settled
from ksim_spec.robot.cache import Robots
from ksim_spec.source import SourceFile, SourceMap, Span, plain_lines
from ksim_spec.syntax import ast
from ksim_spec.syntax.incremental import read_again
from ksim_spec.syntax.parse import Reading, read_file


@dataclass(frozen=True)
class Snapshot:
    """One version of a document. `checker` and `program` are None where the check did not come so far.

    `stamps` are those of the other files that it depends on: while they hold, so does the snapshot.
    """

    source: SourceFile
    reading: Reading
    diagnostics: tuple[Diagnostic, ...]
    sources: SourceMap
    items: tuple[Item, ...]
    seen: dict[Span, Thing]
    checker: Checker | None
    program: Program | None
    stamps: dict[Path, Stamp]
    ranges: dict[str, Found] = field(default_factory=dict)  # between which numbers values lie, for the next check
    profiled: bool = False  # the findings of the profiles are among the others

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def tree(self) -> ast.File:
        return self.reading.tree

    @cached_property
    def blocks(self) -> Blocks:
        """Which block each place of the text is in."""
        return blocks_of(self.reading.statements)

    def path_at(self, offset: int) -> list[ast.Node]:
        """Returns the syntax nodes around an offset, outermost first."""
        return path_at(self.tree, offset)

    def thing(self, expr: ast.Node) -> Thing | None:
        """Returns what an expression of the text stood for when it was checked, or None."""
        return self.seen.get(expr.span)

    def evaluate(self, expr: ast.Expr) -> Thing | None:
        """Returns what any expression stands for in the scope of this spec; None for what has a mistake in it."""
        checker = self.checker
        if checker is None:
            return None
        out, seen = checker.out, checker.seen
        checker.out, checker.seen = Diagnostics(), None  # nobody asked for its findings
        try:
            thing = checker.thing(expr)
        finally:
            checker.out, checker.seen = out, seen
        return None if isinstance(thing, Unknown) else thing

    def own(self, span: Span) -> bool:
        """True for a place in this document, not in a file that it includes."""
        return span.file == self.source.name

    def current(self, opened: Mapping[Path, str] = NO_TEXTS) -> bool:
        """True while no file that this was checked with has changed, on the disk or in the editor."""
        return all(_stamp(path, opened) == was for path, was in self.stamps.items())

    def with_profiles(self) -> Snapshot:
        """Returns the snapshot with what is an error in a sound spec as one of its profiles changes it."""
        robot = self.checker.robot.index if self.checker is not None else None
        sound = not any(d.severity == "error" for d in self.diagnostics)
        loaded = Loaded(self.program if sound else None, [], self.sources, robot, self.items)
        found = Diagnostics([*self.diagnostics, *profile_errors(loaded)]).sorted()
        return replace(self, diagnostics=tuple(found), profiled=True)


def normalized(text: str) -> str:
    """Returns a document's text as the parser reads it: only newlines end lines, a byte order mark is a blank."""
    plain = plain_lines(text)
    return " " + plain[1:] if plain.startswith("\ufeff") else plain


def analyse(
    text: str,
    name: str,
    path: Path | None,
    robots: Robots,
    earlier: Snapshot | None = None,
    opened: Mapping[Path, str] = NO_TEXTS,
) -> Snapshot:
    """Returns the snapshot of a text. Never raises, whatever the text.

    `opened` are the texts of open documents by resolved path: an include is what its document says. Where
    the robot cannot be found any more, what the `earlier` snapshot knew of it still serves.
    """
    source = SourceFile(name, normalized(text), path)
    reading = read_again(source, earlier.reading) if earlier is not None else read_file(source)
    trace = Trace(read_robot=robots.read, seen={}, fragments=True, texts=opened)
    ranges = dict(earlier.ranges) if earlier is not None else {}
    loaded = designed(load_tree(source, reading.tree, reading.diagnostics, trace=trace), memory=ranges)
    forget()  # the configuration may have changed since the last check
    told = settled(path or Path(name), loaded.diagnostics, loaded.sources, reading)
    checker = trace.checker or (earlier.checker if earlier is not None else None)
    return Snapshot(
        source,
        reading,
        tuple(told),
        loaded.sources,
        tuple(trace.items),
        trace.seen or {},
        checker,
        trace.program,
        _stamps(loaded.sources, path, reading.tree, opened),
        ranges,
    )


def _stamps(sources: SourceMap, own: Path | None, tree: ast.File, opened: Mapping[Path, str]) -> dict[Path, Stamp]:
    """The stamps of every file that was read, and of those that the document names and that may come to be there."""
    files = [file.path for file in sources.files.values() if file.path is not None and file.path != own]
    words = ("include", "extends", "robot")  # a robot may be a directive or a block
    named = (i.text for i in tree.items if isinstance(i, ast.Directive | ast.Section) and _word(i) in words)
    if own is not None:
        files += [own.parent / text for text in named if text and "\0" not in text]
    return {path: _stamp(path, opened) for path in files}


def _word(item: ast.Directive | ast.Section) -> str:
    return item.word if isinstance(item, ast.Directive) else item.keyword


def _stamp(path: Path, opened: Mapping[Path, str]) -> Stamp:
    text = opened.get(path)
    return stamp(path) if text is None else (-1, hash(text))
