"""Lines that change the state: velocities of a reset are the world's whatever turns the body, and events follow another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from tests.tiny_tasks import compiled

MJCF = """<mujoco><option gravity="0 0 0" timestep="0.01"/><worldbody><body name="ball"><freejoint name="float"/>
<geom name="ball" size="0.1"/><body name="arm" pos="0 0 0.2"><joint name="j" axis="0 1 0"/><geom name="arm" size="0.05"/>
</body></body></worldbody><actuator><motor name="j" joint="j"/></actuator></mujoco>"""
BLOCKS = {
    "robot": '  base = body("ball")',
    "action": '  push = torque(joint("j"))  scale 1 Nm',
    "observe": '  spin = base.angvel  reason "x"\n  speed = base.linvel  reason "x"\n  up = base.up  reason "x"',
}
SPIN, SPEED = "base.angvel = (1 rad/s, 2 rad/s, 3 rad/s)", "base.linvel = (0.1 m/s, 0.2 m/s, 0.3 m/s)"
TURNS = "base.roll += 90 deg\n  base.yaw += 60 deg"


@pytest.mark.parametrize("reset", [
    f"{SPIN}\n  {SPEED}\n  {TURNS}", f"{TURNS}\n  {SPIN}\n  {SPEED}", f"base.roll += 90 deg\n  {SPEED}\n  {SPIN}\n  base.yaw += 60 deg",
])  # fmt: skip
def test_velocities_of_a_reset_are_the_worlds(reset: str, tmp_path: Path) -> None:
    env = ks.make(compiled(tmp_path, MJCF, **BLOCKS, reset=f"  {reset}"), num_envs=1, backend="cpu")
    seen = np.asarray(env.reset(0).observation["actor"])[0]
    np.testing.assert_allclose(seen[:6], [1, 2, 3, 0.1, 0.2, 0.3], atol=1e-6)
    assert abs(seen[8]) < 1e-6  # and it is turned


def test_of_two_events_in_a_step_the_second_sees_what_the_first_did(tmp_path: Path) -> None:
    more = (
        "event first every 0.02 s {\n  base.linvel.x = 1 m/s\n}\n"
        "event second every 0.02 s {\n  base.linvel.x *= 2\n  base.linvel.y += 1 m/s\n}\n"
        "event third every 0.02 s {\n  base.linvel.y = 0.5 m/s\n}\n"
    )
    made = compiled(tmp_path, MJCF, **BLOCKS, reset="  base.linvel.x = 0.32 m/s", more=more)
    env = ks.make(made, num_envs=1, backend="cpu")
    state = env.step(env.step(env.reset(0), np.zeros((1, 1))), np.zeros((1, 1)))
    np.testing.assert_allclose(np.asarray(state.observation["actor"])[0][3:6], [2, 0.5, 0], atol=1e-6)
