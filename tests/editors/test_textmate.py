"""The TextMate grammar: the file is the one that the tables give, and VS Code's engine colours as the parser reads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from ksim_spec.highlight.classes import STYLES
from ksim_spec.highlight.classify import pieces
from ksim_spec.source import SourceFile
from ksim_spec.syntax.parse import read_file
from tests.highlight.test_classify import GOLDEN, ROOT, SPECS

VSCODE = ROOT / "editors" / "vscode"
ENGINE = (VSCODE / "node_modules" / "vscode-textmate").is_dir() and shutil.which("node")
engine = pytest.mark.skipif(not ENGINE, reason="needs node, and `npm install` in editors/vscode")
SCOPES = {f"{style.scope}.ksim": name for name, style in STYLES.items()}


def test_the_files_are_what_the_generator_writes():
    done = subprocess.run([sys.executable, ROOT / "editors" / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_its_patterns_are_well_formed_and_its_parts_are_there():
    grammar = json.loads((VSCODE / "syntaxes" / "ksim.tmLanguage.json").read_text(encoding="utf-8"))
    found = json.dumps(grammar)
    assert set(re.findall(r'"include": "#([\w-]+)"', found)) <= set(grammar["repository"])
    assert set(re.findall(r'"name": "([\w.-]+\.ksim)"', found)) <= set(SCOPES)
    for pattern in re.findall(r'"(?:match|begin|end)": ("(?:[^"\\]|\\.)*")', found):
        re.compile(json.loads(pattern))


def seen(texts: list[str]) -> list[dict[int, str]]:
    """Returns for each text the class that VS Code's engine gives each of its characters."""
    asked = json.dumps({"texts": texts})
    done = subprocess.run(["node", VSCODE / "tests" / "tokens.mjs"], input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [
        {k: SCOPES.get(scope, "") for a, b, scope in found for k in range(a, b)} for found in json.loads(done.stdout)
    ]


def differences(text: str, colours: dict[int, str]) -> list[str]:
    """Returns where the engine sees another class than the parser, but for the uses of parameters."""
    found: list[str] = []
    for piece in pieces(read_file(SourceFile("t", text)), text):
        got = {colours.get(k, "") for k in range(piece.start, piece.end) if not text[k].isspace()}
        uses = piece.name == "parameter" and got <= {"name", "function"}
        if got != {piece.name} and not uses:
            line = text.count("\n", 0, piece.start) + 1
            found.append(f"{line}: {text[piece.start : piece.end]!r} is {piece.name}, seen as {', '.join(sorted(got))}")
    return found


@engine
def test_the_engine_agrees_with_the_parser_on_every_spec():
    texts = [path.read_text(encoding="utf-8") for path in [*SPECS, GOLDEN]]
    found = {p.name: differences(t, c) for p, t, c in zip([*SPECS, GOLDEN], texts, seen(texts), strict=True)}
    assert {name: rows for name, rows in found.items() if rows} == {}
