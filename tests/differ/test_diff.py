"""`ksim diff` on the command line: sides of every kind, formats, exit codes, accepted breaks, git."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from ksim_spec.cli.main import main
from ksim_spec.differ import report as reports
from ksim_spec.differ.render_text import LIMIT, MARKER, markdown
from ksim_spec.differ.report import Report
from ksim_spec.differ.wording import smallest
from ksim_spec.linter.config import forget
from ksim_spec.rules.changes import CHANGE_RULES
from tests.test_import_hygiene import heavy_imports

ROOT = Path(__file__).parents[2]
ENV = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}


def git(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", *words], cwd=cwd, capture_output=True, text=True, env={**os.environ, **ENV}, check=True
    )
    return done.stdout


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit of cartpole and its robot below `tasks`, entered."""
    top = tmp_path / "repo"
    shutil.copytree(ROOT / "specs" / "robots", top / "tasks" / "robots")
    shutil.copy(ROOT / "specs" / "cartpole.ksim", top / "tasks")
    git("init", "-q", "-b", "main", cwd=top)
    git("add", ".", cwd=top)
    git("commit", "-qm", "first", cwd=top)
    monkeypatch.chdir(top)
    return top


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["diff", *words]) == code
    shown = capsys.readouterr()
    return shown.out if code != 2 else shown.err


def test_a_spec_against_its_last_commit(repo: Path, capsys):
    assert "no changes" in run(capsys, "tasks/cartpole.ksim")
    edit(repo / "tasks/cartpole.ksim", "scale 0.2 per m/s", "scale 0.4 per m/s")
    out = run(capsys, "tasks/cartpole.ksim")
    assert "meaning   KD203 observation-scale  observe.actor.cart_vel.scale  tasks/cartpole.ksim:" in out
    assert "`0.2 per m/s` -> `0.4 per m/s` (+100 %)" in out and "silently different" in out


def test_the_robot_is_read_from_the_revision_too(repo: Path, capsys):
    edit(repo / "tasks/robots/cartpole.xml", 'mass="0.1"', 'mass="0.2"')
    out = run(capsys, "HEAD:tasks/cartpole.ksim", "tasks/cartpole.ksim")
    assert "KD374 mass-changed  model.geom.pole  tasks/robots/cartpole.xml:" in out and "0.1 -> 0.2 (+100 %)" in out
    assert "compatible" in out
    git("commit", "-qam", "heavier", cwd=repo)
    assert run(capsys, "HEAD~1:tasks/cartpole.ksim", "HEAD:tasks/cartpole.ksim") == out
    assert run(capsys, "HEAD~1:tasks", "HEAD:tasks").replace("cartpole.ksim\n", "") == out
    assert "no changes in 1 specs" in run(capsys, "HEAD:tasks", "tasks")


def test_paths_in_a_revision_are_from_the_root_or_from_here(repo: Path, capsys, monkeypatch):
    monkeypatch.chdir(repo / "tasks")
    for side in ("HEAD:tasks/cartpole.ksim", "HEAD:./cartpole.ksim", "HEAD:cartpole.ksim", ":./cartpole.ksim"):
        assert "no changes" in run(capsys, side, "cartpole.ksim")


def test_fail_on_says_whether_a_change_is_strong_enough(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "weight 1 per s", "weight 2 per s")
    for word, code in (("shape", 0), ("meaning", 0), ("behaviour", 1), ("any", 1)):
        run(capsys, "tasks/cartpole.ksim", "--fail-on", word, code=code)


def test_a_break_is_accepted_with_a_reason_until_it_expires(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    plain = json.loads(run(capsys, "tasks/cartpole.ksim", "--format", "json", "--fail-on", "meaning", code=1))
    (row,) = [c for s in plain["specs"] for c in s["changes"] if c["cls"] == "meaning"]
    accept = repo / "ksim-accept.toml"
    accept.write_text(f'[[accept]]\nfingerprint = "{row["fingerprint"]}"\nreason = "retrained"\nexpires = 2999-01-01\n')
    assert "accepted: retrained" in run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning")
    edit(accept, "2999-01-01", "2999-01-01T12:00:00")
    assert "accepted: retrained" in run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning")
    edit(accept, "2999-01-01T12:00:00", "2001-01-01")
    assert "has expired" in run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning", code=1)
    git("checkout", "-q", "tasks", cwd=repo)
    edit(accept, "2001", "2999")
    assert "is not needed" in run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[accept]]\nreason = "x"', "needs a `fingerprint`"),
        ('[[accept]]\nfingerprint = "x"', "needs a `reason`"),
        ('[[accept]]\nfingerprint = "x"\nreason = "y"\nexpires = "soon"', "is a date"),
        ("[[accept", "not TOML"),
        ('[[accept]]\nfingerprint = "x"\nreason = "y"\nwhy = 1', "`why` is not a key"),
        ("x = 1", "tables only"),
        ("accept = [1]", "is a table"),
    ],
)
def test_a_file_of_accepted_breaks_that_cannot_be_used_is_told(repo: Path, capsys, text: str, said: str):
    (repo / "ksim-accept.toml").write_text(text)
    assert said in run(capsys, "tasks/cartpole.ksim", code=2)


