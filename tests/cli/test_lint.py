"""`ksim lint` on real specs: what it prints where, and its exit codes."""

import json
import shutil
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.ide.snapshot import analyse
from ksim_spec.robot.cache import Robots

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(SPECS, tmp_path / "specs"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_specs_here_have_no_errors(folder, capsys):
    assert main(["lint", str(folder)]) == 0
    assert "error[" not in capsys.readouterr().out


def test_a_spec_without_findings_is_0_and_silent_on_stdout(folder, capsys):
    assert main(["lint", str(folder / "walk.ksim")]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "no problems in 1 file\n")


def test_an_error_is_1_with_place_code_and_help(folder, capsys):
    spoil(folder / "walk.ksim", 'body("torso")', 'body("torsoo")')
    assert main(["lint", str(folder / "walk.ksim")]) == 1
    told = capsys.readouterr()
    assert "error[KS" in told.out and "^^^" in told.out and "did you mean `torso`?" in told.out
    assert told.err.strip().endswith("1 error in 1 file")


def test_json_goes_to_stdout_alone(folder, capsys):
    spoil(folder / "walk.ksim", 'body("torso")', 'body("torsoo")')
    assert main(["lint", str(folder / "walk.ksim"), "--format", "json"]) == 1
    told = capsys.readouterr()
    (only,) = json.loads(told.out)["diagnostics"]
    assert only["file"] == str(folder / "walk.ksim") and only["severity"] == "error" and told.err == ""


@pytest.mark.parametrize("form", ["concise", "github"])
def test_one_line_formats(form, folder, capsys):
    spoil(folder / "walk.ksim", 'body("torso")', 'body("torsoo")')
    assert main(["lint", str(folder / "walk.ksim"), "--format", form]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "torsoo" in line and ("::error" in line) == (form == "github")


def test_syntax_errors_are_findings_too(tmp_path, capsys):
    (tmp_path / "a.ksim").write_text("task a\nreward {\n  x = (1 +\n}\n")
    assert main(["lint", str(tmp_path)]) == 1
    assert "error[KS0" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing.ksim", "empty"])
def test_nothing_to_lint_is_2(name, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["lint", str(tmp_path / name)]) == 2
    assert str(tmp_path / name) in capsys.readouterr().err


def test_a_missing_path_does_not_hide_the_findings_of_others(folder, capsys):
    spoil(folder / "walk.ksim", 'body("torso")', 'body("torsoo")')
    assert main(["lint", str(folder / "walk.ksim"), str(folder / "gone.ksim")]) == 2
    assert "torsoo" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"\x00\x01\xff\xfe", b"\xef\xbb\xbftask a\r\n", b"", "task \U0001f916\n".encode()])
def test_odd_files_give_findings_or_none_but_never_a_crash(content, tmp_path, capsys):
    (tmp_path / "odd.ksim").write_bytes(content)
    assert main(["lint", str(tmp_path / "odd.ksim")]) in (0, 1, 2)
    assert "internal error" not in capsys.readouterr().err


def test_hidden_folders_are_skipped(folder, capsys):
    (folder / ".git").mkdir()
    (folder / ".git" / "bad.ksim").write_text("nonsense {")
    assert main(["lint", str(folder)]) == 0


def test_an_unknown_profile_and_setting_are_told(folder, capsys):
    assert main(["lint", str(folder / "walk.ksim"), "--profile", "nope"]) in (1, 2)
    assert main(["lint", str(folder / "walk.ksim"), "--set", "nope=1"]) in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


UNUSED = "\nsignal {\n  spare = base.height\n}\n"


@pytest.fixture
def unused(folder) -> Path:
    """Returns a spec that gives one warning."""
    path = folder / "walk.ksim"
    path.write_text(path.read_text() + UNUSED)
    return path


def findings(capsys, *argv: str) -> tuple[int, list[tuple[str, str]]]:
    code = main(["lint", "--format", "json", *argv])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    return code, [(d["slug"], d["severity"]) for d in found]


def test_a_warning_does_not_fail(unused, capsys):
    assert findings(capsys, str(unused)) == (0, [("unused-signal", "warning")])


def test_rules_are_chosen_on_the_command_line(unused, capsys):
    for argv in (
        ["--ignore", "unused-signal"],
        ["--ignore", "KS607,KS115"],
        ["--select", "KS6"],
        ["--ignore", "names"],
    ):
        assert findings(capsys, str(unused), *argv) == (0, []), argv
    assert findings(capsys, str(unused), "--select", "unused-signal")[1] == [("unused-signal", "warning")]


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_is_none_is_2(option, unused, capsys):
    assert main(["lint", str(unused), option, "unused-signall"]) == 2
    assert "did you mean `unused-signal`?" in capsys.readouterr().err


