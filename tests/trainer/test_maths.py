"""Advantages, normaliser, distribution and value scale against slow or closed-form references."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.settings import PolicyConfig
from ksim_spec.trainer.advantages import gae
from ksim_spec.trainer.mlp import swish
from ksim_spec.trainer.normalizer import init_moments, normalize, std, update_moments
from ksim_spec.trainer.policy import Normal, Policy, kl_divergence, log_prob
from ksim_spec.trainer.value_scale import denormalize, init_value_scale, rescale


def slow_gae(reward, done, bootstrap, valid, value, discount, lam):
    """Sums discounted temporal differences forward from every step until its episode is cut."""
    n, steps = reward.shape
    out = np.zeros((n, steps))
    for b in range(n):
        for t in range(steps):
            weight = 1.0
            for k in range(t, steps):
                if not valid[b, k]:
                    break
                ahead = bootstrap[b, k] if done[b, k] else value[b, k + 1]
                out[b, t] += weight * (reward[b, k] + discount * ahead - value[b, k])
                if done[b, k]:
                    break
                weight *= discount * lam
    return out


@pytest.mark.parametrize("lam", [0.0, 0.95, 1.0])
def test_gae_mixed_ends(lam):
    rng = np.random.default_rng(0)
    reward, value = rng.normal(size=(6, 17)), rng.normal(size=(6, 18))
    fail, cut, fault = (rng.random((6, 17)) < p for p in (0.15, 0.15, 0.05))
    done, cut = fail | cut | fault, cut & ~fail & ~fault
    bootstrap = np.where(cut, rng.normal(size=(6, 17)), 0.0)
    args = [jnp.asarray(x.astype("f") if x.dtype == float else x) for x in (reward, done, bootstrap, ~fault, value)]
    got = gae(*args, 0.9, lam)
    want = slow_gae(reward, done, bootstrap, ~fault, value, 0.9, lam)
    np.testing.assert_allclose(got.advantage, want, atol=2e-5)
    np.testing.assert_allclose(got.ret, want + value[:, :-1], atol=2e-5)


def test_truncation_is_worth_more_than_failure():
    one = jnp.ones((1, 1))
    args = (jnp.ones((1, 1), bool), jnp.zeros((1, 2)), 0.9, 0.95)
    failed = gae(one, jnp.ones((1, 1), bool), 0 * one, *args).ret
    truncated = gae(one, jnp.ones((1, 1), bool), 10 * one, *args).ret
    assert float(failed[0, 0]) == 1.0 and float(truncated[0, 0]) == pytest.approx(10.0)


def test_normalizer_matches_numpy():
    rng = np.random.default_rng(1)
    data = rng.normal([5.0, -300.0, 0.0], [0.1, 40.0, 1.0], size=(7, 40, 3)).astype("f")
    moments = init_moments(3)
    for chunk in data:
        moments = update_moments(moments, jnp.asarray(chunk.reshape(4, 10, 3)))
    flat = data.reshape(-1, 3).astype("d")
    np.testing.assert_allclose(moments.mean, flat.mean(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(moments.var, flat.var(0), rtol=1e-4)
    assert float(moments.count.sum()) == 280


def test_count_goes_on_past_float32():
    moments = init_moments(1)._replace(count=jnp.array([2.0**24, 0.0], jnp.float32))
    for _ in range(3):
        moments = update_moments(moments, jnp.ones((1, 1)))
    assert np.asarray(moments.count, "d").sum() == 2**24 + 3


def test_constant_feature_does_not_explode():
    moments = update_moments(init_moments(1), jnp.full((1000, 1), 3.0))
    assert float(std(moments)[0]) == pytest.approx(0.01)
    assert float(normalize(moments, jnp.array([4.0]), 10.0)[0]) == 10.0


@pytest.mark.parametrize("kind", ["global", "state"])
def test_initial_std_and_floor(kind):
    config = PolicyConfig(std=kind, init_std=0.7, min_std=0.2)
    policy = Policy(jax.random.key(0), 5, 5, 3, config)
    normal = policy.distribution(jax.random.normal(jax.random.key(1), (100, 5)))
    np.testing.assert_allclose(normal.std, 0.7, atol=0.03)
    assert float(jnp.abs(normal.loc).max()) < 0.1


def test_log_prob_and_kl():
    old, new = Normal(jnp.array([0.3]), jnp.array([0.5])), Normal(jnp.array([0.1]), jnp.array([0.8]))
    raw = old.loc + old.std * jax.random.normal(jax.random.key(0), (400_000, 1))
    sampled = (log_prob(old, raw) - log_prob(new, raw)).mean()
    assert float(kl_divergence(old, new)) == pytest.approx(float(sampled), abs=2e-3)
    assert float(log_prob(old, jnp.array([0.3]))) == pytest.approx(-np.log(0.5 * np.sqrt(2 * np.pi)), abs=1e-6)


def test_tanh_entropy():
    """The estimate agrees with the entropy of a histogram of squashed samples."""
    policy = Policy(jax.random.key(0), 2, 2, 1, PolicyConfig())
    normal = Normal(jnp.full((200_000, 1), 0.4), jnp.full((200_000, 1), 0.6))
    noise = jax.random.normal(jax.random.key(1), (200_000, 1))
    density, edges = np.histogram(np.tanh(0.4 + 0.6 * np.asarray(noise)), 200, (-1, 1), density=True)
    width = edges[1] - edges[0]
    kept = density[density > 0]
    histogram = -(kept * np.log(kept)).sum() * width
    assert float(policy.entropy(normal, noise).mean()) == pytest.approx(histogram, abs=0.01)


def test_rescale_keeps_predictions():
    policy = Policy(jax.random.key(0), 4, 4, 2, PolicyConfig())
    obs = jax.random.normal(jax.random.key(1), (50, 4))
    scale = init_value_scale()
    for mean, var in [(100.0, 25.0), (-3.0, 400.0)]:
        before = denormalize(scale, policy.value(obs))
        scale, policy = rescale(scale, policy, jnp.float32(mean), jnp.float32(var))
        np.testing.assert_allclose(denormalize(scale, policy.value(obs)), before, rtol=1e-4, atol=1e-3)
    assert float(scale.updates) == 2


def test_swish_and_its_derivative():
    x = jnp.linspace(-30.0, 30.0, 601)
    assert np.allclose(swish(x), jax.nn.swish(x), atol=1e-6)
    assert np.allclose(jax.vmap(jax.grad(swish))(x), jax.vmap(jax.grad(jax.nn.swish))(x), atol=1e-6)
