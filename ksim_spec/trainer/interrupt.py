"""Ctrl-C and what else ends a program: the first writes a checkpoint after the update, the second leaves at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
# A batch system asks with SIGTERM; a terminal that is closed, or a connection that is lost, with SIGHUP.
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupts:
    """A context that counts SIGINT, SIGTERM and SIGHUP. Outside the main thread it does nothing.

    `run` calls a function in a worker thread: a compiled update does not return to Python for seconds, and signals
    are only delivered to a main thread that runs Python.
    """

    def __init__(self, on_first: Callable[[], None], on_second: Callable[[], None]) -> None:
        self.requested = False
        self._on_first, self._on_second = on_first, on_second
        self._old: dict[int, Any] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="update")

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._old = {s: signal.signal(s, self._handle) for s in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._worker.shutdown()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            with contextlib.suppress(OSError):  # nobody may be there to read it
                self._on_second()
            os._exit(128 + number)  # the worker cannot be stopped; every file is whole, so nothing is lost
        self.requested = True
        self._on_first()

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Returns function(*args), letting signals through while it works."""
        future = self._worker.submit(function, *args)
        del args  # donated buffers must not be kept alive here
        while True:
            try:
                return future.result(timeout=0.2)
            except TimeoutError:
                if future.done():
                    raise
