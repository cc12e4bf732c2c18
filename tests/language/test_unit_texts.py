"""How dimensions are written in messages: one way each, which the language reads back."""

from __future__ import annotations

from itertools import combinations

from ksim_spec.units import UNITS, Dim, factor_between, parse_unit

DIMS = list(
    {unit.dim: None for unit in UNITS.values()}
    | {a.dim * b.dim**-1: None for a in UNITS.values() for b in UNITS.values()}
)


def test_the_text_of_a_dimension_is_a_unit_of_it():
    for dim in DIMS:
        text = str(dim)
        assert text == "1" or parse_unit(text).dim.same(dim), text


def test_the_factor_between_two_units_is_called_the_same_whichever_comes_first():
    for one, other in combinations(DIMS[:40], 2):
        text = factor_between(one, other)
        assert text == factor_between(other, one)
        if text != "1":
            found: Dim = parse_unit(text).dim
            assert found.same(one / other) or found.same(other / one), text
