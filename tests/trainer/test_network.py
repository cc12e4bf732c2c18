"""A recurrent network of someone's own in the trainer: its carry is threaded, begun anew, stored and learned through."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.trainer import checkpoint as ckpt
from ksim_spec.trainer.evaluate import act, act_on, evaluate
from ksim_spec.trainer.loss import loss
from ksim_spec.trainer.metrics import read_rows
from ksim_spec.trainer.network import Sizes, unroll
from ksim_spec.trainer.optimize import make_dataset
from ksim_spec.trainer.policy import Policy
from ksim_spec.trainer.ppo import init_state, make_update
from ksim_spec.trainer.rollout import Actor, normalized, rollout
from ksim_spec.trainer.run import train
from ksim_spec.trainer.symmetry import Mirror
from tests.trainer.toy_task import EnvState, PointMass, StepInfo

EPISODE, CUE = 5, 1  # steps of an episode, and those at which the cue shows


class Gru(eqx.Module):
    """A GRU cell and a linear layer; the state it begins with is learned."""

    cell: eqx.nn.GRUCell
    first: jax.Array
    head: eqx.nn.Linear
    gain: float

    @classmethod
    def init(cls, key, sizes, settings):
        a, b, c = jax.random.split(key, 3)
        (width,) = settings.hidden
        cell, head = eqx.nn.GRUCell(sizes.inputs, width, key=a), eqx.nn.Linear(width, sizes.outputs, key=b)
        return cls(cell, 0.1 * jax.random.normal(c, (width,)), head, sizes.gain)

    def initial_carry(self):
        return {"h": self.first}

    def __call__(self, carry, x, done):
        h = jax.vmap(self.cell)(x, carry["h"])
        return {"h": h}, self.gain * jax.vmap(self.head)(h)


class Recall:
    """Say at the end of an episode what was shown at its first step: the reward is for the last step's action alone."""

    action_size, control_dt, term_names = 1, 0.1, ("recall",)
    obs_sizes = {"actor": 2, "critic": 2}
    actor_group, critic_group = "actor", "critic"
    mirror: dict[str, Any] = {}
    params: dict[str, Any] = {}

    class State(NamedTuple):
        key: jax.Array
        cue: jax.Array
        step: jax.Array
        ret: jax.Array

    def __init__(self, num_envs: int, failing: float = 0.0) -> None:
        self.num_envs, self.failing = num_envs, failing

    def _obs(self, cue, step):
        shown = jnp.stack([jnp.where(step < CUE, cue, 0.0), (step == EPISODE - 1).astype(jnp.float32)], -1)
        return {"actor": shown, "critic": shown}

    def _cue(self, key):
        return jnp.where(jax.random.bernoulli(key, shape=(self.num_envs,)), 1.0, -1.0)

    def init(self, key, params):
        key, sub = jax.random.split(key)
        zeros = jnp.zeros(self.num_envs)
        state = self.State(key, self._cue(sub), jnp.zeros(self.num_envs, jnp.int32), zeros)
        return state, EnvState(self._obs(state.cue, state.step), {}, zeros[:, None], zeros, zeros > 0)

    def stagger(self, state, key):
        return state

    def step(self, state, action_EA, params, value_fn=None):
        key, cue_key, fail_key = jax.random.split(state.key, 3)
        last = state.step == EPISODE - 1
        reward = jnp.where(last, 1.0 - jnp.square(action_EA[:, 0] - 0.8 * state.cue), 0.0)
        fail = jax.random.uniform(fail_key, (self.num_envs,)) < self.failing
        truncated = last & ~fail
        bootstrap = jnp.zeros(self.num_envs)
        if value_fn is not None:
            shown = self._obs(state.cue, state.step + 1)
            bootstrap = jnp.where(truncated, value_fn(shown, jnp.arange(self.num_envs)), 0.0)
        done, no = fail | truncated, jnp.zeros(self.num_envs, bool)
        ret = state.ret + reward
        info = StepInfo(fail, no, truncated, no, no, bootstrap, {"recall": reward}, {}, state.step * 0.1, ret)
        cue = jnp.where(done, self._cue(cue_key), state.cue)
        step = jnp.where(done, 0, state.step + 1)
        state = self.State(key, cue, step, jnp.where(done, 0.0, ret))
        return state, EnvState(self._obs(cue, step), {}, action_EA, reward, done), info

    def levels(self, params):
        return {}

    def update_levels(self, params, stats):
        return params

    def export_state(self, state):
        return state

    def import_state(self, tree):
        return self.State(*tree)


