"""How episodes end and begin: outcomes, true final observations, fresh starts, draws and their scopes."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from tests.task.runs import Run, build, noise, run, text

DT, ENVS = 0.05, 8
WEIGHTS = jnp.array([1.0, -2.0, 0.5])
LONG = text(
    observe="observe actor {; cart = slider.pos noise normal(0.1 m); pole = hinge.pos; speed = delta(hinge.vel); }\n"
)
SHORT = LONG.replace("time >= 100 s", "time >= 150 ms")


def value(obs, rows=None):
    return obs["actor"] @ WEIGHTS


@cache
def short() -> Run:
    return run(SHORT, noise(12, ENVS), seed=2, value_fn=value)


def test_truncated_episodes_bootstrap_from_the_true_final_observation():
    """The same seed without the time limit shows what the observation would have been."""
    long = run(LONG, noise(3, ENVS), seed=2, value_fn=value)
    assert not long.infos[3].truncated_E.any() and not np.any(long.infos[3].bootstrap_E)
    r = short()
    np.testing.assert_array_equal(r.info("truncated_E").any(axis=1), [t % 3 == 2 for t in range(12)])
    np.testing.assert_allclose(r.infos[3].bootstrap_E, value(long.shown[3].obs), rtol=1e-5, atol=1e-6)
    assert np.abs(r.infos[3].bootstrap_E - value(r.shown[3].obs)).min() > 1e-3, "the next episode is another state"
    np.testing.assert_array_equal(r.infos[2].bootstrap_E, 0)
    np.testing.assert_array_equal(r.shown[3].reward, long.shown[3].reward)
    np.testing.assert_array_equal(r.shown[3].done, True)
    np.testing.assert_allclose(r.infos[3].episode_return_E, sum(r.shown[t].reward for t in (1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(r.infos[4].episode_return_E, r.shown[4].reward, rtol=1e-6)
    np.testing.assert_allclose(r.infos[4].time_E, DT)


def test_every_start_is_fresh_and_used_once():
    """Each episode of each environment begins at a state of its own, also when episodes last a single step."""
    r = run(LONG.replace("time >= 100 s", "time >= 50 ms"), noise(10, ENVS), seed=4)
    starts = r.reads("qpos").reshape(-1, 2)
    assert len(np.unique(starts, axis=0)) == len(starts) == 11 * ENVS
    assert np.all(np.abs(starts[:, 0]) <= 0.5) and np.std(starts[:, 0]) > 0.2


def test_the_step_after_a_reset_continues_from_the_start_that_was_shown():
    r = short()
    after, begun = r.reads("qpos")[4], r.reads("qpos")[3]
    speed = r.reads("qvel")[3]
    np.testing.assert_allclose(after[:, 1], begun[:, 1] + DT * speed[:, 1], atol=0.1)
    assert np.abs(after - r.reads("qpos")[2]).max() > 0.3


def test_temporal_operators_and_actions_begin_anew():
    r = short()
    np.testing.assert_array_equal(r.shown[3].obs["actor"][:, 2], 0)
    np.testing.assert_array_equal(r.shown[3].action, 0)
    assert np.all(r.shown[2].obs["actor"][:, 2] != 0)
    np.testing.assert_allclose(
        r.shown[4].obs["actor"][:, 2], r.reads("qvel")[4, :, 1] - r.reads("qvel")[3, :, 1], rtol=1e-4
    )


def test_first_episodes_are_cut_at_times_of_their_own_and_later_ones_are_whole():
    limit, envs = 20, 200
    task = build(LONG.replace("time >= 100 s", "time >= 1 s"), envs)
    state, _ = jax.jit(task.init)(jax.random.key(3), task.params)
    state = task.stagger(state, jax.random.key(4))
    wanted = np.asarray(state.cut_E)
    assert set(wanted) == set(range(1, limit + 1)), "200 draws of 20 values take them all"
    step, ends, cuts = jax.jit(lambda s, a: task.step(s, a, task.params, value)), [], []
    for _ in range(2 * limit):
        state, env_state, info = step(state, jnp.zeros((envs, 1)))
        ends.append(np.asarray(env_state.done))
        cuts.append(np.asarray(info.cut_E))
        np.testing.assert_array_equal(info.truncated_E, env_state.done)
        assert np.all((np.asarray(info.bootstrap_E) != 0) == ends[-1])
    first = np.argmax(ends, axis=0)
    np.testing.assert_array_equal(first + 1, wanted)
    for e in range(envs):
        assert list(np.flatnonzero(np.array(ends)[:, e])) == list(range(wanted[e] - 1, 2 * limit, limit))
        assert list(np.flatnonzero(np.array(cuts)[:, e])) == ([wanted[e] - 1] if wanted[e] < limit else [])


def test_nothing_is_cut_without_a_time_limit():
    task = build(LONG.replace("time >= 100 s", "slider.pos > 9 m"), 2)
    state, _ = task.init(jax.random.key(0), task.params)
    assert np.all(np.asarray(task.stagger(state, jax.random.key(1)).cut_E) == np.iinfo(np.int32).max)


RULES = text(
    terminate="terminate {; fell when slider.pos > 0 m fail; won when slider.pos > 0.2 m or slider.pos < -0.3 m success"
    "; timeout when slider.pos < -0.2 m or slider.pos > 0.1 m truncate; }\n"
)


def test_failure_beats_success_beats_truncation():
    r = run(RULES, noise(1, 400), seed=6, value_fn=lambda obs, rows: jnp.ones(len(obs["actor"])))
    info, rules = r.infos[1], r.infos[1].rules
    np.testing.assert_array_equal(info.fail_E, rules["fell"])
    np.testing.assert_array_equal(info.success_E, rules["won"] & ~rules["fell"])
    np.testing.assert_array_equal(info.truncated_E, rules["timeout"] & ~rules["won"] & ~rules["fell"])
    assert info.fail_E.any() and info.success_E.any() and info.truncated_E.any()
    assert (rules["fell"] & rules["timeout"]).any() and (rules["won"] & rules["timeout"]).any()
    np.testing.assert_array_equal(info.bootstrap_E, info.truncated_E.astype(float))
    np.testing.assert_array_equal(r.shown[1].done, info.fail_E | info.success_E | info.truncated_E)


def test_a_fault_ends_the_episode_without_touching_the_others():
    """A control that is no number makes MuJoCo restart that simulation; its neighbours do not notice."""
    actions = noise(6, ENVS)
    broken = actions.copy()
    broken[2, 3] = np.nan
    whole, hurt = run(LONG, actions, seed=7), run(LONG, broken, seed=7)
    info = hurt.infos[3]
    np.testing.assert_array_equal(info.fault_E, np.arange(ENVS) == 3)
    assert not (info.fail_E | info.truncated_E | info.success_E).any()
    assert hurt.shown[3].done[3] and hurt.shown[3].reward[3] == 0 and info.terms["far"][3] == 0
    for t in range(3, 7):
        for one in jax.tree.leaves(hurt.shown[t]):
            assert np.isfinite(one).all()
        others = np.arange(ENVS) != 3
        np.testing.assert_array_equal(hurt.shown[t].obs["actor"][others], whole.shown[t].obs["actor"][others])
    assert not hurt.infos[4].fault_E.any()
    np.testing.assert_allclose(hurt.infos[4].time_E[3], DT)


SCOPES = text(
    observe="observe actor {; cart = slider.pos bias uniform(1 m); pole = hinge.pos noise normal(0.1 rad); }\n",
    terminate="terminate {; timeout when time >= 150 ms truncate; }\n",
    more="randomize {; slider.damping *= uniform(0.5, 2) per episode; hinge.armature += uniform(0 kg*m^2, 1 kg*m^2) per run"
    "; }\n",
)


@cache
def scopes() -> Run:
    return run(SCOPES, noise(12, ENVS), seed=8, lasting=("randomize.slider.damping", "randomize.hinge.armature"))


def test_draws_last_as_long_as_their_scope():
    r = scopes()
    bias = np.array([s.now.draws["observe.actor.cart.bias"] for s in r.states])
    damping = np.array([s.now.draws["randomize.slider.damping"] for s in r.states])
    armature = np.array([s.now.draws["randomize.hinge.armature"] for s in r.states])
    for drawn in (bias, damping):
        for e in range(ENVS):
            assert len(np.unique(drawn[:, e])) == 5
            assert all(len(np.unique(drawn[a : a + 3, e])) == 1 for a in (0, 3, 6, 9))
    assert len(np.unique(armature)) == ENVS
    assert all(len(np.unique(armature[:, e])) == 1 for e in range(ENVS))
    # The same bias for a whole episode, other noise at every step.
    seen = np.array([s.obs["actor"] for s in r.shown])
    shift = seen[:, :, 0] - r.reads("qpos")[:, :, 0]
    np.testing.assert_allclose(shift, bias * 2 - 1, atol=1e-5)
    assert len(np.unique(np.round(seen[:, :, 1] - r.reads("qpos")[:, :, 1], 5))) > 11 * ENVS


def test_randomized_fields_reach_the_simulation_that_runs():
    r = scopes()
    main = r.task.engine.host.main_fields
    drawn = r.states[-1].now.draws
    # The last step reset everyone: the simulation changes over at the next physics step.
    state, _, _ = r.step(r.states[-1], noise(1, ENVS)[0], r.task.params)
    jax.block_until_ready(state)
    model = r.task.model
    want = model.dof_damping[0] * (0.5 + 1.5 * np.asarray(drawn["randomize.slider.damping"]))
    np.testing.assert_allclose(main["dof_damping"][:, 0], want, rtol=1e-5)
    np.testing.assert_allclose(main["dof_armature"][:, 1], np.asarray(drawn["randomize.hinge.armature"]), rtol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    again, other = run(SHORT, noise(12, ENVS), seed=2, value_fn=value), run(SHORT, noise(2, ENVS), seed=3)
    for a, b in zip(short().shown + short().infos[1:], again.shown + again.infos[1:], strict=True):
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
            np.testing.assert_array_equal(x, y)
    assert not np.array_equal(other.shown[1].obs["actor"], short().shown[1].obs["actor"])


def test_another_draw_leaves_every_other_stream_alone():
    more = SHORT.replace("speed = delta(hinge.vel)", "speed = delta(hinge.vel) noise normal(1 rad/s)")
    more += "event kick every 1 s {\n  slider.vel += uniform(1 m/s)\n}\n"
    r = run(more, noise(6, ENVS), seed=2)
    for t in range(7):
        np.testing.assert_array_equal(r.reads("qpos")[t], short().reads("qpos")[t])
        np.testing.assert_array_equal(r.shown[t].obs["actor"][:, :2], short().shown[t].obs["actor"][:, :2])


def test_a_saved_run_goes_on_bit_for_bit():
    r = run(SHORT, noise(5, ENVS), seed=2, value_fn=value)
    saved = jax.tree.map(np.array, r.task.export_state(r.states[-1]))
    state = r.task.import_state(saved)
    for t in range(5, 9):
        state, shown, _ = r.step(state, noise(12, ENVS)[t], r.task.params)
        np.testing.assert_array_equal(shown.obs["actor"], short().shown[t + 1].obs["actor"])
        np.testing.assert_array_equal(shown.reward, short().shown[t + 1].reward)
