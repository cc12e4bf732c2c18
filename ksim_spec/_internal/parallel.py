"""The same work on many files, spread over the cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

FEW = 8  # up to so many pieces are done sooner by this process alone than it takes to start others
SHARE = 4  # pieces of work come in so many batches a process, so that none waits long for the slowest


def spread(work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
    """Yields `work` of every piece in order, with as many processes as there are cores when the pieces are many.

    `work` is a function of a module (or a `partial` of one); what it keeps in globals is kept in each process.
    What it raises is raised here.
    """
    cores = min(_cores(), -(-len(pieces) // FEW))
    if cores < 2 or "jax" in sys.modules:  # a copy of a process in which JAX has started its threads may hang
        yield from map(work, pieces)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A copy of this process has everything imported already. Only Linux can make one safely.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    with ProcessPoolExecutor(cores, context, _deaf_to_interrupts) as pool:
        yield from pool.map(work, pieces, chunksize=-(-len(pieces) // (cores * SHARE)))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _deaf_to_interrupts() -> None:
    """Leaves Ctrl-C to the process that waits for this one."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
