"""Every field that a spec can draw, on every engine, against plain MuJoCo with the same values.

Each environment has one line of `randomize` in force, so that no line hides behind another; one has none.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.compiler import Compiled
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.language.blocks.randomize import FIELDS
from ksim_spec.physics.fields import model_field
from ksim_spec.physics.protocol import EngineConfig, Starts
from ksim_spec.physics.registry import engine_info, make_engine
from ksim_spec.task.module import load_module
from tests.emit.state_reference import apply_fields
from tests.emit.worlds import REST

ROBOT = """
<mujoco model="crab">
  <compiler angle="radian"/>
  <option timestep="0.004" iterations="30" ls_iterations="30"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 0.1" friction="0.9 0.02 0.01"/>
    <body name="trunk" pos="0 0 0.3">
      <freejoint/>
      <geom name="trunk" type="box" size="0.2 0.1 0.05" mass="3" contype="0" conaffinity="0"/>
      <body name="left" pos="0 0.15 0">
        <joint name="left" axis="1 0.3 0" damping="0.2" armature="0.01" frictionloss="0.05" stiffness="0.5"/>
        <geom name="left" type="capsule" fromto="0 0 0 0 0.02 -0.25" size="0.02" mass="0.5" contype="0" conaffinity="0"/>
        <geom name="left_foot" type="sphere" pos="0 0.02 -0.27" size="0.03" mass="0.1" friction="0.3"/>
      </body>
      <body name="right" pos="0 -0.15 0">
        <joint name="right" axis="1 0 0.2" damping="0.2" armature="0.01"/>
        <geom name="right" type="capsule" fromto="0 0 0 0 -0.02 -0.24" size="0.02" mass="0.4" contype="0" conaffinity="0"/>
        <body name="toe" pos="0 -0.02 -0.27">
          <joint name="toe" type="slide" axis="0 0 1" damping="3" stiffness="200" range="-0.1 0.1" limited="true"/>
          <geom name="toe" type="sphere" size="0.03" mass="0.2" friction="0.3"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <position name="left" joint="left" kp="20" kv="0.5"/>
    <position name="right" joint="right" kp="30" kv="0.5"/>
    <position name="toe" joint="toe" kp="100" kv="2"/>
  </actuator>
  <keyframe><key name="home" qpos="0 0 0.3 1 0 0 0 0 0 0"/></keyframe>
