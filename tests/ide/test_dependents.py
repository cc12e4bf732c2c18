"""Documents that include another one follow it, saved and unsaved, and their profiles are checked."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from tests.ide.client import Client
from tests.ide.helpers import ROOT, WALK_TEXT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")
START, END = WALK_TEXT.index("command velocity"), WALK_TEXT.index("signal {")
COMMANDS = WALK_TEXT[START:END]
TASK = WALK_TEXT[:START] + 'include "commands.ksim"\n' + WALK_TEXT[END:]
BROKEN = COMMANDS.replace("  yaw = uniform(-1 rad/s, 1 rad/s)", "  yaw = uniform(-1 rad/s, 1 m/s)")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "specs" / "robots", tmp_path / "robots")
    (tmp_path / "commands.ksim").write_text(COMMANDS)
    (tmp_path / "task.ksim").write_text(TASK)
    return tmp_path


def errors(client: Client, uri: str) -> list[str]:
    """The codes of the next diagnostics of a document, warnings left out."""
    return [d["code"][:5] for d in client.diagnostics(uri) if d["severity"] == 1]


def test_an_unsaved_change_of_an_include_is_seen_and_a_closed_document_is_the_file_again(client: Client, home: Path):
    task = client.open(home / "task.ksim", TASK)
    assert errors(client, task) == []
    shared = client.open(home / "commands.ksim", COMMANDS)
    assert errors(client, task) == []
    client.change(shared, 2, BROKEN)
    assert errors(client, task) == ["KS301", "KS301"]
    client.notify("textDocument/didClose", textDocument={"uri": shared})
    assert errors(client, task) == []
    assert client.stop() == 0


def test_an_include_that_is_saved_or_comes_to_be_there_is_seen(client: Client, home: Path):
    (home / "commands.ksim").unlink()
    task = client.open(home / "task.ksim", TASK)
    assert errors(client, task) != []
    shared = home / "commands.ksim"
    shared.write_text(COMMANDS)
    client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": shared.as_uri(), "type": 1}])
    assert errors(client, task) == []
    shared.write_text(BROKEN + "\n")
    client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": shared.as_uri(), "type": 2}])
    assert errors(client, task) == ["KS301", "KS301"]
    assert client.stop() == 0


def test_profiles_are_checked_as_lint_does(client: Client, home: Path):
    text = WALK_TEXT.replace("  no event push\n", "  no event push\n  train.num_minibatches = 0\n", 1)
    assert text != WALK_TEXT
    task = client.open(home / "task.ksim", WALK_TEXT)
    assert errors(client, task) == []
    client.change(task, 2, text)
    assert errors(client, task) == []
    assert errors(client, task) != []
    client.notify("textDocument/didClose", textDocument={"uri": task})
    assert errors(client, task) == []
    client.open(home / "task.ksim", text)
    assert errors(client, task) == [] and errors(client, task) != []
    assert client.stop() == 0
