"""A page of Markdown, as far as our pages use it, and the list of rules, laid out for a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from ksim_spec.render.ansi import Style
from ksim_spec.rules.changes import CLASSES_MEAN, ChangeRule
from ksim_spec.rules.rule import FAMILIES, Rule

WIDTH = 100
_INLINE = re.compile(r"(?<!`)(`[^`]+`)(?!`)")


def terminal(text: str, style: Style, width: int = WIDTH) -> str:
    """Returns a page for reading in a terminal: paragraphs filled, headings stressed, code indented as it is."""
    return "\n".join(_blocks(text, style, min(width, WIDTH))).strip("\n") + "\n"


def _blocks(text: str, style: Style, width: int) -> Iterator[str]:
    code: list[str] | None = None
    language = ""
    paragraph: list[str] = []
    for line in [*text.split("\n"), ""]:
        fence = line.startswith("```")
        if paragraph and (fence or not line or line.startswith(("#", "- "))):
            yield _filled(paragraph, style, width)
            paragraph = []
        if fence and code is None:
            code, language = [], line.removeprefix("```").strip()
        elif fence:
            yield from _example(code or [], language, style)
            code = None
        elif code is not None:
            code.append(line)
        elif line.startswith("#"):
            yield style.strong(line.lstrip("# "))
        elif line:
            paragraph.append(line)
        else:
            yield ""
    if code is not None:  # a fence that nobody closed
        yield from _example(code, language, style)


def _example(lines: list[str], language: str, style: Style) -> Iterator[str]:
    """The lines of a piece of code, indented; a spec in the colours of its words."""
    painted = [style.paint(line, "36") for line in lines]
    if language == "ksim" and style.color:
        from ksim_spec.highlight.terminal import colored

        painted = colored("\n".join(lines)).split("\n")
    yield from (f"    {line}" if line else "" for line in painted)


def _filled(lines: Iterable[str], style: Style, width: int) -> str:
    text = " ".join(lines)
    indent = "  " if text.startswith("- ") else ""
    filled = textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return _INLINE.sub(lambda m: style.strong(m[1]), filled)


def listing(rules: Iterable[Rule], style: Style) -> str:
    """Returns all rules by family, a line each: code, slug, severity unless it is an error, and summary."""
    shown = list(rules)
    size = max(len(rule.slug) for rule in shown)
    lines: list[str] = []
    for family in FAMILIES:
        members = [rule for rule in shown if rule.family == family]
        if members:
            lines += ["", f"{style.strong(family.name)}: {family.about}"]
        for rule in members:
            note = "" if rule.severity == "error" else f" ({rule.severity})"
            lines.append(f"  {rule.code}  {rule.slug:{size}}  {rule.summary}{style.severity(note, rule.severity)}")
    return "\n".join(lines[1:]) + "\n"


def changes_listing(rules: Iterable[ChangeRule], style: Style) -> str:
    """Returns all kinds of changes by class, a line each: code, slug and summary."""
    shown = list(rules)
    size = max(len(rule.slug) for rule in shown)
    lines: list[str] = []
    for cls, about in CLASSES_MEAN.items():
        lines += ["", f"{style.strong(f'changes, {cls}')}: {about}"]
        lines += [f"  {r.code}  {r.slug:{size}}  {r.summary}" for r in shown if r.cls == cls]
    return "\n".join(lines[1:]) + "\n"
