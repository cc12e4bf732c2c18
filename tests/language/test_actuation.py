"""What an action line asks of the robot: numbers by joint, actuators that fit, gains; and who the robot is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.emit.binding import pose_positions
from ksim_spec.emit.rest import idle_control
from ksim_spec.emit.task_functions import control_factors
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.language.load import Loaded, load_spec
from ksim_spec.robot.compiled_reader import law_of
from ksim_spec.summary.summary import describe

ROBOT = """<mujoco><worldbody>{more}<body name="a"><joint name="a" type="hinge" axis="0 1 0" range="-60 60"/><geom size="0.1"/>
  <body name="b" pos="0 0 1"><joint name="b" type="hinge" axis="0 1 0" range="-20 40"/><geom size="0.1"/>
    <body name="d" pos="0 0 1"><joint name="d" type="hinge" axis="0 1 0" range="-50 30"/><geom size="0.1"/><site name="tip"/>
      <body name="s" pos="0 0 1"><joint name="s" type="slide"/><geom name="finger" size="0.1"/></body>
    </body></body></body></worldbody>
  <actuator>{actuators}</actuator>
  <keyframe><key name="home" {key}/></keyframe></mujoco>"""
POSE = 'qpos="0.1 0.2 0.3 0.4"'
SPEC = """task arm
robot "arm.xml" {{
  all   = joints("a", "b", "d")
  mixed = joints("d", "a", "b")
  two   = joints("a", "b")
  home  = keyframe("home")
{robot}
}}
world {{ physics_step = 2 ms
  control_step = 20 ms }}
