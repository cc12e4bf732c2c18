"""Golden files: the IR and the generated source of one small spec, to be read in a review when they change.

`KSIM_UPDATE_GOLDEN=1 pytest tests/language/test_golden.py` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import ksim_spec as ks

FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["ir.txt", "task.py"])
def test_the_stages_of_a_small_spec(name: str) -> None:
    found = ks.compile(FOLDER / "cart.ksim").files[name]
    assert isinstance(found, str)
    golden = FOLDER / f"{name}.golden"
    if os.environ.get("KSIM_UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8"), "read the difference; see the top of this file"


def test_compiling_twice_gives_the_same_files():
    one, two = (ks.compile(FOLDER / "cart.ksim").files for _ in range(2))
    assert one == two
