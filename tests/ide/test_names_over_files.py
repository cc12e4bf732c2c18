"""Names that several files share: all uses are found and renamed together, or the rename is refused saying who."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from ksim_spec.ide.diagnostics import problems
from tests.ide.client import Client, where
from tests.ide.helpers import ROOT, WALK_TEXT, snapshot

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pygls") is None, reason="pygls is not installed")
START, END = WALK_TEXT.index("command velocity"), WALK_TEXT.index("signal {")
COMMANDS = WALK_TEXT[START:END]
BASE = WALK_TEXT[:START] + 'include "shared/commands.ksim"\n' + WALK_TEXT[END:]
CHILD = (
    'task slow "Slower"\nextends "../base.ksim"\noverride command.velocity.x = uniform(0 m/s, 0.2 m/s)\n'
    "override signal.gait = phase(1 Hz)\nreward { calm = exp(-norm(v) / (1 m/s)) * number(moving) weight 1 per s }\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "specs" / "robots", tmp_path / "robots")
    for name, text in (("shared/commands", COMMANDS), ("base", BASE), ("tasks/slow", CHILD)):
        path = tmp_path / f"{name}.ksim"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def rename(client: Client, uri: str, text: str, marked: str, new: str) -> Any:
    place = {"textDocument": {"uri": uri}, "position": where(text, marked)}
    return client.request("textDocument/rename", **place, newName=new)


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: (-e["range"]["start"]["line"], -e["range"]["start"]["character"])):
        start, end = edit["range"]["start"], edit["range"]["end"]
        line = lines[start["line"]]
        lines[start["line"]] = line[: start["character"]] + edit["newText"] + line[end["character"] :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("file", "marked"),
    [
        ("shared/commands", "command velo|city in"),
        ("base", "  mov|ing  ="),
        ("base", "  ga|it"),
        ("tasks/slow", "norm(|v)"),
        ("tasks/slow", "command.velo|city.x"),
    ],
)
def test_every_file_that_shares_a_name_is_renamed_and_stays_sound(file: str, marked: str, client: Client, home: Path):
    path = home / f"{file}.ksim"
    text = path.read_text()
    uri = client.open(path, text)
    changes = rename(client, uri, text, marked, "zz_new")["changes"]
    assert len(changes) >= 2
    for where_, edits in changes.items():
        other = Path(where_.removeprefix("file://"))
        other.write_text(applied(other.read_text(), edits))
    for task in ("base", "tasks/slow"):
        there = home / f"{task}.ksim"
        found = problems(snapshot(there.read_text(), there))
        assert [p.text for p in found if p.severity == "error"] == []
    assert client.stop() == 0


def test_the_text_of_an_open_document_goes_before_the_file(client: Client, home: Path):
    base = client.open(home / "base.ksim", BASE)
    longer = "# unsaved\n" + CHILD
    child = client.open(home / "tasks" / "slow.ksim", longer)
    changes = rename(client, base, BASE, "  mov|ing  =", "walking")["changes"]
    assert "walking" in applied(longer, changes[child]).splitlines()[-1] and set(changes) == {base, child}


def test_references_are_those_of_all_files(client: Client, home: Path):
    base = client.open(home / "base.ksim", BASE)
    places = client.request(
        "textDocument/references", textDocument={"uri": base}, position=where(BASE, "  mov|ing  ="),
        context={"includeDeclaration": True},
    )  # fmt: skip
    assert {Path(p["uri"]).name for p in places} == {"base.ksim", "slow.ksim"} and len(places) == 4


OTHER = 'task own "Its own"\ninclude "../shared/costs.ksim"\nsignal { moving = 1 > 0 }\n'


@pytest.mark.parametrize(
    ("more", "new", "told"),
    [
        ({"tasks/slow": CHILD + "signal { taken = 1 m }\n"}, "taken", "`taken` already means something in `tasks/slow.ksim`"),
        ({"tasks/slow": CHILD + "reward {\n  moving moving ="}, "zz", "`tasks/slow.ksim` has mistakes"),
        (
            {
                "shared/costs": "reward { still = number(moving) weight 1 per s }\n",
                "tasks/own": OTHER,
                "tasks/slow": CHILD + 'include "../shared/costs.ksim"\n',
            },
            "zz",
            "`shared/costs.ksim` uses `moving` too and serves `tasks/own.ksim`",
        ),
    ],
)  # fmt: skip
def test_what_would_break_another_file_is_refused(more, new, told, client: Client, home: Path):
    for name, text in more.items():
        (home / f"{name}.ksim").write_text(text)
    base = client.open(home / "base.ksim", BASE)
    assert rename(client, base, BASE, "  mov|ing  =", new) is None
    shown = [n["params"]["message"] for n in client.notes if n["method"] == "window/showMessage"]
    assert len(shown) == 1 and told in shown[0], shown


def test_a_function_of_the_library_is_not_renamed(client: Client, home: Path):
    text = BASE.replace("sum(square(delta(action)))", "std.action_rate(action)")
    base = client.open(home / "base.ksim", text)
    assert rename(client, base, text, "std.action_|rate(", "other") is None
