"""Rules about design: they leave sound specs alone, fire on what is wrong, and stay silent a little short of it."""

import pytest

from ksim_spec.language.load import load_spec
from ksim_spec.linter.design import design
from tests.rules.design import CARTPOLE, ROOT, WALK, found, reward, slugs

SOUND = [*sorted((ROOT / "specs").glob("*.ksim")), ROOT / "tests" / "cli" / "small.ksim"]


@pytest.mark.parametrize("spec", SOUND, ids=lambda p: p.stem)
def test_sound_specs_have_no_findings(spec):
    loaded = load_spec(spec)
    assert loaded.program is not None and loaded.robot is not None
    assert [f"{d.code}: {d.message}" for d in design(loaded.program, loaded.robot)] == []


def test_a_message_says_what_was_seen():
    (only,) = found(("0.5 m/s)               weight 2.0 per s", "2 m/s)  weight 2.0 per s"))
    # exp(-(1.0^2 + 0.3^2) / 2^2) = 0.761
    assert only.message == "standing still earns 76% of `track_linear` even at full command"
    (only,) = found(
        ("time >= 20 s", "time >= 20 s or tilt(base) > 90 deg"),
        ("event push every 5 s .. 10 s", "event push every 25 s"),
    )
    assert "after 25 s" in only.message and "at most 20 s" in only.message


