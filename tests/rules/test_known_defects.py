"""Defects found in published tasks, each written in this language, and what says so. docs/rules/defects.md lists all."""

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_text
from tests.rules.design import ROOT, WALK, found, reward, slugs


def told(old: str, new: str) -> list[Diagnostic]:
    """Returns the errors of `walk` with a text replaced."""
    text = WALK.read_text(encoding="utf-8")
    assert old in text
    return load_text(text.replace(old, new, 1), str(WALK), WALK).diagnostics


# MuJoCo Playground -------------------------------------------------------------------------------------------------


def test_playground_1_soft_joint_limits_outside_the_range():
    (only,) = found(reward("limits = sum(max(legs.pos - 1.05 * legs.upper, 0 rad)) weight -1 per rad per s"))
    assert only.slug == "never-nonzero" and "joints are taken to stay" in only.notes[0]
    assert slugs(reward("limits = sum(max(legs.pos - 0.95 * legs.upper, 0 rad)) weight -1 per rad per s")) == []


def test_playground_1_as_it_was_written():
    """A factor on both ends moves a range whose ends have one sign: the soft end of the calves lies beyond the hard."""
    soft = "sum(max(0.95 * legs.lower - legs.pos, 0 rad) + max(legs.pos - 0.95 * legs.upper, 0 rad))"
    trot = (ROOT / "specs" / "trot.ksim", f"  limits = {soft}  weight -1 per rad per s\n  group costs")
    (only,) = found(("  group costs", trot[1]), spec=trot[0])
    assert only.slug == "never-nonzero" and "`FL_calf` and 3 more" in only.message
    narrowed = soft.replace("0.95 * legs.lower", "legs.lower + 0.05 * (legs.upper - legs.lower)")
    narrowed = narrowed.replace(
        "legs.pos - 0.95 * legs.upper", "legs.pos - legs.upper + 0.05 * (legs.upper - legs.lower)"
    )
    assert (
        found(("  group costs", f"  limits = {narrowed}  weight -1 per rad per s\n  group costs"), spec=trot[0]) == []
    )


def test_playground_2_a_termination_on_a_contact_that_cannot_be():
    crossed = 'crossed when left.contact with body("left_shin") fail\n  timeout'
    (only,) = found(("timeout", crossed))
    assert only.slug == "never-fires" and "can never touch" in only.notes[0]


def test_playground_4_a_reset_without_randomness():
    assert slugs(("  base.yaw += uniform(-180 deg, 180 deg)\n  legs.pos += normal(0.05 rad)\n", "")) == ["same-start"]


def test_playground_5_pushes_and_commands_due_after_the_episode():
    changes = [("time >= 20 s", "time >= 3 s"), ("survived(20 s)", "survived(3 s)"), ("> 10 s\n", "> 2 s\n")]
    assert slugs(*changes) == ["beyond-episode", "beyond-episode"]


def test_playground_6_a_time_limit_that_training_never_reaches():
    assert slugs(("budget                       = 15e6", "budget = 1e6"), ("8e6 env", "1e6 env")) == [
        "budget-below-episode"
    ]


def test_playground_12_dead_configuration():
    assert [d.slug for d in told("discount  ", "discounting  ")] == ["unknown-setting"]
    assert slugs(("signal {", "command style {\n  tempo = uniform(1 Hz, 2 Hz)\n}\n\nsignal {")) == ["unused-command"]
    assert slugs(("curriculum {", "curriculum {\n  slope from 0 to 1  by 0.1  when fail < 10 %")) == ["unused-level"]


def test_playground_16_parts_by_number():
    (only,) = told('body("torso")', "body(1)")
    assert only.severity == "error"


def test_playground_17_an_event_scaled_by_the_control_step():
    assert slugs(reward("air = sum(feet.air_time - 0.2 s where landing) weight 2 per s per s")) == ["event-as-rate"]


# ksim --------------------------------------------------------------------------------------------------------------


def test_ksim_10_a_yaw_error_that_is_not_wrapped():
    assert slugs(reward("face = square(base.yaw - pi * 1 rad) weight -1 per rad^2 per s")) == ["unwrapped-angle"]


def test_ksim_13_a_vector_rotated_twice():
    (only,) = told("gyro      = base.angvel in base ", "gyro      = (base.angvel in base).xy in base ")
    assert only.slug == "no-frame"


def test_ksim_18_a_helper_that_widens_limits():
    wide = "limits = sum(max(legs.lower - 0.1 rad - legs.pos, 0 rad)) weight -1 per rad per s"
    assert slugs(reward(wide)) == ["never-nonzero"]
    one_side = "limits = sum(max(legs.lower + 0.1 rad - legs.pos, 0 rad) + max(legs.pos - legs.upper - 0.1 rad, 0 rad))"
    assert slugs(reward(f"{one_side} weight -1 per rad per s")) == ["never-nonzero"]
    assert slugs(reward("limits = std.near_limits(legs) weight -1 per rad per s")) == []


def test_ksim_25_a_mass_multiplied_by_anything_from_0():
    assert slugs(("base.mass              += uniform(-1 kg, 1 kg)", "base.mass *= uniform(0, 1)")) == [
        "impossible-field"
    ]


def test_ksim_26_a_factor_on_what_is_0():
    loss = ("legs.kp                *= uniform(0.9, 1.1)", "legs.frictionloss *= uniform(0.5, 2)")
    (only,) = found(loss)
    assert only.slug == "changes-nothing" and "is 0 in the robot file" in only.message


def test_ksim_35_targets_far_outside_the_joints():
    (only,) = found(("scale 0.5 rad", "scale 4 rad"))
    assert only.slug == "target-beyond-joint" and "outside its range" in only.message
