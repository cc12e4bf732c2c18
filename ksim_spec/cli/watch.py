"""Does something again whenever files change, by looking at their times: no notification service is needed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ksim_spec._internal.files import Stamp, stamp

PAUSE = 0.3  # seconds between two looks


def watch(work: Callable[[], tuple[int, Iterable[Path]]], more: Callable[[], Iterable[Path]] = tuple) -> int:
    """Calls `work` now and after every change of the files it returned, until Ctrl-C; returns its last exit code.

    `more` is asked before every look for files that `work` cannot know of, such as new ones in a folder. A file that
    does not exist counts too: it changes when it appears.
    """
    code, known = 0, list[Path]()
    try:
        while True:
            earlier = stamps([*known, *more()])
            code, files = work()
            known = list(files)
            # What changes while the work is done must be seen at the next look: the stamps from before it count.
            seen = {path: earlier.get(path, stamp) for path, stamp in stamps(known).items()}
            print(f"watching {len(seen)} file{'s' * (len(seen) != 1)}, Ctrl-C to stop", file=sys.stderr, flush=True)
            while stamps([*known, *more()]) == seen:
                time.sleep(PAUSE)
            print("", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        return code


def stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """Returns when each file was last changed, and its size; None for one that is not there."""
    return {path: stamp(path) for path in files}
