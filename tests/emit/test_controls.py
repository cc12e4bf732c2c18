"""The control of every actuator, whatever its gear and wherever it stands among joints and actuators.

The generated `act` is put into plain MuJoCo, and the torque at each joint must be what the spec asks for there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from ksim_spec.compiler import Compiled
from ksim_spec.task.module import load_module
from tests.emit.worlds import compile_text

NAMES = ("a", "b", "c", "d", "e")
GAIN = {"torque": 1.0, "position": 40.0}


def robot(joints: list[str], actuators: list[str], gears: dict[str, float], mode: str) -> str:
    """Returns an MJCF with hinges side by side in one order and their actuators in another."""
    bodies = "".join(
        f'<body name="{n}" pos="{i} 0 1"><joint name="{n}" axis="0 1 0" damping="1"/>'
        f'<geom size="0.1" mass="1" contype="0" conaffinity="0"/></body>'
        for i, n in enumerate(joints)
    )
    kind = "motor" if mode == "torque" else f'position kp="{GAIN[mode]}"'
    close = kind.split()[0]
    lines = "".join(f'<{kind} name="m_{n}" joint="{n}" gear="{gears[n]}"></{close}>' for n in actuators)
    zero = " ".join("0" for _ in joints)
    key = f'<keyframe><key name="home" qpos="{zero}"/></keyframe>'
    return f"<mujoco><worldbody>{bodies}</worldbody><actuator>{lines}</actuator>{key}</mujoco>"


def spec(lines: list[list[str]], scales: dict[str, float], mode: str) -> str:
    unit = "Nm" if mode == "torque" else "rad"
    around = "" if mode == "torque" else " around home"
    action = ""
    for i, names in enumerate(lines):
        listed = ", ".join(f'"{n}"' for n in names)
        table = ", ".join(f'"{n}": {scales[n]!r} {unit}' for n in names)
        action += f"  line{i} = {mode}(joints({listed})){around} scale {{{table}}}\n"
    return f"""
task tiny
robot "robot.xml" {{
  home = keyframe("home")
}}
world {{
  physics_step = 4 ms
  control_step = 20 ms
}}
action {{
{action}}}
observe actor {{
  pos = joints("*").pos
}}
reset {{
  pose home
}}
"""


def act(compiled: Compiled, action: np.ndarray) -> np.ndarray:
    module: Any = load_module(compiled.source, "tiny_task.py")
    return np.asarray(module.act({}, action, {}, 0.0, {}, {}, compiled.program.params, {}))


def wanted(compiled: Compiled, action: np.ndarray, scales: dict[str, float]) -> dict[str, float]:
    """Returns what the spec asks for at each joint: its number of the action times its scale."""
    found, at = {}, 0
    for term in compiled.program.action:
        for name in term.joints:
            found[name] = float(action[at]) * scales[name]
            at += 1
    return found


@pytest.mark.parametrize("mode", ["torque", "position"])
@pytest.mark.parametrize("seed", range(8))
def test_every_joint_gets_what_its_line_says(tmp_path: Path, mode: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, len(NAMES) + 1))
    names = NAMES[:count]
    joints, actuators, order = ([str(n) for n in rng.permutation(names)] for _ in range(3))
    same = seed % 4 == 3  # equal gears take another way through the generator
    gears = {n: 2.0 if same else float(g) for n, g in zip(names, rng.uniform(0.2, 5, count), strict=True)}
    scales = {n: float(s) for n, s in zip(names, rng.uniform(0.5, 3, count), strict=True)}
    cut = int(rng.integers(1, count + 1))
    lines = [part for part in (order[:cut], order[cut:]) if part]
    if seed % 3 == 2 and len(lines) == 2:
        lines = lines[:1]  # the joints of the second stay without a line
    (tmp_path / "robot.xml").write_text(robot(joints, actuators, gears, mode), encoding="utf-8")
    compiled = compile_text(tmp_path, spec(lines, scales, mode))
    model = compiled.binding.scene.model
    action = rng.uniform(-1, 1, compiled.program.action_size).astype(np.float32)

    data = mujoco.MjData(model)
    data.qpos[:] = rng.normal(0, 0.3, model.nq)
    data.ctrl[:] = act(compiled, action)
    mujoco.mj_forward(model, data)
    asked = wanted(compiled, action, scales)
    assert set(asked) == {n for line in lines for n in line}
    for name in names:
        joint = model.joint(name)
        torque, position = data.qfrc_actuator[joint.dofadr[0]], data.qpos[joint.qposadr[0]]
        target = asked.get(name, 0.0)
        want = target if mode == "torque" else GAIN[mode] * gears[name] ** 2 * (target - position)
        if name not in asked and mode == "position":
            continue  # what an actuator without a line does is not said here
        assert torque == pytest.approx(want, rel=1e-5, abs=1e-5), name
