"""The page of each rule: `docs/rules/KSnnn.md`, in a checkout and inside the wheel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ksim_spec.rules.rule import Rule

_PACKAGE = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r"^## +(.+)$", re.M)
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
