"""The `ksim` command: finds the command asked for, runs it, and turns every failure into a message and an exit code.

Exit codes: 0 fine; 1 findings; 2 could not do the job; 70 our own bug; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence

import typer

from ksim_spec.cli.commands import COMMANDS, Entry
from ksim_spec.cli.exit import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, report
from ksim_spec.viewer.gl import shield

_HELP = """Checks, compiles, trains, plays and evaluates robot learning tasks written as `.ksim` specs.

Every command explains itself: ksim COMMAND --help
"""


OBJECTS = 100_000  # that are made between two looks for cycles


def run() -> None:
    """Entry point of the console script."""
    # What imports make, thousands of classes among it, stays: it need not be looked through time and again for cycles
    # that nobody holds.
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
    code = main(sys.argv[1:])
    gc.freeze()  # nor does the interpreter on its way out: a tenth of the time of linting one spec
    sys.exit(code)


def main(argv: Sequence[str]) -> int:
    """Runs `ksim` with these arguments and returns its exit code. Nothing that goes wrong escapes as an exception."""
    shield()
    try:
        result = typer.main.get_command(_app(argv)).main(args=list(argv), prog_name="ksim", standalone_mode=True)
        return result if isinstance(result, int) else EXIT_OK
    except SystemExit as stop:
        return _exit_code(stop)
    except KeyboardInterrupt:
        print("ksim: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (`head`, say) has left: not a failure, but nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except BaseException as error:
        return report(error)


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None:
        return EXIT_OK
    return stop.code if isinstance(stop.code, int) else EXIT_FAILED


def _app(argv: Sequence[str]) -> typer.Typer:
    """Returns the application with the one command that `argv` asks for, or with all where that is not known.

    Building every command costs as much as linting a small spec, so only what is needed is built.
    """
    app = typer.Typer(
        name="ksim",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        callback=_root,
    )
    asked = next((word for word in argv if not word.startswith("-")), None)
    entries = [e for e in COMMANDS if e.name == asked] or list(COMMANDS)
    for entry in entries:
        _register(app, entry)
    return app


def _register(app: typer.Typer, entry: Entry) -> None:
    function = getattr(importlib.import_module(entry.module), entry.function)
    # \b keeps Typer from filling the lines of the examples into one paragraph
    epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in entry.examples)])
    app.command(entry.name, help=entry.help, short_help=entry.help.splitlines()[0], epilog=epilog)(function)


def _version(asked: bool) -> None:
    if asked:
        from ksim_spec.version import __version__

        print(f"ksim {__version__}")
        raise typer.Exit()


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


if __name__ == "__main__":
    run()
