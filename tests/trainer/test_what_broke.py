"""A reward that is no number is told apart from physics that broke, and the term is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from tests.tiny_tasks import written

MJCF = """<mujoco><worldbody><body name="cart"><joint name="slide" type="slide" axis="1 0 0"/><geom size="0.1"/></body>
</worldbody><actuator><motor name="slide" joint="slide"/></actuator></mujoco>"""
BLOCKS = {
    "robot": '  slide = joint("slide")',
    "action": "  push = torque(slide)  scale 1 N",
    "reset": "  slide.pos = uniform(1 m)",
    "reward": "  fine = 1  weight 1 per s\n  gap = log(slide.pos / (1 m))  weight 1 per s",
    "more": "train ppo { num_envs = 8\n num_env_states_per_minibatch = 32\n num_minibatches = 2\n budget = 64 }",
}


def test_a_term_that_is_no_number_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, MJCF, **BLOCKS)
    path.write_text(path.read_text().replace("train ppo { num_envs = 8 }\n", ""))
    ks.train(path, out=tmp_path / "run", backend="cpu")
    (row, *_) = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert row["fault/physics"] == 0 and row["fault/not_finite"] == row["fault/reward/gap"] > 0
    assert row["fault/reward/fine"] == 0 and np.isfinite(row["reward/gap"])
    said = "".join(capsys.readouterr())
    assert "`gap` broke in an environment" in said and "(`gap` " in said and "physics" not in said
