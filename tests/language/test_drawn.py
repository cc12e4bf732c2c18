"""What is meant to be drawn is drawn, or it is an error with the draw that was meant; other numbers mean what they say."""

from __future__ import annotations

import pytest

from ksim_spec.diagnostics import Diagnostic
from tests.ide.helpers import WALK_TEXT, snapshot

NOISE = "noise normal(0.01 rad)"


def replaced(old: str, new: str) -> str:
    assert WALK_TEXT.count(old) == 1, old
    return WALK_TEXT.replace(old, new)


def errors(text: str) -> list[Diagnostic]:
    return [d for d in snapshot(text).diagnostics if d.severity == "error"]


def fixed(text: str, found: Diagnostic) -> str:
    assert found.fix is not None and not found.fix.safe
    for edit in sorted(found.fix.edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


MASS = "base.mass              += uniform(-1 kg, 1 kg)"
YAW = "base.yaw += uniform(-180 deg, 180 deg)"
FIELD = "x   = uniform(-0.5 m/s, 1.0 m/s)"
PUSH = "base.linvel.xy += push_strength * disc(0.5 m/s)"


@pytest.mark.parametrize(
    ("old", "wrote", "becomes"),
    [
        (NOISE, "noise 0.01 rad", "noise normal(0.01 rad)"), (NOISE, "noise -0.01 rad", "noise normal(0.01 rad)"),
        (NOISE, "noise [-0.1 rad, 0.1 rad]", "noise uniform(-0.1 rad, 0.1 rad)"), (NOISE, "noise 0", ""),
        (NOISE, "noise (0 rad, 0.1 rad)", "noise uniform(0 rad, 0.1 rad)"), (NOISE, "bias 0.1 rad", "bias normal(0.1 rad)"),
        (NOISE, f"bias 0 rad  {NOISE}", f"  {NOISE}"), (MASS, "base.mass += [-1 kg, 1 kg]", "base.mass += uniform(-1 kg, 1 kg)"),
        (YAW, "base.yaw += (-1 rad, 1 rad)", "base.yaw += uniform(-1 rad, 1 rad)"),
        (FIELD, "x = [-1 m/s, 1 m/s]", "x = uniform(-1 m/s, 1 m/s)"),
    ],
)  # fmt: skip
def test_a_number_where_a_draw_is_meant_is_an_error_that_a_fix_mends(old: str, wrote: str, becomes: str):
    text = replaced(old, wrote)
    (found,) = errors(text)
    assert found.code == "KS250" and text[found.span.start : found.span.end] in wrote
    assert fixed(text, found) == replaced(old, becomes) and errors(fixed(text, found)) == []


@pytest.mark.parametrize("old", [NOISE, MASS, FIELD])
def test_a_bare_range_is_drawn_by_its_fix(old: str):
    head = old.partition("uniform" if "uniform" in old else "normal")[0]
    unit = {NOISE: "rad", MASS: "kg", FIELD: "m/s"}[old]
    text = replaced(old, f"{head}-1 {unit} .. 1 {unit}")
    (found,) = errors(text)
    assert found.code == "KS211" and fixed(text, found) == replaced(old, f"{head}uniform(-1 {unit}, 1 {unit})")


@pytest.mark.parametrize("noise", ["legs.pos", "home.pos", "0.01 rad * base.height / 1 m", "spread"])
def test_a_value_that_draws_nothing_is_no_noise(noise: str):
    text = replaced(NOISE, f"noise {noise}").replace("signal {\n", "signal {\n  spread = 0.01 rad\n", 1)
    (found,) = errors(text)
    assert found.code == "KS250" and found.fix is None and "normal(sd)" in found.help


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NOISE, "noise abs(normal(0.01 rad))"), (NOISE, "noise 2 * normal(0.01 rad)"), (NOISE, "bias uniform(0.1 rad) + 0.1 rad"),
        (MASS, "base.mass += 1 kg"), (MASS, "base.mass *= 1.1"), (YAW, "base.yaw += 90 deg"), (FIELD, "x = 0.5 m/s"),
        (PUSH, "base.linvel.xy += (0.5 m/s, 0 m/s) * push_strength"),
    ],
)  # fmt: skip
def test_a_draw_in_a_longer_value_counts_and_a_number_elsewhere_means_what_it_says(old: str, new: str):
    assert errors(replaced(old, new)) == []


def test_two_mistakes_of_a_noise_are_both_said():
    assert [d.code for d in errors(replaced(NOISE, "noise 0.01 m"))] == ["KS250", "KS301"]


@pytest.mark.parametrize(
    ("noise", "says"), [("bernoulli(50 %)", "the noise is true or false"), ("true", "the noise is true or false")]
)
def test_noise_is_a_number(noise: str, says: str):
    (found,) = errors(replaced(NOISE, f"noise {noise}"))
    assert found.code == "KS204" and found.message.startswith(says)