</mujoco>
"""
PAIR = """<contact><pair geom1="floor" geom2="left_foot" friction="0.7 0.7 0.01 0.001 0.001"/></contact></mujoco>"""
SPEC = """
task crab
robot "crab.xml" {
  home = keyframe("home")
  hips = joints("left", "right")
}
world {
  floor = FLOOR
  physics_step = 4 ms
  control_step = 20 ms
}
action {
  target = position(hips) around home scale 0.3 rad
}
observe actor {
  pos = hips.pos
}
reset {
  pose home
}
randomize {
  LINE
}
"""
LINES = (
    'geom("floor").friction *= uniform(0.3, 0.5)',
    'geoms("left_foot", "toe").friction = uniform(1.5, 2)',
    'geoms("floor").friction = uniform(0.1, 0.2)',
    'geoms("toe", "floor", "trunk").friction = uniform(0.1, 0.3)',
    'body("trunk").mass += uniform(1 kg, 2 kg)',
    'bodies("left", "right").mass *= uniform(1.5, 2)',
    'bodies("left", "right", "toe").mass *= uniform(1.5, 2)  shared',
    'body("left").com += uniform(0.02 m)',
    'bodies("left", "right").com += uniform(0.02 m)',
    'bodies("left", "right").com += uniform(0.02 m)  shared',
    'bodies("right").com += uniform(0.02 m)',
    'body("trunk").inertia *= uniform(1.5, 2)',
    'bodies("left", "right").inertia *= uniform(1.5, 3)',
    'bodies("left", "right", "toe").inertia *= uniform(1.5, 3)',
    'bodies("left", "right", "toe").inertia += uniform(0.001 kg*m^2, 0.003 kg*m^2)',
    'bodies("left", "right", "toe").inertia = uniform(0.01 kg*m^2, 0.03 kg*m^2)',
    'bodies("trunk").inertia *= uniform(1.5, 3)',
    'hips.kp *= uniform(1.5, 2)',
    'joint("left").kp = uniform(30 Nm/rad, 40 Nm/rad)',
    'joints("right").kp *= uniform(1.5, 2)',
    'hips.kd += uniform(0.2 Nm*s/rad, 0.4 Nm*s/rad)',
    'hips.damping *= uniform(2, 3)',
    'joints("left").damping *= uniform(2, 3)',
    'hips.armature += uniform(0.01 kg*m^2, 0.02 kg*m^2)',
    'hips.frictionloss += uniform(0.1 Nm, 0.3 Nm)',
    'joint("right").frictionloss *= uniform(1.5, 2)',
    'joints("right").frictionloss = uniform(0.1 Nm, 0.2 Nm)',
    'hips.stiffness = uniform(2 Nm/rad, 3 Nm/rad)',
    'hips.zero += normal(0.1 rad)',
    'world.gravity += normal(1 m/s^2)',
    'world.gravity += normal(1 m/s^2)  shared',
)  # fmt: skip
STEPS, SUBSTEPS = 5, 5
# Metres or radians, and per second, of float32 against float64 after a tenth of a second with contacts.
LIMITS = {"cpu": (1e-5, 1e-4), "mjx": (2e-4, 2e-2), "warp": (2e-4, 2e-2)}


class Line(NamedTuple):
    compiled: Compiled
    samples: dict[str, np.ndarray]
    fields: dict[str, np.ndarray]
    friction_dofs: tuple[int, ...]


@cache
def line(text: str, floor: str = "robot") -> Line:
    """Returns what generated code makes of a line, at samples that differ from element to element."""
    with TemporaryDirectory() as folder:
        # The friction of geoms counts where no pair has its own; those of the floor that the spec puts there follow it.
        robot = ROBOT if floor == "robot" else ROBOT.replace("</mujoco>", PAIR)
        (Path(folder) / "crab.xml").write_text(robot, encoding="utf-8")
        path = Path(folder) / "crab.ksim"
        rest = REST.replace("{ ", "{\n").replace(" }", "\n}").replace("  ", "\n")
        path.write_text(SPEC.replace("LINE", text).replace("FLOOR", floor) + rest, encoding="utf-8")
        compiled = ks.compile(path)
    module: Any = load_module(compiled.source, "crab_task.py")
    rng = np.random.default_rng(3)
    samples = {k: rng.uniform(0.1, 0.9, tuple(shape)) for k, (_, _, shape) in module.TASK["streams"].items()}
    nominal = {n: jnp.asarray(model_field(compiled.binding.scene.model, n), jnp.float32) for n in module.TASK["fields"]}
    got = module.fields(nominal, samples, compiled.program.params, {})
    return Line(compiled, samples, {k: np.asarray(v) for k, v in got.items()}, tuple(module.TASK["friction_dofs"]))


def model() -> mujoco.MjModel:
    return line(LINES[0]).compiled.binding.scene.model


def wanted(text: str, floor: str = "robot") -> mujoco.MjModel:
    """Returns a model of its own with what the line says, written with NumPy; MuJoCo works out what depends on it."""
    found = line(text, floor)
    changes, scene = found.compiled.program.randomization, found.compiled.binding.scene
    inputs = Inputs(samples=found.samples, params=found.compiled.program.params)
    values, _ = Evaluator([c.value for c in changes], found.compiled.binding.leaves)(inputs)
    own = copy.copy(scene.model)
    for name, value in apply_fields(scene.model, changes, values, scene).items():
        model_field(own, name)[...] = value
    mujoco.mj_setConst(own, mujoco.MjData(own))
    return own


def start() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    qpos, qvel = model().key("home").qpos.copy(), rng.normal(0, 0.5, model().nv)
    qvel[:2] = [1.5, -1.0]  # the feet slide, so that friction counts
    qpos[2] -= 0.01
    qpos[7:] += [0.05, -0.05, 0.005]
    return qpos, qvel, rng.uniform(-0.3, 0.3, (STEPS, model().nu)) * [1, 1, 0.1]


@cache
def reference() -> tuple[np.ndarray, np.ndarray]:
    """Returns positions and velocities of every line after the steps; the last row is the robot as it is."""
    qpos, qvel, ctrl = start()
    rows = []
    for own in [*map(wanted, LINES), model()]:
        data = mujoco.MjData(own)
        data.qpos[:], data.qvel[:] = qpos, qvel
        for t in range(STEPS):
            data.ctrl[:] = ctrl[t]
            mujoco.mj_step(own, data, SUBSTEPS)
        rows.append((data.qpos.copy(), data.qvel.copy()))
    return np.array([q for q, _ in rows]), np.array([v for _, v in rows])


def test_the_lines_draw_every_field() -> None:
    tried = {(c.of, c.quantity) for text in LINES for c in line(text).compiled.program.randomization}
    assert tried == {(of, quantity) for of, fields in FIELDS.items() for quantity in fields}


@pytest.mark.parametrize("text", LINES)
def test_generated_values_are_those_of_the_line(text: str) -> None:
    own, found = wanted(text), line(text)
    for name, value in found.fields.items():
        np.testing.assert_allclose(value, model_field(own, name), rtol=1e-5, atol=1e-7, err_msg=name)


def test_explicit_pairs_follow_the_floor_and_nothing_else() -> None:
    text = 'geoms("toe", "floor", "trunk").friction = uniform(0.1, 0.3)'
    own, found = wanted(text, "plane"), line(text, "plane")
    scene = found.compiled.binding.scene
    assert scene.floor_pairs
    assert set(found.fields) == {"geom_friction", "pair_friction"}
    for name, value in found.fields.items():
        np.testing.assert_allclose(value, model_field(own, name), rtol=1e-5, err_msg=name)
    floor = own.geom_friction[own.geom("floor").id, 0]
    assert floor != own.geom_friction[own.geom("toe").id, 0]
    np.testing.assert_allclose(own.pair_friction[list(scene.floor_pairs), :2], floor)


def test_every_line_moves_the_robot_in_its_own_way() -> None:
    """Else agreement would show nothing; friction times a factor is nothing where there was none."""
    qpos, _ = reference()
    still = [t for t, q in zip(LINES, qpos, strict=False) if np.abs(q - qpos[-1]).max() < 1e-4]
    assert still == ['joint("right").frictionloss *= uniform(1.5, 2)'], still


@pytest.mark.parametrize("name", [
    "cpu", "mjx",
    pytest.param("warp", marks=pytest.mark.skipif(not engine_info("warp").installed, reason="warp-lang is not installed")),
])  # fmt: skip
def test_every_engine_moves_as_mujoco_does(name: str) -> None:
    rows, names = len(LINES) + 1, sorted({n for text in LINES for n in line(text).fields})
    friction = sorted({dof for text in LINES for dof in line(text).friction_dofs})
    assert friction == [6, 7]
    config = EngineConfig(
        rows, SUBSTEPS, reads=("qpos", "qvel"), fields=tuple(names), friction_dofs=tuple(friction)
    )  # fmt: skip
    engine = make_engine(name, model(), config)
    fields = {n: np.repeat(model_field(model(), n)[None], rows, 0).astype(np.float32) for n in names}
    for row, text in enumerate(LINES):
        for field, value in line(text).fields.items():
            fields[field][row] = value
    qpos, qvel, ctrl = start()
    starts = Starts(*(jnp.asarray(np.tile(x, (rows, 1)), jnp.float32) for x in (qpos, qvel)))
    physics, reads = engine.init(starts, {n: jnp.asarray(v) for n, v in fields.items()})
    for t in range(STEPS):
        control = jnp.asarray(np.tile(ctrl[t], (rows, 1, 1)), jnp.float32)
        physics, reads, fault = engine.step(physics, jnp.zeros(rows, bool), control)
        assert not np.asarray(fault).any()
    for array, want, limit in zip(("qpos", "qvel"), reference(), LIMITS[name], strict=True):
        error = np.abs(np.asarray(reads[array]) - want).max(axis=1)
        wrong = [
            f"{text}: {array} off by {e:.2g}" for text, e in zip((*LINES, "none"), error, strict=True) if e > limit
        ]
        assert not wrong, "\n".join(wrong)
