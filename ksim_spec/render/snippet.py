"""The source lines of one finding, each place underlined and labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.render.ansi import Style, untabbed, visible, width
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span

MAX_CELLS = 160  # a longer source line is cut around what is underlined
_LEAD = 40


@dataclass(frozen=True)
class Mark:
    """One underlined place on one line: zero-based code points `[start, end)` of that line."""

    line: int
    start: int
    end: int
    text: str
    primary: bool


def snippet(diagnostic: Diagnostic, sources: SourceMap, style: Style) -> tuple[list[str], int]:
    """Returns the lines that show where a finding is, and the width of their line-number gutter.

    The primary place comes first, then the related ones of the same file with it, then those of other files. A place
    in a file whose text is not known is shown by name only; a finding without a place gives no lines. The last line
    is an empty one with the gutter's bar.
    """
    places = [(diagnostic.span, diagnostic.label, True)]
    places += [(label.span, label.text, False) for label in diagnostic.related]
    places = [p for p in places if p[0] != NOWHERE and p[0].file]
    names = list(dict.fromkeys(span.file for span, _, _ in places))
    marks = {name: _marks(sources.get(name), [p for p in places if p[0].file == name]) for name in names}
    gutter = max((len(str(m.line)) for group in marks.values() for m in group), default=1)
    lines: list[str] = []
    for index, name in enumerate(names):
        arrow = style.dim("-->" if index == 0 else ":::")
        lines.append(f"{' ' * gutter}{arrow} {_heading(name, marks[name])}")
        if not marks[name]:
            lines += [f"{' ' * gutter}   {_flat(text)}" for span, text, _ in places if text and span.file == name]
            lines.append(f"{' ' * gutter} {style.dim('|')}")
            continue
        lines += _file_lines(sources.files[name], marks[name], diagnostic, gutter, style)
    return lines, gutter


def _heading(name: str, marks: Sequence[Mark]) -> str:
    if not marks:
        return visible(name)
    first = next((m for m in marks if m.primary), marks[0])
    return f"{visible(name)}:{first.line}:{first.start + 1}"


def _marks(source: SourceFile | None, places: Sequence[tuple[Span, str, bool]]) -> list[Mark]:
    if source is None:
        return []
    marks = [_mark(source, span, text, primary) for span, text, primary in places]
    return sorted(marks, key=lambda m: (m.line, not m.primary, m.start))


def _mark(source: SourceFile, span: Span, text: str, primary: bool) -> Mark:
    start, end = source.position(span.start), source.position(span.end)
    length = len(source.line(start.line))
    first = min(start.column - 1, length)
    last = end.column - 1 if end.line == start.line else length
    # A span of several lines is underlined on its first; one past the end of a line gets a single caret there.
    return Mark(start.line, first, max(min(last, length), first + 1), text, primary)


def _file_lines(source: SourceFile, marks: list[Mark], d: Diagnostic, gutter: int, style: Style) -> list[str]:
    bar = style.dim("|")
    blank = f"{' ' * gutter} {bar}"
    out = [blank]
    previous: int | None = None
    for number in sorted({m.line for m in marks}):
        if previous is not None and number == previous + 2:
            out.append(_code(previous + 1, source, gutter, bar, style))
        elif previous is not None and number > previous + 2:
            out.append(style.dim("..."))
        out += _marked_line(source, number, [m for m in marks if m.line == number], d, gutter, style)
        previous = number
    out.append(blank)
    return out


def _code(number: int, source: SourceFile, gutter: int, bar: str, style: Style) -> str:
    text, _ = _window(source.line(number), 0)
    return f"{style.dim(f'{number:>{gutter}}')} {bar} {text}".rstrip()


def _marked_line(
    source: SourceFile, number: int, marks: list[Mark], d: Diagnostic, gutter: int, style: Style
) -> list[str]:
    bar = style.dim("|")
    raw = visible(source.line(number))
    shown, cut = _window(raw, width(raw[: marks[0].start]))
    out = [f"{style.dim(f'{number:>{gutter}}')} {bar} {shown}".rstrip()]
    for mark in marks:
        begin = width(raw[: mark.start]) - cut
        size = max(width(raw[: mark.end]) - cut - begin, 1)
        begin, size = max(begin, 0), min(size, MAX_CELLS)
        line = ("^" if mark.primary else "-") * size
        pointer = f"{line} {_flat(mark.text)}".rstrip()
        painted = style.severity(pointer, d.severity) if mark.primary else style.dim(pointer)
        out.append(f"{' ' * gutter} {bar} {' ' * begin}{painted}")
    return out


def _window(line: str, at: int) -> tuple[str, int]:
    """Returns the line without tabs, cut to `MAX_CELLS` around cell `at`, and how many cells the cut moved it left."""
    text = untabbed(visible(line)).rstrip()
    if width(text) <= MAX_CELLS:
        return text, 0
    start = max(0, at - _LEAD)
    kept: list[str] = []
    column, first = 0, 0
    for char in text:
        here = column
        column += width(char)
        if here < start:
            first = column
        elif here - first < MAX_CELLS - 2:
            kept.append(char)
    left, right = ("…" if first else ""), ("…" if column - first > MAX_CELLS - 2 else "")
    return f"{left}{''.join(kept)}{right}", first - len(left)


def _flat(text: str) -> str:
    return visible(" ".join(text.splitlines()))
