"""`ksim lsp`: the language server."""

from __future__ import annotations

import importlib.util

import typer

from ksim_spec._internal.gc import uncollected
from ksim_spec.cli.exit import UserError

MISSING = "the language server needs pygls: pip install 'ksim_spec[lsp]'"


def lsp_command(
    stdio: bool = typer.Option(True, "--stdio", help="Speak over stdin and stdout; the only way there is."),
) -> None:
    if importlib.util.find_spec("pygls") is None:
        raise UserError(MISSING)
    with uncollected():
        from ksim_spec.lsp import main
    main()
