"""The tree-sitter grammar: every spec parses without an error, into as many parts as our own parser finds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from ksim_spec.ide.tree import walk
from ksim_spec.source import SourceFile
from ksim_spec.syntax import ast
from ksim_spec.syntax.parse import read_file
from tests.highlight.test_classify import GOLDEN, ROOT, SPECS

HERE = ROOT / "editors" / "tree-sitter-ksim"
CLI = shutil.which("tree-sitter", path=str(HERE / "node_modules" / ".bin")) or shutil.which("tree-sitter")
cli = pytest.mark.skipif(CLI is None, reason="the tree-sitter command is not installed")
NODES = {
    ast.Call: "call", ast.Attr: "attribute", ast.Assign: "assignment", ast.Quantity: "quantity", ast.InFrame: "in_frame",
    ast.IfExpr: "conditional", ast.Range: "range", ast.String: "string", ast.FnDef: "function", ast.AsUnit: "as_unit",
    ast.Member: "member_test", ast.Table: "table", ast.Binary: "binary", ast.Directive: "directive",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the grammar with its parser generated."""
    copy = tmp_path_factory.mktemp("grammar")
    for name in ("grammar.js", "words.json", "package.json", "tree-sitter.json"):
        shutil.copy(HERE / name, copy)
    shutil.copytree(HERE / "queries", copy / "queries")
    run(copy, "generate")
    return copy


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([str(CLI), *arguments], cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@cli
def test_every_spec_parses_without_an_error(folder: Path):
    run(folder, "parse", "--quiet", *map(str, [*SPECS, GOLDEN]))


@cli
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_it_finds_the_parts_that_our_parser_finds(folder: Path, path: Path):
    found = Counter(re.findall(r"\((\w+)", run(folder, "parse", str(path))))
    tree = read_file(SourceFile("t", path.read_text(encoding="utf-8"))).tree
    want = Counter(NODES[type(node)] for node in walk(tree) if type(node) in NODES)
    # strings of headers, directives and tables are texts of their nodes in our tree, and flags are attributes
    texts = sum(
        isinstance(n, ast.Section | ast.Directive) and n.text is not None or isinstance(n, ast.TableEntry)
        for n in walk(tree)
    )
    found["attribute"] += found["flag"]
    want["string"] += texts
    assert {name: found[name] for name in NODES.values()} == {name: want[name] for name in NODES.values()}


@cli
def test_the_queries_fit_the_grammar_and_colour_the_golden_example(folder: Path):
    assert "fold" in run(folder, "query", "queries/folds.scm", str(GOLDEN))
    found = run(folder, "query", "queries/highlights.scm", str(GOLDEN))
    seen = re.findall(r"- ([\w.]+), .*text: `(.*)`", found)
    for capture, text in [("comment", "# every class once"), ("keyword", "robot"), ("attribute", "weight"),
                          ("type.builtin", "m/s"), ("constant", "event"), ("keyword.operator", "mod"),
                          ("variable.member", "xy"), ("function", "excess"), ("number", "2e-5"), ("boolean", "true"),
                          ("variable.definition", "lean"), ("variable.parameter", "limit"), ("type", "play"),
                          ("attribute", "at"), ("variable.builtin", "time")]:  # fmt: skip
        assert (capture, text) in seen, f"{text} is not {capture}"


def test_the_words_of_the_queries_are_words_of_the_language():
    words = json.loads((HERE / "words.json").read_text(encoding="utf-8"))
    query = (HERE / "queries" / "highlights.scm").read_text(encoding="utf-8")
    assert set(re.findall(r"\((\w+)_block word", query)) == {w for w in words["blocks"] if w in words["clauses"]}
