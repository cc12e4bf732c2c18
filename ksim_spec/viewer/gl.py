"""`MUJOCO_GL`: which OpenGL the user wants pictures drawn with, kept away from processes that only simulate.

MuJoCo reads the variable when it is first imported, and that import fails where it names a library that is not there.
Physics needs no OpenGL, so only the processes that draw may see it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping

ASKED = "MUJOCO_GL"
KEPT = "KSIM_MUJOCO_GL"  # where the user's choice is while MuJoCo is not to see it


def shield(environ: MutableMapping[str, str] = os.environ) -> None:
    """Takes the user's choice out of MuJoCo's sight; `backends` still finds it, here and in child processes."""
    if ASKED in environ:
        environ[KEPT] = environ.pop(ASKED)


def import_mujoco() -> None:
    """Imports MuJoCo into the program of someone else, whose `MUJOCO_GL` is left alone unless that import fails."""
    try:
        import mujoco  # noqa: F401
    except Exception:
        if ASKED not in os.environ:
            raise
        shield()
        import mujoco  # noqa: F401


def backends(environ: Mapping[str, str], platform: str = sys.platform) -> tuple[str, ...]:
    """Returns the values of `MUJOCO_GL` worth trying, in order: the user's own alone, else those needing no display."""
    chosen = environ.get(ASKED, environ.get(KEPT, "")).strip().lower()
    if chosen:
        return (chosen,)
    return ("egl", "osmesa") if platform.startswith("linux") else ("glfw",)
