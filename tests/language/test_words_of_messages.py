"""Words of messages that were false or sent people the wrong way."""

from __future__ import annotations

import pytest

from ksim_spec.diagnostics import Diagnostic, article
from ksim_spec.units import Dim, parse_unit, rate_unit
from tests.ide.helpers import WALK_TEXT, snapshot

RATE = "sum(square(delta(action)))                    weight -0.05 per s"


def told(old: str, new: str) -> list[Diagnostic]:
    assert WALK_TEXT.count(old) == 1, old
    return [d for d in snapshot(WALK_TEXT.replace(old, new)).diagnostics if d.severity in ("error", "warning")]


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("m", "per m per s"), ("Nm^2", "per Nm^2 per s"), ("per s^2", "s^2 per s"), ("per s", ""), ("m/s", "per m/s per s"),
        ("%", "per s"), ("rad^2", "per s"), ("per m", "m per s"), ("m^2 per s per kg", "kg*s/m^2 per s"),
    ],
)  # fmt: skip
def test_the_unit_of_a_weight_makes_a_rate(unit: str, wanted: str):
    dim = parse_unit(unit).dim
    assert rate_unit(dim) == wanted
    weight = parse_unit(wanted).dim if wanted else Dim()
    assert (dim * weight).same(parse_unit("per s").dim)


def test_the_help_of_a_weight_is_a_unit_that_can_be_written():
    (found,) = told(RATE, "sum(square(rate(action)))  weight -0.02 per s")
    assert found.help == "write the weight in s^2 per s, for example `-1.0 s^2 per s`"
    assert told(RATE, "sum(square(rate(action)))  weight -0.02 s^2 per s") == []
    (found,) = told(RATE, "sum(square(rate(action)))")
    assert found.help == "for example `weight 1.0 s^2 per s`" and found.fix is not None
    (found,) = told(RATE, "sum(abs(rate(action)))")
    assert found.help == "for example `weight 1.0`"
    (found,) = told(RATE, "sum(abs(rate(action)))  weight 1 per m")
    assert found.help == "write the weight without a unit, for example `1.0`"


@pytest.mark.parametrize(
    ("weight", "says"),
    [("cost per s", "`cost * 1 per s`"), ("c per s", "`c * 1 per s`"), ("(2 + 1) per s", "`1 per s`")],
)
def test_per_a_unit_without_a_number_is_told_what_is_missing(weight: str, says: str):
    found = told(RATE, f"sum(square(delta(action)))  weight {weight}")
    assert "did you mean" not in found[0].help and says in found[0].help


@pytest.mark.parametrize("value", ["(1 if moving else 0)", "1 if moving else 0", "v.x if moving else 0 m/s"])
def test_a_condition_behind_its_value_is_no_unit(value: str):
    (found,) = [d for d in told(RATE, f"{value}  weight 1 per s") if d.code == "KS001"]
    assert "`if` cannot stand behind a value" in found.message and "if condition then a else b" in found.help


def test_an_actuator_and_a_body():
    assert [article(w) for w in ("actuator", "body", "joint", "element")] == [
        "an actuator",
        "a body",
        "a joint",
        "an element",
    ]


FELL = "base.height < 0.5 m or tilt(base) > 60 deg"


@pytest.mark.parametrize(
    "when", ["any(legs.pos > legs.upper)", "any(legs.pos < legs.lower)", "any(legs.pos > 1.02 * legs.upper)"]
)
def test_limits_of_joints_give_way(when: str):
    assert told(FELL, when) == []


def test_far_beyond_its_limits_a_joint_never_is():
    (found,) = told(FELL, "any(legs.pos > 200 deg)")
    assert found.code == "KS602"
