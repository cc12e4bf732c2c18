"""The language server: a thin layer that turns requests into calls of `ksim_spec.ide` and its answers into replies.

Only this package knows pygls and the protocol. Start it with `ksim lsp`; it speaks over stdin and stdout.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

# Each registers what it answers.
from ksim_spec.lsp import document_requests, position_requests, text_sync, view_requests  # noqa: F401
from ksim_spec.lsp.server import server


def main(**options: Any) -> None:
    """Serves one editor over stdin and stdout until it says to stop; what would be printed goes to stderr."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # stdout is the protocol
    server.start_io(stdout=out, **options)