action {{
  {action}
}}
observe actor {{
  x = joint("a").pos
{observe}
}}
reward {{ y = joint("a").pos  weight 1 per rad per s }}
terminate {{ timeout when time >= 1 s  truncate }}
reset {{ pose home }}
{blocks}
"""
SERVOS = """<position name="pa" joint="a" kp="10" kv="1" ctrlrange="-1 1" forcerange="-23.7 23.7"/>
  <position name="pb" joint="b" kp="20" gear="2"/>
  <general name="pd" joint="d" gainprm="0.5" biastype="affine" biasprm="0 -100 -10" ctrlrange="0 255"/>"""
MOTORS = """<motor name="pa" joint="a" gear="2" ctrlrange="-2 6"/><motor name="pb" joint="b"/>
  <general name="pd" joint="d" gear="-3" gainprm="5" ctrlrange="-1 1" forcerange="-0.5 2"/>"""
HELD = "target = position(all)  around home  scale 1 rad"


def path(folder: Path, actuators: str, action: str, **more: str) -> Path:
    parts = {"more": "", "key": POSE, "robot": "", "observe": "", "blocks": "", **more}
    (folder / "arm.xml").write_text(ROBOT.format(actuators=actuators, **{k: parts[k] for k in ("more", "key")}))
    file = folder / "arm.ksim"
    file.write_text(SPEC.format(action=action, **{k: parts[k] for k in ("robot", "observe", "blocks")}))
    return file


def compiled(folder: Path, actuators: str, action: str, **more: str) -> Compiled:
    return ks.compile(path(folder, actuators, action, **more))


def told(folder: Path, actuators: str, action: str, **more: str) -> list[tuple[str, str]]:
    loaded: Loaded = load_spec(path(folder, actuators, action, **more))
    return [(d.slug, d.message) for d in loaded.diagnostics if d.severity == "error"]


# Numbers by joint ----------------------------------------------------------------------------------------------------

DEG = np.pi / 180
AROUND = {
    ("mixed", '{ "a": -25 deg, "b": 1 deg, "*": 2 deg }'): [2 * DEG, -25 * DEG, DEG],
    ("mixed", "all.lower"): [-50 * DEG, -60 * DEG, -20 * DEG],
    ("two", "mixed.upper"): [60 * DEG, 40 * DEG],
    ("mixed", "home"): [0.3, 0.1, 0.2],
    ("mixed", "home.pos"): [0.3, 0.1, 0.2],
    ("mixed", "all.lower + home.pos"): [0.3 - 50 * DEG, 0.1 - 60 * DEG, 0.2 - 20 * DEG],
    ("mixed", 'joint("b").upper'): [40 * DEG] * 3,
}


@pytest.mark.parametrize(("joints", "around"), AROUND, ids=lambda x: x)
def test_numbers_go_to_the_joint_that_they_are_of(joints: str, around: str, tmp_path: Path) -> None:
    scale = "all.lower" if around.startswith(("all", "home")) else "1 rad"
    c = compiled(tmp_path, SERVOS, f"target = position({joints})  around {around}  scale {scale}")
    term = c.program.action[0]
    size = len(term.joints)
    evaluator = Evaluator([term.target], c.binding.leaves)
    (rest,), _ = evaluator(Inputs(action=np.zeros(size)))
    (moved,), _ = evaluator(Inputs(action=np.ones(size)))
    wanted = AROUND[joints, around]
    assert np.broadcast_to(rest, size) == pytest.approx(wanted, rel=1e-5)  # the model's XML keeps six digits
    lower = {"a": -60 * DEG, "b": -20 * DEG, "d": -50 * DEG}
    assert moved - rest == pytest.approx(
        [lower[j] for j in term.joints] if scale == "all.lower" else [1.0] * size, rel=1e-5
    )


@pytest.mark.parametrize("wrong", [
    "around two.lower  scale 1 rad", "around (1 rad, 2 rad, 3 rad)  scale 1 rad", "around world.up * 1 rad  scale 1 rad",
    "around home  scale world.up * 1 rad", "around home  scale two.upper",
])  # fmt: skip
def test_numbers_that_are_not_of_the_joints_are_refused(wrong: str, tmp_path: Path) -> None:
    assert [slug for slug, _ in told(tmp_path, SERVOS, f"target = position(all)  {wrong}")] == ["shape-mismatch"]


@pytest.mark.parametrize("mode", ["torque", "velocity"])
def test_a_keyframe_holds_no_torques_and_no_speeds(mode: str, tmp_path: Path) -> None:
    kind, unit = ("motor", "Nm") if mode == "torque" else ("velocity", "rad/s")
    found = told(tmp_path, f'<{kind} name="m" joint="a"/>', f'x = {mode}(joint("a"))  around home  scale 1 {unit}')
    assert [slug for slug, _ in found] == ["unit-mismatch"]


# Gains ---------------------------------------------------------------------------------------------------------------


def test_gains_of_servos_change_their_gains_and_keep_their_limits(tmp_path: Path) -> None:
    c = compiled(tmp_path, SERVOS, f"{HELD}  gain 40 Nm/rad  damping 8 Nm*s/rad")
    model = c.binding.scene.model
    square = model.actuator_gear[:, 0] ** 2
    assert [law_of(model, i).kp * square[i] for i in range(3)] == pytest.approx([40] * 3)
    assert [-model.actuator_biasprm[i, 2] * square[i] for i in range(3)] == pytest.approx([8] * 3)
    assert model.actuator_ctrlrange[[0, 2]].tolist() == [[-1, 1], [0, 255]] and not model.actuator_ctrllimited[1]
    assert model.actuator_forcerange[0].tolist() == [-23.7, 23.7] and list(model.actuator_forcelimited) == [1, 0, 0]
    assert model.actuator_gear[:, 0].tolist() == [1, 2, 1]
    # the controls of the pose leave the joints where they are
    factors = control_factors(c.program.action[0], model)
    assert factors == pytest.approx([1, 2, 200])


def test_what_is_not_written_stays(tmp_path: Path) -> None:
    for gains, law in {"gain 40 Nm/rad": (40, 1), "damping 3 Nm*s/rad": (10, 3)}.items():
        model = compiled(tmp_path, SERVOS, f"{HELD}  {gains}").binding.scene.model
        assert (law_of(model, 0).gain, law_of(model, 0).kp, law_of(model, 0).kv) == (law[0], *law)


def test_motors_with_gains_are_servos_within_the_motors_torque(tmp_path: Path) -> None:
    c = compiled(tmp_path, MOTORS, f"{HELD}  gain 40 Nm/rad  damping 2 Nm*s/rad")
    model = c.binding.scene.model
    assert model.actuator_forcerange.tolist() == [[-4, 12], [0, 0], [-6, 1.5]]
    assert list(model.actuator_forcelimited) == [1, 0, 1] and not any(model.actuator_ctrllimited)
    assert describe(c)["action"][2]["force_range"] == [-6, 1.5]


@pytest.mark.parametrize("actuators", [SERVOS, MOTORS], ids=["servos", "motors"])
@pytest.mark.parametrize("gains", ["gain 40 Nm/rad  damping 2 Nm*s/rad", "gain 40 Nm/rad"])
def test_the_contract_says_what_the_built_model_has(actuators: str, gains: str, tmp_path: Path) -> None:
    c = compiled(tmp_path, actuators, f"{HELD}  {gains}")
    model = c.binding.scene.model
    for stated in c.contract.action[0].actuators:
        a = model.actuator(stated.name)
        law = law_of(model, a.id)
        assert (stated.kp, stated.kv or 0) == pytest.approx((law.kp, law.kv)) and stated.gear == tuple(a.gear)
        limits = [
            (bool(model.actuator_ctrllimited[a.id]), a.ctrlrange),
            (bool(model.actuator_forcelimited[a.id]), a.forcerange),
        ]
        for limit, (limited, ends) in zip((stated.control_range, stated.force_range), limits, strict=True):
            assert (limit is not None) == limited and (limit is None or limit == pytest.approx(tuple(ends)))


@pytest.mark.parametrize(("action", "slug"), [
    ("x = torque(all)  scale 1 Nm  gain 50 Nm/rad", "unknown-attribute"),
    ("x = torque(all)  scale 1 Nm  damping 5 Nm*s/rad", "unknown-attribute"),
    ("x = position(all)  scale 1 rad  damping 5 Nm*s/rad", "wrong-arguments"),
    ("x = position(all)  scale 1 rad  gain 0 Nm/rad", "impossible-gain"),
    ("x = position(all)  scale 1 rad  gain 5 Nm/rad  damping -1 Nm*s/rad", "impossible-gain"),
])  # fmt: skip
def test_gains_that_a_motor_cannot_have(action: str, slug: str, tmp_path: Path) -> None:
    drawn = "randomize {\n  all.kp *= uniform(0.9, 1.1)\n}"
    found = [s for s, _ in told(tmp_path, MOTORS, action)]
    assert found == [slug]
    # a gain that is drawn is no second mistake where the servo was not understood
    assert [s for s, _ in told(tmp_path, MOTORS, action, blocks=drawn)] == [slug]


OTHERS = {
    '<muscle name="m" joint="a" ctrlrange="0 1" lengthrange="0 1"/>': "works like a muscle",
    '<dcmotor name="m" joint="a" motorconst="1" resistance="1"/>': "works like a dcmotor",
    '<intvelocity name="m" joint="a" actrange="-1 1" kp="3"/>': "`integrator` dynamics",
    '<general name="m" joint="a" dyntype="integrator"/>': "`integrator` dynamics",
    '<cylinder name="m" joint="a"/>': "`cylinder` dynamics",
    '<damper name="m" joint="a" kv="3" ctrlrange="0 1"/>': "depends on its state",
    '<motor name="m" joint="a" gear="0"/>': "a gear of 0",
    '<general name="m" joint="a" biastype="affine" biasprm="1 0 0"/>': "a force of its own",
    '<general name="m" joint="a" gainprm="5" biastype="affine" biasprm="1 -5 0"/>': "a force of its own",
    '<position name="m" joint="a" kp="0"/>': "no gain",
}
LINES = ["position({}) scale 1 rad", "position({}) scale 1 rad  gain 5 Nm/rad", "torque({}) scale 1 Nm",
         "velocity({}) scale 1 rad/s"]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("actuator", OTHERS)
def test_actuators_that_take_no_target_are_refused_by_name(actuator: str, line: str, tmp_path: Path) -> None:
    ((slug, message),) = told(tmp_path, actuator, "x = " + line.format('joint("a")'))
    assert slug == "wrong-actuator" and message.startswith("`m`") and OTHERS[actuator] in message


@pytest.mark.parametrize(
    "actuator", ['<velocity name="m" joint="a"/>', '<general name="m" joint="a" dyntype="filter"/>']
)
def test_what_is_neither_servo_nor_plain_motor_takes_no_gains(actuator: str, tmp_path: Path) -> None:
    ((slug, message),) = told(tmp_path, actuator, 'x = position(joint("a"))  scale 1 rad  gain 5 Nm/rad')
    assert slug == "wrong-actuator" and "`gain` and `damping` are for" in message


def test_free_and_ball_joints_have_no_single_number_to_be_driven_by(tmp_path: Path) -> None:
    ball = '<body name="ball"><joint name="ball" type="ball"/><geom size="0.1"/></body>'
    found = told(
        tmp_path,
        '<motor joint="ball"/>',
        'x = torque(joint("ball"))  scale 1 Nm',
        more=ball,
        key='qpos="1 0 0 0 0 0 0 0"',
    )
    assert [slug for slug, _ in found] == ["mixed-joint-types"]


# Gains that are drawn ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", ["kp", "kd"])
def test_gains_are_drawn_of_servos_only(quantity: str, tmp_path: Path) -> None:
    blocks = f"randomize {{\n  all.{quantity} *= uniform(0.9, 1.1)\n}}"
    ((slug, message),) = told(tmp_path, MOTORS, "x = torque(all)  scale 1 Nm", blocks=blocks)
    assert slug == "not-a-field" and "`a` has no" in message
    assert told(tmp_path, MOTORS, f"{HELD}  gain 5 Nm/rad", blocks=blocks) == []
    assert told(tmp_path, SERVOS, HELD, blocks=blocks) == []


PAIR = '<position name="p" joint="a" kp="10"/><velocity name="v" joint="a" kv="4"/>'


@pytest.mark.parametrize(("actuators", "line", "kp", "kd", "gain"), [
    (SERVOS, "{}.kp *= 1.5", [15, 30, 150], [1, 0, 10], [15, 30, 0.75]),
    (SERVOS, "{}.kp += 4 Nm/rad", [14, 21, 104], [1, 0, 10], [14, 21, 0.52]),
    (SERVOS, "{}.kp = 8 Nm/rad", [8, 2, 8], [1, 0, 10], [8, 2, 0.04]),
    (SERVOS, "{}.kd += 2 Nm*s/rad", [10, 20, 100], [3, 0.5, 12], [10, 20, 0.5]),
])  # fmt: skip
def test_a_drawn_gain_is_one_of_the_joint_and_keeps_the_target(actuators, line, kp, kd, gain, tmp_path: Path) -> None:
    c = compiled(tmp_path, actuators, HELD, blocks=f"randomize {{\n  {line.format('all')}\n}}")
    model = varied(c)
    assert -model["actuator_biasprm"][:, 1] == pytest.approx(kp, rel=1e-5)
    assert -model["actuator_biasprm"][:, 2] == pytest.approx(kd, rel=1e-5)
    assert model["actuator_gainprm"][:, 0] == pytest.approx(gain, rel=1e-5)


def test_of_a_position_and_a_velocity_servo_one_is_stiff_and_one_damps(tmp_path: Path) -> None:
    blocks = 'randomize {\n  joint("a").kp *= 2\n  joint("a").kd *= 3\n}'
    model = varied(compiled(tmp_path, PAIR, 'x = position(joint("a"))  scale 1 rad', blocks=blocks))
    assert model["actuator_biasprm"][:, 1].tolist() == [-20, 0] and model["actuator_biasprm"][:, 2].tolist() == [0, -12]
    assert model["actuator_gainprm"][:, 0].tolist() == [20, 12]


def test_the_damping_of_a_velocity_servo_alone_is_drawn_with_what_its_control_is_multiplied_by(tmp_path: Path) -> None:
    actuators = '<velocity joint="a" kv="4" gear="-2"/>'
    blocks = 'randomize {\n  joint("a").kd *= 3\n}'
    model = varied(compiled(tmp_path, actuators, 'x = velocity(joint("a"))  scale 1 rad/s', blocks=blocks))
    assert model["actuator_biasprm"][:, 2].tolist() == [-12] and model["actuator_gainprm"][:, 0].tolist() == [12]


def varied(c: Compiled) -> dict[str, np.ndarray]:
    """Returns the model's gains after the lines of `randomize`, which draw nothing."""
    from ksim_spec.task.module import load_module

    model = c.binding.scene.model
    nominal = {n: np.array(getattr(model, n), np.float32) for n in ("actuator_biasprm", "actuator_gainprm")}
    import jax.numpy as jnp

    found = load_module(c.source, "task.py").fields(
        {n: jnp.asarray(x) for n, x in nominal.items()}, {}, c.program.params, {}
    )
    return {n: np.asarray(found.get(n, nominal[n])) for n in nominal}


