"""Values never leave their intervals: for every operation, and where intervals say most, they say what they can."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.intervals.analysis import Ranges
from ksim_spec.ir.intervals.interval import Interval
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from tests.ir.interval_cases import CASES, NOT_LEAVES, SECONDS, Leaves


def outside(value: np.ndarray, interval: Interval) -> np.ndarray:
    """Returns by how much elements lie outside, relative to their size; what is not a number lies nowhere."""
    flat = np.asarray(value, float).ravel()
    low, high = np.array(interval.low), np.array(interval.high)
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(flat < low, low - flat, np.where(flat > high, flat - high, 0.0))
        return np.nan_to_num(off / np.maximum(1.0, np.abs(flat)), nan=0.0)


def test_every_operation_has_a_case():
    assert set(CASES) == NOT_LEAVES


@pytest.mark.parametrize("op", CASES)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_values_stay_within(op: str, seed: int):
    rng = np.random.default_rng(seed)
    leaves = Leaves(rng)
    node = CASES[op](leaves)
    ranges = Ranges(lambda n: leaves.intervals[id(n)], SECONDS)
    interval = ranges(node)
    assert len(interval.low) == len(interval.high) == math.prod(node.shape)
    evaluator, memory = Evaluator([node]), None
    for _ in range(10):
        params = {n.attr("name"): leaves.draw(n, kind) for n, kind in leaves.made}
        values, memory = evaluator.evaluate(Inputs(params=params), memory)
        for value, of in ((values[id(n)], n) for n in [node, *node.args]):
            assert np.max(outside(value, ranges(of)), initial=0.0) < 1e-9, (op, value, ranges(of))
        if node.shape and interval.length < math.inf:
            assert np.linalg.norm(np.atleast_2d(values[id(node)]), axis=-1).max() <= interval.length * (1 + 1e-9)


def test_the_check_sees_a_value_outside():
    assert outside(np.array([1.0, 3.0]), Interval((0.0, 0.0), (2.0, 2.0))).max() > 0.3


def leaf(low: float, high: float, shape: tuple[int, ...] = ()) -> tuple[Node, Interval]:
    node = make("param", name=f"{low} .. {high}", dtype="float", shape=shape)
    size = math.prod(shape)
    return node, Interval((low,) * size, (high,) * size)


def test_a_kernel_lies_between_0_and_1_whatever_its_error():
    x, _ = leaf(-math.inf, math.inf, (3,))
    kernel = make("exp", make("neg", make("sum", make("square", make("div", x, const(0.5))), axis=0)))
    assert Ranges()(kernel).ends == (0.0, 1.0)


def test_the_horizontal_part_of_a_unit_vector_is_no_longer_than_1():
    q = make("param", name="q", dtype="float", shape=(4,))
    down = make("rotate_inv", q, const([0.0, 0.0, -1.0]))
    horizontal = make("sum", make("square", make("take", down, axis=0, indices=(0, 1))), axis=0)
    assert Ranges()(horizontal).ends == (0.0, 1.0)
    assert Ranges()(make("acos", make("take", down, axis=0, indices=2))).ends == (0.0, math.pi)


@pytest.mark.parametrize(
    ("low", "high", "sine"),
    [
        (0.0, 0.5, (0.0, math.sin(0.5))),
        (1.0, 2.0, (math.sin(1.0), 1.0)),
        (-2.0, 0.0, (-1.0, 0.0)),
        (0.0, 7.0, (-1.0, 1.0)),
    ],
)
def test_a_sine_knows_its_peaks(low, high, sine):
    node, interval = leaf(low, high)
    assert Ranges(lambda _: interval)(make("sin", node)).ends == pytest.approx(sine)


def test_what_cannot_be_otherwise_is_exact():
    node, interval = leaf(0.0, 0.3)
    ranges = Ranges(lambda _: interval)
    assert ranges(make("lt", node, const(0.4))).exact and ranges(make("lt", node, const(0.4))).ends == (1.0, 1.0)
    assert ranges(make("lt", const(0.4), node)).ends == (0.0, 0.0)
    assert ranges(make("sub", node, node)).ends == (0.0, 0.0) and not ranges(node).exact


def test_clocks_are_bounded_by_the_episode():
    p = make("param", name="p", dtype="bool", shape=())
    assert Ranges(seconds=20.0)(make("spell", p, dt=0.02)).ends == (0.0, 20.0)
    never = Ranges(lambda _: Interval((0.0,), (0.0,)), 20.0)
    assert never(make("timer", p, dt=0.02)).ends == (0.0, 0.0)


def test_an_interval_given_for_a_node_is_taken():
    x = make("param", name="x", dtype="float", shape=())
    doubled = make("mul", x, const(2.0))
    assert Ranges(fixed={x: Interval((1.0,), (2.0,))})(doubled).ends == (2.0, 4.0)


def test_deep_expressions_are_worked_out_too():
    x, interval = leaf(0.0, 1.0)
    node = x
    for _ in range(5000):
        node = make("add", node, const(1.0))
    assert Ranges(lambda _: interval)(node).ends == (5000.0, 5001.0)
