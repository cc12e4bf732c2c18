"""A row is all that a new quantity takes: the checker, both evaluations, stage, intervals, editor and docs follow it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.analysis.standstill import Standing
from ksim_spec.compiler import Compiled
from ksim_spec.ide import docs
from ksim_spec.ir.evaluate import Inputs
from ksim_spec.language.quantities import POSITIVE, QUANTITIES, ROWS, Quantity, contact_names
from ksim_spec.language.sources import AddedSensor, DataField, Derived, ModelField
from ksim_spec.physics.protocol import Starts
from ksim_spec.summary.step_cost import cost
from ksim_spec.units import ACCELERATION, ANGLE, FORCE, LENGTH, TIME, TORQUE
from tests.emit.agreement import Case
from tests.emit.test_against_mujoco import close
from tests.emit.worlds import ROBOTS, compile_text, drive, mujoco_state, observed

NEW = (
    Quantity("passive", TORQUE, DataField("qfrc_passive"), ("joint",), stage="vel", doc="what springs and dampers apply"),
    Quantity("damping", TORQUE * TIME / ANGLE, ModelField("dof_damping"), ("joint",), slide=FORCE * TIME / LENGTH,
             interval=POSITIVE, doc="torque per velocity"),
    Quantity("linacc", ACCELERATION, AddedSensor("framelinacc"), ("site",), "vector", "acc", doc="linear acceleration"),
)  # fmt: skip
ENTRIES = {
    "one": 'joint("left_knee").passive + 0 Nm', "legs": 'joints("*_knee", "*_hip_yaw").passive',
    "damping": 'joints("*_knee").damping', "lone": 'joints("left_knee").damping',
    "acc": 'site("imu").linacc + world.up * (0 m/s^2)', "feet": 'sites("*_foot").linacc',
    "seen": 'site("imu").linacc in body("torso")',
}  # fmt: skip


@pytest.fixture
def new_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in NEW:
        for kind in row.of:
            monkeypatch.setitem(QUANTITIES[kind], row.name, row)


def spec(entries: str) -> str:
    return f"""
task rows
robot "{ROBOTS}/biped.xml" {{
  base = body("torso")
  legs = joints("*_*")
  home = keyframe("stand")
}}
world {{
  floor = plane
}}
action {{
  target = position(legs) around home scale 1 rad
}}
observe actor {{
  pos = legs.pos
}}
observe critic {{
{entries}
}}
reset {{
  pose home
}}
"""


def test_a_row_is_enough(new_rows: None, tmp_path: Path) -> None:
    compiled = compile_text(tmp_path, spec("\n".join(f"  {n} = {x}" for n, x in ENTRIES.items())))
    assert compiled.binding.stage == "acc" and "qfrc_passive" in compiled.binding.reads
    assert cost(compiled)["reads"]["qfrc_passive"] == compiled.binding.scene.model.nv
    model, rng = compiled.binding.scene.model, np.random.default_rng(0)
    qpos = np.repeat(model.key("stand").qpos[None], 4, axis=0)
    starts = Starts(*(jnp.asarray(x, jnp.float32) for x in (qpos, rng.normal(size=(4, model.nv)))))
    engine, reads = drive(compiled, starts, 3, rng)
    written = critic(compiled, reads, 4)
    for i in range(4):
        data, seen = mujoco_state(engine, i), observed(compiled, reads, i)
        knee = int(model.joint("left_knee").dofadr[0])
        names = ("left_knee", "right_knee", "left_hip_yaw", "right_hip_yaw")
        close(seen["one"], data.qfrc_passive[knee], "passive")
        close(seen["legs"], [data.qfrc_passive[int(model.joint(n).dofadr[0])] for n in names], "passive")
        close(seen["damping"], [model.dof_damping[int(model.joint(n).dofadr[0])] for n in names[:2]], "damping")
        close(seen["lone"], [model.dof_damping[knee]], "damping")
        close(seen["acc"], acceleration(model, data, "imu"), "linacc", 1e-4)
        close(seen["feet"], [acceleration(model, data, n) for n in ("left_foot", "right_foot")], "linacc", 1e-4)
        close(seen["seen"], data.body("torso").xmat.reshape(3, 3).T @ acceleration(model, data, "imu"), "linacc", 1e-4)
        close(written[i], np.concatenate([np.ravel(seen[n]) for n in ENTRIES]), "generated code", 1e-4)


def critic(compiled: Compiled, reads: dict[str, Any], rows: int) -> np.ndarray:
    """Returns the critic's observations as generated code has them, a row for each environment."""
    times: Any = np.zeros(rows)
    inputs = Inputs(reads, np.zeros((rows, compiled.program.action_size)), {}, times)
    return Case(compiled).mapped("observe", inputs)["critic"]


