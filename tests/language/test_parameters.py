"""Every number that stays adjustable is one of its own: two draws, two groups, two declarations share none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ksim_spec.analysis.effective_weights import effective
from ksim_spec.contract.extract import declared
from ksim_spec.contract.resolved_spec import resolved
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.load import Loaded, load_spec
from ksim_spec.language.program import Program
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import SourceMap

WALK = Path(__file__).parent / "good" / "walk.ksim"


def checked(tmp_path: Path, **replaced: str) -> Loaded:
    """The good spec with lines exchanged (`old=new` by the first words of a line), or blocks added (`more=`)."""
    text = WALK.read_text(encoding="utf-8").replace('"../../../specs', f'"{WALK.parents[3]}/specs')
    text += replaced.pop("more", "")
    for start, line in replaced.items():
        old = [x for x in text.splitlines() if x.strip().startswith(f"{start} ")]
        assert len(old) == 1, (start, old)
        text = text.replace(old[0], line)
    path = tmp_path / "spec.ksim"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


def program(tmp_path: Path, **replaced: str) -> Program:
    return checked(tmp_path, **replaced).require()


def drawn(spec: Program, node: Node, count: int = 2000) -> np.ndarray:
    """Values of an expression that draws, over many standard samples."""
    rng, evaluator = np.random.default_rng(0), Evaluator([node])
    streams = [n for n in walk([node]) if n.op == "sample"]
    rows = []
    for _ in range(count):
        samples = {
            n.attr("stream"): rng.random(n.shape) if n.attr("kind") == "uniform" else rng.normal(size=n.shape)
            for n in streams
        }
        rows.append(evaluator(Inputs(samples=samples, params=spec.params))[0][0])
    return np.stack(rows)


def field(spec: Program, name: str) -> Node:
    return next(f.value for c in spec.commands for f in c.fields if f.name == name)


def test_two_normal_draws_in_one_noise_have_their_own_spreads(tmp_path):
    spec = program(tmp_path, gyro="  gyro = base.angvel in base  noise normal(0.3 rad/s) + normal(0.4 rad/s)")
    noise = spec.group("actor").entries[0].pipeline.noise
    assert drawn(spec, noise).std() == pytest.approx(0.5, rel=0.05)
    shaping = [p for p in spec.parameters if p.owner == "observe.actor.gyro" and p.draw is not None]
    assert [(p.name, p.role, p.value) for p in shaping] == [
        ("observe.actor.gyro.noise.normal.0", "spread", 0.3), ("observe.actor.gyro.noise.normal#2.0", "spread", 0.4),
    ]  # fmt: skip


def test_two_uniform_draws_of_one_choice_keep_their_ends(tmp_path):
    spec = program(tmp_path, x="  x = if bernoulli(50 %) then uniform(0 m/s, 1 m/s) else uniform(3 m/s, 5 m/s)")
    x = drawn(spec, field(spec, "x"))
    slow, fast = x[x < 2], x[x >= 2]
    assert 0 <= slow.min() < 0.1 and 0.9 < slow.max() <= 1 and 3 <= fast.min() < 3.1 and 4.9 < fast.max() <= 5
    assert 0.45 < len(slow) / len(x) < 0.55


def test_a_draw_within_a_draw_and_beside_one(tmp_path):
    spec = program(tmp_path, x="  x = uniform(1 m/s, 2 m/s) * cos(uniform(180 deg))")
    x = drawn(spec, field(spec, "x"))
    assert -2 <= x.min() < -1.9 and 1.9 < x.max() <= 2
    nested = program(tmp_path, x="  x = uniform(0 m/s, uniform(1 m/s, 2 m/s))")
    x = drawn(nested, field(nested, "x"))
    assert 0 <= x.min() < 0.1 and 1.7 < x.max() <= 2


def test_a_function_that_draws_draws_anew_at_each_call(tmp_path):
    more = "\nfn jitter(a) = normal(a)\n"
    spec = program(
        tmp_path, gyro="  gyro = base.angvel in base  noise jitter(0.3 rad/s) + jitter(0.4 rad/s)", more=more
    )
    assert drawn(spec, spec.group("actor").entries[0].pipeline.noise).std() == pytest.approx(0.5, rel=0.05)


def test_lines_with_the_same_target_draw_apart(tmp_path):
    more = """
