"""git and ksim together: the diff driver, its installation, the history of a spec, the steps of the Action."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ksim_spec.cli.main import main
from ksim_spec.differ.git.config import HUNK, settings
from ksim_spec.differ.git.diff_driver import Pair, driven
from tests.differ.test_diff import ENV, ROOT, edit, git

SPEC = "tasks/cartpole.ksim"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit of cartpole, and `ksim` on the path of its commands."""
    top = tmp_path / "repo"
    shutil.copytree(ROOT / "specs" / "robots", top / "tasks" / "robots")
    shutil.copy(ROOT / "specs" / "cartpole.ksim", top / "tasks")
    shim = tmp_path / "bin" / "ksim"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m ksim_spec.cli.main "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for key, value in ENV.items():
        monkeypatch.setenv(key, value)
    git("init", "-q", "-b", "main", cwd=top)
    commit(top, "first")
    monkeypatch.chdir(top)
    return top


def commit(top: Path, subject: str) -> None:
    git("add", "-A", cwd=top)
    git("commit", "-qm", subject, cwd=top)


def test_install_git_writes_and_takes_back_its_settings(repo: Path, capsys):
    assert main(["install-git"]) == 0
    out = capsys.readouterr().out
    assert out.count("written") == len(settings()) and "*.ksim diff=ksim" in out
    assert Path(sys.executable).as_posix() in git("config", "--get", "diff.ksim.command", cwd=repo)
    assert main(["install-git"]) == 0 and capsys.readouterr().out.count("there already") == len(settings())
    git("config", "diff.ksim.textconv", "mine", cwd=repo)
    assert main(["install-git"]) == 2 and "left as it is" in capsys.readouterr().out
    assert main(["install-git", "--undo"]) == 0
    assert git("config", "--get-regexp", "diff", cwd=repo) == "diff.ksim.textconv mine\n"


def test_what_an_older_ksim_or_another_environment_wrote_is_renewed_and_taken_back(repo: Path, capsys):
    others = dict(settings("/an/other/python"))
    for key, value in {**others, "diff.ksim.command": "ksim git-driver"}.items():
        git("config", key, value, cwd=repo)
    assert main(["install-git"]) == 0 and capsys.readouterr().out.count("written") == len(settings()) - 1
    assert {k: git("config", "--get", k, cwd=repo).rstrip("\n") for k in others} == dict(settings())
    for key, value in others.items():
        git("config", key, value, cwd=repo)
    assert main(["install-git", "--undo"]) == 0 and capsys.readouterr().out.count("removed") == len(settings())


def bare(repo: Path, *words: str) -> str:
    """What git says where no environment is on PATH."""
    env = {**os.environ, **ENV, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["git", *words], cwd=repo, env=env, capture_output=True, text=True, check=True).stdout


def test_git_needs_no_environment_on_path(repo: Path):
    assert main(["install-git"]) == 0
    (repo / ".gitattributes").write_text("*.ksim diff=ksim\n")
    edit(repo / SPEC, "scale 10 N", "scale 5 N")
    (repo / "zz.txt").write_text("a file that comes later\n")
    git("add", "-N", ".", cwd=repo)
    out = bare(repo, "diff")
    assert "KD212 action-scale" in out and "+a file that comes later" in out
    assert "KD212 action-scale" in bare(repo, "difftool", "-y", "-t", "ksim", "HEAD", "--", SPEC)
    assert bare(repo, "log", "-p").count("+task cartpole") == 1


@pytest.mark.parametrize("interpreter", ["/nowhere/python", "/bin/false"])
def test_git_shows_the_lines_where_ksim_cannot_run(repo: Path, interpreter: str):
    for key, value in settings(interpreter):
        git("config", key, value, cwd=repo)
    (repo / ".gitattributes").write_text("*.ksim diff=ksim\n")
    edit(repo / SPEC, "scale 10 N", "scale 5 N")
    (repo / "zz.txt").write_text("a file that comes later\n")
    git("add", "-N", ".", cwd=repo)
    out = bare(repo, "diff")
    assert "ksim did not run" in out and "\n--- a/tasks/cartpole.ksim\n" in out and "+a file that comes later" in out
    assert [line for line in out.splitlines() if "scale 5 N" in line][0].startswith("+")
    assert bare(repo, "log", "-p").count("+task cartpole") == 1 and "scale 5 N" in bare(repo, "blame", SPEC)
    assert "scale 5 N" in bare(repo, "difftool", "-y", "-t", "ksim", "HEAD", "--", SPEC)
    assert bare(repo, "difftool", "-y", "-x", "echo OTHER", "HEAD", "--", SPEC).startswith("OTHER ")


def test_git_diff_shows_what_changed_and_then_the_text(repo: Path):
    assert main(["install-git"]) == 0
    (repo / ".gitattributes").write_text("*.ksim diff=ksim\n")
    edit(repo / SPEC, "scale 10 N", "scale 5 N")
    out = git("diff", "--ext-diff", cwd=repo)
    assert "KD212 action-scale" in out and "-  push = torque" in out and "+  push = torque" in out
    git("config", "--unset", "diff.ksim.command", cwd=repo)
    edit(repo / SPEC, "action {", "action {\n\n\n")
    plain = git("diff", cwd=repo)
    assert "@@ action {" in plain or "@@ world {" in plain
    assert plain.count("\n+") == 2, "the textconv formats both sides, so that blank lines are no change"


