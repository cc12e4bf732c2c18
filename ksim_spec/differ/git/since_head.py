"""What a text of a spec changes of the version in git's last commit, for an editor.

Worked out in a process of its own, which an editor's server can leave alone: the text comes on stdin, the answer is
JSON on stdout. It runs in the folder of the spec.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.change import SHOWN, Change
from ksim_spec.differ.diff import Difference, DiffResult, changes
from ksim_spec.differ.render_text import text as rendered
from ksim_spec.differ.report import report
from ksim_spec.differ.sides import Opener, Side


@dataclass(frozen=True)
class Since:
    """`title` is one line, `shown` the whole difference: what it means, then the lines."""

    title: str
    shown: str


def since_head(name: str, text: str) -> Since | None:
    """Returns what a text changes of the committed spec of that name in the working folder.

    None where nothing changed, and where there is nothing to compare: no git, not committed, or a side does not check.
    """
    opener = Opener()
    try:
        tree, path = opener.locate(f"HEAD:./{name}")
        old, new = opener.open(tree, path), opener.text(text, name, Path(name))
        found = changes(old, new)
        return _since(old, new, found) if found else None
    except (SpecError, OSError):
        return None
    finally:
        opener.close()


def _since(old: Side, new: Side, found: Sequence[Change]) -> Since:
    kinds = ", ".join(cls for cls in SHOWN if any(c.cls == cls for c in found))
    title = f"{len(found)} change{'' if len(found) == 1 else 's'} since HEAD: {kinds}"
    difference = Difference(new.contract.task, old, new, tuple(found))
    meaning = rendered(report(DiffResult(old.label, new.label, [difference])))
    lines = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), old.label, new.label, lineterm="")
    return Since(title, "\n".join([meaning, *lines, ""]))


def main() -> None:
    """Answers for the spec named on the command line."""
    if hasattr(os, "nice"):
        os.nice(10)  # whoever types comes first
    found = since_head(sys.argv[1], sys.stdin.buffer.read().decode("utf-8", "replace"))
    print(json.dumps(asdict(found) if found is not None else None))


if __name__ == "__main__":
    main()