# Several actuators, and idle ones ------------------------------------------------------------------------------------


def test_of_several_actuators_the_one_that_fits_is_driven(tmp_path: Path) -> None:
    both = '<motor name="m" joint="a"/><position name="p" joint="a"/>'
    for line, actuator in (("torque({})  scale 1 Nm", "m"), ("position({})  scale 1 rad", "p")):
        c = compiled(tmp_path, both, "x = " + line.format('joint("a")'))
        assert c.program.action[0].actuators == (actuator,)
        assert [row["actuator"] for row in describe(c)["idle_actuators"]] == [{"m": "p", "p": "m"}[actuator]]


@pytest.mark.parametrize(("twice", "line"), [
    ('<motor name="m1" joint="a"/><motor name="m2" joint="a"/>', "torque({})  scale 1 Nm"),
    ('<motor name="m1" joint="a"/><motor name="m2" joint="a"/>', "position({})  scale 1 rad  gain 5 Nm/rad"),
    ('<position name="m1" joint="a"/><position name="m2" joint="a"/>', "position({})  scale 1 rad"),
])  # fmt: skip
def test_two_that_fit_are_one_too_many(twice: str, line: str, tmp_path: Path) -> None:
    ((slug, message),) = told(tmp_path, twice, "x = " + line.format('joint("a")'))
    assert slug == "ambiguous-actuator" and "`m1` and `m2` drive `a`" in message


