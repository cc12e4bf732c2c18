"""The line above a task that says what its text changes of the committed version, as an editor meets it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

from ksim_spec.differ.git.since_head import since_head
from tests.ide.client import Client
from tests.ide.helpers import ROOT, WALK_TEXT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")
LENSES = {"workspace": {"codeLens": {"refreshSupport": True}}, "window": {"showDocument": {"support": True}}}
HEAVIER = WALK_TEXT.replace("  scale 0.25 per rad/s", "  scale 0.5 per rad/s", 1)
REPORT = "since HEAD"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with a committed spec and its robot."""
    shutil.copytree(ROOT / "specs" / "robots", tmp_path / "robots")
    (tmp_path / "walk.ksim").write_text(WALK_TEXT, encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "a spec"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def lenses(client: Client, uri: str) -> list[dict[str, Any]]:
    found = client.request("textDocument/codeLens", textDocument={"uri": uri})
    return [lens for lens in found if REPORT in lens["command"]["title"]]


def wait_for(client: Client, method: str) -> dict[str, Any]:
    while not (found := [n for n in client.notes if n["method"] == method]):
        client._other(client.receive())
    client.notes.remove(found[0])
    return found[0]


def test_what_the_open_text_changes_is_told_and_shown(repository: Path):
    client = Client(LENSES)
    uri = client.open(repository / "walk.ksim", HEAVIER)
    assert lenses(client, uri) == [], "nothing waits for it"
    assert client.diagnostics(uri) == []
    wait_for(client, "workspace/codeLens/refresh")
    (lens,) = lenses(client, uri)
    assert lens["command"]["title"] == "1 change since HEAD: meaning"
    assert lens["range"]["start"]["line"] == 0
    client.request(
        "workspace/executeCommand", command=lens["command"]["command"], arguments=lens["command"]["arguments"]
    )
    shown = wait_for(client, "window/showDocument")["params"]["uri"]
    text = Path(unquote(urlparse(shown).path)).read_text(encoding="utf-8")
    assert "observe.actor.gyro" in text and "+  gyro" in text and "silently different" in text
    client.change(uri, 2, WALK_TEXT)
    lenses(client, uri)
    wait_for(client, "workspace/codeLens/refresh")
    assert lenses(client, uri) == []
    assert client.stop() == 0
    assert not Path(unquote(urlparse(shown).path)).exists()


def test_an_editor_that_opens_no_texts_is_told_in_a_message(repository: Path):
    client = Client({"workspace": LENSES["workspace"]})
    uri = client.open(repository / "walk.ksim", HEAVIER)
    lenses(client, uri)
    wait_for(client, "workspace/codeLens/refresh")
    client.request("workspace/executeCommand", command="ksim.showChanges", arguments=[uri])
    assert "observe.actor.gyro" in wait_for(client, "window/showMessage")["params"]["message"]
    assert client.stop() == 0


def test_a_server_that_stops_ends_a_comparison(repository: Path):
    client = Client(LENSES)
    uri = client.open(repository / "walk.ksim", HEAVIER)
    lenses(client, uri)
    assert client.stop() == 0


def test_nothing_is_told_where_there_is_nothing_to_compare(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(repository)
    assert since_head("walk.ksim", HEAVIER) is not None
    assert since_head("walk.ksim", WALK_TEXT) is None, "nothing changed"
    assert since_head("walk.ksim", HEAVIER + "reward {") is None, "it does not check"
    (repository / "other.ksim").write_text(WALK_TEXT, encoding="utf-8")
    assert since_head("other.ksim", HEAVIER) is None, "not committed"
    shutil.rmtree(repository / ".git")
    assert since_head("walk.ksim", HEAVIER) is None, "no repository"


def test_without_git_nothing_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", str(repository))
    assert since_head("walk.ksim", HEAVIER) is None
