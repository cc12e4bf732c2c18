"""The mirror of observations and actions: on our specs, against hand-made facts and against motion, and its refusals."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import mujoco
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.analysis.mirror_map import Mirror, SignedPermutation, derive_mirror
from ksim_spec.compiler import Compiled
from ksim_spec.diagnostics import SpecError
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.robot.mirror import NotMirrored, asymmetries, reflect
from ksim_spec.robot.naming import partner

SPECS = Path(__file__).parents[2] / "specs"
BIPED = SPECS / "robots" / "biped.xml"


@cache
def compiled(name: str) -> Compiled:
    return ks.compile(SPECS / f"{name}.ksim")


@cache
def mirror(name: str) -> Mirror:
    return derive_mirror(compiled(name).program, compiled(name).binding)


def apply(m: SignedPermutation, x: np.ndarray) -> np.ndarray:
    return np.array(m.sign) * x[list(m.index)]


def changed(tmp_path: Path, *edits: tuple[str, str], robot: tuple[tuple[str, str], ...] = ()) -> Compiled:
    """The walk spec and its robot with texts replaced."""
    xml = BIPED.read_text(encoding="utf-8")
    for old, new in robot:
        assert old in xml
        xml = xml.replace(old, new)
    text = (SPECS / "walk.ksim").read_text(encoding="utf-8").replace("robots/biped.xml", "biped.xml")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "biped.xml").write_text(xml, encoding="utf-8")
    (tmp_path / "walk.ksim").write_text(text, encoding="utf-8")
    return ks.compile(tmp_path / "walk.ksim")


@pytest.mark.parametrize("name", ["walk", "trot", "barkour", "humanoid"])
def test_mirroring_twice_changes_nothing(name: str) -> None:
    found = mirror(name)
    for m in (found.action, *found.groups.values()):
        x = np.random.default_rng(0).normal(size=len(m.index))
        assert np.array_equal(apply(m, apply(m, x)), x)
        assert not np.array_equal(apply(m, x), x)


@pytest.mark.parametrize("name", ["walk", "trot", "barkour"])
def test_vectors_commands_and_clocks(name: str) -> None:
    found, program = mirror(name).groups["actor"], compiled(name).program
    want = {"gravity": [1, -1, 1], "command": [1, -1, -1], "clock_sin": [-1], "clock_cos": [-1]}
    slices = {e.name: (start, stop) for e, start, stop in program.group("actor").slices()}
    for entry, signs in want.items():
        start, stop = slices[entry]
        assert list(found.index[start:stop]) == list(range(start, stop)) and list(found.sign[start:stop]) == signs
    start, _ = slices["gyro"]
    assert found.sign[start : start + 3] == (-1, 1, -1)  # an axial vector


@pytest.mark.parametrize("name", ["walk", "trot", "barkour", "humanoid"])
def test_joints_change_places_with_their_partners(name: str) -> None:
    program = compiled(name).program
    joints = [j for t in program.action for j in t.joints]
    for i, j in enumerate(mirror(name).action.index):
        assert joints[j] == (partner(joints[i], program.mirror) or joints[i])


@pytest.mark.parametrize("name", ["walk", "trot"])
def test_mirrored_actions_move_the_robot_as_its_mirror_image(name: str) -> None:
    task, found = compiled(name), mirror(name)
    model = task.binding.scene.model
    reflection = reflect(model, task.program.mirror)
    entries = [e.node for e in task.program.group("critic").entries]
    targets = [t.target for t in task.program.action]
    evaluator = Evaluator([*entries, *targets], task.binding.leaves)
    both = [mujoco.MjData(model), mujoco.MjData(model)]
    rng = np.random.default_rng(1)
    mujoco.mj_resetDataKeyframe(model, both[0], 0)
    both[0].qvel[:] = rng.normal(size=model.nv) * 0.3
    both[1].qpos[:] = reflection.positions(both[0].qpos)
    both[1].qvel[:] = reflection.velocities(both[0].qvel)
    samples = {k: np.full(tuple(s), 0.5 if kind == "uniform" else 0.0) for k, (kind, _, s) in _streams(task).items()}
    memory: list = [None, None]
    for _ in range(8):
        action = rng.uniform(-1, 1, len(found.action.index))
        seen = []
        for side, data in enumerate(both):
            mine = apply(found.action, action) if side else action
            command = {"x": 0.4, "y": -0.2 if side else 0.2, "yaw": -0.5 if side else 0.5}
            mujoco.mj_forward(model, data)
            reads = {n: getattr(data, n).copy() for n in task.binding.reads}
            inputs = Inputs(reads, mine, {"velocity": command}, 0.0, samples, task.program.params, {"cost": 1.0})
            values, memory[side] = evaluator(inputs, memory[side])
            seen.append(np.concatenate([np.ravel(v) for v in values[: len(entries)]]))
            for term, ctrl in zip(task.program.action, values[len(entries) :], strict=True):
                data.ctrl[[model.actuator(a).id for a in term.actuators]] = ctrl
            for _ in range(task.program.world.substeps):
                mujoco.mj_step(model, data)
        clocks = [
            i for e, a, b in task.program.group("critic").slices() if e.name.startswith("clock") for i in range(a, b)
        ]
        rest = np.setdiff1d(np.arange(len(seen[0])), clocks)  # both clocks started alike here
        assert np.allclose(apply(found.groups["critic"], seen[0])[rest], seen[1][rest], atol=1e-4)
    assert abs(both[0].qvel).max() > 0.5


def _streams(task: Compiled) -> dict:
    from ksim_spec.emit.task_module import streams

    return streams(task.program)


def test_our_robots_and_rewards_are_symmetric() -> None:
    assert mirror("walk").differences == () and mirror("trot").differences == ()


def test_a_heavier_thigh_is_named(tmp_path: Path) -> None:
    thigh = 'name="left_thigh" type="capsule" size="0.058" fromto="0 0 -0.07 0 0 -0.29" mass="'
    task = changed(tmp_path, robot=((thigh, thigh + "1"),))
    model = task.binding.scene.model
    found = asymmetries(model, reflect(model, task.program.mirror))
    assert len(found) == 1 and "`left_thigh` and `right_thigh` weigh" in found[0]


def test_a_one_sided_reward_is_named(tmp_path: Path) -> None:
    task = changed(
        tmp_path, ("  bounce  ", "  limp = square(left.height - 0.1 m) weight -3 per m^2 per s\n    bounce  ")
    )
    found = derive_mirror(task.program, task.binding).differences
    assert found == ("the reward `limp` of a mirrored state differs from that of the state",)


def test_an_observation_of_one_foot_has_no_mirror_image(tmp_path: Path) -> None:
    task = changed(tmp_path, ("  contact   = feet.contact", "  contact   = left.linvel.z"))
    with pytest.raises(NotMirrored, match="`critic.contact`, mirrored, is not made of observed numbers"):
        derive_mirror(task.program, task.binding)


def test_axes_that_are_no_mirror_images_are_refused(tmp_path: Path) -> None:
    axis = 'name="right_hip_roll" class="hip_roll" axis="-1 0 0"'
    robot = ((axis, axis.replace("-1 0 0", "-1 0.3 0")),)
    task = changed(tmp_path, robot=robot)
    with pytest.raises(NotMirrored, match="axes of `left_hip_roll` and `right_hip_roll`"):
        derive_mirror(task.program, task.binding)
    with pytest.raises(SpecError) as error:
        _ = task.mirror
    assert error.value.diagnostics[0].code == "KS741" and error.value.diagnostics[0].span.start > 0
    plain = changed(tmp_path, ("  symmetric = true\n", ""), robot=robot)
    assert plain.mirror is None, "a policy that need not be symmetric does not mind"


def test_it_is_written_for_the_trainer_and_in_the_contract() -> None:
    import json

    task = compiled("walk")
    plain = mirror("walk").as_plain()
    assert "'mirror': {'action'" in task.source
    assert json.loads(str(task.files["contract.json"]))["mirrored"] == plain
    assert set(plain) == {"action", "observe.actor", "observe.critic"}