WIDTH = 8
POLICY = PolicyConfig(actor=(WIDTH,), critic=(WIDTH,), min_std=0.1, init_std=0.5)
CONFIG = TrainConfig(num_envs=16, num_minibatches=2, num_env_states_per_minibatch=56, num_epochs=2, budget=448)


def noised(tree, seed=0):
    """The same tree with weights large enough that a wrong carry shows."""
    leaves, form = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    grown = [x + 0.7 * jax.random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(form, grown)


def gru_by_hand(network, h, x):
    """One row, one step, by the formula of the GRU (Cho et al. 2014) with Equinox's weights."""
    cell, head = network.cell, network.head
    ir, iz, inn = np.split(np.asarray(cell.weight_ih, np.float64) @ x + np.asarray(cell.bias), 3)
    hr, hz, hn = np.split(np.asarray(cell.weight_hh, np.float64) @ h, 3)
    r, z = 1 / (1 + np.exp(-(ir + hr))), 1 / (1 + np.exp(-(iz + hz)))
    new = np.tanh(inn + r * (hn + np.asarray(cell.bias_n)))
    h = new + z * (h - new)
    return h, network.gain * (np.asarray(head.weight) @ h + np.asarray(head.bias))


def by_hand(network, x_TEI, done_TE, h_EH):
    """Every environment by itself; `done` at t says that step t + 1 begins an episode. Returns outputs and last h."""
    steps, rows = x_TEI.shape[:2]
    out, h = np.zeros((steps, rows, network.head.out_features)), np.array(h_EH, np.float64)
    for e in range(rows):
        for t in range(steps):
            if t and done_TE[t - 1, e]:
                h[e] = np.asarray(network.first)
            h[e], out[t, e] = gru_by_hand(network, h[e], np.asarray(x_TEI[t, e], np.float64))
    return out, h


@pytest.fixture(scope="module")
def collected():
    """Two rollouts of 7 steps, episodes of at most 5: sequences begin and end in the middle of episodes."""
    task = Recall(16, failing=0.1)
    state = init_state(task, CONFIG, POLICY, network=Gru)
    actor = Actor(noised(state.policy), state.normalizer, state.value_scale)
    roll = jax.jit(lambda t, e, m, k: rollout(task, CONFIG, actor, {}, t, e, m, k))
    keys = jax.random.split(jax.random.key(3))
    one = roll(state.task_state, state.env_state, state.memory, keys[0])
    two = roll(one[0], one[1], one[2], keys[1])
    return task, actor, state, one, two


def seen_by_networks(actor, seen, group="actor"):
    return np.asarray(normalized(CONFIG, actor.normalizer, group, seen.obs[group]))


def test_the_carry_goes_from_step_to_step_and_begins_anew_where_an_episode_ends(collected):
    _, actor, state, one, two = collected
    network = actor.policy.actor.network
    seen = [part[3] for part in (one, two)]
    assert 0 < np.mean([np.asarray(s.done) for s in seen]) < 0.5
    start = np.tile(np.asarray(network.first), (16, 1))
    loc, last = by_hand(network, seen_by_networks(actor, seen[0]), np.asarray(seen[0].done), start)
    np.testing.assert_allclose(seen[0].normal.loc, loc, atol=1e-5)
    np.testing.assert_allclose(one[2].actor["h"], last, atol=1e-5, err_msg="what is kept after the rollout")
    np.testing.assert_array_equal(one[2].done, seen[0].done[-1])
    begun = np.where(np.asarray(one[2].done)[:, None], np.asarray(network.first), last)
    assert one[2].done.any() and not one[2].done.all()
    loc, _ = by_hand(network, seen_by_networks(actor, seen[1]), np.asarray(seen[1].done), begun)
    np.testing.assert_allclose(seen[1].normal.loc, loc, atol=1e-5, err_msg="the next rollout goes on from there")


def test_learning_computes_the_same_steps_again_from_the_stored_start(collected):
    task, actor, _, one, two = collected
    batch = make_dataset(task, CONFIG, actor.normalizer, two[3], two[1], one[2])
    normal = actor.policy.distribution(batch.actor_obs, batch.memory, batch.done)
    np.testing.assert_allclose(np.swapaxes(normal.loc, 0, 1), two[3].normal.loc, atol=1e-5)
    forgot = batch._replace(memory=actor.policy.start(16))
    right, wrong = (loss(actor.policy, CONFIG, actor.value_scale, b, jnp.float32(0))[1] for b in (batch, forgot))
    assert abs(float(right["loss/kl"])) < 2e-6 and float(right["loss/clip_fraction"]) == 0
    assert float(wrong["loss/kl"]) > 2e-5


def test_an_update_learns_from_the_memory_that_its_rollout_began_with():
    """Before the first step of an optimiser the policy that learns is the one that acted, in every update."""
    task, once = Recall(16, failing=0.1), {"num_epochs": 1, "num_minibatches": 1, "num_env_states_per_minibatch": 112}
    config = CONFIG.model_copy(update={**once, "learning_rate": 1e-9})
    state = init_state(task, config, POLICY, network=Gru)
    state = state._replace(policy=noised(state.policy))
    update = jax.jit(make_update(task, config))
    for _ in range(3):
        state, metrics = update(state)
    assert not np.all(state.memory.done) and abs(float(metrics["loss/kl"])) < 2e-6


def test_the_critic_values_what_it_remembers(collected):
    task, actor, _, one, two = collected
    network, seen = actor.policy.critic.network, two[3]
    batch = make_dataset(task, CONFIG, actor.normalizer, seen, two[1], one[2])
    x = np.swapaxes(batch.critic_obs, 0, 1)
    begun = np.where(np.asarray(one[2].done)[:, None], np.asarray(network.first), np.asarray(one[2].critic["h"]))
    value, _ = by_hand(network, x, np.asarray(seen.done), begun)
    scaled = value[..., 0] * float(actor.policy.critic.factor) + float(actor.policy.critic.shift)
    np.testing.assert_allclose(
        np.swapaxes(actor.policy.value(batch.critic_obs, batch.memory, batch.done), 0, 1), scaled, atol=1e-5
    )


def test_a_cut_off_episode_is_worth_what_its_own_memory_says():
    """The bootstrap is the value of the true next observation after the critic has seen the whole episode."""
    task = Recall(16)
    state = init_state(task, CONFIG, POLICY, network=Gru)
    actor = Actor(noised(state.policy), state.normalizer, state.value_scale)
    _, _, _, seen, _ = rollout(
        task, CONFIG, actor, {}, state.task_state, state.env_state, state.memory, jax.random.key(1)
    )
    network, t = actor.policy.critic.network, EPISODE - 1
    assert np.all(seen.done[t]) and not np.any(seen.done[:t])
    _, h = by_hand(
        network,
        seen_by_networks(actor, seen, "critic")[: t + 1],
        np.asarray(seen.done),
        np.tile(np.asarray(network.first), (16, 1)),
    )
    want = [gru_by_hand(network, h[e], np.zeros(2))[1][0] for e in range(16)]  # after the last step nothing shows
    want = np.array(want) * float(actor.policy.critic.factor) + float(actor.policy.critic.shift)
    np.testing.assert_allclose(seen.bootstrap[t], want, atol=1e-5)
    assert np.std(want) > 1e-3, "environments remember different cues"


def test_gradients_go_through_time_to_the_start_of_an_episode_and_no_further():
    network = noised(eqx.filter(Gru.init(jax.random.key(0), Sizes(3, 2, 1.0), POLICY.actor), eqx.is_inexact_array))
    network = eqx.combine(network, Gru.init(jax.random.key(0), Sizes(3, 2, 1.0), POLICY.actor))
    x = jax.random.normal(jax.random.key(1), (3, 4, 3))
    begins = np.zeros((3, 4), bool)
    begins[1, 2] = begins[2, 0] = True
    carry = {"h": jax.random.normal(jax.random.key(2), (3, WIDTH))}
    weights = jax.random.normal(jax.random.key(3), (3, 4, 2))

    def ours(arrays, carry, x):
        made = eqx.combine(arrays, network)
        return jnp.sum(unroll(made, carry, x, jnp.asarray(begins)) * weights)

    def loops(arrays, carry, x):
        made, total = eqx.combine(arrays, network), 0.0
        for b in range(3):
            h = carry["h"][b]
            for t in range(4):
                h = made.first if begins[b, t] else h
                h = made.cell(x[b, t], h)
                total = total + jnp.sum(made.gain * made.head(h) * weights[b, t])
        return total

    args = eqx.filter(network, eqx.is_inexact_array), carry, x
    for a, b in zip(*(jax.tree.leaves(jax.jit(jax.grad(f, (0, 1, 2)))(*args)) for f in (ours, loops)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    last = jax.grad(lambda x: jnp.sum(unroll(network, carry, x, jnp.asarray(begins))[:, -1]))(x)
    reached = np.abs(np.asarray(last)).max(-1) > 1e-6
    np.testing.assert_array_equal(reached[0], [True] * 4)
    np.testing.assert_array_equal(reached[1], [False] * 2 + [True] * 2)


def test_it_learns_what_only_a_memory_can_know():
    config = TrainConfig(
        num_envs=64, num_minibatches=4, num_env_states_per_minibatch=240, num_epochs=4, budget=40_000, discount=0.9,
        learning_rate=5e-3, entropy=0.0,
    )  # fmt: skip
    task, returns = Recall(64), {}
    for name, network, sizes in (("gru", Gru, (16,)), ("mlp", None, (16, 16))):
        state = init_state(
            task,
            config,
            POLICY.model_copy(update={r: PolicyConfig(actor=sizes).actor for r in ("actor", "critic")}),
            network=network,
        )
        update = jax.jit(make_update(task, config), donate_argnums=0)
        for _ in range(config.num_updates):
            state, metrics = update(state)
        actor = Actor(state.policy, state.normalizer, state.value_scale)
        returns[name] = evaluate(task, config, actor, {}, jax.random.key(5), 64, 1.0, {}).returns.mean()
    assert returns["gru"] > 0.9, returns
    assert returns["mlp"] < 0.5, returns  # without the cue the best action is 0: 1 - 0.64


def test_a_run_resumes_exactly_and_opens_with_its_class(tmp_path):
    task = Recall(16)
    train(task, CONFIG, POLICY, tmp_path / "a", network=Gru, progress="none")
    half = CONFIG.model_copy(update={"checkpoint_every": 1, "budget": 224})
    train(task, half, POLICY, tmp_path / "b", network=Gru, progress="none")
    with pytest.raises(SpecError, match=r"network `.*Gru` of its own"):
        train(task, CONFIG, POLICY, tmp_path / "b", resume=True, progress="none")
    train(Recall(16), CONFIG, POLICY, tmp_path / "b", network=Gru, resume=True, progress="none")
    a, b = (ckpt.load(ckpt.find(tmp_path / run)) for run in "ab")
    assert a.arrays.keys() == b.arrays.keys() and "memory/actor/h" in a.arrays
    for name, array in a.arrays.items():
        np.testing.assert_array_equal(array, b.arrays[name], err_msg=name)
    assert [r["update"] for r in read_rows(tmp_path / "b" / "metrics.jsonl")] == [1, 2, 3, 4]
    assert a.meta["network"].endswith("test_network.Gru")
    with pytest.raises(SpecError, match="of its own"):
        ckpt.restore_actor(a, task)
    actor = ckpt.restore_actor(a, task, network=Gru)
    np.testing.assert_array_equal(actor.policy.actor.network.first, a.arrays["policy/actor/arrays/first"])


def test_recorded_observations_are_acted_on_as_they_were(collected):
    task, actor, state, one, _ = collected
    seen, memory = one[3], state.memory
    begins = np.concatenate([np.ones((1, 16), bool), np.asarray(seen.done)[:-1]])
    whole = act_on(task, CONFIG, actor, seen.obs, jnp.asarray(begins))
    for t in range(7):
        memory, action = act(task, CONFIG, actor, memory, {k: v[t] for k, v in seen.obs.items()})
        np.testing.assert_allclose(whole[t], action, atol=1e-5)
        memory = memory.after(seen.done[t])


def test_a_symmetric_policy_remembers_both_sides():
    mirror = Mirror(((1, 0, 2), (1, 1, -1)), ((0, 2, 1, 3), (-1, 1, 1, 1)), ((1, 0), (-1, -1)))
    policy = noised(Policy(jax.random.key(0), 3, 4, 2, POLICY, mirror, Gru))

    def mirrored(part, x):
        return x[..., np.array(part[0])] * np.array(part[1], np.float32)

    obs, wide = jax.random.normal(jax.random.key(1), (5, 6, 3)), jax.random.normal(jax.random.key(2), (5, 6, 4))
    here, there = policy.distribution(obs), policy.distribution(mirrored(mirror.actor, obs))
    np.testing.assert_allclose(there.loc, mirrored(mirror.action, here.loc), atol=1e-5)
    np.testing.assert_allclose(policy.value(wide), policy.value(mirrored(mirror.critic, wide)), atol=1e-5)
    memory, steps = policy.start(5), []
    for t in range(6):
        memory, normal = policy.act(memory, obs[:, t])
        memory = memory.after(jnp.zeros(5, bool))
        steps.append(normal.loc)
    np.testing.assert_allclose(jnp.stack(steps, 1), here.loc, atol=1e-5)


def test_a_network_without_memory_leaves_nothing_behind():
    state = init_state(PointMass(4), TrainConfig(num_envs=4, num_minibatches=1, num_env_states_per_minibatch=8), POLICY)
    assert jax.tree.leaves(state.memory) == []


class Flat(Gru):
    def __call__(self, carry, x, done):
        return carry, jnp.zeros(len(x))


class Growing(Gru):
    def __call__(self, carry, x, done):
        return {"h": jnp.concatenate([carry["h"], x], 1)}, super().__call__(carry, x, done)[1]


class Counting(Gru):
    def initial_carry(self):
        return {"n": jnp.int32(0)}


class Table(Gru):
    table: Any = None

    @classmethod
    def init(cls, key, sizes, settings):
        made = Gru.init(key, sizes, settings)
        return cls(made.cell, made.first, made.head, made.gain, np.arange(3))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Flat, r"`Flat` makes float32\[2\] of 2 rows of 2 numbers, not float32\[2, 1\]"),
        (Growing, "the carry of `Growing` changes its form in a step"),
        (Counting, r"`Counting.initial_carry\(\)` at `\['n'\]` is not an array of float32"),
        (Table, r"`Table.table` is an array of int64, and only floats can be trained"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network, message, tmp_path):
    with pytest.raises(SpecError, match=message):
        train(Recall(16), CONFIG, POLICY, tmp_path / "run", network=network, progress="none")
