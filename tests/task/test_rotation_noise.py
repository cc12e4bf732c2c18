"""Noise on a rotation is a rotation: it turns what is observed by the angle drawn, and leaves a unit quaternion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from tests.tiny_tasks import compiled, found

MJCF = """<mujoco><worldbody><geom name="floor" type="plane" size="0 0 1" pos="0 0 -9"/>
<body name="ball"><freejoint name="float"/><geom name="ball" size="0.1"/>
<body name="arm" pos="0 0 0.2"><joint name="j" axis="0 1 0"/><geom name="arm" size="0.05"/></body></body></worldbody>
<actuator><motor name="j" joint="j"/></actuator>
<sensor><framequat name="imu" objtype="body" objname="ball"/></sensor></mujoco>"""
BLOCKS = {
    "robot": '  base = body("ball")\n  both = bodies("ball", "arm")',
    "action": '  push = torque(joint("j"))  scale 1 Nm',
    "reward": "  low = tilt(base)  weight -1 per rad per s",
    "reset": "  base.yaw += uniform(180 deg)\n  base.roll += uniform(180 deg)",
}
SD = np.deg2rad(4)


def angles(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The angles between the rotations of two arrays of quaternions, N x 4."""
    return 2 * np.arccos(np.clip(np.abs(np.sum(p * q, axis=1)), -1, 1))


@pytest.mark.parametrize("value", ["base.quat", 'sensor("imu")', "both.quat"])
def test_noise_turns_a_rotation_by_the_angles_drawn(value: str, tmp_path: Path) -> None:
    observe = f'  clean = {value}  reason "x"\n  noisy = {value}  noise normal(4 deg)  reason "x"'
    env = ks.make(compiled(tmp_path, MJCF, **BLOCKS, observe=observe), num_envs=2000, backend="cpu")
    seen = np.asarray(env.reset(0).observation["actor"]).reshape(-1, 2, 4 * (2 if value.startswith("both") else 1))
    clean, noisy = (seen[:, i].reshape(-1, 4) for i in (0, 1))
    np.testing.assert_allclose(np.linalg.norm(noisy, axis=1), 1, atol=1e-5)
    assert np.all(noisy[:, 0] >= 0)
    turned = angles(clean.astype(float), noisy.astype(float))
    # Three normal components: the mean square is three variances; 2000 draws know it within a tenth.
    assert np.mean(turned**2) == pytest.approx(3 * SD**2, rel=0.1)


def test_a_bias_turns_a_rotation_by_no_more_than_it_may(tmp_path: Path) -> None:
    observe = '  clean = base.quat\n  biased = base.quat  bias sphere(3 deg)  history 2  reason "x"'.replace(
        "base.quat\n", 'base.quat  reason "x"\n'
    )
    env = ks.make(compiled(tmp_path, MJCF, **BLOCKS, observe=observe), num_envs=500, backend="cpu")
    state = env.reset(0)
    seen = np.asarray(state.observation["actor"], float).reshape(-1, 3, 4)
    turned = angles(seen[:, 0], seen[:, 1])
    assert np.deg2rad(2) < turned.max() <= np.deg2rad(3) + 1e-3
    np.testing.assert_allclose(np.linalg.norm(seen, axis=2), 1, atol=1e-5)


@pytest.mark.parametrize(("line", "slugs"), [
    ("noise normal(4 deg)", []),
    ("noise normal(0.1)", ["angle-mismatch"]),
    ("noise normal(1 cm)", ["unit-mismatch"]),
    ("noise disc(4 deg)", ["shape-mismatch"]),
    ("noise 4 deg", ["nothing-drawn"]),
    ("bias uniform(4 deg)  noise normal(1 deg)  scale 2  clip 1  delay 40 ms  history 3", []),
])  # fmt: skip
def test_the_noise_of_a_rotation_is_an_angle(line: str, slugs: list[str], tmp_path: Path) -> None:
    observe = f'  turn = base.quat  {line}  reason "x"'
    assert [d.slug for d in found(tmp_path, MJCF, **BLOCKS, observe=observe)] == slugs


@pytest.mark.parametrize("sum_", [
    "base.quat - both.quat[1]", "0.5 * base.quat", "ema(base.quat, 1 s)", "base.quat / 2", "slew(base.quat, 1 Hz)",
    "max_since(base.quat, time > 1 s)", "integrate(base.quat) / (1 s)",
])  # fmt: skip
def test_what_is_made_of_the_numbers_of_rotations_is_none(sum_: str, tmp_path: Path) -> None:
    observe = f'  turn = rotation_distance({sum_}, base.quat)  reason "x"'
    assert [d.slug for d in found(tmp_path, MJCF, **BLOCKS, observe=observe)] == ["not-a-rotation"]
    assert not any(d.severity == "error" for d in found(tmp_path, MJCF, **BLOCKS, observe=f"  turn = {sum_}"))


def test_a_rotation_is_no_command(tmp_path: Path) -> None:
    (only,) = found(tmp_path, MJCF, **BLOCKS, more="command goal { turn = base.quat }", observe="  turn = goal.turn")
    assert (only.slug, only.message) == ("not-scalar", "a command field must be a single number, and a rotation has 4")
    assert only.help == "give the angles that the command asks for a field each, for example `yaw`"
