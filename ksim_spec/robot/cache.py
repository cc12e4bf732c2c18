"""Robot files read once: an index is kept until one of its files changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ksim_spec._internal.files import Stamp, stamp
from ksim_spec.robot.index import RobotIndex


@dataclass
class Robots:
    """Indexes by path, each with the stamps of the files that it was read from."""

    kept: dict[Path, tuple[RobotIndex, dict[Path, Stamp]]] = field(default_factory=dict)
    reads: int = 0  # how often a robot was read from disk

    def read(self, path: Path) -> RobotIndex:
        """Returns the index of a robot file, read again only when one of its files changed; raises SpecError."""
        known = self.kept.get(path)
        if known is not None and all(stamp(file) == was for file, was in known[1].items()):
            return known[0]
        self.kept.pop(path, None)
        before = stamp(path)
        self.reads += 1
        index = RobotIndex.load(path)
        stamps = {file: stamp(file) for file in index.files}
        if stamps.get(path, before) == before:  # a file that changes while it is read is read again next time
            self.kept[path] = (index, stamps)
        return index
