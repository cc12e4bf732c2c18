"""Every test runs with the shapes checked: an array that is not what its annotation says raises where it is passed.

The hook wraps what is annotated in the packages through which arrays flow. It must stand before the first import of
one of them, so tests that start processes of their own run without it.
"""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Half of the time of these tests goes into compiling programs that then run for a moment: they are left unoptimized.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

ARRAYS = ["task", "trainer", "physics", "replay", "emit", "runs.interactive", "viewer.video"]

install_import_hook([f"ksim_spec.{name}" for name in ARRAYS], "beartype.beartype")

# What trains, or compiles many tasks, is begun first: at the end no core waits for one that began last.
LONGEST = [
    "differ/test_truth.py", "trainer/test_network.py", "trainer/test_run.py", "cli/test_eval.py", "replay/test_replay.py",
    "physics/test_engines_agree.py", "examples/test_examples.py", "task/test_episodes.py", "robot/test_preflight.py",
    "differ/test_mutations.py", "test_bad_input.py", "test_public_face.py", "cli/test_live.py",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    place = {here / name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
