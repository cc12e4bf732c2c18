"""Everything that the specs compute, in random states of their robots, stays within the intervals worked out for it."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.analysis.leaf_intervals import Seeds
from ksim_spec.analysis.mirror_map import random_state
from ksim_spec.analysis.reward_bounds import contribution, reward_facts
from ksim_spec.analysis.standstill import Standing, Starting
from ksim_spec.analysis.zero_action_rollout import idle_rewards
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.intervals.interval import Interval
from ksim_spec.ir.node import walk
from ksim_spec.ir.ops import make
from ksim_spec.language.load import load_text
from tests.ir.test_intervals import outside

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.ksim")), ROOT / "tests" / "emit" / "everything.ksim"]


@pytest.fixture(scope="module", params=SPECS, ids=lambda p: p.stem)
def compiled(request):
    return ks.compile(request.param)


def test_no_value_leaves_its_interval(compiled):
    program, binding = compiled.program, compiled.binding
    seeds, rng = Seeds(program, compiled.index), np.random.default_rng(0)
    ranges = seeds.ranges()
    roots = [n for n in program.roots() if not any(x.op == "stat" for x in walk([n]))]
    evaluator, model = Evaluator(roots, binding.leaves), binding.scene.model
    samples = [n for n in walk(roots) if n.op == "sample"]
    data, checked = mujoco.MjData(model), 0
    for _ in range(4):
        memory = None
        levels = {v.name: rng.uniform(*sorted((v.start, v.end))) for v in program.levels}
        for step in range(5):
            data.qpos[:], data.qvel[:] = random_state(model, data, rng, program.base)
            data.ctrl[:] = rng.normal(size=model.nu) * 30
            mujoco.mj_forward(model, data)
            drawn = {n.attr("stream"): _sample(n, rng) for n in samples}
            commands = {
                c.name: {f.name: _between(seeds.command(c.name, f.name), rng) for f in c.fields}
                for c in program.commands
            }
            reads = {name: getattr(data, name).copy() for name in binding.reads}
            inputs = Inputs(
                reads, rng.uniform(-1, 1, program.action_size), commands, 0.02 * step, drawn, program.params, levels
            )
            values, memory = evaluator.evaluate(inputs, memory)
            for node in walk(roots):
                off = outside(values[id(node)], ranges(node)).max(initial=0.0)
                assert off < 1e-6, (node, node.attrs, values[id(node)], ranges(node))
                checked += 1
    assert checked > 1000


def _between(ends, rng):
    return rng.uniform(*np.clip(ends, -50, 50))


def _sample(node, rng):
    return rng.random(node.shape) if node.attr("kind") == "uniform" else rng.normal(size=node.shape)


def test_what_doing_nothing_earns_is_possible(compiled):
    facts = reward_facts(Seeds(compiled.program, compiled.index))
    for share in (0.0, 1.0):
        for name, earned in idle_rewards(compiled.program, compiled.binding, compiled.index, share).items():
            low, high = facts[name].adds
            assert low - 1e-6 <= earned <= high + 1e-6, name


def test_standing_still_in_walk_is_known_without_physics():
    compiled = ks.compile(ROOT / "specs" / "walk.ksim")
    program = compiled.program
    still, commanded = (Standing(program, compiled.index, commanded=x).ranges() for x in (0.0, 1.0))
    terms = {r.name: r for r in program.rewards}
    assert contribution(program, terms["track_linear"], still) == (2.0, 2.0)
    full = np.exp(-(1.0**2 + 0.3**2) / 0.5**2)
    assert contribution(program, terms["track_linear"], commanded) == pytest.approx((2 * full, 2 * full))
    fell = next(t for t in program.terminations if t.name == "fell")
    assert still(fell.when).ends == (0.0, 0.0)
    # What the physics gives after a second is near: the feet settle a little.
    measured = idle_rewards(program, compiled.binding, compiled.index, 1.0)
    assert measured["track_linear"] == pytest.approx(2 * full, rel=0.5) and measured["alive"] == 0.5


def test_where_episodes_begin_is_known_line_by_line():
    """Turns are held against MuJoCo's own products of quaternions, in the order in which a task makes them."""
    walk = ROOT / "tests" / "language" / "good" / "walk.ksim"
    lines = (
        "base.yaw += 30 deg", "base.pitch += 20 deg", "base.roll += -10 deg", "base.yaw += 5 deg",
        "base.pos = (1 m, 2 m, 0.5 m)", "base.height += uniform(0.1 m)", 'joint("left_knee").pos = 0.4 rad',
        'joint("left_knee").pos *= uniform(1, 2)',
    )  # fmt: skip
    text = walk.read_text("utf-8").replace("legs.pos += normal(0.05 rad)", "\n  ".join(lines))
    loaded = load_text(text, str(walk), walk)
    assert loaded.robot is not None
    begins = Starting(loaded.require(), loaded.robot).ranges()

    def read(what: str, of: str, name: str, *shape: int) -> Interval:
        return begins(make("read", what=what, of=of, names=(name,), dtype="float", shape=shape))

    expected = np.array([1.0, 0, 0, 0])
    for axis, angle, world in ((2, 30, True), (1, 20, False), (0, -10, False), (2, 5, True)):
        turn, product = np.zeros(4), np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, np.eye(3)[axis], np.radians(angle))
        mujoco.mju_mulQuat(product, *((turn, expected) if world else (expected, turn)))
        expected = product
    quat = read("quat", "body", "torso", 4)
    assert quat.exact and quat.low == pytest.approx(tuple(expected))
    assert [read("pos", "body", "torso", 3).element(i) for i in range(3)] == [
        (1, 1), (2, 2), (pytest.approx(0.4), pytest.approx(0.6)),
    ]  # fmt: skip
    assert read("pos", "joint", "left_knee", 1).ends == (pytest.approx(0.4), pytest.approx(0.8))


def test_ranges_of_walk_are_those_worked_out_by_hand():
    compiled = ks.compile(ROOT / "specs" / "walk.ksim")
    facts = reward_facts(Seeds(compiled.program, compiled.index))
    assert facts["track_linear"].value == (0.0, 1.0) and facts["track_linear"].per_episode == pytest.approx((0, 40))
    assert facts["upright"].value == (0.0, 1.0) and facts["upright"].adds == (-5.0, 0.0)
    assert facts["bounce"].value == (0.0, np.inf) and facts["bounce"].share is None
    # The best of a second: 2 + 2 + 2 + 2 + 0.5 + 1 + 1.
    assert facts["track_linear"].share == pytest.approx(2 / 10.5) and facts["alive"].per_step == pytest.approx(
        (0.01, 0.01)
    )
    torques = [300.0 if "hip_pitch" in j or "knee" in j else 0.0 for t in compiled.program.action for j in t.joints]
    assert facts["torque"].value[1] > max(torques)
