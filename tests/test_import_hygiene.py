"""The front end starts fast because it imports neither JAX nor MuJoCo: shown in fresh processes."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.ksim"))
HEAVY = ("jax", "jaxlib", "mujoco", "equinox", "optax", "scipy", "torch")
WALK = """
import pkgutil, importlib
for room in {rooms!r}:
    module = importlib.import_module(f"ksim_spec.{{room}}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        importlib.import_module(found.name)
"""


def heavy_imports(program: str) -> list[str]:
    """Returns which of the heavy packages a program has imported by its end."""
    checked = f"{program}\nimport sys\nprint('\\n', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_the_check_sees_a_heavy_import():
    assert heavy_imports("import mujoco") == ["mujoco"]
    assert "jax" in heavy_imports("def f():\n    import jax\nf()")


def test_reading_checking_and_showing_specs_imports_none_of_them():
    assert (
        heavy_imports(WALK.format(rooms=("syntax", "language", "robot.index", "render.diagnostics", "cli.lint"))) == []
    )


def test_the_editor_features_import_none_of_them_nor_numpy():
    program = WALK.format(rooms=("ide", *(["lsp"] if find_spec("pygls") else [])))
    assert (
        heavy_imports(f"{program}\nassert 'numpy' not in sys.modules".replace("import pkgutil", "import sys, pkgutil"))
        == []
    )


def test_building_a_robot_takes_mujoco_but_no_jax():
    assert set(heavy_imports(WALK.format(rooms=("robot",)))) <= {"mujoco", "scipy"}


@pytest.mark.skipif(not SPECS, reason="no specs yet")
def test_linting_a_spec_imports_none_of_them():
    spec = str(SPECS[-1])
    assert heavy_imports(f"from ksim_spec.cli.main import main\nassert main(['lint', {spec!r}]) in (0, 1)") == []


@pytest.mark.skipif(not SPECS, reason="no specs yet")
def test_formatting_imports_neither_these_nor_numpy():
    program = f"from ksim_spec.cli.main import main\nassert main(['fmt', '--check', {str(SPECS[-1])!r}]) == 0"
    assert heavy_imports(f"{program}\nimport sys\nassert 'numpy' not in sys.modules") == []