def test_an_error_cannot_be_ignored_on_the_command_line(folder, capsys):
    spoil(folder / "walk.ksim", 'body("torso")', 'body("torsoo")')
    for argv in (["--ignore", "KS1"], ["--select", "units"]):
        assert findings(capsys, str(folder / "walk.ksim"), *argv) == (1, [("unknown-element", "error")])


def test_a_project_raises_a_warning_to_an_error(unused, folder, capsys):
    (folder / "ksim.toml").write_text('[lint.severity]\n"unused-signal" = "error"\n')
    assert findings(capsys, str(unused)) == (1, [("unused-signal", "error")])


def test_a_mistake_in_the_configuration_is_shown_once_with_its_line(unused, folder, capsys):
    (folder / "ksim.toml").write_text('[lint]\nignore = ["unused-signall"]\n')
    (folder / "two.ksim").write_text(unused.read_text())
    assert main(["lint", str(unused), str(folder / "two.ksim"), "--format", "concise"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "KS902" in line]
    assert len(lines) == 1 and "ksim.toml:2:12: warning[KS902 unknown-rule]" in lines[0]


def test_suppressions_count_in_lint(unused, capsys):
    spoil(unused, "  spare = base.height", "  # ksim: allow unused-signal -- a test\n  spare = base.height")
    assert findings(capsys, str(unused)) == (0, [])
    spoil(unused, "  spare = base.height\n", "")
    assert findings(capsys, str(unused)) == (0, [("unused-suppression", "warning")])


def test_sarif_goes_to_stdout_alone(unused, capsys):
    assert main(["lint", str(unused), "--format", "sarif"]) == 0
    told = capsys.readouterr()
    (result,) = json.loads(told.out)["runs"][0]["results"]
    assert (result["ruleId"], result["level"], told.err) == ("KS115", "warning", "")


def test_a_suppression_in_an_included_file_counts_for_every_spec_that_includes_it(unused, folder, capsys):
    shared = folder / "shared.ksim"
    shared.write_text("signal {\n  spare = base.height  # ksim: allow unused-signal -- only one spec uses it\n}\n")
    spoil(unused, UNUSED, '\ninclude "shared.ksim"\n')
    user = folder / "user.ksim"
    user.write_text(unused.read_text() + "\ncheck {\n  always spare > 0.1 m\n}\n")
    both = [str(unused), str(user)]
    assert findings(capsys, *both) == findings(capsys, *reversed(both)) == (0, [])
    assert findings(capsys, str(user)) == (0, [("unused-suppression", "warning")])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system_give_the_findings_that_the_editor_gives(end, folder, capsys):
    spec = folder / "walk.ksim"
    text = spec.read_text().replace('body("torso")', 'body("torsoo")').replace("\n", end)
    spec.write_bytes(text.encode())
    assert main(["lint", str(spec), "--format", "concise"]) == 1
    (told,) = capsys.readouterr().out.splitlines()
    seen = analyse(text, "walk.ksim", spec, Robots())
    (d,) = seen.diagnostics
    at = seen.source.position(d.span.start)
    assert f"walk.ksim:{at.line}:{at.column}: error[{d.code} " in told and at.line == 4


@pytest.mark.parametrize("form", ["sarif", "github", "full"])
def test_a_file_that_cannot_be_read_as_a_spec_is_named_as_the_place(folder, capsys, form):
    (folder / "binary.ksim").write_bytes(b"\xff\xfe\x00")
    (folder / "large.ksim").write_bytes(b"# x\n" * 200_000)
    assert main(["lint", str(folder / "binary.ksim"), str(folder / "large.ksim"), "--format", form]) == 1
    out = capsys.readouterr().out
    if form != "sarif":
        assert out.count("binary.ksim") >= 2 and out.count("large.ksim") >= 2
        return
    results = json.loads(out)["runs"][0]["results"]
    places = {r["ruleId"]: r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    assert places["KS018"].endswith("specs/binary.ksim") and places["KS019"].endswith("specs/large.ksim")


def test_a_finding_of_a_flag_has_a_place_too(folder, capsys):
    assert main(["lint", str(folder / "walk.ksim"), "--set", "train.num_envs", "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("walk.ksim")