def test_an_actuator_without_a_name_is_driven_too(tmp_path: Path) -> None:
    c = compiled(tmp_path, '<motor joint="b"/><position joint="a" kp="5"/>', 'x = position(joint("a"))  scale 1 rad')
    assert c.program.action[0].actuators == ("actuator[1]",) and "def act" in c.source


IDLE = """<position name="pa" joint="a" kp="10"/><position name="pb" joint="b" kp="20" gear="2"/>
  <velocity name="pv" joint="d" kv="10"/><motor name="pm" joint="d"/>
  <general name="pd" joint="s" gainprm="0.5" biastype="affine" biasprm="3 -100 -10" ctrlrange="0 255"/>"""


def test_idle_actuators_exert_no_force_in_the_pose_and_are_listed(tmp_path: Path) -> None:
    c = compiled(tmp_path, IDLE, 'x = position(joint("a"))  around home  scale 1 rad')
    control = idle_control(c.program, c.binding.scene.model)
    assert control == pytest.approx([0.1, 0.4, 0, 0, (100 * 0.4 - 3) / 0.5])
    rows = describe(c)["idle_actuators"]
    assert [(r["actuator"], r["on"], r["kind"], r["control"]) for r in rows] == [
        ("pb", "joint b", "position", 0.4), ("pv", "joint d", "velocity", 0.0), ("pm", "joint d", "torque", 0.0),
        ("pd", "joint s", "general", 74.0),
    ]  # fmt: skip