def test_one_side_is_compared_with_what_is_committed(repo: Path, capsys, monkeypatch):
    assert main(["diff", SPEC]) == 0 and "trained policies: compatible" in capsys.readouterr().out
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(re.sub(r"weight [\d.]+", "weight 123", text, count=1))
    monkeypatch.chdir(repo / "tasks")  # the path is the folder's, what git has is the repository's
    assert main(["diff", "cartpole.ksim"]) == 0
    told = capsys.readouterr().out
    assert "KD301 reward-weight" in told and "-> 123" in told, told
    (repo / "tasks" / "new.ksim").write_text(text)
    assert main(["diff", "new.ksim"]) == 2 and "new.ksim" in capsys.readouterr().err


def test_difftool_shows_what_changed_alone_and_leaves_other_tools_to_themselves(repo: Path):
    assert main(["install-git"]) == 0
    (repo / ".gitattributes").write_text("*.ksim diff=ksim\n")
    edit(repo / SPEC, "scale 10 N", "scale 5 N")
    (repo / "tasks" / "new.ksim").write_text("task new\n")
    git("add", "-A", cwd=repo)
    shown = git("difftool", "-y", "-t", "ksim", "HEAD", cwd=repo)
    assert "KD212 action-scale" in shown and "new spec" in shown and "+" not in shown.replace("(+", "")
    other = git("difftool", "-y", "-x", "echo OTHER", "HEAD", "--", SPEC, cwd=repo)
    assert other.startswith("OTHER ") and other.count("\n") == 1
    assert main(["git-driver", "--meaning", "tasks", str(repo), ".", ".", str(repo / "tasks"), ".", "."]) == 2


def test_hunks_are_headed_by_their_block():
    assert re.match(HUNK.replace("[:space:]", r"\s"), "observe actor {") and re.match(
        HUNK.replace("[:space:]", r"\s"), "task walk"
    )
    assert not re.match(HUNK.replace("[:space:]", r"\s"), "  reward_scale = 5")


def pair(repo: Path, old: str | None, new: str | None, modes: tuple[str, str] = ("100644", "100644")) -> Pair:
    files = []
    for name, text in (("old", old), ("new", new)):
        (repo / name).write_text(text or "")
        files.append("/dev/null" if text is None else str(repo / name))
    found = Pair.of([SPEC, files[0], "0", modes[0], files[1], "1", modes[1]])
    assert found is not None
    return found


def test_added_deleted_unparsable_and_mode_only_pairs(repo: Path):
    text = (repo / SPEC).read_text()
    assert "new spec" in driven(pair(repo, None, text)) and "--- /dev/null" in driven(pair(repo, None, text))
    assert "the spec was removed" in driven(pair(repo, text, None))
    assert driven(pair(repo, text, text, ("100644", "100755"))).splitlines()[1:] == ["mode 100644 -> 100755"]
    broken = driven(pair(repo, text, text.replace("reward {", "reward (")))
    assert "not compared: " in broken and "+reward (" in broken
    assert "renamed: a.ksim -> b.ksim" in driven(Pair("a.ksim", "/dev/null", ".", "/dev/null", ".", "b.ksim"))
    assert Pair.of([SPEC]) is None


