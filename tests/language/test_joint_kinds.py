"""Joints by their kind: what has no limits, what is more than one number, what slides."""

from __future__ import annotations

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.task.module import load_module
from tests.tiny_tasks import compiled, errors, found

ROBOT = """<mujoco><worldbody>
  <body name="base" pos="0 0 1"><freejoint name="root"/><geom size="0.1"/>
    <body name="arm" pos="0.2 0 0"><joint name="hinge_a" axis="0 1 0" range="-60 30"/><geom size="0.05"/>
      <body pos="0.2 0 0"><joint name="hinge_b" axis="0 1 0"/><geom size="0.05"/></body></body>
    <body pos="-0.2 0 0"><joint name="lift" type="slide" axis="0 0 1" damping="1" stiffness="2"/><geom size="0.05"/>
      <body pos="-0.2 0 0"><joint name="ball_a" type="ball" damping="0.1"/><geom size="0.05" pos="0 0 -0.2"/>
        <body pos="-0.2 0 0"><joint name="ball_b" type="ball" damping="0.3"/><geom size="0.05" pos="0 0 -0.2"/></body>
      </body></body>
  </body></worldbody>
  <actuator><motor name="a" joint="hinge_a"/><motor name="b" joint="hinge_b"/></actuator></mujoco>"""
HINGES = {
    "robot": '  legs = joints("hinge_*")',
    "action": "  effort = torque(legs)  scale 1 Nm",
    "observe": "  q = legs.pos",
}


@pytest.fixture
def spoken(tmp_path: Path):
    """Returns the errors of a task with some blocks of its own."""
    return lambda **blocks: errors(tmp_path, ROBOT, **HINGES | blocks)


def test_what_has_no_limits_is_never_near_them(tmp_path: Path):
    reward = "  near = std.near_limits(legs)  weight -1 per s\n  past = any(legs.pos > legs.upper)  weight -1 per s"
    task = compiled(tmp_path, ROBOT, **HINGES | {"reward": reward})
    roots = [term.value for term in task.program.rewards]
    evaluate = Evaluator(roots, task.binding.leaves)
    first = task.binding.scene.model.joint("hinge_a").qposadr[0]
    for a, b, near, past in ((0.0, 0.0, 0.0, 0), (0.0, 50.0, 0.0, 0), (0.6, -50.0, 0.6 - np.pi / 6 + 0.05, 1)):
        qpos = task.binding.scene.model.qpos0.copy()
        qpos[first : first + 2] = a, b
        values, _ = evaluate(Inputs(reads={"qpos": qpos}))
        assert np.allclose(values, [near, past], atol=1e-6)
    assert [Seeds(task.program, task.index).ranges()(r).ends[0] for r in roots] == [0.0, 0.0]


def test_what_slides_can_be_near_its_limits(tmp_path: Path):
    robot = ROBOT.replace('name="lift" type="slide"', 'name="lift" type="slide" range="-0.2 0.3"')
    reward = '  near = std.near_limits(joints("lift"), 0.05 m)  weight -1 per m per s'
    task = compiled(tmp_path, robot, **HINGES | {"reward": reward})
    evaluate = Evaluator([term.value for term in task.program.rewards], task.binding.leaves)
    qpos = task.binding.scene.model.qpos0.copy()
    qpos[task.binding.scene.model.joint("lift").qposadr[0]] = -0.19
    assert np.allclose(evaluate(Inputs(reads={"qpos": qpos}))[0], [0.04], atol=1e-6)


@pytest.mark.parametrize(
    "blocks",
    [
        {"reset": "  legs.pos = uniform(legs.lower, legs.upper)"},
        {"reset": "  legs.pos = (legs.lower + legs.upper) / 2"},
        {"action": "  effort = torque(legs)  scale (legs.upper - legs.lower) * 1 Nm/rad"},
        {"reward": "  far = sum(legs.upper - legs.pos)  weight 1 per s"},
        {"reward": "  far = sum(exp(legs.upper - legs.pos))  weight 1 per s"},
        {"observe": "  q = (legs.pos - legs.lower) / (legs.upper - legs.lower)"},
        {"observe": "  q = legs.lower"},
    ],
)
def test_an_endless_limit_is_no_number(spoken, blocks: dict[str, str]):
    told = spoken(**blocks)
    assert [text[:5] for text in told] == ["KS190"] and "`hinge_b` has no limits" in told[0]
    limited = {k: v.replace("legs", "one") for k, v in blocks.items()}
    named = {"robot": HINGES["robot"] + '\n  one = joints("hinge_a")'}
    assert not [text for text in spoken(**limited | named) if text.startswith("KS190")]


@pytest.mark.parametrize(
    "blocks",
    [
        {"reset": "  legs.pos = max(legs.lower, -1 rad)"},
        {"reset": "  legs.pos = uniform(max(legs.lower, -1 rad), min(legs.upper, 1 rad))"},
        {"reward": "  near = any(legs.pos < legs.lower + 0.1 rad)  weight -1 per s"},
        {"reward": "  near = sum(exp((legs.lower - legs.pos) / 1 rad))  weight -1 per s"},
        {"reward": "  near = sum(1 rad / (legs.upper - legs.pos + 1 rad))  weight -1 per s"},
    ],
)
def test_where_infinity_is_no_limit_it_is_taken(spoken, blocks: dict[str, str]):
    assert not [text for text in spoken(**blocks) if text.startswith("KS190")]


@pytest.mark.parametrize("line", ["pos += normal(0.1 rad)", "vel = 1 rad/s", "pos = 0"])
@pytest.mark.parametrize(("joint", "kind"), [("root", "free"), ("ball_a", "ball")])
def test_free_and_ball_joints_are_not_one_number_to_set(spoken, joint: str, kind: str, line: str):
    for selection in (f'joint("{joint}")', f'joints("{joint}*")'):
        what = line[:3]
        expected = [f"KS604 `{joint}` is a {kind} joint, whose `{what}` is not one number"]
        assert spoken(reset=f"  {selection}.{line}") == expected


