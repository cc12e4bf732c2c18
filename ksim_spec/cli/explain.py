"""`ksim explain`: what a rule means, why it matters and what to do about what it reports."""

from __future__ import annotations

import shutil
import sys

import typer

from ksim_spec.cli.exit import UserError
from ksim_spec.render.ansi import Style, wants_color


def explain(
    name: str = typer.Argument(
        "", metavar="CODE|SLUG", help="A rule, such as KS301, or a kind of change, such as KD301.", show_default=False
    ),
) -> None:
    from ksim_spec.render.markdown_page import changes_listing, listing, terminal
    from ksim_spec.rules import RULES, find, near
    from ksim_spec.rules.change_pages import change_page
    from ksim_spec.rules.changes import CHANGE_RULES, change_rule
    from ksim_spec.rules.pages import page_of

    style = Style(wants_color(sys.stdout))
    if not name:
        sys.stdout.write(listing(RULES, style) + "\n" + changes_listing(CHANGE_RULES, style))
        return
    if rule := find(name):
        page = page_of(rule)
        text = page.text if page is not None else f"# {rule.code} {rule.slug}\n\n{rule.severity}: {rule.summary}.\n"
    elif change := change_rule(name):
        text = change_page(change)
    else:
        raise UserError(f"there is no rule `{name}`: {near(name, [r.slug for r in CHANGE_RULES])}")
    sys.stdout.write(terminal(text, style, shutil.get_terminal_size().columns))
