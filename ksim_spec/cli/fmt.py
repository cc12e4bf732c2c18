"""`ksim fmt`: formats specs in place, or says what formatting would change."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from ksim_spec._internal.files import write_atomic
from ksim_spec._internal.gc import uncollected
from ksim_spec.cli.exit import EXIT_BUG, EXIT_FAILED, EXIT_FINDINGS, UserError, report, show
from ksim_spec.diagnostics import SpecError
from ksim_spec.linter.lint import find_specs

_STDIN = "<stdin>"
_NO_LINE_END = "\\ No newline at end of file\n"


@dataclass(frozen=True)
class Formatted:
    """A file before and after: its bytes decoded as they are, and its formatted text."""

    name: str
    old: str
    new: str

    @property
    def changed(self) -> bool:
        return self.old != self.new

    def diff(self) -> str:
        """Returns what would change as a unified diff; empty when nothing would."""
        found = difflib.unified_diff(_lines(self.old), _lines(self.new), self.name, f"{self.name} (formatted)")
        return "".join(line if line.endswith("\n") else f"{line}\n{_NO_LINE_END}" for line in found)


def fmt(
    paths: list[Path] = typer.Argument(
        ..., metavar="PATH...", help="Spec files, or folders to search for them; - reads stdin and writes stdout."
    ),
    check: bool = typer.Option(False, "--check", help="Change nothing; list the files that would change."),
    diff: bool = typer.Option(False, "--diff", help="Change nothing; show what would change."),
    width: int = typer.Option(120, "--width", min=40, help="How long lines may get."),
) -> None:
    if Path("-") in paths:
        if len(paths) > 1:
            raise UserError("`-` reads stdin, so give it alone")
        specs, missing = [Path("-")], []
    else:
        specs, missing = find_specs(paths)
    with uncollected():
        changed, failed, refused, faults = _all(specs, check, diff, width)
    missing += refused
    for problem in missing:
        print(f"ksim: error: {problem}", file=sys.stderr)
    if Path("-") not in specs or check or diff:
        print(_summary(changed, failed, len(specs), check or diff), file=sys.stderr)
    if faults:
        raise typer.Exit(EXIT_BUG)
    if missing:
        raise typer.Exit(EXIT_FAILED)
    if failed or (changed and (check or diff)):
        raise typer.Exit(EXIT_FINDINGS)


def _all(specs: list[Path], check: bool, diff: bool, width: int) -> tuple[int, int, list[str], int]:
    """Formats every file; returns how many are not formatted, how many do not parse, what is refused, our faults."""
    changed, failed, faults = 0, 0, 0
    refused: list[str] = []
    for path in specs:
        try:
            changed += _one(path, check, diff, width)
        except SpecError as error:
            show(error.diagnostics, error.sources)
            failed += 1
        except BrokenPipeError:
            raise  # the reader of our output has left
        except OSError as error:
            refused.append(f"{path}: {error.strerror or error}")
        except Exception as error:  # a fault of ours in one file hides none of the others
            print(f"ksim: error: {path}: not formatted", file=sys.stderr)
            report(error)
            faults += 1
    return changed, failed, refused, faults


def _one(path: Path, check: bool, diff: bool, width: int) -> bool:
    """Formats one file, or shows what that would change; True when it is not formatted as it stands."""
    stdin = path == Path("-")
    done = _format(sys.stdin.buffer.read() if stdin else path.read_bytes(), _STDIN if stdin else str(path), width)
    if diff:
        _print(done.diff())
    elif check:
        _print(f"{done.name}\n" if done.changed else "")
    elif stdin:
        _print(done.new)
    elif done.changed:
        write_atomic(path, done.new.encode())
        print(f"formatted {path}", file=sys.stderr)
    return done.changed


def _format(data: bytes, name: str, width: int) -> Formatted:
    from ksim_spec.formatter.format import format_text
    from ksim_spec.source import SourceFile, with_line_ends
    from ksim_spec.syntax.parse import text_of

    text = text_of(data, name)
    new = format_text(SourceFile(name, text), width)
    return Formatted(name, data.decode(), with_line_ends(new, like=text))


def _lines(text: str) -> list[str]:
    """Returns the lines with their ends; only a newline ends one, whatever else Python takes for a line end."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + [parts[-1]] * bool(parts[-1])


def _print(text: str) -> None:
    """Writes text to stdout as UTF-8 with the line ends it has, whatever the terminal or platform would make of it."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _summary(changed: int, failed: int, total: int, only_told: bool) -> str:
    what = f"{changed} of {total} file{'s' * (total != 1)} {'would change' if only_told else 'changed'}"
    return f"{what}, {failed} with syntax errors" if failed else what
