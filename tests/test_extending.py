"""What docs/extending.md shows can be done, with no more files than it says: `scripts/extend-check` tries it."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "extend-check"


def script():
    loader = SourceFileLoader("extend_check", str(SCRIPT))
    spec = spec_from_loader("extend_check", loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules["extend_check"] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


MADE = script()
PAGE = MADE.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", MADE.CASES)
def test_a_change_touches_no_more_files_than_it_may(kind):
    case = MADE.CASES[kind]
    files = MADE.files_of(MADE.patch_of(PAGE, case.heading))
    assert 1 <= len(files) <= case.limit
    assert all((ROOT / name).parent.is_dir() for name in files)
    assert (ROOT / "docs" / "generate.py").exists() and all((ROOT / name).is_file() for name in MADE.GENERATORS)


def test_every_change_of_the_page_is_tried():
    tried = "".join(MADE.patch_of(PAGE, case.heading) for case in MADE.CASES.values())
    assert tried.count("+++ b/") == PAGE.count("\n+++ b/")
    with pytest.raises(ValueError, match="shows no change under `A colour`"):
        MADE.patch_of(PAGE, "A colour")


needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the files are those that git tracks")


@needs_git
def test_what_trains_nothing_works():
    quick = [kind for kind, case in MADE.CASES.items() if case.quick]
    with MADE.copy_of_the_tree() as folder:
        for kind in quick:
            MADE.apply(folder, MADE.patch_of(PAGE, MADE.CASES[kind].heading))
        generated = MADE.generate(folder)
        told = MADE.prove(folder, *quick)
    assert {"function", "quantity", "rule"} <= set(quick) and len(told) == len(quick)
    assert {"docs/language.md", "docs/rules/README.md", "ksim_spec/rules/table.py"} <= set(generated)


@pytest.mark.slow
@needs_git
def test_everything_works():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_git
def test_a_change_that_does_not_apply_or_touches_too_much_fails(monkeypatch):
    page = PAGE.replace(' _plain("tanh"', ' _plain("tangent"')
    monkeypatch.setattr(MADE, "PAGE", type("Page", (), {"read_text": lambda self, encoding: page})())
    ok, text = MADE.made("function", MADE.CASES["function"], True)
    assert not ok and "patch does not apply" in text
