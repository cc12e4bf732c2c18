"""A few random products in every run of the tests, always the same ones; `python -m tests.random_specs` tries others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.random_specs.check import quick
from tests.random_specs.episodes import Episodes
from tests.random_specs.products import Product
from tests.random_specs.writer import product

# Nothing is made small here, for that takes minutes: `--seed` of the module does it.
FIXED = settings(
    derandomize=True, database=None, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dice")


def test_what_is_observed_is_what_mujoco_says(folder: Path) -> None:
    tally: Counter[str] = Counter()

    @settings(FIXED, max_examples=25)
    @given(product())
    def one(p: Product) -> None:
        quick(p, folder, tally)

    one()
    assert tally["values"] > 500
    assert tally["values that float32 cannot settle"] < 0.05 * tally["values"]


def test_whole_tasks_do_what_their_specs_say(folder: Path) -> None:
    tally: Counter[str] = Counter()

    @settings(FIXED, max_examples=4)
    @given(product(4))
    def one(p: Product) -> None:
        Episodes(p, folder, tally, 1).run()

    one()
    assert tally["values"] > 300 and tally["draws"] > 100 and tally["episodes"] > 10
