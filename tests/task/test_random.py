"""Random streams: the generator gives the published numbers, and a stream depends on nothing but itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.task.random import samples, threefry

# From the known answers of Random123: counter, key, result of Threefry-2x32 with 20 rounds.
ANSWERS = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]
STREAMS = {
    "noise": ("normal", "step", (3,)),
    "push": ("uniform", "step", ()),
    "start": ("normal", "reset", (2,)),
}


@pytest.mark.parametrize(("counter", "key", "result"), ANSWERS)
def test_threefry_gives_the_known_answers(counter, key, result):
    got = threefry(*(np.uint32(x) for x in (*key, *counter)))
    assert tuple(int(x) for x in got) == result


def test_threefry_broadcasts_keys_against_counters():
    rng = np.random.default_rng(0)
    k0, k1 = (jnp.asarray(rng.integers(0, 2**32, (1, 5), dtype=np.uint32)) for _ in range(2))
    x0 = jnp.asarray(rng.integers(0, 2**32, (7, 5), dtype=np.uint32))
    got = jax.jit(threefry)(k0, k1, x0, np.uint32(9))
    for e, n in np.ndindex(7, 5):
        one = threefry(k0[0, n], k1[0, n], x0[e, n], np.uint32(9))
        assert [int(x[e, n]) for x in got] == [int(x) for x in one]


def test_a_stream_depends_neither_on_the_others_nor_on_num_envs():
    key = jax.random.key(3)
    whole = samples(key, STREAMS, ("step", "reset"), jnp.int32(5), 64)
    for name, row in STREAMS.items():
        alone = samples(key, {name: row}, ("step", "reset"), jnp.int32(5), 16)
        np.testing.assert_array_equal(alone[name], whole[name][:16])
    later = samples(key, STREAMS, ("step", "reset"), jnp.int32(6), 64)
    assert not any((np.asarray(later[name]) == np.asarray(whole[name])).any() for name in STREAMS)


def test_samples_have_the_moments_of_their_kinds():
    found = samples(jax.random.key(0), STREAMS, ("step",), jnp.int32(0), 100_000)
    assert set(found) == {"noise", "push"}
    noise, push = np.asarray(found["noise"], float), np.asarray(found["push"], float)
    np.testing.assert_allclose([noise.mean(), noise.std(), (noise**4).mean()], [0, 1, 3], atol=0.06)
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=0.02)
    assert push.min() >= 0 and push.max() < 1
    np.testing.assert_allclose([push.mean(), push.var()], [1 / 2, 1 / 12], atol=0.01)