def test_the_history_of_a_spec_follows_its_robot_and_its_renames(repo: Path, capsys):
    edit(repo / SPEC, "weight 1 per s", "weight 2 per s")
    commit(repo, "pay more")
    edit(repo / SPEC, "reward {", "# what pays\nreward {")
    commit(repo, "say more")
    edit(repo / "tasks/robots/cartpole.xml", 'mass="0.1"', 'mass="0.2"')
    commit(repo, "a heavier pole")
    edit(repo / SPEC, "scale 10 N", "scale 10 m")
    commit(repo, "a mistake")
    git("revert", "--no-edit", "HEAD", cwd=repo)
    git("mv", SPEC, "tasks/pole.ksim", cwd=repo)
    commit(repo, "another name")
    (repo / "notes.txt").write_text("nothing to do with it")
    commit(repo, "notes")
    assert main(["log", "tasks/pole.ksim"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split(" ", 2)[2] for line in lines if not line.startswith(" ")]
    assert heads[-4:] == ["a heavier pole", "say more", "pay more", "first"] and "notes" not in heads
    assert any("KD374 model.geom.pole: mass 0.1 -> 0.2 (+100 %)" in line for line in lines)
    assert any("KD301 reward.swing.weight: weight 1 -> 2 per s (+100 %)" in line for line in lines)
    assert any("unknown   does not check" in line for line in lines) and "  cosmetic  1 change" in lines
    assert main(["log", "tasks/pole.ksim", "-n", "2", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["commits"]) == 2
    assert main(["log", "tasks/nothing.ksim"]) == 2
    capsys.readouterr()
    assert main(["log", str(repo / "tasks" / "pole.ksim"), "-n", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(' Revert "a mistake"')
    assert main(["log", f"main~6:{SPEC}"]) == 0
    out = capsys.readouterr().out
    assert "pay more" in out and "say more" not in out and out.endswith("  cosmetic  KD409 task: there is a new spec\n")


def steps() -> dict[str, dict]:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    assert all("${{" not in s.get("run", "") for s in action["runs"]["steps"]), (
        "inputs reach bash through the environment"
    )
    return {s.get("name", ""): s for s in action["runs"]["steps"]}


def step(name: str, cwd: Path, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", steps()[name]["run"]],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )
    return done.returncode, done.stdout + done.stderr


def test_the_steps_of_the_action_on_a_branch(repo: Path, tmp_path: Path):
    clone = tmp_path / "clone"
    git("clone", "-q", str(repo), str(clone), cwd=tmp_path)
    git("checkout", "-qb", "work", cwd=clone)
    edit(clone / SPEC, "scale 10 N", "scale 5 N")
    commit(clone, "softer")
    output, summary = tmp_path / "output", tmp_path / "summary"
    output.write_text("")
    assert step("base branch", clone, BASE="main", GITHUB_OUTPUT=str(output))[0] == 0
    ref = output.read_text().strip().removeprefix("ref=")
    assert ref == git("rev-parse", "main", cwd=repo).strip()
    env = {
        "SPECS": "tasks",
        "REF": ref,
        "GITHUB_OUTPUT": str(output),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    assert len(re.findall(r"^ *ksim diff ", steps()["review"]["run"], re.M)) == 1, "the comparison is made once"
    code, out = step("review", clone, FAIL_ON="never", **env)
    assert code == 0 and "KD212 action-scale" in (tmp_path / "ksim-review.md").read_text()
    summary.unlink()
    code, out = step("review", clone, FAIL_ON="meaning", **env)
    assert code == 1 and "::error title=KD212 action-scale (meaning),file=tasks/cartpole.ksim," in out
    assert summary.read_text().startswith("<!-- ksim-diff -->") and "silently different" in summary.read_text()
    fingerprint = json.loads((tmp_path / "ksim-review.md.json").read_text())["specs"][0]["changes"][0]["fingerprint"]
    (clone / "ksim-accept.toml").write_text(f'[[accept]]\nfingerprint = "{fingerprint}"\nreason = "retrained"\n')
    assert step("review", clone, FAIL_ON="meaning", **env)[0] == 0
    edit(clone / SPEC, "time >= 20 s", "time >= 20 kg")
    assert step("review", clone, FAIL_ON="meaning", **env)[0] == 1
    report = (tmp_path / "ksim-review.md").read_text()
    assert report.startswith("<!-- ksim-diff -->") and "`cartpole.ksim` cannot be compared\n- KS301" in report
    fake = tmp_path / "bin" / "gh"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncase "$*" in *--jq*) cat {tmp_path}/known;; esac\n')
    fake.chmod(0o755)
    (tmp_path / "known").write_text("")
    comment = {"NUMBER": "7", "REPOSITORY": "a/b", "REPORT": str(tmp_path / "ksim-review.md"), "GH_TOKEN": "none"}
    assert step("comment", clone, **comment)[0] == 0
    (tmp_path / "known").write_text("42\n")
    assert step("comment", clone, **comment)[0] == 0
    calls = (tmp_path / "calls").read_text()
    assert (
        "--method POST repos/a/b/issues/7/comments" in calls and "--method PATCH repos/a/b/issues/comments/42" in calls
    )


def test_a_fork_whose_token_may_not_comment_fails_nothing(tmp_path: Path):
    (tmp_path / "gh").write_text(
        "#!/bin/sh\necho 'gh: Resource not accessible by integration (HTTP 403)' >&2\nexit 1\n"
    )
    (tmp_path / "gh").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    code, told = step("comment", tmp_path, PATH=path, NUMBER="1", REPOSITORY="a/b", REPORT="report.md")
    assert code == 0 and "HTTP 403" in told and "the report is in the job's summary" in told


def test_a_repository_that_git_refuses_is_told_in_its_words(repo: Path, tmp_path: Path, monkeypatch, capsys):
    real = shutil.which("git")
    (tmp_path / "refusing").mkdir()
    fake = tmp_path / "refusing" / "git"
    # git itself has this variable for its own tests: the folder counts as another user's
    fake.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(repo)
    assert main(["diff", SPEC]) == 2
    told = capsys.readouterr().err
    assert "detected dubious ownership" in told and "safe.directory" in told and "is in none" not in told


def test_the_end_of_a_shallow_clone_is_no_new_spec(repo: Path, tmp_path: Path, monkeypatch, capsys):
    edit(repo / SPEC, "scale 10 N", "scale 5 N")
    commit(repo, "softer")
    git("clone", "-q", "--depth=1", repo.as_uri(), str(tmp_path / "shallow"), cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "shallow")
    assert main(["log", SPEC]) == 0
    told = capsys.readouterr().out
    assert "git fetch --unshallow" in told and "new spec" not in told
