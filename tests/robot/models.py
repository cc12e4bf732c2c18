"""Robots that the tests of this room share: ours and those inside the mujoco-mjx wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROBOTS = Path(__file__).parents[2] / "specs" / "robots"
BIPED, QUADRUPED, CARTPOLE = (ROBOTS / f"{name}.xml" for name in ("biped", "quadruped", "cartpole"))


def wheel() -> Path:
    """Returns the folder of models inside the mujoco-mjx wheel."""
    found = importlib.util.find_spec("mujoco")
    assert found and found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "mjx" / "test_data"


HUMANOID = wheel() / "humanoid" / "humanoid.xml"
BARKOUR = wheel() / "barkour_v0" / "assets" / "barkour_v0_mjx.xml"
HAND = wheel() / "shadow_hand" / "scene_right.xml"
