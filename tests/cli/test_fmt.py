"""`ksim fmt`: what it writes, prints and leaves alone, and its exit codes."""

import io
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.formatter import format as formatter

SPECS = Path(__file__).parents[2] / "specs"
UGLY, NEAT = "task a\nsignal{\nx=1 # c\n}", "task a\nsignal {\n  x = 1  # c\n}\n"
BROKEN = "task a\nsignal {\n  x = (1 +\n}\n"


@pytest.fixture
def ugly(tmp_path) -> Path:
    path = tmp_path / "ugly.ksim"
    path.write_text(UGLY)
    return path


class Typed(io.TextIOWrapper):
    """Stands for stdin with these bytes on it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


def test_a_file_is_rewritten_and_named_on_stderr(ugly, capfd):
    assert main(["fmt", str(ugly)]) == 0
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", f"formatted {ugly}\n1 of 1 file changed\n")
    assert ugly.read_text() == NEAT and os.listdir(ugly.parent) == ["ugly.ksim"]


def test_a_formatted_file_is_not_written_again(ugly, capfd):
    ugly.write_text(NEAT)
    os.utime(ugly, (1, 1))
    assert main(["fmt", str(ugly)]) == 0
    assert ugly.stat().st_mtime == 1 and capfd.readouterr().err == "0 of 1 file changed\n"


def test_check_lists_and_changes_nothing(ugly, capfd):
    (ugly.parent / "neat.ksim").write_text(NEAT)
    assert main(["fmt", "--check", str(ugly.parent)]) == 1
    told = capfd.readouterr()
    assert (told.out, told.err) == (f"{ugly}\n", "1 of 2 files would change\n") and ugly.read_text() == UGLY
    assert main(["fmt", "--check", str(ugly.parent / "neat.ksim")]) == 0


def test_diff_shows_and_changes_nothing(ugly, capfd):
    assert main(["fmt", "--diff", str(ugly)]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[:2] == [f"--- {ugly}", f"+++ {ugly} (formatted)"]
    assert "-x=1 # c" in lines and "+  x = 1  # c" in lines and "\\ No newline at end of file" in lines
    assert ugly.read_text() == UGLY
    ugly.write_text(NEAT)
    assert main(["fmt", "--diff", str(ugly)]) == 0 and capfd.readouterr().out == ""


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch here")
def test_a_diff_can_be_applied(ugly, capfd):
    main(["fmt", "--diff", str(ugly)])
    subprocess.run(["patch", "-s", str(ugly)], input=capfd.readouterr().out, text=True, check=True, timeout=60)
    assert ugly.read_text() == NEAT


def test_a_file_of_windows_lines_keeps_them(ugly, capfd):
    ugly.write_bytes(UGLY.replace("\n", "\r\n").encode())
    assert main(["fmt", str(ugly)]) == 0 and ugly.read_bytes() == NEAT.replace("\n", "\r\n").encode()
    assert main(["fmt", "--check", str(ugly)]) == 0 and not capfd.readouterr().out


@pytest.mark.parametrize(
    "data", [NEAT.replace("\n", "\r\n", 2).encode(), b"\xef\xbb\xbf" + NEAT.encode(), NEAT.rstrip().encode()]
)
def test_mixed_line_ends_and_byte_order_marks_are_changes(data, tmp_path, capfd):
    path = tmp_path / "a.ksim"
    path.write_bytes(data)
    assert main(["fmt", "--diff", str(path)]) == 1 and capfd.readouterr().out
    assert main(["fmt", str(path)]) == 0 and path.read_bytes() == NEAT.encode()


def test_stdin_goes_to_stdout(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdin", Typed(UGLY.encode()))
    assert main(["fmt", "-"]) == 0
    assert capfd.readouterr() == (NEAT, "")


def test_stdin_can_be_checked(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdin", Typed(UGLY.encode()))
    assert main(["fmt", "-", "--check"]) == 1
    assert capfd.readouterr() == ("<stdin>\n", "1 of 1 file would change\n")


def test_stdin_with_a_mistake_gives_nothing_on_stdout(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdin", Typed(BROKEN.encode()))
    assert main(["fmt", "-"]) == 1
    told = capfd.readouterr()
    assert told.out == "" and "<stdin>:3:" in told.err


def test_stdin_stands_alone(ugly, capfd):
    assert main(["fmt", "-", str(ugly)]) == 2
    assert "stdin" in capfd.readouterr().err and ugly.read_text() == UGLY


def test_a_file_with_syntax_errors_is_left_alone_and_told_of_as_lint_does(ugly, capfd):
    broken = ugly.parent / "broken.ksim"
    broken.write_text(BROKEN)
    assert main(["lint", str(broken)]) == 1
    (found,) = (part for part in capfd.readouterr().out.split("\n\n") if part.startswith("error[KS006"))
    assert main(["fmt", str(ugly.parent)]) == 1
    told = capfd.readouterr()
    assert told.out == "" and found in told.err and "1 of 2 files changed, 1 with syntax errors" in told.err
    assert broken.read_text() == BROKEN and ugly.read_text() == NEAT


@pytest.mark.parametrize("options", [[], ["--check"], ["--diff"]])
def test_a_path_that_cannot_be_read_is_2_and_does_not_hide_the_others(options, ugly, capfd):
    assert main(["fmt", *options, str(ugly.parent / "gone.ksim"), str(ugly)]) == 2
    told = capfd.readouterr()
    assert "gone.ksim: No such file" in told.err and "1 of 1 file" in told.err


def test_a_folder_without_specs_is_2(tmp_path, capfd):
    assert main(["fmt", str(tmp_path)]) == 2
    assert "no `.ksim` files" in capfd.readouterr().err


def test_a_file_that_cannot_be_replaced_stays_and_is_2(ugly, capfd, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert main(["fmt", str(ugly)]) == 2
    assert f"{ugly}: Permission denied" in capfd.readouterr().err
    assert ugly.read_text() == UGLY and os.listdir(ugly.parent) == ["ugly.ksim"]


def test_mode_and_links_stay(ugly):
    ugly.chmod(0o640)
    link = ugly.parent / "link.ksim"
    link.symlink_to(ugly)
    assert main(["fmt", str(link)]) == 0
    assert link.is_symlink() and ugly.read_text() == NEAT and stat.S_IMODE(ugly.stat().st_mode) == 0o640


def test_width(ugly, capfd):
    ugly.write_text("signal {\n  a = first(b, c) + second(d, e) - third(f)\n}\n")
    assert main(["fmt", "--check", str(ugly)]) == 0
    assert main(["fmt", "--check", "--width", "40", str(ugly)]) == 1
    assert main(["fmt", "--width", "3", str(ugly)]) == 2


def test_a_result_that_says_something_else_is_our_bug_and_is_not_written(ugly, capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(formatter, "_text", lambda *_: "y")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["fmt", str(ugly)]) == 70
    told = capfd.readouterr().err
    assert "FormatBug" in told and str(ugly) in told and "Traceback" not in told
    assert ugly.read_text() == UGLY


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\xff\xfe",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"task a\x00b\n",
        b"signal {\n a = " + b"(" * 3000 + b"\n}\n",
        b"{" * 3000,
        "task \U0001f916\n".encode(),
        b"\xef\xbb\xbf\xef\xbb\xbf}",
        b'task "\n',
    ],
)
def test_bad_input_gives_a_message_and_is_left_alone(data, tmp_path, capfd):
    path = tmp_path / "bad.ksim"
    path.write_bytes(data)
    assert main(["fmt", str(path)]) == 1
    told = capfd.readouterr().err
    assert "error[KS" in told and "Traceback" not in told and "internal error" not in told
    assert path.read_bytes() == data


def test_our_specs_are_formatted(capfd):
    assert main(["fmt", "--check", str(SPECS)]) == 0
