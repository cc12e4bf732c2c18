"""Reading MJCF text into a tree of nodes that know their file and line, with `<include>` resolved.

Nothing is interpreted here and MuJoCo is not needed. Entity declarations are refused: a robot file has no use for
them, and they are how an XML file reads other files or grows without bound.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError
from ksim_spec.rules.rule import Rule
from ksim_spec.source import NOWHERE, SourceFile, SourceMap, Span

MAX_INCLUDE_DEPTH = 20
MAX_DEPTH = 500  # elements inside one another, as far as MuJoCo itself reads
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODING = re.compile(rb"^[^>]*encoding=[\"']([A-Za-z0-9_.:-]+)[\"']")
_MJCF_HELP = "a robot file is XML whose root is `<mujoco>`"
_PART_HELP = "it is a part that other models include: name the model that includes it"
_XACRO_HELP = "make a URDF of it first: `xacro robot.urdf.xacro > robot.urdf`; then "
LFS_POINTER = "version https://git-lfs.github.com/spec/"
LFS_HELP = "fetch the files: `git lfs pull`"
_URDF_HELP = (
    'convert it: `s = mujoco.MjSpec.from_file("robot.urdf"); s.compile(); s.to_file("robot.xml")`, then add '
    "actuators, and a free joint if it floats"
)


@dataclass(slots=True)
class Node:
    """One XML element: `line` is the one-based line of its start tag in `file` (a display name)."""

    tag: str
    attrs: dict[str, str]
    file: str
    line: int
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """Yields this node and all below it in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += node.children[::-1]


@dataclass
class Tree:
    """A parsed model: its root node, every file read, and their text for diagnostics.

    `attached` are the models that it attaches, each with the element that names it; `files` and `sources` have theirs
    too. `main` is the model's own file.
    """

    root: Node
    sources: SourceMap
    files: list[Path] = field(default_factory=list)
    attached: list[tuple[Node, Tree]] = field(default_factory=list)
    main: Path | None = None

    def span(self, node: Node) -> Span:
        """Returns the span of the line on which a node starts."""
        source = self.sources.get(node.file)
        return source.line_span(node.line) if source else NOWHERE

    def sections(self, tag: str) -> list[Node]:
        """Returns the top-level sections of that tag (MJCF lets a section appear several times)."""
        return [child for child in self.root.children if child.tag == tag]


def is_utf8(data: bytes) -> bool:
    """Returns whether the bytes of a file are UTF-8 text."""
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def decoded(data: bytes) -> str:
    """Returns the text of an XML file: UTF-8, else what it declares, else Latin-1, of which every byte is a letter."""
    if is_utf8(data):
        return data.decode("utf-8-sig")
    declared = _ENCODING.search(data[:200])
    for encoding in ("utf-16" if data.startswith(_UTF16) else "", declared[1].decode("ascii") if declared else ""):
        with contextlib.suppress(LookupError, UnicodeDecodeError, ValueError):
            if encoding:
                return data.decode(encoding)
    return data.decode("latin-1")


def read_file(path: Path, name: str | None = None) -> Tree:
    """Reads a model file and its includes; SpecError when a file is missing or is not well-formed MJCF."""
    tree = Tree(Node("mujoco", {}, "", 0), SourceMap(), main=path)
    root = _read(path, name or str(path), tree, path.parent, NOWHERE, depth=0)
    _attach(_checked(tree, root), (path,))
    return tree


def read_text(text: str, name: str = "robot.xml", directory: Path | None = None) -> Tree:
    """Reads a model from text; includes are looked up in `directory` (refused when it is None)."""
    tree = Tree(Node("mujoco", {}, "", 0), SourceMap())
    source = tree.sources.add(SourceFile(name, text))
    root = _expand(_parse(source, tree), tree, directory, directory, depth=0)
    return _checked(tree, root)


def _checked(tree: Tree, root: Node) -> Tree:
    tree.root = root
    if root.tag == "mujoco":
        return tree
    if root.tag == "robot":
        xacro = "xmlns:xacro" in root.attrs
        message = f"this is a {'xacro file' if xacro else 'URDF robot'}, and a spec needs MJCF"
        help = (_XACRO_HELP if xacro else "") + _URDF_HELP
        raise _error(tree, rules.NOT_MJCF, message, tree.span(root), help)
    help = _PART_HELP if root.tag == "mujocoinclude" else _MJCF_HELP
    raise _error(tree, rules.NOT_MJCF, f"`<{root.tag}>` is not an MJCF model", tree.span(root), help)


def _attach(tree: Tree, chain: tuple[Path, ...]) -> None:
    """Reads the models that a model attaches, and those that these attach; `chain` are the files on the way."""
    for node in [n for s in tree.sections("asset") for n in s.children if n.tag == "model"]:
        name = node.attrs.get("file", "")
        path = chain[-1].parent / name
        if path.resolve() in [p.resolve() for p in chain]:
            raise _error(tree, rules.INCLUDE_TWICE, f"`{name}` attaches itself", tree.span(node), "take the model out")
        if not name or path.suffix not in (".xml", ".mjcf"):
            continue  # what else MuJoCo attaches is its own affair
        part = Tree(Node("mujoco", {}, "", 0), tree.sources, main=path)
        shown = str(Path(node.file).parent / name) if node.file else name
        part.root = _read(path, shown, part, path.parent, tree.span(node), depth=0)
        _attach(part, (*chain, path))
        tree.attached.append((node, part))
        tree.files += [f for f in part.files if f not in tree.files]


