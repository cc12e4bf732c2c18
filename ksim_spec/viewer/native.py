"""A policy in MuJoCo's own viewer: `ksim play RUN --viewer`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import mujoco

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.viewer.offscreen import body_id, measure

if TYPE_CHECKING:
    from ksim_spec.viewer.steered import Steered


def require_display() -> None:
    """Raises SpecError where there is certainly no display."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise _cannot("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)")


def watch(live: Steered, seconds: float | None) -> None:
    """Runs the policy in a window until that is closed or the time is up; raises SpecError where none can be opened.

    Backspace begins a new episode.
    """
    import mujoco.viewer

    restart: list[int] = []
    data = mujoco.MjData(live.model)

    def pressed(key: int) -> None:
        if key == _BACKSPACE:
            restart.append(key)

    try:
        viewer = mujoco.viewer.launch_passive(
            live.model, data, key_callback=pressed, show_left_ui=False, show_right_ui=False
        )
    except Exception as error:  # GLFW and, on a Mac, the wish to be run by mjpython
        raise _cannot(" ".join(str(error).split())) from None
    with viewer:
        _follow(live, viewer)
        for moment in live.paced(seconds, 1 / 60):
            if not viewer.is_running():
                return
            if restart:
                restart.clear()
                live.restart()
            with viewer.lock():
                data.qpos[:] = moment.qpos_Q
                mujoco.mj_forward(live.model, data)
            viewer.sync()


_BACKSPACE = 259  # GLFW's number


def _follow(live: Steered, viewer: mujoco.viewer.Handle) -> None:
    body = body_id(live.model, live.body)
    size, _top = measure(live.model, body)
    viewer.cam.distance, viewer.cam.elevation = 4.0 * size, -15.0
    if body:
        viewer.cam.type, viewer.cam.trackbodyid = int(mujoco.mjtCamera.mjCAMERA_TRACKING), body


def _cannot(why: str) -> SpecError:
    message = f"no window can be opened: {why}"
    advice = "`--web` shows the same in a browser, and `--video FILE` films it; neither needs a display"
    return SpecError([Diagnostic(rules.NO_WINDOW, message, help=advice)])
