"""The front end starts fast because it imports neither JAX nor MuJoCo: shown in fresh processes."""

import subprocess
import sys
from pathlib import Path

import pytest

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.ksim"))
HEAVY = ("jax", "jaxlib", "mujoco", "equinox", "optax", "scipy", "torch")
# The places of the front end that build a model; what only reads specs must not import them.
BUILDS_MODELS = ("ksim_spec.robot.load", "ksim_spec.robot.compose", "ksim_spec.robot.preflight")
FRONT = f"""
import pkgutil, importlib, ksim_spec
for room in ("syntax", "robot", "language", "render.text", "cli.main", "cli.lint"):
    module = importlib.import_module(f"ksim_spec.{{room}}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        if not found.name.startswith({BUILDS_MODELS!r}):
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


def test_no_module_of_the_front_end_imports_them():
    assert heavy_imports(FRONT) == []


@pytest.mark.skipif(not SPECS, reason="no specs yet")
def test_linting_a_spec_imports_none_of_them():
    spec = str(SPECS[-1])
    assert heavy_imports(f"from ksim_spec.cli.main import main\nassert main(['lint', {spec!r}]) in (0, 1)") == []
