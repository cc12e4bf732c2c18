"""`--output FORMAT=FILE`: one comparison written in several formats, checked before the work begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ksim_spec.cli.exit import UserError
from ksim_spec.diagnostics import suggest


class Output(StrEnum):
    text = "text"
    markdown = "markdown"
    json = "json"
    github = "github"
    sarif = "sarif"


@dataclass(frozen=True)
class Target:
    """A file, and the format that is written into it."""

    output: Output
    file: Path

    def write(self, text: str) -> None:
        """Writes the file; raises UserError where the system refuses it."""
        try:
            self.file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(_refused(self.file, error.strerror or str(error))) from None


def targets(given: Sequence[str]) -> list[Target]:
    """Returns what `FORMAT=FILE` texts ask for; raises UserError with everything that is wrong with them."""
    found: list[Target] = []
    wrong: list[str] = []
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or not file:
            wrong.append(f"`--output {text}` is not FORMAT=FILE: write for example `--output markdown=report.md`")
        elif name not in [o.value for o in Output]:
            help = suggest(name, [o.value for o in Output], "formats")
            wrong.append(f"`--output {text}`: there is no format `{name}`; {help}")
        elif problem := _unwritable(Path(file)):
            wrong.append(_refused(Path(file), problem))
        elif any(t.file.absolute() == Path(file).absolute() for t in found):
            wrong.append(f"`--output {text}`: `{file}` is written already: give each format a file of its own")
        else:
            found.append(Target(Output(name), Path(file)))
    if wrong:
        raise UserError("; ".join(wrong))
    return found


def _refused(file: Path, why: str) -> str:
    return f"`{file}` cannot be written: {why}"


def _unwritable(file: Path) -> str:
    """Why a file cannot be written, as far as it can be told without writing it; empty where nothing speaks against."""
    if file.is_dir():
        return "it is a folder"
    if not file.parent.is_dir():
        return f"there is no folder `{file.parent}`"
    return "" if os.access(file if file.exists() else file.parent, os.W_OK) else "permission denied"
