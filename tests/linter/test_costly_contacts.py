"""What contacts between many parts cost is said, and whether two geoms touch is read once, whichever side asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from tests.tiny_tasks import compiled, found

BALLS = 30
MJCF = "<mujoco><option gravity='0 0 0'/><worldbody>{}</worldbody><actuator>{}</actuator></mujoco>".format(
    "".join(
        f'<body name="b{i}" pos="{i} 0 0"><joint name="j{i}" type="slide" axis="1 0 0"/><geom name="g{i}" size="0.2"/></body>'
        for i in range(BALLS)
    ),
    "".join(f'<motor name="j{i}" joint="j{i}"/>' for i in range(BALLS)),
)
ROBOT = {"robot": '  links = bodies("b*")\n  few = bodies("b1?")', "action": '  push = torque(joints("j*"))  scale 1 N'}


@pytest.mark.parametrize(("value", "told"), [
    ("number(std.self_contact(links))", "`contact` is read between 435 pairs of geoms at every step, with a sensor each"),
    ("number(any(links.contact with few))", "`contact` is read between 245 pairs"),
    ("max(norm(links.contact_force with links))", "`contact_force` is read between 435 pairs"),
    ("number(std.self_contact(few))", ""),
    ("number(any(few.contact with few))", ""),
    ("number(any(links.contact))", ""),
])  # fmt: skip
def test_very_many_pairs_are_said(value: str, told: str, tmp_path: Path) -> None:
    seen = [d for d in found(tmp_path, MJCF, **ROBOT, reward=f"  hit = {value}  weight -1 per s".replace(
        "-1 per s", "-1 per N per s" if "force" in value else "-1 per s")) if d.slug == "costly-contacts"]  # fmt: skip
    assert [d.message.startswith(told) for d in seen] == [True] * bool(told)
    assert all(d.severity == "hint" for d in seen)


def test_a_pair_is_read_once_from_both_sides(tmp_path: Path) -> None:
    reward = "  hit = number(std.self_contact(links)) - number(any(few.contact with links))  weight -1 per s"
    made = compiled(tmp_path, MJCF, **ROBOT, reward=reward)
    scene = made.binding.scene
    assert scene.model.nsensor == BALLS * (BALLS - 1) // 2
    assert all(len(slots) == BALLS - 1 for slots in scene.contacts.values())


def test_a_robot_feels_itself_from_either_side(tmp_path: Path) -> None:
    observe = '  each = links.contact with links  reason "x"\n  any = std.self_contact(links)  reason "x"'
    reset = '  joint("j3").pos = 0.9 m\n  joint("j5").pos = uniform(0.1 m)'
    env = ks.make(compiled(tmp_path, MJCF, **ROBOT, observe=observe, reset=reset), num_envs=2, backend="cpu")
    seen = np.asarray(env.reset(0).observation["actor"])
    touching = np.flatnonzero(seen[0, :BALLS])
    assert list(touching) == [3, 4]
    assert seen[:, BALLS].tolist() == [1, 1]
