"""The process that draws a video: `python -m ksim_spec.viewer.video_worker MODEL MOTION.npz OUT.mp4 SHOT_JSON`.

Answers with one line of JSON on stdout: `path`, `frames` and `wall_s`, or `error`. An error that starts with
"no OpenGL: " means that another backend may succeed. `--probe` draws one frame of an empty world.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


class NoGL(Exception):
    """OpenGL could not be set up; the message is one line."""


def main(argv: list[str]) -> int:
    """Does what the arguments ask, prints the answer, and returns 0 when that is not an error."""
    try:
        answer = _probe() if argv == ["--probe"] else _film(Path(argv[0]), Path(argv[1]), Path(argv[2]), argv[3])
    except NoGL as error:
        answer = {"error": f"no OpenGL: {error}"}
    except OSError as error:
        answer = {"error": f"{error.filename or argv[-2]}: {error.strerror or error}"}
    except Exception as error:
        answer = {"error": f"{_one_line(error)}"}
    print(json.dumps(answer), flush=True)
    # Drivers are known to crash while Python tears down their contexts; by now everything is written.
    sys.stderr.flush()
    os._exit(1 if "error" in answer else 0)


def _probe() -> dict[str, Any]:
    mujoco = _mujoco()
    model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><geom size='0.1'/></worldbody></mujoco>")
    with _stage(model, {"width": 64, "height": 64}) as stage:
        stage.frame(model.qpos0, None, None)
    return {"path": None, "frames": 1, "wall_s": 0.0}


def _film(model_path: Path, motion_path: Path, out: Path, shot_json: str) -> dict[str, Any]:
    start = time.perf_counter()
    mujoco = _mujoco()
    shot: dict[str, Any] = json.loads(shot_json)
    motion = np.load(motion_path)
    binary = model_path.suffix == ".mjb"
    load = mujoco.MjModel.from_binary_path if binary else mujoco.MjModel.from_xml_path
    model = load(str(model_path))
    qpos_TQ = motion["qpos_TQ"]
    if qpos_TQ.ndim != 2 or qpos_TQ.shape[1] != model.nq or not len(qpos_TQ):
        raise ValueError(f"the motion has shape {qpos_TQ.shape}, the model needs (steps, {model.nq})")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.stem}.{os.getpid()}.mp4")
    with _stage(model, shot, str(motion["body"])) as stage:
        shot["fps"] = _affordable_fps(stage, qpos_TQ, float(motion["step_s"]), shot)
        picks = frame_steps(len(qpos_TQ), float(motion["step_s"]), shot["fps"])
        try:
            with _Encoder(partial, shot) as encoder:
                for t in picks:
                    encoder.write(stage.frame(qpos_TQ[t], _at(motion, "command_TC", t), _at(motion, "mocap_TMP", t)))
            os.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)
    return {"path": str(out), "frames": len(picks), "wall_s": time.perf_counter() - start}


def _affordable_fps(stage: Any, qpos_TQ: np.ndarray, step_s: float, shot: dict[str, Any]) -> int:
    """Returns the frame rate that fits in `budget_s`, having given up shadows first where that is not enough."""

    def estimate_s() -> float:
        stage.frame(qpos_TQ[0], None, None)  # the first frame also sets things up
        begin = time.perf_counter()
        stage.frame(qpos_TQ[0], None, None)
        return (time.perf_counter() - begin) * len(qpos_TQ) * step_s * shot["fps"]

    budget_s = shot.get("budget_s", 1e9)
    if estimate_s() <= budget_s:
        return shot["fps"]
    stage.without_shadows()
    return shot["fps"] if estimate_s() <= budget_s else max(10, shot["fps"] // 2)


def frame_steps(steps: int, step_s: float, fps: int) -> list[int]:
    """Returns the index of the step to show in each frame so that the video runs in real time; at least one."""
    frames = max(1, round(steps * step_s * fps))
    return [min(steps - 1, int((k + 0.5) / fps / step_s)) for k in range(frames)]


class _Encoder:
    """Writes RGB frames to an H.264 file that every browser and phone plays."""

    def __init__(self, path: Path, shot: dict[str, Any]) -> None:
        import imageio_ffmpeg

        self._frames = imageio_ffmpeg.write_frames(
            str(path),
            (shot["width"], shot["height"]),
            fps=shot["fps"],
            codec="libx264",
            quality=None,  # pyright: ignore[reportArgumentType]  # its default; crf below says it instead
            output_params=["-crf", "23", "-preset", "veryfast", "-movflags", "+faststart"],
            ffmpeg_log_level="error",
        )

    def __enter__(self) -> _Encoder:
        self._frames.send(None)
        return self

    def write(self, rgb: np.ndarray) -> None:
        self._frames.send(np.ascontiguousarray(rgb))

    def __exit__(self, *_: object) -> None:
        self._frames.close()


def _mujoco() -> Any:
    try:
        import mujoco
    except Exception as error:  # a backend that is not there fails the import, each in its own way
        # PyOpenGL stands None in for a library that it could not load, so that is what its absence looks like.
        absent = isinstance(error, AttributeError) and "NoneType" in str(error)
        raise NoGL("its library is not installed" if absent else _one_line(error)) from None
    return mujoco


def _stage(model: Any, shot: dict[str, Any], body: str = "") -> Any:
    from ksim_spec.viewer.offscreen import Stage

    try:
        return Stage(model, shot, body)
    except Exception as error:
        raise NoGL(_one_line(error)) from None


def _at(motion: Any, name: str, t: int) -> np.ndarray | None:
    return motion[name][t] if name in motion else None


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300]


if __name__ == "__main__":
    main(sys.argv[1:])
