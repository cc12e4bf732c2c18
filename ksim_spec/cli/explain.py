"""`ksim explain`: what a rule means, why it matters and how to repair what it reports."""

from __future__ import annotations

import shutil
import sys

import typer

from ksim_spec.cli.failure import UserError
from ksim_spec.render.style import Style, wants_color


def explain(
    name: str = typer.Argument(
        "", metavar="CODE|SLUG", help="A rule, such as KS301 or unit-mismatch.", show_default=False
    ),
) -> None:
    from ksim_spec.render.page import listing, terminal
    from ksim_spec.rules import RULES, find, near
    from ksim_spec.rules.pages import page_of

    style = Style(wants_color(sys.stdout))
    if not name:
        sys.stdout.write(listing(RULES, style))
        return
    rule = find(name)
    if rule is None:
        from ksim_spec.review.rules import change_rule

        if change := change_rule(name):
            advice = f"\n{change.advice[:1].upper()}{change.advice[1:]}.\n" if change.advice else ""
            text = f"# {change.code} {change.slug}\n\nA change of class {change.cls}: {change.summary}.\n{advice}"
            sys.stdout.write(terminal(text, style, shutil.get_terminal_size().columns))
            return
        raise UserError(f"there is no rule `{name}`: {near(name)}")
    page = page_of(rule)
    text = page.text if page is not None else f"# {rule.code} {rule.slug}\n\n{rule.severity}: {rule.summary}.\n"
    sys.stdout.write(terminal(text, style, shutil.get_terminal_size().columns))
