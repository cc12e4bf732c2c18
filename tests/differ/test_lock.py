"""`ksim lock`: current, missing and stale locks, and a text diff that can be read."""

import difflib
import shutil
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.contract.build import laid_out

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "specs" / "robots", tmp_path / "robots")
    shutil.copy(ROOT / "specs" / "cartpole.ksim", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Path("cartpole.ksim")


def test_a_lock_is_written_checked_and_goes_stale(spec: Path, capsys):
    assert main(["lock", ".", "--check"]) == 1 and "cartpole.ksim.lock: missing" in capsys.readouterr().out
    assert main(["lock", "cartpole.ksim"]) == 0 == main(["lock", ".", "--check"])
    before = Path("cartpole.ksim.lock").read_text()
    spec.write_text(spec.read_text().replace("scale 10 N", "scale 5 N"))
    assert main(["lock", ".", "--check"]) == 1
    out = capsys.readouterr().out
    assert "out of date; trained policies: silently different" in out and "meaning KD212 action.push.scale" in out
    assert Path("cartpole.ksim.lock").read_text() == before
    assert main(["lock", "."]) == 0 == main(["lock", ".", "--check"])
    changed = [
        x
        for x in difflib.ndiff(before.splitlines(), Path("cartpole.ksim.lock").read_text().splitlines())
        if x[0] in "-+"
    ]
    assert 2 <= len(changed) <= 12 and any('"text": "5 N"' in x for x in changed)
    assert main(["diff", "cartpole.ksim.lock", "cartpole.ksim"]) == 0 and "no changes" in capsys.readouterr().out


@pytest.mark.parametrize("left", [b'{"schema_version": 1}', b"<<<<<<< HEAD\n{}\n", b"\xff\xfe"])
def test_a_lock_that_cannot_be_read_is_out_of_date(spec: Path, capsys, left: bytes):
    lock = Path("cartpole.ksim.lock")
    lock.write_bytes(left)
    assert main(["lock", ".", "--check"]) == 1
    told = capsys.readouterr()
    assert "cartpole.ksim.lock: out of date; " in told.out and "`ksim lock` writes them" in told.err
    assert main(["lock", "."]) == 0 == main(["lock", ".", "--check"])


def test_a_broken_spec_cannot_be_locked(spec: Path, capsys):
    spec.write_text(spec.read_text().replace("scale 10 N", "scale 10 m"))
    assert main(["lock", "cartpole.ksim"]) == 2 and not Path("cartpole.ksim.lock").exists()
    assert main(["lock", "nowhere.ksim"]) == 2


def test_what_fits_stands_on_one_line():
    assert laid_out({"a": [1, 2], "b": {}}) == '{"a": [1, 2], "b": {}}'
    long = {"name": "x" * 60, "other": ["y" * 60, 1]}
    assert laid_out(long).splitlines() == ["{", f' "name": "{"x" * 60}",', f' "other": ["{"y" * 60}", 1]', "}"]
