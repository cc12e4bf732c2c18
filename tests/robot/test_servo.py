"""What an actuator takes and gives: read from the file as MuJoCo compiles it, and what gains make of it."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from ksim_spec.robot.compiled_reader import law_of
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.law import Law
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest
from ksim_spec.robot.servo import control_factor, force, joint_force, served, targets

ARM = """<mujoco>%s<worldbody><body><joint name="j" type="hinge" range="-180 180"/><geom size="0.1"/></body></worldbody>
  <actuator>%s</actuator></mujoco>"""
NUMBERS = {"gainprm": "3", "biasprm": "1 -2 -3"}
ACTUATORS = [
    "<motor/>", "<position/>", '<position kp="5" kv="2"/>', '<position kp="5" timeconst="0.1"/>', "<velocity/>",
    '<velocity kv="3"/>', '<intvelocity kp="3" kv="1" actrange="-1 1"/>', '<damper kv="3" ctrlrange="0 1"/>',
    '<cylinder area="2" bias="1 2 3"/>', '<dcmotor motorconst="1" resistance="1"/>', "<general/>",
    '<muscle lengthrange="0 1" ctrlrange="0 1"/>', '<general gainprm="3" biastype="affine" biasprm="1 -2"/>',
    '<general gainprm="3" biasprm="1 -2 -3"/>', '<general dyntype="integrator"/>', '<general gaintype="affine"/>',
]  # fmt: skip
DEFAULTS = [
    "", '<position kp="7" kv="1"/>', '<position kp="7" timeconst="0.2"/>', '<velocity kv="9"/>', "<motor/>",
    '<general gainprm="4"/>', '<general gainprm="4" biastype="affine" biasprm="0 -4 -1" dyntype="filter"/>',
]  # fmt: skip


def model(actuator: str, default: str = "") -> tuple[mujoco.MjModel, RobotIndex]:
    inside = f'<default><default class="c">{default}</default></default>'
    text = ARM % (inside, actuator.replace("/>", ' name="a" joint="j" class="c"/>'))
    return mujoco.MjModel.from_xml_string(text), RobotIndex.load(text)


@pytest.mark.parametrize("default", DEFAULTS)
@pytest.mark.parametrize("actuator", ACTUATORS)
def test_the_law_is_the_one_that_mujoco_compiles(actuator: str, default: str) -> None:
    built, index = model(actuator, default)
    theirs, ours = law_of(built, 0), index.actuators[0].law
    if actuator.startswith("<cylinder"):  # a filter that keeps its own name, for its control is a pressure
        assert ours.dynamics == "cylinder"
        ours = replace(ours, dynamics="filter")
    if theirs.kind != "fixed":
        assert not ours.mode and ours.trouble
        return
    assert (theirs.dynamics, theirs.kind) == (ours.dynamics, ours.kind)
    assert ours.kv is not None and (theirs.gain, theirs.offset, theirs.kp, theirs.kv) == pytest.approx(
        (ours.gain, ours.offset, ours.kp, ours.kv)
    )


def test_a_damping_ratio_is_not_known_before_the_model_is_built() -> None:
    built, index = model('<position kp="5" dampratio="1"/>')
    law = index.actuators[0].law
    assert law.kv is None and law.mode == "position" and index.actuators[0].kv is None
    assert (law_of(built, 0).kv or 0) > 0


@pytest.mark.parametrize(("actuator", "mode"), [
    ('<motor gear="-3"/>', "torque"), ('<general gainprm="5" gear="2"/>', "torque"),
    ('<position kp="40" gear="2"/>', "position"), ('<velocity kv="4" gear="-2"/>', "velocity"),
    ('<general gainprm="0.5" biastype="affine" biasprm="0 -100 -10" ctrlrange="0 255"/>', "position"),
])  # fmt: skip
def test_a_control_is_the_one_that_reaches_the_target(actuator: str, mode: str) -> None:
    """At the target a servo gives no force; a motor gives the torque."""
    built, index = model(actuator)
    a, data, target = index.actuators[0], mujoco.MjData(built), 0.3
    assert a.law.mode == mode
    if mode == "position":
        data.qpos[0] = target
    elif mode == "velocity":
        data.qvel[0] = target
    data.ctrl[0] = control_factor(a.law, a.gear[0], mode) * target
    mujoco.mj_forward(built, data)
    moving = 0.0 if mode != "torque" else target
    assert data.qfrc_actuator[0] == pytest.approx(moving, abs=1e-12) and data.ctrl[0] != 0


# Limits --------------------------------------------------------------------------------------------------------------


LIMITS = {
    '<motor ctrlrange="-6 6" forcerange="-2 2"/>': (-2, 2),
    '<general gainprm="5" ctrlrange="-6 6"/>': (-30, 30),
    '<motor ctrlrange="-2 6"/>': (-2, 6),
    '<motor ctrlrange="-2 6" gear="3"/>': (-6, 18),
    '<motor ctrlrange="-2 6" gear="-3"/>': (-18, 6),
    '<general gainprm="-5" ctrlrange="-1 2" forcerange="-7 9"/>': (-7, 5),
    '<motor gear="50"/>': None,
}


@pytest.mark.parametrize("actuator", LIMITS)
def test_a_motor_made_a_servo_gives_what_the_motor_gave(actuator: str) -> None:
    """The limits are those of the motor at the joint, as MuJoCo applies them to the motor itself."""
    built, index = model(actuator)
    motor = index.actuators[0]
    servo = served(motor, 1000.0, 3.0)
    wanted = LIMITS[actuator]
    assert servo.forcerange == wanted and servo.ctrlrange is None and servo.gear[0] == 1.0
    if wanted is not None:
        data, seen = mujoco.MjData(built), []
        for control in (-1e6, 1e6):
            data.ctrl[0] = control
            mujoco.mj_forward(built, data)
            seen.append(float(data.qfrc_actuator[0]))
        assert tuple(sorted(seen)) == pytest.approx(wanted) == joint_force(motor)
    text = ARM % ("", actuator.replace("/>", ' name="a" joint="j"/>'))
    made = compose(SceneRequest(text, servos=(servo,))).model
    assert bool(made.actuator_forcelimited[0]) == (wanted is not None) and not made.actuator_ctrllimited[0]
    assert wanted is None or np.allclose(made.actuator_forcerange[0], wanted)
    assert law_of(made, 0) == Law(1000.0, 0.0, 1000.0, 3.0)


@pytest.mark.parametrize(
    ("gains", "stiffness", "damping"), [((40.0, None), 40, 4), ((None, 6.0), 80, 6), ((40.0, 6.0), 40, 6)]
)
def test_a_servo_given_gains_keeps_its_limits_and_its_targets(gains, stiffness, damping) -> None:
    """kp 20 behind a gear of 2 is 80 Nm/rad at the joint; damping 1 is 4."""
    text = '<position kp="20" kv="1" gear="2" ctrlrange="-1 3" forcerange="-9 7"/>'
    _, index = model(text)
    old, new = index.actuators[0], served(index.actuators[0], *gains)
    made = compose(SceneRequest(ARM % ("", text.replace("/>", ' name="a" joint="j"/>')), servos=(new,))).model
    assert tuple(made.actuator_ctrlrange[0]) == new.ctrlrange == (-1, 3) and made.actuator_gear[0, 0] == 2
    assert tuple(made.actuator_forcerange[0]) == new.forcerange == (-9, 7)
    assert targets(new) == targets(old) == (-0.5, 1.5) and force(new) == (-9, 7) and joint_force(new) == (-18, 14)
    law = law_of(made, 0)
    assert (law.kp * 4, (law.kv or 0) * 4, law.gain) == pytest.approx((stiffness, damping, law.kp)) and law == new.law


def test_a_servo_whose_control_is_scaled_stays_scaled() -> None:
    text = '<general gainprm="0.5" biastype="affine" biasprm="0 -100 -10" ctrlrange="0 255"/>'
    old = model(text)[1].actuators[0]
    new = served(old, 400.0, None)
    assert (new.law.gain, new.law.kp, new.law.kv) == (2.0, 400.0, 10.0)
    assert targets(new) == targets(old) == (0.0, pytest.approx(1.275))


def test_the_rotor_of_a_motor_made_a_servo_is_felt_as_before() -> None:
    """MuJoCo reflects an actuator's inertia and damping through its gear, which the servo has not."""
    text = ARM % ("", '<motor name="a" joint="j" gear="3" armature="0.5" damping="0.2"/>')
    motor = RobotIndex.load(text).actuators[0]
    before, after = (compose(SceneRequest(text, servos=s)).model for s in ((), (served(motor, 1e-9, 0.0),)))
    felt = []
    for m in (before, after):
        data = mujoco.MjData(m)
        data.qvel[0] = 2.0
        mujoco.mj_forward(m, data)
        felt.append((float(data.qfrc_passive[0]), float(data.qacc[0])))
    assert felt[0] == pytest.approx(felt[1]) and felt[0][0] == pytest.approx(-3.6)
