"""Where the traceback of a fault of ksim itself goes: a file that a user can hand on."""

from __future__ import annotations


def bug_report(error: BaseException) -> str:
    """Writes what is known of a fault into a new temporary file and returns its path; OSError where that fails."""
    import os
    import platform
    import sys
    import tempfile
    import traceback

    from ksim_spec.version import __version__

    handle, path = tempfile.mkstemp(prefix="ksim-bug-", suffix=".txt", text=True)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"ksim {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"arguments: {sys.argv[1:]}\n\n")
        file.writelines(traceback.format_exception(error))
    return path