def test_idle_actuators_have_the_control_of_the_keyframe(tmp_path: Path) -> None:
    for control in ("1 2 3 4 5", "0 0 0 0 0"):
        c = compiled(tmp_path, IDLE, 'x = position(joint("a"))  scale 1 rad', key=f'{POSE} ctrl="{control}"')
        assert idle_control(c.program, c.binding.scene.model).tolist() == [float(x) for x in control.split()]


@pytest.mark.parametrize("actuator", [
    '<position name="i" joint="b" kp="900" kv="20" gear="2"/>',
    '<general name="i" joint="b" gainprm="9" biastype="affine" biasprm="5 -900 -20" gear="-0.5"/>',
    '<position name="i" tendon="t" kp="900" kv="20"/>',
])  # fmt: skip
def test_an_idle_servo_holds_its_pose(actuator: str, tmp_path: Path) -> None:
    import mujoco

    servos = '<position name="pa" joint="a" kp="900" kv="20"/>' + actuator
    file = path(tmp_path, servos, 'x = position(joint("a"))  around home  scale 1 rad')
    robot = tmp_path / "arm.xml"
    tendon = '<option gravity="0 0 0"/><tendon><fixed name="t"><joint joint="b" coef="3"/></fixed></tendon><worldbody>'
    robot.write_text(robot.read_text().replace("<worldbody>", tendon))
    c = ks.compile(file)
    model = c.binding.scene.model
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, 0)
    data.ctrl[:] = idle_control(c.program, model)
    for _ in range(500):
        mujoco.mj_step(model, data)
    assert data.joint("b").qpos[0] == pytest.approx(pose_positions(model, "home", ["b"])[0], abs=1e-6)


