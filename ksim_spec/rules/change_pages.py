"""The pages of changes: one of each class, `docs/rules/CLASS.md`, with a part for every kind of change."""

from __future__ import annotations

from functools import cache

from ksim_spec.rules.changes import ChangeRule
from ksim_spec.rules.pages import Page, folder

TO_DO = "What to do"


@cache
def class_page(cls: str) -> Page | None:
    """Returns the page of a class, None where the pages are not installed."""
    path = folder() / f"{cls}.md"
    return Page(path.read_text(encoding="utf-8")) if path.is_file() else None


def change_page(rule: ChangeRule) -> str:
    """Returns what `ksim explain` says of a kind of change, in Markdown: what it means, an example, what to do."""
    head = f"# {rule.code} {rule.slug}\n\nA change of class {rule.cls}: {rule.summary}."
    page = class_page(rule.cls)
    if page is None:
        return f"{head}\n"
    told = page.section(f"{rule.code} {rule.slug}")
    return f"{head}\n\n{told}\n\n## {page.title}\n\n{_about(page)}\n\n## {TO_DO}\n\n{page.section(TO_DO)}\n"


def _about(page: Page) -> str:
    """What a page says of its class, before its first heading."""
    return page.text.partition("\n")[2].partition("\n## ")[0].strip()
