"""The documents of one editor: a snapshot of each, checked again only when it or a file that it names has changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ksim_spec._internal.gc import uncollected
from ksim_spec.ide.snapshot import Snapshot, analyse
from ksim_spec.ir.node import forget
from ksim_spec.robot.cache import Robots
from ksim_spec.syntax.parse import LARGEST

ROOM = 1000  # checks after which what was worked out is dropped


@dataclass
class Workspace:
    """Snapshots by document; `checks` counts how often a document was really checked.

    `opened` are the texts of the open documents by resolved path: includes are read from them.
    """

    robots: Robots = field(default_factory=Robots)
    kept: dict[str, tuple[str, Snapshot]] = field(default_factory=dict)
    checks: int = 0
    opened: dict[Path, str] = field(default_factory=dict)

    def snapshot(self, key: str, text: str, path: Path | None) -> Snapshot | None:
        """Returns the snapshot of a document's text; None for a text too large to be a spec."""
        if len(text) > LARGEST:
            return None
        known = self.kept.get(key)
        if known is not None and known[0] == text and known[1].current(self.opened):
            return known[1]
        self._make_room()
        name = str(path) if path is not None else key
        with uncollected():
            found = analyse(text, name, path, self.robots, known[1] if known is not None else None, self.opened)
        self.checks += 1
        self.kept[key] = (text, found)
        return found

    def profiled(self, key: str) -> bool:
        """Adds what is wrong in the profiles of a document; True where that adds a finding."""
        if key not in self.kept or self.kept[key][1].profiled:
            return False
        text, before = self.kept[key]
        with uncollected():
            after = before.with_profiles()
        self.kept[key] = (text, after)
        return after.diagnostics != before.diagnostics

    def _make_room(self) -> None:
        """Now and then drops all that was worked out: every check leaves a few nodes behind in the table of nodes."""
        if self.checks % ROOM == ROOM - 1:
            self.kept.clear()
            forget()

    def stale(self) -> list[str]:
        """Returns the documents with a snapshot that a change of another file has made old."""
        return [key for key, (_, snapshot) in self.kept.items() if not snapshot.current(self.opened)]

    def forget(self, key: str) -> None:
        """Drops what is known of a document that was closed."""
        self.kept.pop(key, None)
