"""Collects what is wrong with one file, and words the mistakes of its layout: brackets, blocks and line starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, Label, meant, suggest
from ksim_spec.rules.rule import Rule
from ksim_spec.source import SourceFile, Span
from ksim_spec.syntax.keywords import ATTRIBUTES, FLAGS, SECTIONS
from ksim_spec.syntax.tokens import ASSIGN_OPS, SHOWN, Tok

MAX_BLOCKS = 20  # blocks inside one another
MAX_DEPTH = 200  # of brackets, and of operators that nest to the right


def shorten(text: str, limit: int = 30) -> str:
    """Returns source text fit for a message: one line, cut when long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


@dataclass
class Report:
    """The findings of one file. `add` takes a place as a token, the first and last of several, or a span."""

    source: SourceFile
    found: list[Diagnostic] = field(default_factory=list)

    def span(self, first: Tok, last: Tok | None = None) -> Span:
        return Span(self.source.name, first.start, (last or first).end)

    def add(
        self,
        rule: Rule,
        message: str,
        at: Tok | tuple[Tok, Tok] | Span,
        help: str = "",
        label: str = "",
        related: Sequence[Label] = (),
    ) -> None:
        span = at if isinstance(at, Span) else self.span(at) if isinstance(at, Tok) else self.span(*at)
        self.found.append(Diagnostic(rule, message, span, label=label, help=help, related=tuple(related)))

    # Blocks

    def stray_brace(self, tok: Tok) -> None:
        self.add(rules.UNMATCHED_BRACKET, "unexpected `}`", tok, label="no block is open here", help="remove it")

    def bare_brace(self, tok: Tok) -> None:
        self.add(
            rules.UNEXPECTED_TOKEN, "a block needs a section name before its `{`", tok, help="for example `reward {`"
        )

    def brace_below(self, first: Tok, brace: Tok) -> None:
        message = f"the `{{` of `{first.text}` stands on a line of its own"
        self.add(rules.UNEXPECTED_TOKEN, message, brace, help=f"put it at the end of the `{first.text}` line")

    def missing_brace(self, first: Tok, last: Tok) -> None:
        self.add(
            rules.UNCLOSED_BLOCK, f"the `{first.text}` line has no `{{`", (first, last), help="end the line with `{`"
        )

    def unclosed_block(self, first: Tok, brace: Tok, before: Tok | None, around: Sequence[Tok]) -> None:
        """A block lacks its `}`, found at the section `before` or at the end; so do the blocks `around` it."""
        where = f" before `{before.text}`" if before else ""
        related = [Label(self.span(before), "this section starts inside the open block")] if before else []
        related += [Label(self.span(tok), "this block is open too") for tok in around[-3:]]
        advice = f"add the {len(around) + 1} missing `}}`" if around else "add the missing `}`"
        message = f"block `{first.text}` is not closed{where}"
        self.add(rules.UNCLOSED_BLOCK, message, (first, brace), label="opened here", related=related, help=advice)

    def blocks_too_deep(self, brace: Tok) -> None:
        self.add(rules.NESTING_TOO_DEEP, f"blocks are nested more than {MAX_BLOCKS} deep", brace)

    def misplaced_block(self, first: Tok, section: str) -> None:
        where = f"inside `{section}`" if section else "at the top level"
        advice = "close the block above it first" if first.text in SECTIONS else "put it into the block it is a part of"
        self.add(rules.MISPLACED_BLOCK, f"a `{first.text}` block cannot stand {where}", first, help=advice)

    def unknown_section(self, first: Tok, near: Sequence[str], allowed: Sequence[str], section: str) -> None:
        where = f" in `{section}`" if section else ""
        advice = meant(first.text, near[0]) if near else suggest(first.text, allowed, "sections")
        self.add(rules.UNKNOWN_SECTION, f"unknown section `{first.text}`{where}", first, help=advice)

    # Brackets

    def unclosed_bracket(self, tok: Tok) -> None:
        shown = SHOWN[tok.type]
        closing = {"(": ")", "[": "]", "{": "}"}[shown]
        self.add(
            rules.UNCLOSED_BRACKET, f"`{shown}` is never closed", tok, label="opened here", help=f"add `{closing}`"
        )

    def mismatched(self, tok: Tok, opened: Tok | None) -> None:
        shown = SHOWN[tok.type]
        if opened is None:
            advice = "remove it, or add its opening bracket"
            self.add(rules.UNMATCHED_BRACKET, f"`{shown}` closes nothing", tok, help=advice)
            return
        related = [Label(self.span(opened), f"`{SHOWN[opened.type]}` opened here")]
        self.add(rules.UNMATCHED_BRACKET, f"`{SHOWN[opened.type]}` is closed by `{shown}`", tok, related=related)

    def too_deep(self, tok: Tok) -> None:
        message = f"the expression is nested more than {MAX_DEPTH} deep"
        self.add(rules.NESTING_TOO_DEEP, message, tok, help="name parts of it in a `signal` block")

    # Lines

    def line_start(self, tok: Tok, joined: bool) -> None:
        """A line starts with an operator or an attribute; `joined` when it was read as part of the line above."""
        if tok.type in ASSIGN_OPS:
            advice = f"write `name {tok.text} value`"
            self.add(rules.MISPLACED_LINE_START, f"nothing stands before `{tok.text}`", tok, help=advice)
            return
        word = tok.type == "NAME" and tok.text in ATTRIBUTES + FLAGS
        advice = "nothing before it can take it"
        if joined:
            advice = "end the line above with it, or put the expression in parentheses"
            advice = "write it on the line above, after the expression" if word else advice
        kind = "attribute" if word else "operator"
        self.add(rules.MISPLACED_LINE_START, f"a line cannot start with the {kind} `{tok.text}`", tok, help=advice)
