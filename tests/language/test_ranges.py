"""Ranges: what a row says of the numbers that it takes holds for `--set`, profiles and levels, and is what hovers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ksim_spec.ide.docs import function_doc
from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.language.blocks.registry import blocks
from ksim_spec.language.distributions import DISTRIBUTIONS, takes
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.load import load_spec, load_text
from ksim_spec.language.ranges import CUTOFF, DELAY, HISTORY, NOT_NEGATIVE, POSITIVE, Range, Word
from ksim_spec.language.temporal_functions import OPERATORS
from ksim_spec.linter.design import designed, profiled
from ksim_spec.units import FREQUENCY, NUMBER, TIME

WALK = Path(__file__).parent / "good" / "walk.ksim"
TEXT = WALK.read_text(encoding="utf-8")


def errors(text: str, *sets: str) -> list[str]:
    """Returns the messages of the errors of a spec with these settings changed."""
    loaded = profiled(designed(load_text(text, str(WALK), WALK, sets=sets)))
    return [d.message for d in loaded.diagnostics if d.severity == "error"]


# Numbers within ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "range, inside, outside",
    [
        (POSITIVE, [1e-30, 1, 1e30], [0, -1, float("nan"), float("inf")]),
        (NOT_NEGATIVE, [0, 1], [-1e-9, -1]),
        (Range(0, 1, open_low=True, open_high=True), [0.5], [0, 1, 2]),
        (Range(1, 10, whole=True), [1, 10], [0, 2.5, 11]),
        (Range(nonzero=True), [-1, 1], [0]),
        (DELAY.at(0.02, TIME), [0, 0.01, 0.02, 20], [-0.02, 0.009, 20.1]),
        (DELAY.at(0.02, NUMBER), [0, 1, 1000], [-1, 0.5, 1001]),
        (HISTORY.at(0.02, TIME), [0.02, 20], [0, 0.019, 21]),
        (CUTOFF.at(0.02, FREQUENCY), [1e-3, 25], [0, 25.1]),
    ],
)
def test_what_is_in_a_range(range, inside, outside):
    assert [x for x in inside if x not in range] == []
    assert [x for x in outside if x in range] == []
    assert all(range.valid(x) in range for x in outside if x == x)


def test_a_step_that_was_rounded_is_a_step():
    step = Range(1, of="step", dim=TIME).at(0.1 + 0.2, TIME)
    assert 0.3 in step and 0.29 not in step


# Where numbers come from ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, message",
    [
        ("command.velocity.x=uniform(2 m/s, -1 m/s)", "the range of `uniform` ends below its start"),
        ("action.target.scale=0 rad", "the scale must be more than 0 rad, and this is 0 rad"),
        ("world.iterations=2.5", "`iterations` must be a whole number from 1 to 10000, and this is 2.5"),
        ("curriculum.strength.by=7", "the step of a level must be more than 0 and at most 1, and this is 7"),
        ("reward.torque.weight=1e39 per Nm^2 per s", "is too large for the numbers of a task, float32"),
        ("train.num_envs=1e18", "`num_envs` must be at most 16777216"),
    ],
)
def test_a_number_that_is_set_must_be_in_range(change, message):
    found = errors(TEXT, change)
    assert len(found) == 1 and message in found[0]


def test_both_ends_of_a_level_must_be_in_range():
    text = TEXT.replace("normal(0.05 rad)", "normal(0.05 rad * (strength - 0.5))")
    assert errors(text) == ["`sd` of `normal` must be at least 0 rad, and this can be -0.025 rad"]
    assert errors(text.replace("(strength - 0.5)", "(strength + 0.5)")) == []
    assert errors(text, "curriculum.strength.from=0.5") == []


def test_ends_that_hang_on_one_level_are_compared_at_the_same_place():
    between = "uniform(strength * 1 m/s, strength * 2 m/s)"
    assert errors(TEXT.replace("uniform(-0.5 m/s, 1.0 m/s)", between)) == []


def test_a_profile_is_checked_without_being_asked_for():
    text = TEXT + "\nprofile play {\n  train.seed = -1\n  command.velocity.x = normal(-1 m/s)\n}\n"
    assert errors(text) == [
        "`seed` must be at least 0",
        "`sd` of `normal` must be at least 0 m/s, and this is -1 m/s",
    ]
    assert errors(TEXT + "\nprofile play {\n  train.seed = 3\n}\n") == []


def test_a_mistake_of_the_spec_is_not_told_again_for_each_profile():
    text = TEXT.replace("normal(0.05 rad)", "normal(-0.05 rad)") + "\nprofile play {\n  train.seed = 3\n}\n"
    assert len(errors(text)) == 1


def test_removing_the_last_term_is_told(tmp_path: Path):
    terms = ("track", "turn", "air_time", "torque")
    child = tmp_path / "child.ksim"
    lines = "".join(f"remove reward.{name}\n" for name in terms)
    child.write_text(f'task child "nothing is paid"\n\nextends "{WALK}"\n\n{lines}', encoding="utf-8")
    assert "empty-block" in [d.slug for d in load_spec(child).diagnostics]


def test_a_budget_in_updates_is_that_of_so_many():
    sets = ("train.budget=30 updates", "train.num_minibatches=8", "train.num_env_states_per_minibatch=640")
    program = load_text(TEXT, str(WALK), WALK, sets=sets).require()
    assert program.train.budget == 30 * 8 * 640
    assert program.train.num_updates == 30


# Reductions of nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, hits", [("max", np.max), ("min", np.min)])
def test_the_extreme_of_no_element_is_what_is_said(name, hits):
    line = f"  odd = {name}(action where action > 0.5, otherwise: 7)  weight 1 per s\n}}\n\nterminate"
    program = load_text(TEXT.replace("}\n\nterminate", line), str(WALK), WALK).require()
    term = next(r.value for r in program.rewards if r.name == "odd")
    evaluate = Evaluator([term], {}, control_step=0.02)
    action = np.linspace(-1, 1, program.action_size)
    assert evaluate(Inputs(action=action))[0][0] == hits(action[action > 0.5])
    assert evaluate(Inputs(action=np.zeros(program.action_size)))[0][0] == 7


def test_a_condition_for_all_elements_counts_too():
    line = "  odd = max(action where time > 1 s, otherwise: 7)  weight 1 per s\n}\n\nterminate"
    program = load_text(TEXT.replace("}\n\nterminate", line), str(WALK), WALK).require()
    evaluate = Evaluator([next(r.value for r in program.rewards if r.name == "odd")], {}, control_step=0.02)
    action = np.linspace(-1, 0.25, program.action_size)
    assert [evaluate(Inputs(action=action, time=t))[0][0] for t in (0.5, 2.0)] == [7, 0.25]


# Documentation -------------------------------------------------------------------------------------------------------


def test_hovers_say_what_arguments_are():
    rows = {**FUNCTIONS, **OPERATORS}
    for name, row in rows.items():
        doc = function_doc(name)
        assert doc is not None
        assert all(f"`{param}` {range}" in doc.text for param, range in row.ranges.items()), name
    for name in DISTRIBUTIONS:
        doc = function_doc(name)
        assert doc is not None and takes(name) in doc.text
    filtered, late = function_doc("lowpass"), function_doc("delay")
    assert filtered is not None and "`cutoff` more than 0 and at most 0.5 of the control rate" in filtered.text
    assert late is not None and "`duration` 0 or from 0.5 to 1000 control steps" in late.text


def test_a_range_names_an_argument_that_there_is():
    for name, row in FUNCTIONS.items():
        params = {p.rstrip("?") for p in row.params}
        assert all({p, r.like or p, r.above or p} <= params for p, r in row.ranges.items()), name
    for name, row in OPERATORS.items():
        assert set(row.ranges) <= {p.rstrip("?") for p in row.params}, name


def test_words_say_what_they_take():
    settings = {b.keyword: b.settings for b in blocks()}
    assert settings["world"]["iterations"].endswith("; a whole number from 1 to 10000")
    found = [w for b in blocks() for words in (b.takes or {}, b.settings) for w in words.values()]
    assert all(str(w.range) in w for w in found if isinstance(w, Word))
    assert sum(isinstance(w, Word) for w in found) >= 10
