"""`ksim log`: what each commit changed of a spec, one line a change."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from ksim_spec.render.ansi import Style, visible, wants_color
from ksim_spec.rules import changes as change_rules

if TYPE_CHECKING:
    from ksim_spec.differ.git.log import Commit


class Output(StrEnum):
    text = "text"
    json = "json"


def log(
    spec: str = typer.Argument(..., metavar="SPEC", help="A spec in a git repository, or REF:SPEC."),
    limit: int = typer.Option(None, "--limit", "-n", min=1, help="How many commits to show."),
    cosmetic: bool = typer.Option(False, "--cosmetic", help="Show cosmetic changes too."),
    output: Output = typer.Option(Output.text, "--format", help="How the history is written."),
) -> None:
    from ksim_spec.differ.git.log import history
    from ksim_spec.differ.sides import Opener

    opener, style = Opener(), Style(wants_color(sys.stdout))
    try:
        commits = history(opener, spec, limit)
        if output is Output.json:
            print(json.dumps({"schema_version": 1, "commits": [_row(c) for c in commits]}, indent=1))
        else:
            for commit in commits:
                sys.stdout.write(_text(commit, style, cosmetic))
                sys.stdout.flush()
    finally:
        opener.close()


def _text(commit: Commit, style: Style, cosmetic: bool) -> str:
    shown = [c for c in commit.changes if cosmetic or c.cls != "cosmetic" or c.rule is change_rules.SPEC_ADDED]
    hidden = len(commit.changes) - len(shown)
    lines = [f"{style.strong(commit.sha[:10])} {commit.date} {visible(commit.subject)}"]
    lines += [f"  {c.cls:9} {c.rule.code} {visible(c.path)}: {visible(c.text)}" for c in shown]
    if commit.problem:
        lines.append(f"  unknown   {visible(commit.problem)}")
    if hidden:
        lines.append(f"  cosmetic  {hidden} change{'s' * (hidden > 1)}")
    return "\n".join(lines) + "\n"


def _row(commit: Commit) -> dict[str, object]:
    changes = [
        {"cls": c.cls, "code": c.rule.code, "slug": c.rule.slug, "path": c.path, "message": c.text, "notes": c.notes}
        for c in commit.changes
    ]
    return {
        "sha": commit.sha, "date": commit.date, "subject": commit.subject, "path": commit.path, "changes": changes,
        "problem": commit.problem or None,
    }  # fmt: skip
