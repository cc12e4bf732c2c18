"""Videos: rendered for real where this machine can draw, and refused in one line where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import mujoco
import numpy as np
import pytest

from ksim_spec.viewer import video
from ksim_spec.viewer.video import Motion, Shot, Video, backends, write_video
from ksim_spec.viewer.video_worker import frame_steps

MODEL = """
<mujoco><worldbody><geom type="plane" size="0 0 1"/>
  <body name="ball" pos="0 0 0.5"><freejoint/><geom size="0.2" rgba="1 0 0 1"/></body>
</worldbody></mujoco>
"""
SMALL = Shot(width=160, height=128)


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(MODEL)


@pytest.fixture(scope="module")
def motion(model) -> Motion:
    qpos_TQ = np.tile(model.qpos0, (15, 1))
    qpos_TQ[:, 0] = np.linspace(0.0, 0.5, 15)
    return Motion(qpos_TQ, 0.02, body="ball", command_TC=np.full((15, 3), 0.5))


@pytest.fixture(scope="module")
def drawing() -> str:
    working = [b for b in ("egl", "osmesa") if not video.probe(b)]
    if not working:
        # Where KSIM_NEED_GL is set (.ci/run sets it once Mesa is installed), a machine that cannot draw is a failure.
        assert not os.environ.get("KSIM_NEED_GL"), "no backend draws on this machine"
        pytest.skip("this machine has no OpenGL")
    return working[0]


def decode(path: Path) -> np.ndarray:
    import imageio_ffmpeg

    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    return np.stack([np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in reader])


def test_a_motion_becomes_a_video_that_shows_it(model, motion, drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", drawing)
    out = tmp_path / "new" / "ball.mp4"
    made = write_video(model, motion, out, shot=SMALL)
    assert made.path == out and made.frames == 15 and made.backend == drawing, made.reason
    frames = decode(out).astype(int)
    assert frames.shape == (15, 128, 160, 3)
    red = (frames[..., 0] > frames[..., 1] + 60) & (frames[..., 0] > frames[..., 2] + 60)
    assert red[0].sum() > 200
    assert abs(frames[0] - frames[-1]).mean() > 1.0
    assert list(out.parent.iterdir()) == [out]


def test_without_opengl_the_reason_is_one_line(model, motion, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    made = write_video(model, motion, tmp_path / "a.mp4", shot=SMALL)
    assert made.path is None and made.reason.startswith("this machine cannot render (glfw: ")
    assert "\n" not in made.reason and "Traceback" not in made.reason
    assert list(tmp_path.iterdir()) == []


def test_a_renderer_that_dies_is_reported_not_raised(model, motion, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "egl")
    run = subprocess.run
    die = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
    monkeypatch.setattr(video.subprocess, "run", lambda command, **more: run(die, **more))
    made = write_video(model, motion, tmp_path / "a.mp4", shot=SMALL)
    assert made.path is None and "status -11" in made.reason


def test_a_renderer_that_hangs_is_stopped(model, motion, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "egl")
    made = write_video(model, motion, tmp_path / "a.mp4", shot=SMALL, timeout_s=0.01)
    assert made == Video(None, "rendering with egl took longer than 0 s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(model, motion, drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", drawing)
    tmp_path.chmod(0o500)
    made = write_video(model, motion, tmp_path / "a.mp4", shot=SMALL)
    assert made.path is None and "Permission denied" in made.reason


def test_a_path_through_a_file_is_refused(model, motion, drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", drawing)
    (tmp_path / "file").write_text("")
    made = write_video(model, motion, tmp_path / "file" / "a.mp4", shot=SMALL)
    assert made.path is None and str(tmp_path / "file") in made.reason


def test_rendering_can_be_switched_off(model, motion, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "disable")
    assert "switched off" in write_video(model, motion, tmp_path / "a.mp4", shot=SMALL).reason


def test_a_motion_of_another_robot_is_refused(model, drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", drawing)
    made = write_video(model, Motion(np.zeros((3, 5)), 0.02), tmp_path / "a.mp4", shot=SMALL)
    assert "the model needs (steps, 7)" in made.reason


def test_the_users_backend_is_the_only_one_tried():
    assert backends({"MUJOCO_GL": "osmesa"}, "linux") == ("osmesa",)
    assert backends({}, "linux") == ("egl", "osmesa")


@pytest.mark.parametrize(("steps", "step_s", "fps"), [(100, 0.02, 50), (40, 0.05, 50), (200, 0.01, 50), (1, 0.02, 50)])
def test_videos_run_in_real_time(steps, step_s, fps):
    picks = frame_steps(steps, step_s, fps)
    assert len(picks) == max(1, round(steps * step_s * fps))
    assert picks == sorted(picks) and picks[0] >= 0 and picks[-1] < steps
    for frame, step in enumerate(picks):
        assert abs((frame + 0.5) / fps - (step + 0.5) * step_s) <= max(step_s, 1 / fps)