def _error(tree: Tree, rule: Rule, message: str, span: Span, help: str = "", label: str = "") -> SpecError:
    return SpecError([Diagnostic(rule, message, span, label=label, help=help)], tree.sources)


def _read(path: Path, name: str, tree: Tree, main: Path, at: Span, depth: int) -> Node:
    try:
        if path.exists() and not path.is_file():  # a pipe or a device never ends
            raise IsADirectoryError(errno.EISDIR, "it is a folder" if path.is_dir() else "it is no file")
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise _error(
            tree,
            rules.ROBOT_FILE,
            f"cannot read `{name}`: {reason.lower()}",
            at,
            "check the path: it begins at the folder of the main model file",
        ) from None
    if b"\0" in data[:1024] and not data.startswith(_UTF16):
        what = "a compiled MuJoCo model" if path.suffix == ".mjb" else "no text"
        help = "give the XML that it was made from; a compiled model does not keep it"
        raise _error(tree, rules.NOT_MJCF, f"`{name}` is {what}", at, help if path.suffix == ".mjb" else _MJCF_HELP)
    text = decoded(data)
    if not text.lstrip().startswith("<"):
        _refuse(tree, name, text, at)
    source = tree.sources.add(SourceFile(name, text, path))
    tree.files.append(path)
    return _expand(_parse(source, tree), tree, main, path.parent, depth)


def _refuse(tree: Tree, name: str, text: str, at: Span) -> NoReturn:
    """Raises what is wrong with a text that is no XML at all."""
    if text.startswith(LFS_POINTER):
        raise _error(tree, rules.MJCF_FILE, f"`{name}` is a Git LFS pointer, not the model itself", at, LFS_HELP)
    what = "no XML" if text.strip() else "empty"
    raise _error(tree, rules.NOT_MJCF, f"`{name}` is {what}", at, _MJCF_HELP)


def _parse(source: SourceFile, tree: Tree) -> Node:
    parser = expat.ParserCreate(encoding="utf-8")
    stack: list[Node] = []
    roots: list[Node] = []

    def start(tag: str, attrs: dict[str, str]) -> None:
        node = Node(tag, attrs, source.name, parser.CurrentLineNumber)
        if len(stack) >= MAX_DEPTH:
            message = f"`{source.name}` has elements more than {MAX_DEPTH} deep inside one another"
            at = source.line_span(parser.CurrentLineNumber)
            raise _error(tree, rules.XML_SYNTAX, message, at, "MuJoCo reads no such file either")
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)

    def refuse(*_: object) -> NoReturn:
        raise _error(
            tree,
            rules.XML_ENTITY,
            "entity declarations are not allowed in a robot file",
            source.line_span(parser.CurrentLineNumber),
            "write the value out, or use `<include>`",
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(source.text.encode(), True)
    except expat.ExpatError as error:
        raise _error(
            tree,
            rules.XML_SYNTAX,
            f"`{source.name}` is not well-formed XML: {_reason(error)}",
            source.line_span(error.lineno),
            f"line {error.lineno}, column {error.offset + 1}",
        ) from None
    return roots[0]


def _reason(error: expat.ExpatError) -> str:
    return expat.ErrorString(error.code)


def _expand(node: Node, tree: Tree, main: Path | None, here: Path | None, depth: int) -> Node:
    """Replaces every `<include>` below `node` by the children of the file it names."""
    children: list[Node] = []
    for child in node.children:
        if child.tag == "include":
            children.extend(_include(child, tree, main, here, depth).children)
        else:
            children.append(_expand(child, tree, main, here, depth))
    node.children = children
    return node


def _include(node: Node, tree: Tree, main: Path | None, here: Path | None, depth: int) -> Node:
    span, name = tree.span(node), node.attrs.get("file", "")
    if main is None or here is None:
        raise _error(tree, rules.ROBOT_FILE, "`<include>` needs a model that is a file", span)
    if not name:
        raise _error(
            tree, rules.ROBOT_FILE, "`<include>` names no file", span, 'for example `<include file="arm.xml"/>`'
        )
    # MuJoCo looks beside the main file; beside the including file is where people also expect it.
    path = next((p for p in (main / name, here / name) if p.is_file()), main / name)
    if path in tree.files or depth >= MAX_INCLUDE_DEPTH:
        raise _error(
            tree,
            rules.INCLUDE_TWICE,
            f"`{name}` is included more than once",
            span,
            "MuJoCo allows one `<include>` of each file",
        )
    return _read(path, str(Path(node.file).parent / name) if node.file else name, tree, main, span, depth + 1)
