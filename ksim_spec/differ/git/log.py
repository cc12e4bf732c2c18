"""The semantic history of a spec: what each commit that touched it, its includes or its robot changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ksim_spec import rules
from ksim_spec._internal import git
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.differ.change import Change
from ksim_spec.differ.diff import changes
from ksim_spec.differ.git.trees import GitTree, closure
from ksim_spec.differ.sides import Opener, Side
from ksim_spec.rules import changes as change_rules


@dataclass(frozen=True)
class Commit:
    """One commit and what it changed; `problem` says why that is not known. `path` is what the spec was called then."""

    sha: str
    date: str
    subject: str
    path: str
    changes: tuple[Change, ...] = ()
    problem: str = ""


def history(opener: Opener, spec: str, limit: int | None = None) -> Iterator[Commit]:
    """Yields the commits that changed a spec, the newest first; those that changed nothing of it are left out.

    Raises SpecError where there is no repository, or the spec is not in it.
    """
    tree, path = opener.committed(spec) if ":" not in spec or Path(spec).exists() else opener.locate(spec)
    assert isinstance(tree, GitTree)
    files = sorted(closure(tree, path))
    if not files:
        message = f"`{spec}` is not in the repository's last commit"
        raise SpecError([Diagnostic(rules.UNREADABLE_FILE, message, help="commit it first, or check the path")])
    count = 0
    for sha, day, subject, known, before in _commits(tree.ref or "HEAD", path, files):
        commit = _one(opener, Commit(sha, day, subject, known), before)
        opener.forget(sha)
        opener.forget(f"{sha}^")
        if commit is not None:
            yield commit
            count += 1
        if limit is not None and count >= limit:
            return


def _one(opener: Opener, commit: Commit, before: str) -> Commit | None:
    new = _side(opener, commit.sha, commit.path)
    parent = _exists(f"{commit.sha}^")
    if not parent and new is not None and _cut_off(commit.sha):
        return _with(commit, problem="what was before it is not in this shallow clone: `git fetch --unshallow`")
    old = _side(opener, f"{commit.sha}^", before) if parent else None
    if isinstance(new, str) or isinstance(old, str):
        problem = new if isinstance(new, str) else f"before it: {old}"
        return _with(commit, problem=problem)
    if new is None and old is None:
        return None
    if old is None or new is None:
        rule = change_rules.SPEC_ADDED if old is None else change_rules.SPEC_REMOVED
        return _with(commit, (Change(rule, "task", rule.summary),))
    found = tuple(changes(old, new))
    return _with(commit, found) if found else None


def _with(commit: Commit, found: tuple[Change, ...] = (), problem: str = "") -> Commit:
    return Commit(commit.sha, commit.date, commit.subject, commit.path, found, problem)


def _side(opener: Opener, ref: str, path: str) -> Side | str | None:
    """Returns a spec as it was; None where it was not there, the reason where it did not check."""
    try:
        tree, _ = opener.locate(f"{ref}:{path}")
        return opener.open(tree, path) if tree.read(path) is not None else None
    except SpecError as error:
        return f"does not check: {error.diagnostics[0].message}"


def _commits(ref: str, path: str, files: list[str]) -> list[tuple[str, str, str, str, str]]:
    """Returns sha, date, subject, and what the spec was called after and before, of commits of `ref` that touched it.

    Renames of the spec are followed backwards.
    """
    top = git.line("rev-parse", "--show-toplevel")
    listed = git.line("log", "--format=%x00%H%x01%as%x01%s", "--name-status", "-M", ref, "--", cwd=top) or ""
    wanted, known = set(files), path
    found: list[tuple[str, str, str, str, str]] = []
    for block in listed.split("\0")[1:]:
        head, _, rest = block.partition("\n")
        sha, day, subject = head.split("\1")
        rows = [line.split("\t") for line in rest.splitlines() if line.strip()]
        moved = {row[2]: row[1] for row in rows if row[0].startswith("R") and len(row) == 3}
        touched = {name for row in rows for name in row[1:]}
        before = moved.get(known, known)
        if touched & (wanted | {known, before}):
            found.append((sha, day, subject, known, before))
        wanted |= {moved.get(f, f) for f in wanted}
        known = before
    return found


def _exists(ref: str) -> bool:
    return bool(git.line("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"))


def _cut_off(sha: str) -> bool:
    """Whether a commit has parents that a shallow clone left out."""
    return b"\nparent " in (git.run("cat-file", "commit", sha) or b"").partition(b"\n\n")[0]