def acceleration(model: Any, data: Any, site: str) -> np.ndarray:
    out = np.zeros(6)
    mujoco.mj_objectAcceleration(model, data, mujoco.mjtObj.mjOBJ_SITE, model.site(site).id, out, 0)
    return out[3:]


def test_intervals_follow_the_row(new_rows: None, tmp_path: Path) -> None:
    compiled = compile_text(tmp_path, spec("  a = legs.damping\n  b = legs.passive\n"))
    first, second = (e.node for e in compiled.program.group("critic").entries)
    seeds, still = (of(compiled.program, compiled.index).ranges() for of in (Seeds, Standing))
    assert seeds(first).ends == POSITIVE and seeds(second).ends == (-np.inf, np.inf)
    assert still(second).ends == (0.0, 0.0)  # of stage vel


def test_the_unit_on_a_slide_is_that_of_the_row(new_rows: None, tmp_path: Path) -> None:
    text = spec('  a = joint("slider").damping + 0 N*s/m\n').replace(f"{ROBOTS}/biped.xml", f"{ROBOTS}/cartpole.xml")
    text = text.replace('  base = body("torso")\n', "").replace('joints("*_*")', 'joints("slider")')
    text = text.replace('  home = keyframe("stand")\n', "")
    text = text.replace("position(legs) around home scale 1 rad", "torque(legs) scale 1 N")
    compiled = compile_text(tmp_path, text[: text.index("reset {")])
    assert compiled.program.group("critic").entries


def test_editor_and_docs_follow_the_row(new_rows: None) -> None:
    page = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "generate.py"))["quantities"]()
    for row in NEW:
        shown = docs.quantity_doc(row.of[0], row.name)
        assert shown is not None and row.doc in shown.text and f"`{row.name}`" in page


def test_rows_say_what_they_are() -> None:
    """One row a kind and name; whatever is derived has its base; velocities say where they are measured."""
    named = [(kind, row.name) for row in ROWS for kind in row.of]
    assert len(named) == len(set(named)) and all(row.doc for row in ROWS)
    for row in ROWS:
        for kind in row.of:
            assert not isinstance(row.source, Derived) or (kind, row.source.base) in named
            assert not row.place or (kind, row.place) in named
    assert contact_names() == ("contact", "contact_force", "air_time", "contact_time")


ARRAY_NAMES = """
signal {
  qacc = sum(square(legs.acc))
  actuator_force = sum(square(actuators("*").force))
  qfrc_actuator = sum(square(legs.torque))
}
"""


def test_what_a_spec_calls_as_an_array_of_the_simulator_hides_none(tmp_path: Path) -> None:
    used = (
        "  a = qacc\n  b = legs.acc * qacc\n  c = actuators('*').force * actuator_force\n  d = actuators('*').force\n"
    )
    text = spec(used.replace("'", '"') + "  e = legs.torque * qfrc_actuator\n")
    compiled = compile_text(tmp_path, text + ARRAY_NAMES)
    model, rng = compiled.binding.scene.model, np.random.default_rng(0)
    reads = {n: rng.normal(size=(2, getattr(mujoco.MjData(model), n).size)) for n in compiled.binding.reads}
    for row, written in enumerate(critic(compiled, reads, 2)):
        seen = observed(compiled, reads, row)
        close(written, np.concatenate([np.ravel(v) for v in seen.values()]), "generated code", 1e-4)
