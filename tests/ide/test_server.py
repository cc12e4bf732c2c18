"""The language server as an editor meets it: a process, spoken to over stdin and stdout."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ide.client import Client
from tests.ide.helpers import WALK

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")
WALK_TEXT = WALK.read_text(encoding="utf-8")


@pytest.fixture
def client() -> Iterator[Client]:
    found = Client()
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.communicate()


def test_a_broken_spec_is_reported_fixed_and_formatted(client: Client):
    broken = WALK_TEXT.replace("base.linvel in base.heading", "base.linvle in base.heading", 1)
    uri = client.open(WALK, broken)
    (found,) = client.diagnostics(uri)
    assert found["code"] == "KS103 unknown-member" and "did you mean `linvel`?" in found["message"]
    line = broken[: broken.index("linvle")].count("\n")
    assert found["range"]["start"] == {"line": line, "character": 17}
    client.change(uri, 2, WALK_TEXT.replace("  floor        =", "  floor ="))
    assert client.diagnostics(uri, 2) == []
    layout = {"tabSize": 2, "insertSpaces": True}
    (edit,) = client.request("textDocument/formatting", textDocument={"uri": uri}, options=layout)
    assert edit["newText"] == "  floor        = plane  friction 0.8\n"
    names = [s["name"] for s in client.request("textDocument/documentSymbol", textDocument={"uri": uri})]
    assert names[:2] == ["task walk", "robot"]
    assert len(client.request("textDocument/foldingRange", textDocument={"uri": uri})) > 10
    assert client.stop() == 0


def test_an_editor_that_pulls_is_not_pushed_to(client: Client):
    client.process.kill()
    client.process.communicate()
    pulling = Client({"textDocument": {"diagnostic": {}}})
    uri = pulling.open(WALK, WALK_TEXT.replace("base.linvel in", "base.x in", 1))
    report = pulling.request("textDocument/diagnostic", textDocument={"uri": uri})
    assert [d["code"] for d in report["items"]] == ["KS103 unknown-member"]
    assert not [n for n in pulling.notes if n["method"] == "textDocument/publishDiagnostics"]
    assert pulling.stop() == 0


def test_a_change_of_the_robot_file_is_noticed(tmp_path: Path):
    robot = tmp_path / "robot.xml"
    robot.write_text('<mujoco><worldbody><body name="torso"/></worldbody></mujoco>')
    editor = Client({"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
    uri = editor.open(tmp_path / "a.ksim", 'task a\nrobot "robot.xml" {\n  base = body("trunk")\n}\n')
    assert "KS102 unknown-body" in [d["code"] for d in editor.diagnostics(uri)]
    robot.write_text('<mujoco><worldbody><body name="trunk"/></worldbody></mujoco>')
    editor.notify("workspace/didChangeWatchedFiles", changes=[{"uri": robot.as_uri(), "type": 2}])
    assert "KS102 unknown-body" not in [d["code"] for d in editor.diagnostics(uri)]
    assert [n["method"] for n in editor.notes] == ["client/registerCapability"]
    assert editor.stop() == 0


def test_a_document_that_is_no_file_and_one_that_is_too_large(client: Client):
    document = {"uri": "untitled:Untitled-1", "languageId": "ksim", "version": 1, "text": "task \U0001f916 {"}
    client.notify("textDocument/didOpen", textDocument=document)
    assert client.diagnostics("untitled:Untitled-1")
    uri = client.open(Path("/tmp/large.ksim"), "# x\n" * 300_000)
    (found,) = client.diagnostics(uri)
    assert "too large" in found["message"]
    assert client.stop() == 0


def test_without_pygls_one_line_says_what_to_install():
    program = (
        "import sys, importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'pygls' else find(name, *a)\n"
        "from ksim_spec.cli.main import main\nsys.exit(main(['lsp']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "ksim: error: the language server needs pygls: pip install 'ksim_spec[lsp]'\n"
