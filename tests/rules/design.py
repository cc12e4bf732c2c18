"""Small changes to a sound spec, and the findings about its design that each brings."""

from pathlib import Path

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_text
from ksim_spec.linter.design import design

ROOT = Path(__file__).parents[2]
WALK = ROOT / "specs" / "walk.ksim"
CARTPOLE = ROOT / "specs" / "cartpole.ksim"


def found(*changes: tuple[str, str], spec: Path = WALK) -> list[Diagnostic]:
    """Returns the findings about the design of a spec with texts replaced; each must be there, once or more."""
    text = spec.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    loaded = load_text(text, str(spec), spec)
    assert loaded.program is not None and loaded.robot is not None, [d.message for d in loaded.diagnostics]
    return design(loaded.program, loaded.robot)


def slugs(*changes: tuple[str, str], spec: Path = WALK) -> list[str]:
    return [d.slug for d in found(*changes, spec=spec)]


def reward(line: str) -> tuple[str, str]:
    """Returns the change that adds a reward term to `walk`."""
    return "  group costs", f"  {line}\n  group costs"