@pytest.mark.parametrize("field", ["zero += 0.1 rad", "damping *= 2", "armature *= 2", "stiffness *= 2", "kp *= 2"])
def test_the_fields_of_a_free_joint_are_not_one_number(spoken, field: str):
    name = field.split()[0]
    told = spoken(more=f'randomize {{ joint("root").{field} }}')
    assert told == [f"KS606 `root` is a free joint, whose `{name}` is not one number"]


@pytest.mark.parametrize("field", ["zero += 0.1 rad", "kp *= 2", "kd *= 2"])
def test_a_ball_has_neither_a_zero_nor_a_servo(spoken, field: str):
    told = spoken(more=f'randomize {{ joint("ball_a").{field} }}')
    assert told == [f"KS606 `ball_a` is a ball joint, whose `{field.split()[0]}` is not one number"]


def drawn(tmp_path: Path, line: str, array: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns a field of the model, and what a line of `randomize` makes of it; of two draws one is low, one high."""
    task = compiled(tmp_path, ROBOT, **HINGES, more=f"randomize {{ {line} }}")
    module = load_module(task.source, "task.py")
    nominal = getattr(task.binding.scene.model, array)
    samples = dict.fromkeys(module.TASK["streams"], jnp.array([0.0, 1.0]))
    fields = module.fields({array: jnp.asarray(nominal)}, samples, module.TASK["params"], {})
    return nominal, np.asarray(fields[array])


@pytest.mark.parametrize("field", ["damping", "armature", "frictionloss"])
def test_a_balls_number_counts_about_each_axis(tmp_path: Path, field: str):
    unit = {"damping": "Nm*s/rad", "armature": "kg*m^2", "frictionloss": "Nm"}[field]
    before, after = drawn(tmp_path, f'joint("ball_a").{field} += 2 {unit}', f"dof_{field}")
    assert np.allclose(after - before, [0] * 9 + [2] * 3 + [0] * 3, atol=1e-6)
    both = f'joints("ball_*").{field} += uniform(1 {unit}, 2 {unit})'
    before, after = drawn(tmp_path, both, f"dof_{field}")
    assert np.allclose(after - before, [0] * 9 + [1] * 3 + [2] * 3, atol=1e-6)


@pytest.mark.parametrize(
    ("line", "array", "place"),
    [
        ("damping += 1 N*s/m", "dof_damping", 8),
        ("stiffness += 1 N/m", "jnt_stiffness", 3),
        ("armature += 1 kg", "dof_armature", 8),
        ("frictionloss += 1 N", "dof_frictionloss", 8),
        ("zero += 1 m", "qpos0", 9),
    ],
)
def test_a_slide_has_metres_and_newtons(tmp_path: Path, spoken, line: str, array: str, place: int):
    before, after = drawn(tmp_path, f'joint("lift").{line}', array)
    assert np.flatnonzero(np.abs(after - before) > 0.5).tolist() == [place]
    wrong = line.replace("N*s/m", "Nm*s/rad").replace("N/m", "Nm/rad").replace("1 kg", "1 kg*m^2")
    wrong = wrong.replace("1 N", "1 Nm") if wrong.endswith(" N") else wrong.replace("1 m", "1 rad")
    assert [text[:5] for text in spoken(more=f'randomize {{ joint("lift").{wrong} }}')] == ["KS301"]


DRIVEN_ELSEWHERE = """<mujoco><worldbody><body name="b"><joint name="a" axis="0 1 0"/><geom size="0.1"/><site name="s"/>
    <body pos="1 0 0"><joint name="free_wheel"/><geom size="0.1"/></body></body></worldbody>
  <tendon><fixed name="t"><joint joint="a" coef="1"/></fixed></tendon><actuator>{}</actuator></mujoco>"""


@pytest.mark.parametrize(
    ("actuator", "what"),
    [
        ('<position name="pull" tendon="t" kp="3"/>', "tendon `t`"),
        ('<motor name="pull" site="s" gear="0 0 1 0 0 0"/>', "site `s`"),
        ('<adhesion name="pull" body="b" gain="3" ctrlrange="0 1"/>', "body `b`"),
    ],
)
def test_what_moves_a_joint_without_being_on_it_is_named(tmp_path: Path, actuator: str, what: str):
    def said(joint: str) -> list[str]:
        return errors(tmp_path, DRIVEN_ELSEWHERE.format(actuator), action=f'  x = torque(joint("{joint}"))  scale 1 Nm')

    assert said("a") == [f"KS510 no actuator is on `a`: `pull` works on the {what}"]
    assert said("free_wheel") == ["KS510 no actuator drives `free_wheel`"]


@pytest.mark.parametrize(
    ("actuator", "help"),
    [
        ('<motor joint="a"/>', 'for example `drive = torque(joint("a"))  scale 0.5 Nm`'),
        ('<position joint="a" kp="3"/>', 'for example `drive = position(joint("a"))  scale 0.5 rad`'),
        ('<muscle joint="a" lengthrange="0 1"/>', "no actuator of this robot takes a target of a joint"),
        ("", "no actuator of this robot takes a target of a joint"),
    ],
)
def test_an_action_that_drives_nothing_is_no_action(tmp_path: Path, actuator: str, help: str):
    told = [d for d in found(tmp_path, DRIVEN_ELSEWHERE.format(actuator)) if d.severity == "error"]
    assert [d.message for d in told] == ["this `action` block holds no target"] and help in told[0].help
