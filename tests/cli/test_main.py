"""Exit codes, help and failures of the `ksim` command."""

import subprocess
import sys
import tempfile
import types
from pathlib import Path

import pytest

from ksim_spec import rules
from ksim_spec.cli import commands, exit, main
from ksim_spec.cli.commands import COMMANDS, Entry
from ksim_spec.cli.train import whole_number
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.source import SourceFile, SourceMap, Span


def ksim(*argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ksim_spec.cli.main", *argv]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60)


@pytest.fixture
def failing(monkeypatch, tmp_path):
    """Returns a function that runs a command which raises the given exception."""

    def run(error: BaseException) -> int:
        def command() -> None:
            raise error

        module = types.SimpleNamespace(command=command)
        monkeypatch.setattr(main, "COMMANDS", (Entry("boom", "boom_module", "command", "Fails.", ("ksim boom",)),))
        monkeypatch.setitem(sys.modules, "boom_module", module)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", None)
        return main.main(["boom"])

    return run


def test_version():
    done = ksim("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ksim 0.1.0\n", "")


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda e: e.name)
def test_every_command_has_help_with_its_examples(entry, capsys):
    assert main.main([entry.name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert entry.examples and all(example in shown for example in entry.examples)
    assert all(example.startswith(f"ksim {entry.name}") for example in entry.examples)


def test_help_lists_every_command(capsys):
    assert main.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {entry.name} " in shown for entry in COMMANDS)


def test_names_are_unique():
    assert len({e.name for e in commands.COMMANDS}) == len(COMMANDS)


@pytest.mark.parametrize("text, value", [("500000", 500_000), ("500_000", 500_000), ("20e6", 20_000_000)])
def test_a_budget_is_written_as_in_a_spec(text, value):
    assert whole_number(text) == value


@pytest.mark.parametrize("text", ["1.5", "many", "1e400"])
def test_a_budget_that_is_no_whole_number_is_2(text, capsys):
    assert main.main(["train", "specs/none.ksim", "--budget", text]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["lin"], ["lint"], ["lint", "--nope", "x"], ["lint", "x", "--format", "yaml"], []])
def test_a_wrong_command_line_is_2_and_says_how_to_go_on(argv, capsys):
    assert main.main(argv) == 2
    told = capsys.readouterr()
    assert "ksim" in told.err + told.out and "Traceback" not in told.err


def test_a_mistake_in_a_spec_is_2_with_its_diagnostic(failing, capsys):
    sources = SourceMap()
    sources.add(SourceFile("walk.ksim", "task walk\n"))
    error = Diagnostic(rules.UNEXPECTED_TOKEN, "unexpected `walk`", Span("walk.ksim", 5, 9), help="remove it")
    assert failing(SpecError([error], sources)) == 2
    told = capsys.readouterr()
    assert told.out == "" and "walk.ksim:1:6" in told.err and "= help: remove it" in told.err


def test_what_the_system_refuses_is_2_and_one_line(failing, capsys):
    assert failing(PermissionError(13, "Permission denied", "/root/run")) == 2
    assert capsys.readouterr().err == "ksim: error: /root/run: Permission denied\n"


def test_a_user_error_is_2_and_one_line(failing, capsys):
    assert failing(exit.UserError("the run folder exists")) == 2
    assert capsys.readouterr().err == "ksim: error: the run folder exists\n"


def test_our_own_bug_is_70_with_a_report_and_no_traceback(failing, capsys, tmp_path):
    assert failing(ValueError("boom")) == 70
    told = capsys.readouterr().err
    (report,) = tmp_path.glob("ksim-bug-*.txt")
    assert "ValueError: boom" in told and str(report) in told and "Traceback" not in told
    assert "Traceback" in report.read_text() and "ksim 0.1.0" in report.read_text()


def test_ctrl_c_is_130(failing, capsys):
    assert failing(KeyboardInterrupt()) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_is_not_a_failure():
    command = f"{sys.executable} -m ksim_spec.cli.main --help | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "0" and done.stderr == ""
