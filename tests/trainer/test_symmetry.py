"""A symmetric policy is its own mirror image before, while and after it learns, and so are the statistics it uses."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.trainer import checkpoint as ckpt
from ksim_spec.trainer.normalizer import normalize
from ksim_spec.trainer.policy import Policy
from ksim_spec.trainer.ppo import init_state, make_update
from ksim_spec.trainer.run import train
from ksim_spec.trainer.symmetry import Mirror
from tests.trainer.toy_task import PointMass

SMALL = PolicyConfig(actor=(32, 32), critic=(32, 32), symmetric=True)
CONFIG = TrainConfig(num_envs=32, num_minibatches=2, num_env_states_per_minibatch=320, num_epochs=4, budget=20_000)
MIRROR = Mirror(((1, 0, 2), (1, 1, -1)), ((0, 2, 1, 3), (-1, 1, 1, 1)), ((1, 0), (-1, -1)))


def mirrored(m, x):
    index, sign = m
    return x[..., np.array(index)] * np.array(sign, np.float32)


def rng(*shape):
    return jax.random.normal(jax.random.key(sum(shape)), shape)


def policy(**settings):
    made = Policy(jax.random.key(0), 3, 4, 2, SMALL.model_copy(update=settings), MIRROR)
    grown = [rng(*x.shape) for x in jax.tree.leaves(made)]
    return jax.tree.unflatten(jax.tree.structure(made), grown)


@pytest.mark.parametrize("std", ["global", "state"])
def test_mirrored_observations_give_mirrored_actions(std):
    p, obs = policy(std=std), rng(50, 3)
    here, there = p.distribution(obs), p.distribution(mirrored(MIRROR.actor, obs))
    assert np.allclose(there.loc, mirrored(MIRROR.action, here.loc), atol=1e-5)
    spread = jnp.broadcast_to(here.std, here.loc.shape)[..., np.array(MIRROR.action[0])]
    assert np.allclose(jnp.broadcast_to(there.std, here.loc.shape), spread, rtol=1e-5)
    assert np.std(here.loc) > 0.1 and not np.allclose(here.loc, there.loc, atol=0.1)


def test_the_value_of_a_mirrored_observation_is_the_same():
    p, obs = policy(), rng(50, 4)
    assert np.allclose(p.value(obs), p.value(mirrored(MIRROR.critic, obs)), atol=1e-5)
    assert np.std(p.value(obs)) > 0.1


def test_it_is_the_mean_of_the_network_over_both():
    p, obs = policy(), rng(7, 3)
    plain = (p.actor((), obs)[1] + mirrored(MIRROR.action, p.actor((), mirrored(MIRROR.actor, obs))[1])) / 2
    assert np.allclose(p.distribution(obs).loc, plain, atol=1e-5)


def test_it_stays_symmetric_while_it_learns():
    task = PointMass(32)
    state = init_state(task, CONFIG, SMALL)
    update = jax.jit(make_update(task, CONFIG))
    for _ in range(12):
        state, metrics = update(state)
    moments = state.normalizer["actor"]
    assert np.allclose(moments.mean, 0, atol=1e-6), "every observation of this task changes its sign"
    obs = rng(100, 3)

    def action(x):
        return state.policy.distribution(normalize(moments, x, 10.0)).loc

    assert np.allclose(action(obs), -action(-obs), atol=1e-5)
    assert float(jnp.std(action(obs))) > 0.1 and float(metrics["loss/kl"]) > 0


def test_a_checkpoint_brings_it_back(tmp_path):
    task = PointMass(32)
    small = CONFIG.model_copy(update={"budget": 1280})
    result = train(task, small, SMALL, tmp_path / "run", progress="none", spec="task: toy\n", contract={})
    actor = ckpt.restore_actor(ckpt.load(result.checkpoint), task)
    obs = rng(9, 3)
    assert actor.policy.mirror is not None
    assert np.allclose(actor.policy.distribution(obs).loc, -actor.policy.distribution(-obs).loc, atol=1e-5)
