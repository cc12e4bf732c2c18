"""Videos without a display: a recorded motion becomes an mp4, rendered in a process of its own.

OpenGL is chosen when MuJoCo is first imported, and a broken driver may end the process that touches it. Neither may
disturb training, so `python -m ksim_spec.viewer.video_worker` draws the frames, with `MUJOCO_GL` set for it alone, and
whatever goes wrong comes back as one line of text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ksim_spec.viewer.gl import backends

if TYPE_CHECKING:
    import mujoco


@dataclass(frozen=True)
class Shot:
    """How to film. Angles are in degrees, lengths in metres; `distance` 0 fits the camera to the robot's size."""

    width: int = 640
    height: int = 480
    fps: int = 50
    azimuth: float = 130.0
    elevation: float = -15.0
    distance: float = 0.0


@dataclass(frozen=True)
class Motion:
    """What to film: one state per control step of `step_s` seconds.

    `command_TC` is the commanded planar velocity in the heading frame (x and y in m/s, then yaw in rad/s), drawn as an
    arrow above the base. `mocap_TMP` holds position and quaternion of each mocap body.
    """

    qpos_TQ: Float[np.ndarray, "T Q"]
    step_s: float
    body: str = ""  # the camera follows this body; the first body that can move if empty
    command_TC: Float[np.ndarray, "T 3"] | None = None
    mocap_TMP: Float[np.ndarray, "T M 7"] | None = field(default=None)


@dataclass(frozen=True)
class Video:
    """What became of a video: the file at `path`, or None and in `reason` one line that says why there is none."""

    path: Path | None
    reason: str = ""
    backend: str = ""
    frames: int = 0
    wall_s: float = 0.0


def write_video(
    model: mujoco.MjModel, motion: Motion, path: Path, *, shot: Shot | None = None, timeout_s: float = 300.0
) -> Video:
    """Renders the motion in real time into an mp4 at `path` and returns what became of it.

    Never raises for a missing or broken OpenGL, encoder or folder: the reason is in the result. The file appears under
    its name only when it is whole.
    """
    import mujoco

    with tempfile.TemporaryDirectory(prefix="ksim-video-") as folder:
        model_path, motion_path = Path(folder, "model.mjb"), Path(folder, "motion.npz")
        mujoco.mj_saveModel(model, str(model_path), None)
        save_motion(motion, motion_path)
        return render_files(model_path, motion_path, path, shot=shot or Shot(), timeout_s=timeout_s)


def save_motion(motion: Motion, path: Path) -> None:
    """Writes the motion as an `.npz` that the worker reads."""
    arrays: dict[str, np.ndarray] = {
        "qpos_TQ": np.asarray(motion.qpos_TQ, np.float64),
        "step_s": np.asarray(motion.step_s),
        "body": np.asarray(motion.body),
    }
    if motion.command_TC is not None:
        arrays["command_TC"] = np.asarray(motion.command_TC, np.float64)
    if motion.mocap_TMP is not None:
        arrays["mocap_TMP"] = np.asarray(motion.mocap_TMP, np.float64)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # pyright: ignore[reportArgumentType]


def render_files(model: Path, motion: Path, out: Path, *, shot: Shot, timeout_s: float = 300.0) -> Video:
    """Like `write_video`, from a model file (`.xml` or `.mjb`) and a file written by `save_motion`."""
    failures: list[str] = []
    settings = json.dumps(asdict(shot) | {"budget_s": timeout_s / 4})
    for backend in backends(os.environ):
        video = _attempt(backend, [str(model), str(motion), str(out), settings], timeout_s)
        if video.path is not None or not video.reason.startswith(_NO_GL):
            return video
        failures.append(f"{backend}: {video.reason.removeprefix(_NO_GL)}")
    return Video(None, _no_backend(failures))


def probe(backend: str, timeout_s: float = 60.0) -> str:
    """Returns why `MUJOCO_GL=backend` cannot draw a frame here, or nothing when it can."""
    return _attempt(backend, ["--probe"], timeout_s).reason.removeprefix(_NO_GL)


def find_backend() -> tuple[str, str]:
    """Returns a value of `MUJOCO_GL` that can draw here, or none and in one line why there is none."""
    failures: list[str] = []
    for backend in backends(os.environ):
        why = probe(backend)
        if not why:
            return backend, ""
        failures.append(f"{backend}: {why}")
    return "", _no_backend(failures)


_NO_GL = "no OpenGL: "
_ADVICE = "On Debian and Ubuntu: apt install libegl1 libgl1-mesa-dri, or libosmesa6"


def _no_backend(failures: list[str]) -> str:
    """Returns in one line why nothing can be drawn here, given what each backend says."""
    return f"this machine cannot render ({'; '.join(failures)}). {_ADVICE}"


def _attempt(backend: str, arguments: list[str], timeout_s: float) -> Video:
    if backend in ("0", "off", "false", "disable", "disabled", "no"):
        return Video(None, f"rendering is switched off by MUJOCO_GL={backend}")
    environ = os.environ | {"MUJOCO_GL": backend, "JAX_PLATFORMS": "cpu"}
    environ.pop("PYOPENGL_PLATFORM", None)  # left over from another choice of backend, it would contradict ours
    command = [sys.executable, "-m", "ksim_spec.viewer.video_worker", *arguments]
    try:
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return Video(None, f"rendering with {backend} took longer than {timeout_s:.0f} s")
    except OSError as error:
        return Video(None, f"Python could not be started again ({error.strerror})")
    return _outcome(backend, done)


def _outcome(backend: str, done: subprocess.CompletedProcess[str]) -> Video:
    lines = done.stdout.strip().splitlines()
    try:
        answer = json.loads(lines[-1])
    except (IndexError, ValueError):
        # The worker did not live to answer: a driver crashed it, or it was killed.
        last = (done.stderr.strip().splitlines() or ["it left no message"])[-1].strip()
        return Video(None, f"{_NO_GL}the renderer ended with status {done.returncode}: {last[:200]}")
    if "error" in answer:
        return Video(None, answer["error"])
    path = Path(answer["path"]) if answer.get("path") else None
    return Video(path, "", backend, answer["frames"], answer["wall_s"])
