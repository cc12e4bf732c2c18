"""The documented values of every temporal operator, sample by sample, from written-down sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ksim_spec.ir.evaluate import Evaluator, Inputs
from ksim_spec.ir.node import Node
from ksim_spec.ir.ops import const, make
from ksim_spec.ir.temporal_ops import TEMPORAL, memory_type

DT = 0.5
X = make("action", dtype="float", shape=(1,))
T = make("time", dtype="float", shape=())


def scalar() -> Node:
    return make("take", X, axis=0, indices=0)


def truth() -> Node:
    return make("lt", const(0.5), scalar())


def played(root: Node, samples: list[float]) -> list[Any]:
    """Returns the value on every sample of an episode."""
    evaluator, memory, out = Evaluator([root]), None, []
    for x in samples:
        (value,), memory = evaluator(Inputs(action=np.array([x])), memory)
        out.append(value.tolist())
    return out


CASES: dict[str, tuple[Node, list[float], list[Any]]] = {
    "prev": (make("prev", scalar()), [3, 1, 4], [3, 3, 1]),
    "ema": (make("ema", scalar(), const(0.25)), [4, 8, 0], [4, 5, 3.75]),
    "integrate": (make("integrate", scalar(), dt=DT), [9, 1, 2], [0, 0.5, 1.5]),
    "slew": (make("slew", scalar(), const(1.0)), [0, 5, 5, 1.5], [0, 1, 2, 1.5]),
    "timer": (make("timer", truth(), dt=DT), [1, 1, 1, 0, 1], [0, 0.5, 1.0, 0, 0.5]),
    "since": (make("since", truth(), dt=DT), [0, 0, 1, 0, 0], [1e6, 1e6 + 0.5, 0, 0.5, 1.0]),
    "spell": (make("spell", truth(), dt=DT), [1, 0, 0, 1, 1, 0, 1], [0, 0.5, 1.0, 1.5, 0, 0.5, 1.0]),
    "spell from the air": (make("spell", truth(), dt=DT), [0, 0, 1, 1], [0, 0.5, 1.0, 0]),
    "latch": (make("latch", truth()), [0, 1, 0], [False, True, True]),
    "count": (make("count", truth()), [1, 0, 1], [1, 1, 2]),
    "max_since": (make("max_since", scalar(), make("lt", scalar(), const(0.0))), [1, 3, 2, -1, 0], [1, 3, 3, -1, 0]),
    "min_since": (make("min_since", scalar(), make("lt", const(5.0), scalar())), [3, 1, 2, 6, 4], [3, 1, 1, 6, 4]),
    "phase": (make("phase", const(0.5), const(0.25), dt=DT), [0] * 5, [0.25, 0.5, 0.75, 0.0, 0.25]),
    "history": (make("history", scalar(), steps=3), [1, 2, 3], [[1, 1, 1], [2, 1, 1], [3, 2, 1]]),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    root, samples, wanted = CASES[name]
    np.testing.assert_allclose(np.array(played(root, samples), float), np.array(wanted, float), atol=1e-12)


def test_every_operator_is_tried():
    assert {root.op for root, _, _ in CASES.values()} == set(TEMPORAL)


@pytest.mark.parametrize("name", CASES)
def test_memories_have_the_type_that_the_row_says(name: str) -> None:
    root, samples, _ = CASES[name]
    _, memory = Evaluator([root])(Inputs(action=np.array([samples[0]])))
    dtype, shape = memory_type(root)
    assert memory[root.digest].shape == shape and (memory[root.digest].dtype == bool) == (dtype == "bool")


def test_a_new_episode_forgets():
    root = make("integrate", scalar(), dt=DT)
    evaluator = Evaluator([root])
    _, memory = evaluator(Inputs(action=np.array([1.0])))
    (value,), _ = evaluator(Inputs(action=np.array([1.0])), memory)
    assert value == 0.5
    (value,), _ = evaluator(Inputs(action=np.array([1.0])), None)
    assert value == 0.0


def test_a_batch_is_its_rows():
    root = make("ema", make("add", scalar(), T), const(0.25))
    evaluator, memory, rows = Evaluator([root]), None, [None, None, None]
    rng = np.random.default_rng(0)
    for _ in range(3):
        batch = Inputs(action=rng.normal(size=(3, 1)), time=rng.normal(size=3))
        (together,), memory = evaluator.batch(batch, 3, memory)
        for i in range(3):
            (alone,), rows[i] = evaluator(batch.row(i), rows[i])
            assert together[i] == alone


def test_a_missing_input_is_named():
    with pytest.raises(KeyError, match="weight"):
        Evaluator([make("param", name="weight", dtype="float", shape=())])(Inputs())


# Rotations against the textbook: a turn by 90 degrees about z, and random ones against matrices --------------------


def value(op: str, *arrays: Any, **attrs: Any) -> Any:
    (out,), _ = Evaluator([make(op, *(const(a) for a in arrays), **attrs)])(Inputs())
    return out


HALF = math.sqrt(0.5)


def test_rotations():
    turn = [HALF, 0, 0, HALF]
    np.testing.assert_allclose(value("rotate", turn, [1.0, 0, 0]), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(value("rotate_inv", turn, [1.0, 0, 0]), [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(value("yaw", turn), math.pi / 2)
    np.testing.assert_allclose(value("heading", value("quat_mul", turn, [0.9, 0.1, -0.2, 0])).tolist()[1:3], [0, 0])
    np.testing.assert_allclose(value("quat_mul", turn, turn), [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(value("axis_angle_quat", [0.0, 0, math.pi / 2]), turn)
    np.testing.assert_allclose(value("axis_angle_quat", [0.0, 0, 0]), [1, 0, 0, 0])
    np.testing.assert_allclose(value("quat_positive", [-1.0, 0, 0, 0]), [1, 0, 0, 0])


def test_a_truncated_normal_has_the_moments_of_one():
    u = (np.arange(4000) + 0.5) / 4000
    x = value("truncated_normal", u, np.full(4000, 1.5))
    inside = np.random.default_rng(1).normal(size=400_000)
    inside = inside[np.abs(inside) < 1.5]
    assert np.abs(x).max() <= 1.5 and abs(x.mean()) < 1e-9 and abs(x.std() - inside.std()) < 0.01
