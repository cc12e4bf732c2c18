"""The language server as an editor meets it: a process, spoken to over stdin and stdout."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ide.client import Client, where
from tests.ide.helpers import WALK, WALK_TEXT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")


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


def test_hover_completion_definition_references_rename_and_hints(client: Client):
    uri = client.open(WALK, WALK_TEXT)
    assert client.diagnostics(uri) == []
    document = {"uri": uri}

    def ask(method: str, marked: str, **more: object) -> Any:
        return client.request(
            f"textDocument/{method}", textDocument=document, position=where(WALK_TEXT, marked), **more
        )

    assert "[xyz 3] m/s in base.heading" in ask("hover", "  v|       = base.linvel")["contents"]["value"]
    assert ask("hover", "|\nworld {") is None
    (place,) = ask("definition", 'body("tor|so")')
    assert place["uri"].endswith("biped.xml") and place["range"]["start"]["line"] > 10
    assert len(ask("references", "  mov|ing  =", context={"includeDeclaration": True})) == 3
    edits = ask("rename", "  mov|ing  =", newName="walking")["changes"][uri]
    assert [e["newText"] for e in edits] == ["walking"] * 3
    assert ask("rename", "  mov|ing  =", newName="gait") is None
    assert "already means something here" in client.notes[-1]["params"]["message"]
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
    found = client.request("textDocument/inlayHint", textDocument=document, range=everything)
    assert {"[0:3]", "2/s, 0.04/step"} <= {h["label"] for h in found}
    typed = WALK_TEXT.replace("  gait    = phase(1.4 Hz)", "  gait    = base.li")
    client.change(uri, 2, typed)
    items = client.request("textDocument/completion", textDocument=document, position=where(typed, "= base.li|\n"))[
        "items"
    ]
    behind = {"triggerKind": 2, "triggerCharacter": " "}
    place = where(typed, "  gait    = |base.li")
    spaced = client.request("textDocument/completion", textDocument=document, position=place, context=behind)
    assert spaced["items"] == [], "a space alone brings up no list"
    (item,) = [i for i in items if i["label"] == "linvel"]
    assert item["textEdit"]["range"]["start"] == where(typed, "= base.|li\n") and item["detail"] == "m/s"
    assert client.stop() == 0


def test_a_fix_is_offered_for_a_finding_and_repairs_it(client: Client):
    text = WALK_TEXT.replace('body("torso")', 'body("torsoo")')
    uri = client.open(WALK, text)
    (found,) = client.diagnostics(uri)
    asked = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
    (action,) = client.request("textDocument/codeAction", **asked)
    assert action["title"] == "Change to `torso` (changes the meaning)" and action["kind"] == "quickfix"
    (edit,) = action["edit"]["changes"][uri]
    assert edit["newText"] == "torso" and action["diagnostics"][0]["code"] == found["code"]
    assert client.stop() == 0


def test_colours_signatures_lenses_and_names_of_all_specs(tmp_path: Path):
    run = tmp_path / "runs" / "walk-1"
    run.mkdir(parents=True)
    (run / "spec.ksim").write_text(WALK_TEXT, encoding="utf-8")
    (run / "metrics.jsonl").write_text('{"env_states": 1000000, "reward/upright": -0.25}\n')
    (tmp_path / "other.ksim").write_text("signal {\n  upright_too = 1\n}\n")
    client = Client(root=tmp_path)
    uri = client.open(tmp_path / "walk.ksim", WALK_TEXT)
    document = {"uri": uri}
    legend = client.capabilities["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = client.request("textDocument/semanticTokens/full", textDocument=document)["data"]
    assert len(data) % 5 == 0 and data[:3] == [0, 0, 4] and legend[data[3]] == "keyword" and data[5:8] == [0, 5, 4]
    place = where(WALK_TEXT, "gaussian(v.xy - velocity.xy, |0.2 m/s)")
    shown = client.request("textDocument/signatureHelp", textDocument=document, position=place)
    assert shown["signatures"][0]["label"] == "gaussian(e, scale)" and shown["activeParameter"] == 1
    (lens,) = client.request("textDocument/codeLens", textDocument=document)
    assert lens["command"]["title"].startswith("last run walk-1: 1M env_states") and lens["range"]["start"]["line"] == 0
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
    found = client.request("textDocument/inlayHint", textDocument=document, range=everything)
    assert "mean -0.25/step" in [h["label"] for h in found]
    names = client.request("workspace/symbol", query="upright")
    assert [(s["name"], Path(s["location"]["uri"]).name) for s in names] == [
        ("upright", "walk.ksim"),
        ("upright_too", "other.ksim"),
    ]
    assert client.stop() == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
def test_columns_are_in_the_units_that_the_editor_asks_for(encoding: str):
    client = Client({"general": {"positionEncodings": [encoding]}})
    assert client.capabilities["capabilities"]["positionEncoding"] == encoding
    text = WALK_TEXT.replace('on flat ground"', 'on \U0001f916 ground" nonsense', 1)
    uri = client.open(WALK, text)
    found = client.diagnostics(uri)[0]["range"]["start"]
    before = text.partition("nonsense")[0]
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    codec = encoding if size == 1 else f"{encoding}-le"
    assert found == {"line": 0, "character": len(before.encode(codec)) // size}
    assert client.stop() == 0


def test_columns_are_those_of_the_editor(client: Client):
    text = WALK_TEXT.replace('on flat ground"', 'on \U0001f916 ground" doc "\U0001f916" nonsense', 1)
    uri = client.open(WALK, text)
    found = client.diagnostics(uri)[0]["range"]["start"]
    start = text.index("nonsense")
    assert found["line"] == 0 and found["character"] <= len(text[:start].encode("utf-16-le")) // 2
    moved = WALK_TEXT.replace("gait    = phase(1.4 Hz)", 'gait    = body("\U0001f916").nonsense', 1)
    client.change(uri, 2, moved)
    (name,) = [d for d in client.diagnostics(uri, 2) if d["code"].startswith("KS102")]
    length = name["range"]["end"]["character"] - name["range"]["start"]["character"]
    assert length == len('"xx"')  # the robot face is two units of UTF-16
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
    assert "KS102 unknown-element" in [d["code"] for d in editor.diagnostics(uri)]
    robot.write_text('<mujoco><worldbody><body name="trunk"/></worldbody></mujoco>')
    editor.notify("workspace/didChangeWatchedFiles", changes=[{"uri": robot.as_uri(), "type": 2}])
    assert "KS102 unknown-element" not in [d["code"] for d in editor.diagnostics(uri)]
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
