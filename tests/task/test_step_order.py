"""One control step against an explicit MuJoCo loop: events, delayed action, physics, rewards, commands."""

from __future__ import annotations

from functools import cache

import mujoco
import numpy as np

from tests.task.runs import Run, noise, run, text

STEPS, ENVS, SUBSTEPS, DT = 24, 6, 5, 0.05
SOURCE = text(
    action='action {; push = torque(joints("slider")) scale 5 N delay 0 ms .. 120 ms; }\n',
    observe="observe actor {; cart = slider.pos; target = aim; }\n",
    reward="reward {; near = -square(slider.pos - aim.x) weight 2 per m^2 per s; old = time * aim.x weight 1 per m per s^2"
    "; bump = 1 per step weight 3 per step; }\n".replace("1 per step weight", "1 weight"),
    more="command aim {; x = uniform(1 m); resample every 200 ms .. 400 ms; zero with probability 20 %; }\n"
    "event kick every 150 ms .. 300 ms {; slider.vel += uniform(2 m/s); }\n",
)


@cache
def ran() -> Run:
    return run(SOURCE, noise(STEPS, ENVS), seed=1)


def kicks(r: Run) -> np.ndarray:
    """The seconds left until the next kick jump up exactly when one fires."""
    left = np.array([s.now.event_left["kick"] for s in r.states])
    return left


def delays(r: Run) -> np.ndarray:
    u = r.states[0].now.draws["action.push.delay"]
    return np.floor(u * 13).astype(int)


@cache
def many() -> Run:
    return run(SOURCE, noise(0, 4000), seed=3)


def test_delays_are_drawn_over_the_whole_range():
    counts = np.bincount(delays(many()), minlength=13)
    assert len(counts) == 13
    assert np.all(np.abs(counts - 4000 / 13) < 5 * np.sqrt(4000 / 13))


def test_physics_is_that_of_an_explicit_loop_with_delayed_actions_and_kicks():
    r = ran()
    model, actions = r.task.model, noise(STEPS, ENVS)
    late = delays(r)
    assert len(set(late)) > 2
    left = kicks(r)
    for e in range(ENVS):
        data = mujoco.MjData(model)
        data.qpos[:], data.qvel[:] = r.reads("qpos")[0, e], r.reads("qvel")[0, e]
        wait = float(left[0, e])
        for t in range(STEPS):
            fires = wait <= 0.5 * DT
            if fires:
                drawn = float(left[t + 1, e]) + DT
                # What it adds is the one free number: it must explain position and velocity and lie in its range.
                plain = _stepped(model, data, actions, t, late[e], e, 0.0)
                added = _solve(model, data, actions, t, late[e], e, r.reads("qvel")[t + 1, e, 0], plain.qvel[0])
                assert 1e-4 < abs(added) <= 2
            data = _stepped(model, data, actions, t, late[e], e, added if fires else 0.0)
            wait = (drawn if fires else wait) - DT
            np.testing.assert_allclose(r.reads("qpos")[t + 1, e], data.qpos, atol=2e-5)
            np.testing.assert_allclose(r.reads("qvel")[t + 1, e], data.qvel, atol=2e-4)
            data.qpos[:], data.qvel[:] = r.reads("qpos")[t + 1, e], r.reads("qvel")[t + 1, e]


def _stepped(model, data, actions, t, late, e, kick):
    """Returns the data one control step later: substep k uses the action given `late` physics steps before it."""
    out = mujoco.MjData(model)
    out.qpos[:], out.qvel[:] = data.qpos, data.qvel
    out.qvel[0] += kick
    for k in range(SUBSTEPS):
        given = (t * SUBSTEPS + k - late) // SUBSTEPS
        gear = model.actuator_gear[0, 0] * model.actuator_gainprm[0, 0]
        out.ctrl[0] = 5 * actions[given, e, 0] / gear if given >= 0 else 0.0
        mujoco.mj_step(model, out)
    return out


def _solve(model, data, actions, t, late, e, wanted, plain):
    """Returns the kick after which the cart has the wanted velocity (secant steps from none)."""
    kick = wanted - plain
    for _ in range(20):
        kick += wanted - _stepped(model, data, actions, t, late, e, kick).qvel[0]
    return kick


def test_kicks_come_at_their_intervals():
    r = ran()
    left = kicks(r)
    for e in range(ENVS):
        since, drawn = 0.0, left[0, e]
        for t in range(STEPS):
            if left[t + 1, e] > left[t, e]:
                # It fires in the control step whose beginning is nearest to the drawn time.
                assert abs(since - drawn) <= 0.5 * DT + 1e-6
                drawn, since = left[t + 1, e] + DT, 0.0
                assert 0.15 <= drawn <= 0.3
            since += DT


def test_rewards_use_the_command_the_policy_saw_and_the_state_after_the_step():
    r = ran()
    for t in range(1, STEPS + 1):
        seen = r.shown[t - 1].command["aim"]["x"]
        position = r.reads("qpos")[t, :, 0]
        terms = r.infos[t].terms
        np.testing.assert_allclose(terms["near"], -2 * DT * (position - seen) ** 2, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(terms["old"], DT * t * DT * seen, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(terms["bump"], 3.0)
        np.testing.assert_allclose(r.shown[t].reward, sum(terms.values()), rtol=1e-5)
        np.testing.assert_allclose(r.infos[t].time_E, t * DT, rtol=1e-6)
        # The next observation shows the new state and the command that goes with the next action.
        np.testing.assert_array_equal(r.shown[t].obs["actor"][:, 0], position)
        np.testing.assert_array_equal(r.shown[t].obs["actor"][:, 1], r.shown[t].command["aim"]["x"])


def test_commands_change_only_when_their_time_is_up():
    r = ran()
    values = np.array([s.command["aim"]["x"] for s in r.shown])
    left = np.array([s.now.command_left["aim"] for s in r.states])
    for e in range(ENVS):
        held, drawn = 0, left[0, e]
        for t in range(1, STEPS + 1):
            held += 1
            if left[t, e] > left[t - 1, e]:
                assert abs(held * DT - drawn) <= 0.5 * DT + 1e-6
                held, drawn = 0, left[t, e]
                assert 0.2 <= drawn <= 0.4
            else:
                assert values[t, e] == values[t - 1, e]
    assert len(np.unique(values)) > ENVS * 2


def test_a_command_is_zero_as_often_as_it_says():
    share = np.mean(many().shown[0].command["aim"]["x"] == 0)
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 4000)


def test_what_is_read_after_a_step_is_current():
    """Reads equal a full forward at the state the engine is in."""
    from tests.emit.worlds import mujoco_state

    r = run(
        text(observe="observe actor {; cart = slider.acc; pole = hinge.acc; push = slider.torque; }\n"), noise(4, 3)
    )
    for e in range(3):
        data = mujoco_state(r.task.engine, e)
        np.testing.assert_allclose(r.shown[-1].obs["actor"][e, :2], data.qacc, rtol=1e-5)
        np.testing.assert_allclose(r.shown[-1].obs["actor"][e, 2], data.qfrc_actuator[0], rtol=1e-5)
        np.testing.assert_allclose(r.reads("qpos")[-1, e], data.qpos, rtol=1e-6)
