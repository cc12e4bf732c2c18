"""One bad file among many: it is told, and the others are told as ever."""

import shutil
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.language import load as loading

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Two specs with a mistake around one on which ksim fails."""
    home = Path(shutil.copytree(SPECS, tmp_path / "specs"))
    for path in home.glob("*.ksim"):
        if path.stem not in ("cartpole", "trot", "walk"):
            path.unlink()
    for name, word in (("cartpole", "pole"), ("walk", "torso")):
        with (home / f"{name}.ksim").open("a") as file:
            file.write(f'signal {{ more = body("{word}zz").height }}\n')
    real = loading.load_tree

    def failing(source, *given, **more):
        if source.name.endswith("trot.ksim"):
            raise ValueError("no such luck")
        return real(source, *given, **more)

    monkeypatch.setattr(loading, "load_tree", failing)
    monkeypatch.setattr("ksim_spec.differ.sides.load_tree", failing)
    return home


def test_lint_tells_a_fault_of_its_own_at_the_file_and_goes_on(folder, capsys):
    assert main(["lint", str(folder)]) == 70
    told = capsys.readouterr()
    assert "polezz" in told.out and "torsozz" in told.out
    assert "ksim itself failed on this file: ValueError: no such luck" in told.out and "ksim-bug-" in told.out
    assert "trot.ksim" in told.out and told.err.strip().endswith("errors in 3 files")


def test_lock_goes_on_after_a_fault(folder, capsys):
    assert main(["lock", str(folder)]) == 70
    told = capsys.readouterr().err
    assert "no such luck" in told and "polezz" in told and "torsozz" in told


def test_fmt_goes_on_after_a_fault(folder, monkeypatch, capsys):
    from ksim_spec.cli import fmt

    real = fmt._format

    def failing(data, name, width):
        if name.endswith("cartpole.ksim"):
            raise ValueError("no such luck")
        return real(data, name, width)

    monkeypatch.setattr(fmt, "_format", failing)
    path = folder / "walk.ksim"
    path.write_text(path.read_text().replace("  base  = ", "  base = ", 1))
    assert main(["fmt", str(folder)]) == 70
    told = capsys.readouterr().err
    assert "no such luck" in told and f"formatted {path}" in told
