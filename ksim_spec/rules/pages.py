"""The page of each rule: `docs/rules/KSnnn.md`, in a checkout and inside the wheel.

What is known of a rule stands at the head of its page; `python docs/generate.py` makes `table.py` of all heads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from ksim_spec.diagnostics import Severity
from ksim_spec.rules.rule import FAMILIES, Rule

_PACKAGE = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r"^## +(.+)$", re.M)
_HEAD = re.compile(
    r"# (?P<code>KS\d{3}) (?P<slug>[a-z0-9-]+)\n\n(?P<severity>\w+), (?P<family>\w+): (?P<summary>.+)\.\n"
)
_BLOCK = re.compile(r"^```ksim\n(.*?)^```", re.M | re.S)


@dataclass(frozen=True)
class Page:
    """The text of a page, in Markdown, and its examples: `fails` gives the rule, `passes` gives nothing."""

    text: str

    @property
    def title(self) -> str:
        return self.text.partition("\n")[0].removeprefix("# ")

    @property
    def headings(self) -> list[str]:
        return _HEADING.findall(self.text)

    @property
    def fails(self) -> str | None:
        return self._block("Fails")

    @property
    def passes(self) -> str | None:
        return self._block("Passes")

    def _block(self, heading: str) -> str | None:
        found = _BLOCK.search(self.section(heading))
        return found[1] if found else None

    def section(self, heading: str) -> str:
        """Returns what stands under a heading, up to the next one; empty without that heading."""
        after = self.text.partition(f"\n## {heading}\n")[2]
        return _HEADING.split(after, maxsplit=1)[0].strip()


def folder() -> Path:
    """Returns where the pages are: beside the code that was installed, else in the checkout."""
    packaged = _PACKAGE / "docs" / "rules"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "docs" / "rules"


def page_of(rule: Rule) -> Page | None:
    """Returns the page of a rule, or None while it has none."""
    path = folder() / f"{rule.code}.md"
    return Page(path.read_text(encoding="utf-8")) if path.is_file() else None


def rule_of(page: Page) -> Rule:
    """Returns the rule that the head of a page describes: `# KS401 slug`, then `Error, reward: summary.`

    Raises ValueError where the head is none, names no severity, or another family than the code.
    """
    head = _HEAD.match(page.text)
    if head is None:
        raise ValueError("a page begins with `# KS401 slug`, an empty line, and `Error, reward: what is wrong.`")
    severity, digit = head["severity"].lower(), head["code"][2]
    if severity not in get_args(Severity):
        raise ValueError(f"`{head['severity']}` is no severity: {', '.join(get_args(Severity))}")
    family = next((f.name for f in FAMILIES if f.digit == digit), "none")
    if family != head["family"]:
        raise ValueError(f"the family of {head['code']} is `{family}`, and the page says `{head['family']}`")
    return Rule(head["code"], head["slug"], cast(Severity, severity), head["summary"])


def rules_of_pages() -> tuple[Rule, ...]:
    """Returns the rules that have pages, by code; raises ValueError for a page whose head does not fit its name."""
    found: list[Rule] = []
    for path in sorted(folder().glob("KS*.md")):
        try:
            rule = rule_of(Page(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        if rule.code != path.stem:
            raise ValueError(f"{path.name}: the page is about {rule.code}")
        found.append(rule)
    return tuple(found)
