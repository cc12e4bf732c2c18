"""Curriculum levels: when they move, by how much, and that numbers which use them follow."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from tests.task.runs import build, noise, run, text

SOURCE = text(
    reward="reward {; far = slider.pos weight 2 per m per s; group costs weight cost {; fast = 1 weight -1 per s; }; }\n",
    more="curriculum {; cost from 0.2 to 1 duration 1000 env_states"
    "; up from 0 to 1 by 0.25 when mean(episode_time) > 2 s; down from 3 to 1 by 0.5 when success >= 50 %; }\n",
)


def stats(**values: float):
    base = {"episode_time": 0.0, "episode_return": 0.0, "success": 0.0, "fail": 0.0, "env_states": 0.0, "episodes": 5.0}
    return {k: jnp.float32(v) for k, v in {**base, **values}.items()}


def levels(task, params):
    return {k: float(v) for k, v in params["lv"].items()}


def test_levels_begin_where_the_spec_says():
    task = build(SOURCE, 2)
    assert levels(task, task.params) == pytest.approx({"cost": 0.2, "up": 0.0, "down": 3.0})


def test_levels_step_when_their_condition_holds_and_stop_at_their_end():
    task = build(SOURCE, 2)
    params = task.params
    for want in (0.25, 0.5, 0.75, 1.0, 1.0):
        params = task.update_levels(params, stats(episode_time=2.5, success=0.0))
        assert levels(task, params)["up"] == want and levels(task, params)["down"] == 3.0
    params = task.update_levels(params, stats(episode_time=1.5, success=0.5))
    assert levels(task, params)["up"] == 1.0, "a level never falls back by itself"
    for want in (2.0, 1.5, 1.0, 1.0):
        params = task.update_levels(params, stats(success=0.9))
        assert levels(task, params)["down"] == want


def test_no_finished_episode_changes_nothing():
    task = build(SOURCE, 2)
    params = task.update_levels(task.params, stats(episode_time=9, success=1, episodes=0))
    assert levels(task, params) == pytest.approx(levels(task, task.params))


@pytest.mark.parametrize("done, want", [(0, 0.2), (500, 0.6), (1000, 1.0), (5000, 1.0)])
def test_a_level_over_env_states_is_linear(done, want):
    task = build(SOURCE, 2)
    assert levels(task, task.update_levels(task.params, stats(env_states=done)))["cost"] == pytest.approx(want)


def test_what_uses_a_level_follows_it_without_compiling_again():
    task = build(SOURCE, 2)
    low = run(SOURCE, noise(1, 2))
    high = task.update_levels(task.params, stats(env_states=1000))
    assert np.allclose(low.infos[1].terms["fast"], -0.2 * 0.05)
    _, _, info = low.step(low.states[-1], noise(1, 2)[0], high)
    assert np.allclose(info.terms["fast"], -1 * 0.05)
    assert low.step._cache_size() == 1