def test_sides_that_cannot_be_read_are_told_with_the_way_to_them(repo: Path, capsys):
    assert "no revision `nowhere`" in run(capsys, "nowhere:tasks/cartpole.ksim", "tasks", code=2)
    git("remote", "add", "origin", str(repo), cwd=repo)
    err = run(capsys, "origin/release:tasks/cartpole.ksim", "tasks/cartpole.ksim", code=2)
    assert "git fetch origin release:refs/remotes/origin/release" in err
    assert "there is no `HEAD:tasks/other.ksim`" in run(capsys, "HEAD:tasks/other.ksim", "tasks/cartpole.ksim", code=2)
    (repo / "empty").mkdir()
    assert "there are no specs" in run(capsys, "empty", "empty", code=2)
    (repo / "a.json").write_text('{"schema_version": 1}')
    told = run(capsys, "a.json", "tasks/cartpole.ksim", code=2)
    assert "version 1" in told and "an older ksim wrote it: `ksim compile`" in told and "REF:SPEC" in told
    (repo / "a.json").write_text('{"schema_version": 99}')
    assert "update this one" in run(capsys, "a.json", "tasks/cartpole.ksim", code=2)
    assert "`HEAD` is a revision: write `HEAD:SPEC`" in run(capsys, "HEAD", "tasks/cartpole.ksim", code=2)


def test_a_shallow_clone_says_how_to_deepen_it(repo: Path, capsys, tmp_path: Path, monkeypatch):
    git("commit", "-qm", "second", "--allow-empty", cwd=repo)
    git("clone", "-q", "--depth", "1", f"file://{repo}", str(tmp_path / "shallow"), cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "shallow")
    assert "git fetch --unshallow" in run(capsys, "HEAD~1:tasks/cartpole.ksim", "tasks/cartpole.ksim", code=2)


