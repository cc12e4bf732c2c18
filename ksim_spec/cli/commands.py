"""The table of commands: their names, where they live, what they do, and examples. Importing it imports no command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One command: `function` in `module` is a Typer command whose first help line is its summary."""

    name: str
    module: str
    function: str
    help: str
    examples: tuple[str, ...]


COMMANDS: tuple[Entry, ...] = (
    Entry(
        "lint",
        "ksim_spec.cli.lint",
        "lint",
        "Check specs, given as files or folders, against their robots.\n\n"
        "Exits with 1 when there are errors, with 2 when a path cannot be read.",
        ("ksim lint specs/walk.ksim", "ksim lint specs --format github", "ksim lint walk.ksim --profile play"),
    ),
    Entry(
        "doctor",
        "ksim_spec.cli.doctor",
        "doctor",
        "Say what is installed and which engines, devices and video backends work here.",
        ("ksim doctor", "ksim doctor --format json"),
    ),
)
