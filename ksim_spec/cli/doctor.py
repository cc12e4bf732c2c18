"""`ksim doctor`: what works on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from ksim_spec.cli.exit import EXIT_FINDINGS
from ksim_spec.render.ansi import Style, wants_color

if TYPE_CHECKING:
    from ksim_spec.cli.doctor_probes import Finding

_MARKS = {"ok": ("ok", "32"), "missing": ("--", "33"), "broken": ("no", "31")}


class OutputFormat(StrEnum):
    text = "text"
    json = "json"


def doctor(
    output: OutputFormat = typer.Option(OutputFormat.text, "--format", help="How the findings are written."),
) -> None:
    from ksim_spec.cli.doctor_probes import examine, to_json

    if sys.stderr.isatty():
        print("looking at this machine ...", file=sys.stderr)
    findings = examine()
    if output is OutputFormat.json:
        print(to_json(findings))
    else:
        print(as_text(findings, Style(wants_color(sys.stdout))))
    if not any(f.group == "engines" and f.status == "ok" for f in findings):
        raise typer.Exit(EXIT_FINDINGS)


def as_text(findings: Sequence[Finding], style: Style) -> str:
    """Returns the findings as a table with a heading for each group, and what follows from them."""
    width = max(len(f.name) for f in findings)
    lines: list[str] = []
    for group, members in groupby(findings, key=lambda f: f.group):
        lines += ["", style.strong(group)] if lines else [style.strong(group)]
        for f in members:
            mark, color = _MARKS[f.status]
            lines.append(f"  {style.paint(mark, color)}  {f.name:<{width}}  {f.detail}")
    return "\n".join([*lines, "", *_conclusions(findings)])


def _conclusions(findings: Sequence[Finding]) -> list[str]:
    engines = [f.name for f in findings if f.group == "engines" and f.status == "ok"]
    encoder = any(f.name == "encoder" and f.status == "ok" for f in findings)
    drawing = any(f.name.startswith("MUJOCO_GL") and f.status == "ok" for f in findings)
    out = [f"Can train with: {', '.join(engines)}." if engines else "Cannot train: no physics engine works."]
    if encoder and drawing:
        return [*out, "Can write videos."]
    how = "Debian and Ubuntu: apt install libegl1 libgl1-mesa-dri" if encoder else "pip install imageio-ffmpeg"
    return [*out, f"Cannot write videos ({how}); training works without."]
