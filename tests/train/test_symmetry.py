"""Mirrored experience: what is learned from, and that it makes the policy its own mirror image."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.train.config import PolicyConfig, TrainConfig
from ksim_spec.train.learn import make_dataset
from ksim_spec.train.normalizer import normalize
from ksim_spec.train.ppo import init_state, make_update
from ksim_spec.train.rollout import Actor, rollout
from tests.train.toy_task import PointMass

SMALL = PolicyConfig(actor=(32, 32), critic=(32, 32))
CONFIG = TrainConfig(
    num_envs=32, num_minibatches=2, num_env_states_per_minibatch=320, num_epochs=4, budget=20_000, symmetry="augment"
)


def test_every_sequence_is_followed_by_its_mirror_image():
    task = PointMass(32)
    state = init_state(task, CONFIG, SMALL)
    actor = Actor(state.policy, state.normalizer, state.value_scale)
    _, env_state, seen, _ = rollout(
        task, CONFIG, actor, state.params, state.task_state, state.env_state, jax.random.key(1)
    )
    batch = make_dataset(task, CONFIG, state.normalizer, seen, env_state)
    assert batch.actor_obs.shape[0] == 64 and batch.critic_obs.shape[:2] == (64, CONFIG.rollout_length + 1)
    raw = batch.normal.loc + batch.normal.std * batch.noise
    assert np.allclose(raw[32:], -raw[:32]) and np.abs(raw).max() > 0.1
    index, sign = task.mirror["observe.critic"]
    image = normalize(state.normalizer["critic"], seen.obs["critic"][..., index] * jnp.array(sign), 10.0)
    assert np.allclose(batch.critic_obs[32:, :-1], jnp.swapaxes(image, 0, 1), atol=1e-6)
    for same in (batch.reward, batch.done, batch.valid, batch.bootstrap):
        assert np.array_equal(same[:32], same[32:])


@pytest.mark.parametrize("symmetry", ["augment", None])
def test_the_policy_becomes_its_own_mirror_image(symmetry):
    task = PointMass(32)
    config = CONFIG.model_copy(update={"symmetry": symmetry})
    state = init_state(task, config, SMALL)
    update = jax.jit(make_update(task, config))
    for _ in range(25):
        state, _ = update(state)
    obs = jax.random.normal(jax.random.key(3), (500, 3)) * 1.5

    def action(x):
        return state.policy.distribution(normalize(state.normalizer["actor"], x, 10.0)).loc

    here, there = action(obs), -action(-obs)
    error = float(jnp.sqrt(jnp.mean(jnp.square(here - there)) / jnp.mean(jnp.square(here))))
    assert (error < 0.1) == (symmetry is not None), error


def test_without_it_nothing_is_doubled():
    task = PointMass(32)
    config = CONFIG.model_copy(update={"symmetry": None})
    state = init_state(task, config, SMALL)
    actor = Actor(state.policy, state.normalizer, state.value_scale)
    _, env_state, seen, _ = rollout(
        task, config, actor, state.params, state.task_state, state.env_state, jax.random.key(1)
    )
    assert make_dataset(task, config, state.normalizer, seen, env_state).actor_obs.shape[0] == 32