# (what is changed, the findings); a pair of a mistake and of something like it that is sound.
CASES = {
    "a scale of the largest command": ([("0.5 m/s)               weight", "1 m/s)  weight")], []),
    "a yaw scale twice the command": ([("velocity.yaw, 1 rad/s", "velocity.yaw, 2 rad/s")], ["wide-tolerance"]),
    "a term written twice": (
        [reward("again = gaussian(v.xy - velocity.xy, 50 cm/s) weight 1 per s")], ["duplicate-term"]
    ),
    "a constant twice": ([reward("more = 1 weight 1 per s")], []),
    "a cost with a plus": ([("weight -0.5 per m^2/s^2 per s", "weight 0.5 per m^2/s^2 per s")], ["sign-surprise"]),
    "leaning, rewarded": ([("weight -5.0 per s", "weight 5.0 per s")], ["sign-surprise"]),
    "standing straight, rewarded": ([reward("tall = square(base.up.z) weight 1 per s")], []),
    "a punished command": (
        [("gaussian(v.xy - velocity.xy, 0.2 m/s)               weight 2.0", "gaussian(v.xy - velocity.xy, 0.2 m/s) weight -2.0")],
        ["sign-surprise"],
    ),
    "a kernel that is punished": ([reward("low = gaussian(base.height - 0.5 m, 0.05 m) weight -1 per s")], []),
    "a weight of nothing": ([("weight -0.05 per s", "weight 0 per s")], ["zero-weight"]),
    "a level that starts at nothing": ([("cost          from 0.1", "cost          from 0")], []),
    "one term that drowns the others": ([reward("tall = exp(10 * base.up.z) weight 1 per s")], ["negligible-term"]),
    "a bonus for what is reached": ([reward("still = number(norm(v) < 0.1 m/s) weight 200 per step")], []),
    "a joint beyond its soft limits": ([("  timeout when", "  far when any(legs.pos > legs.upper) fail\n  timeout when")], []),
    "a joint a little beyond its soft limits": (
        [("  timeout when", "  far when any(legs.pos < legs.lower - 1 deg) or any(legs.pos > legs.upper + 1 deg) fail\n  timeout when")],
        [],
    ),
    "a start that is set, then moved": (
        [("  legs.pos += normal(0.05 rad)", "  legs.pos = home.pos\n  legs.pos += uniform(-0.1 rad, 0.1 rad)")], []
    ),
    "a start that is set without a pose, then moved": (
        [("  pose home\n", ""), ("  legs.pos += normal(0.05 rad)", "  legs.pos = (legs.lower + legs.upper) / 2\n"
          "  legs.pos += uniform(0.1 rad) - 0.2 * (legs.upper - legs.lower)")], []
    ),
    "a start that is set at an end, then moved beyond it": (
        [("  legs.pos += normal(0.05 rad)", "  legs.pos = legs.upper\n  legs.pos += uniform(0.2 rad, 0.3 rad)")],
        ["start-beyond-limits"],
    ),
    "a failure paid by the second": ([reward("fell = number(base.height < 0.5 m) weight -100 per s")], ["repeated-failure"]),
    "two failures paid by the second": (
        [reward("fell = number(tilt(base) > 60 deg or base.height < 0.5 m) weight -100 per s")], ["repeated-failure"]
    ),
    "a failure paid once": ([reward("fell = number(base.height < 0.5 m) weight -2 on event")], []),
    "a warning before the failure": ([reward("low = number(base.height < 0.6 m) weight -1 per s")], []),
    "a failure or what is none": (
        [reward("low = number(base.height < 0.5 m or norm(v) > 3 m/s) weight -1 per s")], []
    ),
    "time is up": ([reward("late = number(time >= 20 s) weight -1 per s")], []),
    "a weight too small": ([("weight 0.5 per s", "weight 0.005 per s")], ["negligible-term"]),
    "air time as a rate": (
        [reward("air = sum(feet.air_time - 0.2 s where landing) weight 1 per s per s")], ["event-as-rate"]
    ),
    "air time on event": ([reward("air = sum(feet.air_time - 0.2 s where landing) weight 1 per s on event")], []),
    "slip while landing or standing": (
        [reward("air = sum(feet.air_time where landing or feet.contact) weight 1 per s per s")], []
    ),
    "steady on event": ([("weight 0.5 per s", "weight 0.5 on event")], ["steady-on-event"]),
    "a guarded quotient": ([reward("q = v.x / max(norm(v), 0.1 m/s) weight 0.1 per s")], []),
    "a bare quotient": ([reward("q = v.x / norm(v) weight 0.1 per s")], ["division-by-zero"]),
    "a logarithm of 0": ([reward("q = log(norm(v) / (1 m/s)) weight 0.1 per s")], ["division-by-zero"]),
    "a heading to follow": ([reward("h = square(base.yaw - velocity.yaw * 1 s) weight -1 per rad^2 per s")], ["unwrapped-angle"]),
    "a heading, wrapped": ([reward("h = square(wrap(base.yaw - velocity.yaw * 1 s)) weight -1 per rad^2 per s")], []),
    "the cosine of a heading": ([reward("h = cos(base.yaw - velocity.yaw * 1.5 s) weight 1 per s")], []),
    "no clock": ([("  clock_sin = sin(gait)\n  clock_cos = cos(gait)\n", "")], ["unobserved-clock"]),
    "one hand of the clock": ([("  clock_sin = sin(gait)\n", "")], []),
    "no command": ([("  command   = velocity\n", "")], ["unobserved-command"]),
    "part of a command": ([("  command   = velocity\n", "  command   = velocity.xy\n")], ["unobserved-command"]),
    "no action": ([("  previous  = action\n", "")], ["unobserved-action"]),
    "gravity in the world": ([("gravity   = down", "gravity   = world.down")], ["constant-observation"]),
    "the last action twice": ([("  previous  = action", "  previous  = action\n  last = action")], ["duplicate-observation"]),
    "the last action and the one before": (
        [("  previous  = action", "  previous  = action\n  older = action  delay 20 ms\n  both = action  history 2")], []
    ),
    "gravity without its noise for the critic": ([("  lean      = down\n", "  leaning = down\n")], []),
    "two noisy samples of gravity": (
        [("  previous  = action", "  tilted = down  noise uniform(0.05)\n  previous  = action")], []
    ),
    "gravity without noise twice for the critic": (
        [("  lean      = down\n", "  lean      = down\n  tilted = down\n")], ["duplicate-observation"]
    ),
    "gravity and a part of it": ([("  previous  = action", "  tilted = down.xy\n  previous  = action")], []),
    "a target of two turns": ([("scale 0.5 rad", "scale 6 rad")], ["target-beyond-joint"]),
    "noise of a radian": ([("uniform(0.05)", "uniform(5)")], ["noise-drowns"]),
    "upside down": ([("tilt(base) > 60 deg", "tilt(base) > 181 deg or base.height > 9 m")], []),
    "never upside down": ([("base.height < 0.5 m or tilt(base) > 60 deg", "tilt(base) > 181 deg")], ["never-fires"]),
    "a second, later time limit": (
        [("  timeout when", "  late when time > 25 s truncate\n  timeout when")], ["never-fires"]
    ),
    "always": ([("tilt(base) > 60 deg", "time >= 0 s")], ["always-fires"]),
    "too tall to start": ([("base.height < 0.5 m", "base.height < 0.9 m")], ["fires-at-start"]),
    "for ever": ([("  timeout when time >= 20 s                                truncate\n", "")], ["no-time-limit"]),
    "time is up, failed": ([("truncate", "fail")], ["time-limit-as-failure"]),
    "the same start": (
        [("  base.yaw += uniform(-180 deg, 180 deg)\n  legs.pos += normal(0.05 rad)\n", "")], ["same-start"]
    ),
    "a start in a knot": ([("legs.pos += normal(0.05 rad)", "legs.pos += normal(1 rad)")], ["start-beyond-limits"]),
    "a redraw too late": ([("resample every 4 s .. 8 s", "resample every 20 s .. 30 s")], ["beyond-episode"]),
    "a redraw that may come": ([("resample every 4 s .. 8 s", "resample every 15 s .. 30 s")], []),
    "a factor of one": ([("uniform(0.9, 1.1)", "uniform(1, 1)")], ["changes-nothing"]),
    "a push of nothing": ([("push_strength * disc(0.5 m/s)", "push_strength * disc(0 m/s)")], ["changes-nothing"]),
    "a mass of nothing": ([("base.mass              += uniform(-1 kg, 1 kg)", "base.mass *= uniform(0, 1)")], ["impossible-field"]),
    "a normal factor": ([("legs.kp                *= uniform(0.9, 1.1)", "legs.kp *= normal(1, 0.1)")], []),
    "a wide normal factor": ([("legs.kp                *= uniform(0.9, 1.1)", "legs.kp *= normal(1, 0.6)")], ["impossible-field"]),
    "a push without its level": ([("push_strength * disc", "disc")], ["unused-level"]),
    "a level that waits for ever": ([("mean(episode_time) > 10 s", "mean(episode_time) > 20 s")], ["stuck-level"]),
    "a level after training": ([("duration 8e6 env_states", "duration 16e6 env_states")], ["level-beyond-budget"]),
    "a level of tiny steps": ([("by 0.05  when", "by 0.0001 when")], ["level-beyond-budget"]),
    "a field for nobody": ([("  resample every 4 s", "  lean = uniform(1 rad)\n  resample every 4 s")], ["constant"]),
    "near-sighted": ([("discount                     = 0.98", "discount = 0.85")], ["short-horizon"]),
    "a budget of a moment": ([("15e6", "6e4"), ("8e6", "5e4"), ("by 0.05", "by 1")], ["few-updates", "budget-below-episode"]),
    "a check that holds": ([("rms(v.xy - velocity.xy) < 0.2 m/s", "mean(tilt(base)) < 4 rad")], ["settled-check"]),
    "a check that cannot hold": ([(">= 95 %", ">= 101 %")], ["settled-check"]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES)
def test_what_a_change_brings(changes, expected):
    if expected == ["constant"]:  # the whole command is observed, so the new field is used
        expected = []
    assert slugs(*changes) == expected


def test_rewards_without_an_end():
    alive = ("swing = score  weight 1 per s", "swing = score  weight 1 per s\n  alive = 1  weight 1 per s")
    assert slugs(alive, spec=CARTPOLE) == ["constant-reward"]
    assert slugs(("swing = score", "swing = score - 2"), spec=CARTPOLE) == []
    fall = ("timeout when", "left when abs(slider.pos) > 1 m fail\n  timeout when")
    assert slugs(alive, fall, spec=CARTPOLE) == []
    assert slugs(("swing = score", "swing = score - 2"), fall, spec=CARTPOLE) == ["only-costs"]


def test_a_torque_that_no_motor_gives():
    assert slugs(("scale 10 N", "scale 12 N"), spec=CARTPOLE) == []
    (only,) = found(("scale 10 N", "scale 40 N"), spec=CARTPOLE)
    assert only.slug == "torque-beyond-actuator" and "40 N" in only.message and "10 N" in only.message


def test_training_settings_made_for_play_are_left_alone():
    loaded = load_spec(WALK, profile="play", sets=["train.budget=1000"])
    assert loaded.program is not None and loaded.robot is not None
    assert [d.slug for d in design(loaded.program, loaded.robot, complete=False)] == []
