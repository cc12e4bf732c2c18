"""Snapshots of specs with a cursor in them."""

from __future__ import annotations

from pathlib import Path

from ksim_spec.ide.snapshot import Snapshot, analyse
from ksim_spec.robot.cache import Robots

ROOT = Path(__file__).parents[2]
WALK = ROOT / "specs" / "walk.ksim"
# A text of its own, as if it were in that file: tuning the shipped spec must not move what the tests point at.
WALK_TEXT = Path(__file__).with_name("walk.txt").read_text(encoding="utf-8")
ROBOTS = Robots()


def snapshot(text: str | None = None, path: Path = WALK) -> Snapshot:
    """Returns the snapshot of a text as if it were in the file `path`; of the file itself without one."""
    return analyse(_text(path) if text is None else text, str(path), path, ROBOTS)


def _text(path: Path) -> str:
    return WALK_TEXT if path == WALK else path.read_text(encoding="utf-8")


def edited(old: str, new: str, path: Path = WALK) -> tuple[Snapshot, int]:
    """Returns the snapshot of a spec with `old` replaced by `new`, and the offset of the `|` in `new`."""
    text = _text(path)
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    before, _, after = text.partition(old)
    offset = len(before) + new.index("|")
    return snapshot(before + new.replace("|", "", 1) + after, path), offset


def at(marked: str) -> tuple[Snapshot, int]:
    """Returns the walking spec and the offset of the `|` in a piece of its text."""
    return edited(marked.replace("|", "", 1), marked)