# Who the robot is ----------------------------------------------------------------------------------------------------

CUBE = '<body name="cube" pos="0.3 0 3"><freejoint name="cube"/><geom name="cube" size="0.1"/><site name="on_cube"/></body>'
DOOR = '<body name="door" pos="9 0 0"><joint name="swing" type="hinge"/><geom name="door" size="0.1"/></body>'
OBJECTS = {"more": CUBE + DOOR, "key": 'qpos="0.3 0 3 1 0 0 0 0 0.1 0.2 0.3 0.4"'}


def test_a_contact_is_with_all_that_is_not_the_robot(tmp_path: Path) -> None:
    observe = '  hand = body("s").contact  reason "x"\n  other = body("cube").contact  reason "x"'
    c = compiled(tmp_path, SERVOS, HELD, observe=observe, **OBJECTS)
    model, scene = c.binding.scene.model, c.binding.scene
    felt = {}
    for key in ("body.s.contact.outside", "body.cube.contact.outside"):
        sensors = [model.sensor(i) for i in range(model.nsensor) if key in model.sensor(i).name]
        felt[key] = {model.geom(int(model.sensor_refid[s.id])).name for s in sensors}
        assert len(scene.contacts[key]) == len(sensors)
    assert felt["body.s.contact.outside"] == {"cube", "door"} and felt["body.cube.contact.outside"] == {"door"}


def test_a_hand_feels_the_cube_that_it_touches(tmp_path: Path) -> None:
    import mujoco

    c = compiled(tmp_path, SERVOS, HELD, observe='  hand = body("s").contact  reason "x"', **OBJECTS)
    model, (slot, *_) = c.binding.scene.model, c.binding.scene.contacts["body.s.contact.outside"]
    data = mujoco.MjData(model)
    seen = []
    for place in (model.body("s").id, model.body("door").id):
        mujoco.mj_resetData(model, data)
        mujoco.mj_kinematics(model, data)
        data.joint("cube").qpos[:3] = data.xpos[place] + [0.05, 0, 0]
        mujoco.mj_forward(model, data)
        seen.append(bool(data.sensordata[slot][0] > 0))
    assert seen == [True, False]


def test_lint_takes_the_same_to_be_the_robot(tmp_path: Path) -> None:
    """A hand that can touch a cube has a contact that is not always false."""
    from ksim_spec.linter.design import designed

    for more, slugs in (({}, {"constant-observation"}), (OBJECTS, set())):
        observe = '  hand = body("s").contact  reason "x"'
        found = designed(load_spec(path(tmp_path, SERVOS, HELD, observe=observe, **more))).diagnostics
        assert {d.slug for d in found if d.slug == "constant-observation"} == slugs


