"""Fixes that guess: only what differs in a few letters, and nothing is removed that something else is wrong with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ksim_spec.diagnostics import Diagnostic, distance, meant
from ksim_spec.linter.apply_fixes import Repair, repair
from ksim_spec.linter.filter import settled
from ksim_spec.source import SourceMap
from tests.ide.helpers import WALK, WALK_TEXT, snapshot


def replaced(old: str, new: str) -> str:
    assert WALK_TEXT.count(old) == 1, old
    return WALK_TEXT.replace(old, new)


def repaired(text: str) -> Repair:
    def judge(found: Sequence[Diagnostic], sources: SourceMap) -> list[Diagnostic]:
        return settled(WALK, found, SourceMap(dict(sources.files)))

    return repair(text, Path(WALK), judge, unsafe=True)


@pytest.mark.parametrize(
    ("a", "b", "far"),
    [
        ("", "", 0),
        ("torsoo", "torso", 1),
        ("linvle", "linvel", 1),
        ("", "abc", 3),
        ("prev_action", "action", 5),
        ("ca", "abc", 3),
        ("kitten", "sitting", 3),
    ],
)
def test_the_distance_of_two_words(a: str, b: str, far: int):
    assert distance(a, b) == distance(b, a) == far


@pytest.mark.parametrize(
    "pair", ["torsoo torso", "linvle linvel", "Velocity velocity", "velocty velocity", "BASE base"]
)
def test_a_few_letters_are_a_guess_that_a_fix_takes(pair: str):
    assert type(meant(*pair.split())).__name__ == "Advice"


@pytest.mark.parametrize(
    "pair", ["prev_action action", "max_iterations normalize_observations", "msecs steps", "ab cd"]
)
def test_words_further_apart_are_named_and_not_taken(pair: str):
    wrote, near = pair.split()
    assert meant(wrote, near) == f"did you mean `{near}`?" and type(meant(wrote, near)) is str


RATE = "sum(square(delta(action)))"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RATE, "sum(square(action - prev_action))"),
        ("num_envs                     = 1024", "max_iterations = 1500"),
        ("tilt(base) > 60 deg", "tilt(base) > 60"),
        ("base.height < 0.5 m or tilt(base) > 60 deg", "tilt(base) > 60"),
    ],
)
def test_nothing_is_removed_and_nothing_far_is_guessed(old: str, new: str):
    text = replaced(old, new)
    assert repaired(text).new == text


def test_a_statement_with_another_finding_is_not_removed_in_the_editor_either():
    from ksim_spec.linter.statement_fixes import with_fixes

    text = replaced("base.height < 0.5 m or tilt(base) > 60 deg", "tilt(base) > 60")
    here = snapshot(text)
    found = {d.slug: d for d in with_fixes(list(here.diagnostics), here.sources)}
    assert found.keys() == {"angle-mismatch", "never-fires"} and found["never-fires"].fix is None


def test_what_an_earlier_fix_has_changed_is_not_removed():
    text = replaced(RATE, "sum(square(action - actoin))")
    done = repaired(text)
    assert "sum(square(action - action))" in done.new and "action_rate" in done.new


def test_a_statement_that_is_only_useless_is_still_removed():
    done = repaired(
        replaced("  alive        = 1 ", "  spare = 0 * base.height  weight 1 per m per s\n  alive        = 1 ")
    )
    assert done.new == WALK_TEXT


@pytest.mark.parametrize(
    ("wrote", "glob", "count"),
    [(".*_hip_roll", "*_hip_roll", 2), ("left_.*", "left_*", 6), ("^right_hip.+$", "right_hip*", 3)],
)
def test_a_regular_expression_is_told_the_glob_that_it_means(wrote: str, glob: str, count: int):
    (found,) = [
        d for d in snapshot(replaced('joints("*_hip_roll")', f'joints("{wrote}")')).diagnostics if d.severity == "error"
    ]
    assert found.help == f"patterns are globs: `{glob}` matches {count}"
    assert found.fix is not None and found.fix.edits[0].text == glob


def test_alternatives_of_a_regular_expression_are_patterns_of_their_own():
    (found,) = [
        d
        for d in snapshot(replaced('joints("*_hip_roll")', 'joints("(left|right)_knee")')).diagnostics
        if d.severity == "error"
    ]
    assert found.help == 'patterns are globs: `"left_knee", "right_knee"` matches 2' and found.fix is None
    for pattern in ("lefft_*", "lef_hip_rol?"):
        (near,) = [
            d
            for d in snapshot(replaced('joints("*_hip_roll")', f'joints("{pattern}")')).diagnostics
            if d.severity == "error"
        ]
        assert near.fix is None, "one name is not what a pattern means"
    (far,) = [
        d for d in snapshot(replaced('joints("*_hip_roll")', 'joints(".*_elbow")')).diagnostics if d.severity == "error"
    ]
    assert "globs" not in far.help
