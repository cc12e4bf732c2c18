"""Writes `docs/review-example.md`: ten commits to the walking task and its robot, and what ksim says of each.

Run it from the root of the repository after a change of what `ksim diff` or `ksim log` print. The commits are made for
real, in a scratch repository with fixed dates, so the hashes in the page are always the same.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ksim_spec.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "review-example.md"
SPEC, ROBOT = "specs/walk.ksim", "specs/robots/biped.xml"


@dataclass(frozen=True)
class Edit:
    """One commit: its message, the file, a regular expression and what takes the place of all its matches."""

    message: str
    file: str
    pattern: str
    to: str


EDITS = (
    Edit("Track the velocity more closely", SPEC, r"(track_close .* weight) [\d.]+", r"\1 4.0"),
    Edit("Say what `down` is", SPEC, r"(?<![.\w])(?<!both )down(?=[ .\n])", "gravity_in_base"),
    Edit("Push harder", SPEC, r"disc\(0\.5 m/s\)", "disc(0.8 m/s)"),
    Edit("Shins as they were weighed", ROBOT, r'(name="(?:left|right)_shin".*mass=")[\d.]+', r"\g<1>2.6"),
    Edit("Show the policy how high it is", SPEC, r"(  previous  = action\n)", r"\1  altitude  = base.height\n"),
    Edit("Scale the gyro like the joints", SPEC, r"(rad/s\)  scale) 0\.25", r"\1 0.05"),
    Edit("Stiffer knees", ROBOT, r'kp="320"', 'kp="400"'),
    Edit("End an episode sooner", SPEC, r"base\.height < 0\.5 m", "base.height < 60 cm"),
    Edit("Commands first", SPEC, r"(?s)(  previous  = action\n)(  altitude [^\n]*\n)(  command [^\n]*\n)", r"\3\1\2"),
    Edit("A quicker gait", SPEC, r"phase\(1\.4 Hz\)", "phase(1.6 Hz)"),
)


def run(*words: str) -> tuple[str, int]:
    """Returns what a ksim command prints on both streams, and its exit code."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(list(words))
    return out.getvalue().rstrip("\n"), code


def git(*words: str, day: int = 1) -> str:
    """Returns what git prints, with an author and a date of its own."""
    facts = {"NAME": "ksim", "EMAIL": "ksim@example.org", "DATE": f"2026-01-{day:02}T12:00:00+00:00"}
    who = {f"GIT_{x}_{k}": v for x in ("AUTHOR", "COMMITTER") for k, v in facts.items()}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "core.abbrev=7", *words]
    return subprocess.run(
        command, env={**os.environ, **who, **plain}, check=True, capture_output=True, text=True
    ).stdout


@contextlib.contextmanager
def scratch() -> Iterator[None]:
    """Enters a repository of one commit: the walking task and its robot as they are here, with small numbers fixed."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "specs", "robots").mkdir(parents=True)
        for name in (SPEC, ROBOT):
            shutil.copy(ROOT / name, Path(folder, name))
        os.chdir(folder)
        try:
            git("init", "-q", "-b", "main")
            git("add", ".")
            git("commit", "-qm", "A walking task")
            git("switch", "-qc", "work")
            yield
        finally:
            os.chdir(here)


def block(kind: str, text: str) -> str:
    """Returns text in a fence that nothing in it closes."""
    return f"````{kind}\n{text}\n````\n"


def shown(command: str, words: tuple[str, ...]) -> str:
    text, code = run(*words)
    return block("text", f"$ {command}\n{text}\n[exit code {code}]")


def commit(edit: Edit, number: int) -> str:
    """Makes one commit and returns its section of the page."""
    path = Path(edit.file)
    text, count = re.subn(edit.pattern, edit.to, path.read_text())
    if not count:
        raise SystemExit(f"{edit.message}: nothing in {edit.file} matches {edit.pattern}")
    path.write_text(text)
    run("fmt", SPEC)
    git("commit", "-qam", edit.message, day=number + 1)
    lines = [x for x in git("show", "-U0", "--format=", "HEAD").splitlines() if re.match(r"[-+](?![-+])", x)]
    words = ("diff", f"HEAD~1:{SPEC}", f"HEAD:{SPEC}")
    return "\n".join(
        [
            f"## {number}. {edit.message}\n",
            block("diff", "\n".join(lines)),
            shown(f"ksim {' '.join(words)}", words),
            "The same as Markdown:\n",
            block("markdown", run(*words, "--format", "markdown")[0]),
        ]
    )


def accepted() -> str:
    """The whole branch against main: blocked by its breaks, then with each of them accepted."""
    words = ("diff", "main:specs", "specs", "--fail-on", "meaning")
    command = f"ksim {' '.join(words)}"
    comment = run(*words[:3], "--format", "markdown")[0]
    blocked = shown(command, words)
    prints = re.findall(r"fingerprint (\w{16})", blocked)
    rows = [f'[[accept]]\nfingerprint = "{x}"\nreason      = "retrained as walk-12"\n' for x in prints]
    Path("ksim-accept.toml").write_text("\n".join(rows))
    return "\n".join(
        [
            "## The pull request\n",
            "What the comment on the pull request says:\n",
            block("markdown", comment),
            "A check that asks for `--fail-on meaning` blocks it:\n",
            blocked,
            "With the breaks accepted in `ksim-accept.toml`, it passes:\n",
            block("toml", "\n".join(rows).rstrip("\n")),
            shown(command, words),
        ]
    )


def page() -> str:
    """Returns the text of the page."""
    head = [
        "# Ten commits in review\n",
        "Written by `docs/showcase.py`, which makes these commits in a scratch repository; see [review](review.md).\n",
    ]
    with scratch():
        sections = [commit(edit, number) for number, edit in enumerate(EDITS, 1)]
        words = ("log", SPEC)
        sections += ["## The history\n", shown(f"ksim {' '.join(words)}", words), accepted()]
    return "\n".join([*head, *sections])


if __name__ == "__main__":
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        raise SystemExit(f"{PAGE.name} is out of date: python docs/showcase.py")