@pytest.mark.parametrize(
    "quantity",
    [
        'body("cube").angvel', 'joint("swing").pos', 'joint("swing").vel', 'sensor("g")', 'sensor("turned")',
        'world.down in body("cube")', 'world.down in site("on_cube")', 'body("s").pos in body("cube")',
        'world.down in body("cube").heading', 'body("s").linvel relative_to body("cube")', 'body("s").quat in body("cube")',
        'body("door").pos', 'body("cube").height', 'tilt(body("cube"))', 'joint("swing").torque',
    ],
)  # fmt: skip
def test_what_an_object_does_is_not_measured_by_the_robot(quantity: str, tmp_path: Path) -> None:
    sensors = '<gyro name="g" site="on_cube"/><framequat name="turned" objtype="body" objname="s" reftype="body" refname="cube"/>'
    gyro = {"more": CUBE + DOOR + f"</worldbody><sensor>{sensors}</sensor><worldbody>"}
    file = path(tmp_path, SERVOS, HELD, observe=f"  other = {quantity}", **{**OBJECTS, **gyro})
    assert [d.slug for d in load_spec(file).diagnostics] == ["privileged-in-actor"]
    named = path(
        tmp_path, SERVOS, HELD, observe=f"  other = {quantity}", robot='  base = body("cube")', **{**OBJECTS, **gyro}
    )
    never = ("swing", "door", "height", "linvel")  # not of a robot that floats either
    wanted = ["privileged-in-actor"] if any(word in quantity for word in never) else []
    assert [d.slug for d in load_spec(named).diagnostics] == wanted


@pytest.mark.parametrize(
    "quantity",
    [
        'body("s").pos', 'body("s").height', 'body("s").linvel', 'body("s").angvel', 'body("s").quat', 'tilt(body("s"))',
        'site("nose").up.z', 'body("s").pos - body("a").pos', 'body("s").linvel relative_to body("a")',
        'body("s").pos in body("a")', 'geom("fixed").pos',
    ],
)  # fmt: skip
def test_where_the_parts_of_a_fixed_robot_are_follows_from_its_joints(quantity: str, tmp_path: Path) -> None:
    robot = '  site nose on body("s") at (0 m, 0 m, 0.1 m)'
    fixed = {**OBJECTS, "more": OBJECTS["more"] + '<geom name="fixed" size="0.1" contype="0" conaffinity="0"/>'}
    file = path(tmp_path, SERVOS, HELD, observe=f"  other = {quantity}", robot=robot, **fixed)
    assert [d.slug for d in load_spec(file).diagnostics] == []
    on_cube = robot.replace('body("s")', 'body("cube")')
    file = path(tmp_path, SERVOS, HELD, observe='  other = site("nose").up.z', robot=on_cube, **fixed)
    assert [d.slug for d in load_spec(file).diagnostics] == ["privileged-in-actor"]


def test_show_says_who_the_robot_is(tmp_path: Path) -> None:
    from ksim_spec.cli.show import as_text
    from ksim_spec.render.ansi import Style

    shown = describe(compiled(tmp_path, SERVOS, HELD, **OBJECTS))
    assert shown["who"] == {"trees": ["a"], "bodies": 4, "base": None, "others": ["cube", "door"]}
    lines = as_text(shown, Style(False)).splitlines()
    assert lines[1:3] == ["robot arm: 4 bodies from `a`, does not float", "not the robot: `cube`, `door`"]


def test_the_base_is_the_robots_and_no_object(tmp_path: Path) -> None:
    c = compiled(tmp_path, SERVOS, HELD, **OBJECTS)
    assert c.program.base is None
    said = compiled(tmp_path, SERVOS, HELD, robot='  base = body("cube")', **OBJECTS)
    assert said.program.base == "cube" and len(said.program.own) == 5
