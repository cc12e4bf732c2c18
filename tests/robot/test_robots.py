"""Our robots: they stand, they are symmetric, and their names serve the selectors of the specs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import mujoco
import numpy as np
import pytest

from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest
from tests.robot.models import BIPED, CARTPOLE, QUADRUPED

# Sign of a joint's mirror image: biped axes are mirrored, quadruped hips turn about the same axis on both sides.
MIRRORS = {BIPED: ("left_", "right_", ()), QUADRUPED: ("L_", "R_", ("hip",))}


def scene(path: Path) -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = compose(SceneRequest(path, floor=0.8)).model
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    mujoco.mj_forward(model, data)
    return model, data


@pytest.mark.parametrize("path", [BIPED, QUADRUPED], ids=lambda p: p.stem)
def test_stands_at_home_with_shallow_contacts(path: Path) -> None:
    model, data = scene(path)
    start = data.qpos[2]
    assert all(c.dist > -1e-4 for c in data.contact)
    for _ in range(round(6.0 / model.opt.timestep)):
        mujoco.mj_step(model, data)
    up = data.xmat[1].reshape(3, 3)[2, 2]
    assert up > 0.98 and abs(data.qpos[2] - start) < 0.05
    assert np.abs(data.qvel).max() < 0.06
    assert min(c.dist for c in data.contact) > -1e-3
    assert len(data.contact) >= 4


@pytest.mark.parametrize("path", [BIPED, QUADRUPED], ids=lambda p: p.stem)
def test_moves_as_its_mirror_image(path: Path) -> None:
    left, right, flipped = MIRRORS[path]
    model, data = scene(path)
    names = [model.actuator(i).name for i in range(model.nu)]
    swap = [names.index(n.replace(left, "#").replace(right, left).replace("#", right)) for n in names]
    sign = np.array([-1.0 if any(n.endswith(f) for f in flipped) else 1.0 for n in names])
    twin = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, twin, 0)
    home, rng = model.key_ctrl[0], np.random.default_rng(0)
    for _ in range(30):
        push = rng.uniform(-0.15, 0.15, model.nu)
        data.ctrl, twin.ctrl = home + push, (home + push)[swap] * sign
        mujoco.mj_step(model, data)
        mujoco.mj_step(model, twin)
    assert np.allclose(twin.qpos[7:], data.qpos[7:][swap] * sign, atol=1e-5)
    assert np.allclose(twin.qpos[:3], data.qpos[:3] * [1, -1, 1], atol=1e-5)
    assert np.abs(data.qpos[7:] - home).max() > 0.05


def test_the_bipeds_legs_are_what_the_north_star_selects() -> None:
    index = RobotIndex.load(BIPED)
    legs = [n for n in index.names("joint") if any(fnmatchcase(n, p) for p in ("*_hip_*", "*_knee", "*_ankle"))]
    assert sorted(legs) == sorted(a.target for a in index.actuators)
    assert len(legs) == 12
    assert {"left_foot", "right_foot", "imu"} <= set(index.names("site"))


@pytest.mark.parametrize("path", [BIPED, QUADRUPED], ids=lambda p: p.stem)
def test_violent_actions_do_not_blow_up(path: Path) -> None:
    model, data = scene(path)
    rng = np.random.default_rng(1)
    low, high = model.actuator_ctrlrange.T
    for i in range(1500):
        if i % 5 == 0:
            data.ctrl = rng.uniform(low, high)
        mujoco.mj_step(model, data)
    assert not any(w.number for w in data.warning)
    assert np.abs(data.qvel[6:]).max() < 120


def test_the_cartpole_hangs_and_balances() -> None:
    model = compose(SceneRequest(CARTPOLE)).model
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("down").id)
    for _ in range(500):
        mujoco.mj_step(model, data)
    assert abs(data.qpos[1] - np.pi) < 1e-2
    data.ctrl = 1.0
    mujoco.mj_forward(model, data)
    assert data.actuator_force[0] == pytest.approx(1.0) and data.qfrc_actuator[0] == pytest.approx(10.0)
