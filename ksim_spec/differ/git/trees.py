"""Where specs are read from: the working tree, or a git revision with the robot and includes as they were then."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ksim_spec import rules
from ksim_spec._internal import git
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.rules.rule import Rule

_FILE = re.compile(r"""\bfile\w*\s*=\s*["']([^"']+)["']""")
# A line of a spec that names a file: words and a text (`robot "a.xml"`, `include "b.ksim"`). Parsing would be exact
# and takes as long as all the rest of a comparison; a text that names no file is passed over.
_STATED = re.compile(r'^[ \t]*(\w+)(?:[ \t]+\w+)?[ \t]+"([^"\n]+)"', re.M)
_FOLDER = re.compile(r"""\b(?:meshdir|texturedir|assetdir)\s*=\s*["']([^"']*)["']""")


class Tree(Protocol):
    """Files by path, with `/` between the parts."""

    def read(self, path: str) -> bytes | None: ...
    def specs(self, folder: str) -> list[str]: ...
    def shown(self, path: str) -> str: ...
    def name(self, path: str) -> str: ...
    def on_disk(self, path: str) -> Path: ...


class DiskTree:
    """The working tree; paths are as the user gave them."""

    def read(self, path: str) -> bytes | None:
        """Returns a file's content, None where there is no such file."""
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def specs(self, folder: str) -> list[str]:
        """Returns the spec files below a folder, hidden ones left out."""
        inside = sorted(Path(folder).rglob("*.ksim"))
        return [p.as_posix() for p in inside if not any(x.startswith(".") for x in p.relative_to(folder).parts)]

    def shown(self, path: str) -> str:
        return path

    def name(self, path: str) -> str:
        """Returns what spans in the file say: the same in every revision."""
        return path

    def on_disk(self, path: str) -> Path:
        """Returns where the file can be read with everything beside it."""
        return Path(path)