reset {
  base.yaw += normal(0.1 rad)
  base.yaw += normal(0.2 rad) + normal(0.2 rad)
}
event kick every 1 s {
  base.linvel.x += uniform(1 m/s) + uniform(2 m/s)
  base.linvel.x += uniform(3 m/s)
}
randomize {
  base.mass *= uniform(0.5, 1)
  base.mass *= uniform(2, 3)
}
"""
    spec = program(tmp_path, more=more)
    turns = [drawn(spec, x.value).std() for x in spec.reset.changes[-2:]]
    assert turns == pytest.approx([0.1, 0.2 * 2**0.5], rel=0.06)
    kicks = [np.abs(drawn(spec, x.value)).max() for x in spec.events[-1].changes]
    assert kicks == pytest.approx([3, 3], rel=0.06)
    ends = [x for f in spec.randomization[-2:] for v in [drawn(spec, f.value)] for x in (v.min(), v.max())]
    assert ends == pytest.approx([0.5, 1, 2, 3], rel=0.02)
    owners = [p.owner for p in spec.parameters if p.draw is not None and p.owner.startswith("randomize")]
    assert owners == [f"randomize.{i}" for i in (0, 0, 1, 1, 2, 2)]


def test_every_draw_of_a_declaration_is_in_the_contract(tmp_path):
    loaded = checked(tmp_path, x="  x = uniform(0 m/s, 1 m/s) + uniform(3 m/s, 5 m/s)")
    assert loaded.robot is not None
    whole = declared(loaded.require(), loaded.robot, loaded.items, loaded.sources)
    draws = whole.commands["velocity"].fields[0].value.draws
    assert [(d.distribution, d.arguments) for d in draws] == [("uniform", (0, 1)), ("uniform", (3, 5))]


def test_arguments_of_draws_have_no_names(tmp_path):
    found = checked(tmp_path, x="  x = normal(spread: 0.1 m/s, mean: 1 m/s)").diagnostics
    assert [d.code for d in found] == ["KS203"]


def test_a_choice_of_truths_stays_one(tmp_path):
    spec = program(tmp_path, x="  x = if choice(true, false, true) then 1 m/s else 2 m/s")
    assert 0.6 < (drawn(spec, field(spec, "x")) == 1).mean() < 0.73


# Groups --------------------------------------------------------------------------------------------------------------


def weights(spec: Program) -> dict[str, float]:
    found = {r.name: effective(spec, r) for r in spec.rewards}
    return {name: w.per_second[1] for name, w in found.items() if w is not None and w.per_second is not None}


GROUPS = """
reward {
  group slip weight 0.1 { slip = base.height  weight -2 per m*s }
  group weight 2 { one = base.height  weight 1 per m*s }
  group weight 3 { two = base.height  weight 1 per m*s }
  group outer weight 5 { group inner weight 7 { three = base.height  weight 1 per m*s } }
  group other weight 11 { group inner weight 13 { four = base.height  weight 1 per m*s } }
}
"""


def test_a_group_counts_for_what_stands_in_it(tmp_path):
    spec = program(tmp_path, more=GROUPS)
    found = weights(spec)
    wanted = {"slip": -0.2, "one": 2, "two": 3, "three": 35, "four": 143}
    assert {n: found[n] for n in wanted} == pytest.approx(wanted)
    assert spec.params["reward.slip.weight"] == -2
    assert len({p.name for p in spec.parameters}) == len(spec.parameters)


def test_a_term_in_a_group_of_its_name_can_be_changed(tmp_path):
    checked(tmp_path, more=GROUPS)
    changed = load_spec(tmp_path / "spec.ksim", sets=["reward.slip.weight=-3 per m*s"]).require()
    assert weights(changed)["slip"] == pytest.approx(-0.3)


def test_what_is_written_down_of_a_weight_counts_its_groups(tmp_path):
    spec = program(tmp_path, more=GROUPS + "curriculum { half from 0 to 0.5 duration 1e6 env_states }"
                   "reward { group moved weight half { moved = base.height weight 4 per m*s } }")  # fmt: skip
    index = RobotIndex.load(spec.robot_path)
    rows = {r.name: r for r in resolved(spec, index).rewards}
    assert rows["four"].weight == 1 and rows["four"].per_second == 143 and rows["four"].per_step == pytest.approx(2.86)
    assert (rows["moved"].weight, rows["moved"].per_second) == (4, 2)  # at the end of the curriculum
    whole = declared(spec, index, spec.items, SourceMap())
    assert whole.rewards["four"].effective == (143, 143) and whole.rewards["moved"].effective == (0, 2)


SAME = [
    ("reward { group a weight 2 { } \n group a weight 3 { } }", "there is already a group `a`"),
    ("reward { group a weight 2 { } \n a = base.height weight 1 per m*s }", "there is already a group `a`"),
    ("reward { a = base.height weight 1 per m*s \n group a weight 2 { } }", "there is already a term `a`"),
    ("reward { a = base.height weight 1 per m*s }\nreward { a = base.height weight 1 per m*s }",
     "there is already a term `a`"),
    ("event a every 1 s { base.linvel.x += 1 m/s }\nevent a every 2 s { base.linvel.y += 1 m/s }",
     "there is already an event `a`"),
    ("event every 1 s { base.linvel.x += 1 m/s }\nevent every 2 s { base.linvel.y += 1 m/s }",
     "there is already an event without a name"),
    ("profile a { no noise }\nprofile a { no event }", "there is already a profile `a`"),
    ("command a { x = uniform(1 m/s) }\ncommand a { y = uniform(1 m/s) }", "`a` is already declared"),
    ("command a { x = uniform(1 m/s) \n x = uniform(2 m/s) }", "`x` is already a field of `a`"),
    ("signal { a = base.height }\nsignal { a = base.height }", "`a` is already declared"),
    ("curriculum { a from 0 to 1 duration 1e6 env_states }\ncurriculum { a from 0 to 2 duration 1e6 env_states }",
     "`a` is already declared"),
    ("terminate { a when time > 3 s truncate }\nterminate { a when base.height < 0.1 m fail }", "`a` is given twice"),
    ("observe a { h = base.height }\nobserve a { v = base.linvel }", "there is already a group `a`"),
    ("observe a { h = base.height \n h = base.linvel }", "the group already has an entry `h`"),
    ("fn a(x) = x\nfn a(x) = 2 * x", "there is already a function `a`"),
    ("reset { settle 0.1 s }\nreset { settle 0.2 s }", "`settle` is given twice"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "message"), SAME)
def test_two_of_one_name_are_shown_both(tmp_path, more, message):
    found = [d for d in checked(tmp_path, more=f"\n{more}\n").diagnostics if d.code == "KS109"]
    assert [d.message for d in found] == [message]
    (label,) = found[0].related
    assert label.span.start < found[0].span.start and found[0].help


def test_two_targets_of_one_name(tmp_path):
    found = checked(
        tmp_path,
        target="""  legs = position(joints("*_knee")) around home scale 0.1 rad
  legs = position(joints("*_ankle*")) around home scale 0.1 rad""",
    ).diagnostics
    assert [d.message for d in found if d.code == "KS109"] == ["`legs` is given twice"]


def test_two_parameters_of_one_name(tmp_path):
    found = checked(tmp_path, more="\nfn a(x, x) = x\n").diagnostics
    assert "`a` has two parameters `x`" in [d.message for d in found]