def test_a_side_with_errors_is_told_where_it_is_wrong(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 10 m")
    err = run(capsys, "tasks/cartpole.ksim", code=2)
    assert "tasks/cartpole.ksim:" in err and "error[" in err
    git("commit", "-qam", "broken", cwd=repo)
    git("checkout", "-q", "HEAD~1", "--", "tasks", cwd=repo)
    assert "HEAD:tasks/cartpole.ksim:" in run(capsys, "HEAD:tasks", "tasks", code=2)


def test_folders_show_added_removed_and_renamed_specs(repo: Path, capsys):
    shutil.copy(repo / "tasks/cartpole.ksim", repo / "tasks/other.ksim")
    edit(repo / "tasks/other.ksim", "weight 1 per s", "weight 2 per s")
    out = run(capsys, "HEAD:tasks", "tasks")
    assert "KD409 spec-added" in out and "other.ksim" in out
    (repo / "tasks/cartpole.ksim").rename(repo / "tasks/pole.ksim")
    (repo / "tasks/other.ksim").unlink()
    assert "`cartpole.ksim` is now called `pole.ksim`" in run(capsys, "HEAD:tasks", "tasks")
    (repo / "tasks/pole.ksim").unlink()
    (repo / "tasks/empty.ksim").write_text("# nothing yet\n")
    assert "KD109 spec-removed" in run(capsys, "HEAD:tasks", "tasks")


def test_runs_checkpoints_and_contract_files_are_sides_too(repo: Path, capsys):
    assert main(["compile", "tasks/cartpole.ksim", "-o", "run"]) == 0
    capsys.readouterr()
    with zipfile.ZipFile("run/1.ckpt", "w") as archive:
        archive.write("run/contract.json", "contract.json")
    edit(repo / "tasks/cartpole.ksim", "mlp(64, 64)\n  critic", "mlp(32)\n  critic")
    outs = {
        run(capsys, side, "tasks/cartpole.ksim")
        for side in ("run", "run/1.ckpt", "run/contract.json", "HEAD:tasks/cartpole.ksim")
    }
    (out,) = outs
    assert "shape     KD105 network-changed" in out and "mlp(64, 64) -> mlp(32)" in out and "incompatible" in out


def test_only_layout_differs(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "reward {", "# what pays\nreward {")
    assert "KD404 text-only" in run(capsys, "tasks/cartpole.ksim")


def test_json_is_what_its_schema_says(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    plain = json.loads(run(capsys, "tasks/cartpole.ksim", "--format", "json"))
    assert Report.model_validate(plain).verdict == "silently different" and plain["schema_version"] == 1
    shipped = resources.files("ksim_spec.differ").joinpath("diff.schema.json").read_text()
    assert json.loads(shipped) == reports.json_schema(), "write it again: python -m ksim_spec.differ.report"


def test_one_comparison_is_written_in_several_formats(repo: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    alone = {
        form: run(capsys, "tasks/cartpole.ksim", "--format", form)
        for form in ("markdown", "json", "sarif", "text", "github")
    }
    files = [word for form in ("markdown", "json", "sarif", "text") for word in ("--output", f"{form}=out.{form}")]
    out = run(capsys, "tasks/cartpole.ksim", "--format", "github", *files, "--fail-on", "meaning", code=1)
    assert out == alone.pop("github")
    assert {form: (repo / f"out.{form}").read_text(encoding="utf-8") for form in alone} == alone


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["markdown"], "is not FORMAT=FILE"), (["markdown="], "is not FORMAT=FILE"), (["=a"], "there is no format ``"),
        (["markdwon=a.md"], "there is no format `markdwon`; did you mean `markdown`?"), (["json=tasks"], "it is a folder"),
        (["json=no/where/a.json"], "there is no folder `no/where`"), (["json=a", "text=./a"], "is written already"),
        (["json", "yaml=b"], "there is no format `yaml`"),
    ],
)  # fmt: skip
def test_an_output_that_cannot_be_written_is_told_before_anything_is_compared(
    repo: Path, capsys, given: list[str], says: str
):
    told = run(capsys, "nowhere:a", "b", *(w for g in given for w in ("--output", g)), code=2)
    assert says in told and told.startswith("ksim: error: ") and "nowhere" not in told
    assert not (repo / "a").exists()