@dataclass
class GitTree:
    """A revision of the repository around the working folder; an empty `ref` is the index. Paths are from its root."""

    ref: str
    root: Path
    _known: dict[str, bytes | None] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def open(ref: str) -> GitTree:
        """Returns the tree of a revision; raises SpecError where there is none, with the command that fetches it."""
        if not git.installed():
            raise _problem(rules.NO_REPOSITORY, "`git` is not installed", "install it, or give paths")
        top = git.line("rev-parse", "--show-toplevel")
        if top is None and (refused := _refusal()):
            raise refused
        if top is None:
            raise _problem(rules.NO_REPOSITORY, f"`{ref}:…` needs a git repository, and this folder is in none",
                           "run it inside the repository, or give paths")  # fmt: skip
        if ref and not is_revision(ref):
            raise _problem(rules.NO_REVISION, f"there is no revision `{ref}` here", fetch_advice(ref))
        return GitTree(ref, Path(top))

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="ksim-diff-")

    @cached_property
    def _blobs(self) -> subprocess.Popen[bytes]:
        return git.conversation("cat-file", "--batch", cwd=self.root)

    def read(self, path: str) -> bytes | None:
        """Returns a file's content in that revision, None where there is none."""
        if path not in self._known:
            self._known[path] = self._fetch(path)
        return self._known[path]

    def _fetch(self, path: str) -> bytes | None:
        if "\n" in path or path.startswith(("../", "/")):
            return None
        pipe_in, pipe_out = self._blobs.stdin, self._blobs.stdout
        assert pipe_in is not None and pipe_out is not None
        pipe_in.write(f"{self.ref}:{path}\n".encode())
        pipe_in.flush()
        head = pipe_out.readline().split()
        if len(head) != 3 or not head[2].isdigit():
            return None
        data = pipe_out.read(int(head[2]))
        pipe_out.read(1)
        return data if head[1] == b"blob" else None

    def specs(self, folder: str) -> list[str]:
        """Returns the spec files below a folder of that revision."""
        command = ["ls-tree", "-r", "--name-only", "-z", self.ref] if self.ref else ["ls-files", "-z"]
        listed = git.run(*command, *(["--", folder] if folder != "." else []), cwd=self.root) or b""
        names = [os.fsdecode(x) for x in listed.split(b"\0") if x.endswith(b".ksim")]
        return sorted(n for n in names if not any(part.startswith(".") for part in n.split("/")))

    def shown(self, path: str) -> str:
        return f"{self.ref}:{path}"

    def name(self, path: str) -> str:
        """Returns what spans in the file say: the path from the working folder, as the working tree has it."""
        name = os.path.relpath(self.root / path).replace(os.sep, "/")
        self._names[name] = path
        return name

    def on_disk(self, path: str) -> Path:
        """Returns a copy of the file and of all that it names, in a folder that lasts as long as the tree."""
        for name, data in closure(self, path).items():
            place = Path(self._folder.name, name)
            if not place.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        return Path(self._folder.name, path)

    def original(self, name: str) -> str:
        """Returns the name of a spec, or one with the temporary folder, as `REF:path`, as people know the file."""
        if name in self._names:
            return self.shown(self._names[name])
        inside = self._folder.name + os.sep
        return self.shown(name.removeprefix(inside)) if name.startswith(inside) else name

    def close(self) -> None:
        """Ends the git process and removes the copies."""
        if "_blobs" in self.__dict__:
            assert self._blobs.stdin is not None
            self._blobs.stdin.close()
            assert self._blobs.stdout is not None
            self._blobs.stdout.close()
            self._blobs.wait(timeout=10)
        if "_folder" in self.__dict__:
            self._folder.cleanup()

    def path_of(self, text: str) -> str:
        """Returns a path that people write after `REF:` as it is from the root: from there, or from the folder here."""
        if Path(text).is_absolute():
            return os.path.relpath(Path(text).resolve(), self.root.resolve()).replace(os.sep, "/")
        here = os.path.relpath(Path.cwd(), self.root).replace(os.sep, "/")
        beside = posixpath.normpath(posixpath.join(here, text))
        rooted = posixpath.normpath(text)
        explicit = text.startswith(("./", "../")) or text == "."
        kind = git.run("cat-file", "-t", f"{self.ref}:{rooted if rooted != '.' else ''}", cwd=self.root)
        return rooted if kind is not None and not explicit else beside

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder in that revision."""
        if path == ".":
            return True
        if not self.ref:
            return self.read(path) is None and bool(self.specs(path))
        return (git.run("cat-file", "-t", f"{self.ref}:{path}", cwd=self.root) or b"").strip() == b"tree"


def closure(tree: Tree, path: str) -> dict[str, bytes]:
    """Returns a spec and every file that it names, directly or not: includes, robot, what the robot includes, meshes.

    Files of installed packages (`mjx:`, `pkg:`) and files that are not there are left out.
    """
    found: dict[str, bytes] = {}
    todo = [path]
    while todo:
        name = todo.pop()
        data = None if name in found else tree.read(name)
        if data is None:
            continue
        found[name] = data
        if name.endswith((".xml", ".mjcf")):
            todo.extend(_named_by_model(name, data))
        elif name == path or name.endswith(".ksim"):
            todo.extend(_named_by_spec(name, data))
    return found


def _named_by_spec(name: str, data: bytes) -> Iterator[str]:
    for word, text in _STATED.findall(data.decode("utf-8", "replace")):
        if word != "task" and not re.match(r"\w{2,}:|/|~", text):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), text))


def _named_by_model(name: str, data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    folders = dict.fromkeys(["", *_FOLDER.findall(text)])
    for file in dict.fromkeys(_FILE.findall(text)):
        for folder in folders:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(name), folder, file.replace("\\", "/")))


def _refusal() -> SpecError | None:
    """Why git does not read the repository around the working folder, in its own words; None where there is none."""
    said = git.complaint("rev-parse", "--show-toplevel")
    if not said or "not a git repository" in said:
        return None
    dubious = re.search(r"dubious ownership in repository at '(.+)'", said)
    help = "`git status` here says more"
    if dubious:
        help = f"it belongs to another user; if you trust it: `git config --global --add safe.directory '{dubious[1]}'`"
    return _problem(rules.NO_REPOSITORY, f"git does not read the repository here: {said}", help)


def is_revision(text: str) -> bool:
    """Whether git knows a commit by that name here."""
    return git.run("rev-parse", "--verify", "--quiet", f"{text}^{{commit}}") is not None


def fetch_advice(ref: str) -> str:
    """Returns the command that brings a revision here, as far as one can tell."""
    base = re.split(r"[~^@]", ref)[0]
    shallow = (git.run("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"
    remote, _, branch = base.partition("/")
    known = (git.run("remote") or b"").decode().split()
    if shallow and base != ref and git.run("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}") is not None:
        return "the clone is shallow: `git fetch --unshallow` brings its history"
    depth = "--depth=1 " if shallow else ""
    if remote in known and branch:
        target = f"{branch}:refs/remotes/{base}"
        return f"bring it here: `git fetch {depth}{remote} {target}`"
    return (
        f"bring it here: `git fetch {depth}{known[0]} {base}`"
        if known
        else "`git log` and `git branch -a` list what there is"
    )


def _problem(rule: Rule, message: str, help: str) -> SpecError:
    return SpecError([Diagnostic(rule, message, help=help)])
