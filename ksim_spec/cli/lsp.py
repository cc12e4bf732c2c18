"""`ksim lsp`: the language server."""

from __future__ import annotations

import gc
import importlib.util

import typer

from ksim_spec.cli.failure import UserError

MISSING = "the language server needs pygls: pip install 'ksim_spec[lsp]'"


def lsp_command(
    stdio: bool = typer.Option(True, "--stdio", help="Speak over stdin and stdout; the only way there is."),
) -> None:
    if importlib.util.find_spec("pygls") is None:
        raise UserError(MISSING)
    gc.disable()  # what is imported stays: looking for cycles in it takes a tenth of the start
    from ksim_spec.lsp import main

    gc.enable()
    main()