def test_an_output_that_the_system_refuses_is_told(repo: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert "`a.json` cannot be written: No space left" in run(
        capsys, "tasks/cartpole.ksim", "--output", "json=a.json", code=2
    )


def test_outputs_are_written_where_a_side_does_not_check(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 kg")
    run(capsys, "HEAD:tasks", "tasks", "--output", "markdown=a.md", code=2)
    assert "cannot be compared" in (repo / "a.md").read_text()


def test_annotations_name_files_from_the_root_of_the_repository(repo: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    monkeypatch.chdir(repo / "tasks")
    for sides in (["cartpole.ksim"], ["HEAD:tasks", "."], ["HEAD:./cartpole.ksim", "../tasks/cartpole.ksim"]):
        assert ",file=tasks/cartpole.ksim,line=15," in run(capsys, *sides, "--format", "github")
        (result,) = json.loads(run(capsys, *sides, "--format", "sarif"))["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tasks/cartpole.ksim"
    assert (
        json.loads(run(capsys, "cartpole.ksim", "--format", "json"))["specs"][0]["changes"][0]["place"]["file"]
        == "cartpole.ksim"
    )


def test_a_change_without_a_place_is_put_at_its_spec(repo: Path, capsys):
    shutil.copy(repo / "tasks/cartpole.ksim", repo / "tasks/more.ksim")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "more", cwd=repo)
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    (repo / "tasks/more.ksim").unlink()
    out = run(capsys, "HEAD:tasks", "tasks", "--format", "github")
    assert "::error title=KD109 spec-removed (shape),file=tasks/more.ksim::" in out
    results = json.loads(run(capsys, "HEAD:tasks", "tasks", "--format", "sarif"))["runs"][0]["results"]
    assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results} == {
        "tasks/cartpole.ksim",
        "tasks/more.ksim",
    }


def test_github_and_sarif(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    out = run(capsys, "tasks/cartpole.ksim", "--format", "github")
    assert re.match(r"::error title=KD212 action-scale \(meaning\),file=tasks/cartpole.ksim,line=15,", out)
    log = json.loads(run(capsys, "tasks/cartpole.ksim", "--format", "sarif"))
    (result,) = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    rule = rules[result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "KD212" and rule["help"]["markdown"].startswith("# KD212 action-scale\n")
    assert sum("help" in r for r in rules) == 1 and "`ksim explain KD212`" in out
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 15


def test_markdown_has_its_marker_and_stays_below_the_limit(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "scale 10 N", "scale 5 N")
    edit(repo / "tasks/cartpole.ksim", '"Swing a pole up', '"Swing @you <b> | a pole up')
    out = run(capsys, "tasks/cartpole.ksim", "--format", "markdown")
    assert out.startswith(MARKER) and "| KD212 action-scale |" in out and "<details>" in out
    assert re.search(r"to accept it: `[0-9a-f]{16}`", out)
    assert "<b>" not in re.sub(r"`[^`\n]*`", "", out)
    plain = json.loads(run(capsys, "tasks/cartpole.ksim", "--format", "json"))
    found = Report.model_validate(plain)
    many = found.model_copy(update={"specs": found.specs * 500})
    assert len(markdown(many)) <= LIMIT and "more sections" in markdown(many) and len(markdown(many, 2000)) <= 2000


def test_the_smallest_part_that_differs():
    assert smallest("gaussian(v.xy - w.xy, 0.5 m/s)", "gaussian(v.xy - w.xy, 0.4 m/s)") == ("0.5 m/s", "0.4 m/s")
    assert smallest("sum(square(a.x)) + b", "sum(abs(a.x)) + b") == ("square(a.x)", "abs(a.x)")
    assert smallest("a + b", "a + b + c") == ("a + b", "a + b + c")
    assert smallest("a.xy", "a.xz") == ("a.xy", "a.xz")
    assert smallest("a in world", "a in base") == ("world", "base")


def test_rules_of_changes_are_unique_and_in_order():
    codes = [r.code for r in CHANGE_RULES]
    assert codes == sorted(set(codes)) and len({r.slug for r in CHANGE_RULES}) == len(codes)


def test_a_diff_imports_nothing_heavy(repo: Path):
    program = "from ksim_spec.cli.main import main\nassert main(['diff', 'tasks/cartpole.ksim']) == 0"
    assert heavy_imports(program) == []


def test_a_severity_stands_in_for_the_class(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "weight 1", "weight 2")
    run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning")
    (repo / "ksim.toml").write_text('[diff.severity]\nreward-weight = "error"\n')
    forget()
    run(capsys, "tasks/cartpole.ksim", "--fail-on", "meaning", code=1)
    run(capsys, "tasks/cartpole.ksim")
    assert run(capsys, "tasks/cartpole.ksim", "--format", "github").startswith("::error")
    (repo / "ksim.toml").write_text('[diff.severity]\nKD301 = "hint"\n')
    forget()
    run(capsys, "tasks/cartpole.ksim", "--fail-on", "any")
    (repo / "ksim.toml").write_text('[diff.severity]\nKD301 = "off"\n')
    forget()
    assert "KD301" not in run(capsys, "tasks/cartpole.ksim", "--fail-on", "any")


def test_a_severity_that_cannot_be_is_refused(repo: Path, capsys):
    for line, said in [
        ('observation-scale = "warning"', "can be accepted, not lowered"),
        ('reward-wieght = "error"', "no rule of changes"),
        ('KD301 = "loud"', "is not a severity"),
    ]:
        (repo / "ksim.toml").write_text(f"[diff.severity]\n{line}\n")
        forget()
        out = run(capsys, "tasks/cartpole.ksim", code=2)
        assert said in out and "ksim.toml:2" in out


def test_a_renamed_spec_that_changed_too_is_compared_with_what_it_was(repo: Path, capsys):
    edit(repo / "tasks/cartpole.ksim", "weight 1 per s", "weight 2 per s")
    (repo / "tasks/cartpole.ksim").rename(repo / "tasks/pole.ksim")
    out = run(capsys, "HEAD:tasks", "tasks")
    assert "`cartpole.ksim` is now called `pole.ksim`" in out and "weight 1 -> 2 per s" in out, out
    assert "spec-removed" not in out and "spec-added" not in out


def test_the_annotation_of_a_removed_spec_names_it(repo: Path, capsys):
    shutil.copy(repo / "tasks/cartpole.ksim", repo / "tasks/second.ksim")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "second", cwd=repo)
    (repo / "tasks/second.ksim").unlink()
    out = run(capsys, "HEAD:tasks", "tasks", "--format", "github")
    assert "KD109" in out and "second.ksim" in out, out
