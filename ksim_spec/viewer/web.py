"""A policy in a browser: `ksim play RUN --web` draws it here and sends pictures, and the page steers it.

One thread simulates and draws, for OpenGL belongs to the thread that began with it; the server's threads only pass on
the newest picture and leave wishes. Nothing but the page, the pictures and the command fields can be asked for.
"""

from __future__ import annotations

import io
import json
import math
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from ksim_spec.viewer.steered import Steered

FRAME_S = 1 / 30
_BOUNDARY = "frame"
_LARGEST_REQUEST = 10_000  # bytes


class Pictures:
    """The newest picture, waited for by any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg, self._number, self._over = b"", 0, False

    def put(self, jpeg: bytes) -> None:
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        """Ends every `each`."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def each(self) -> Iterator[bytes]:
        """Yields pictures as they come, leaving out those there was no time for."""
        seen = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._number != seen)  # noqa: B023
                if self._over:
                    return
                jpeg, seen = self._jpeg, self._number
            yield jpeg


class _Handler(BaseHTTPRequestHandler):
    """Serves `/`, `/stream` and `/fields`; takes `/command` and `/restart`."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        if self.path == "/":
            page = files("ksim_spec.viewer").joinpath("page.html").read_bytes()
            self._answer(page, "text/html; charset=utf-8")
        elif self.path == "/fields":
            self._answer(json.dumps(self.server.about).encode(), "application/json")
        elif self.path == "/stream":
            self._stream()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST_REQUEST:
            return self.send_error(400)
        wish = _wish(self.path, self.rfile.read(int(length)), self.server.about["ranges"])
        if wish is None:
            return self.send_error(400)
        self.server.wishes.put(wish)
        self._answer(b"{}", "application/json")

    def log_message(self, format: str, *args: Any) -> None:  # a line for each request would bury what matters
        del format, args

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        try:
            for jpeg in self.server.pictures.each():
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:  # the page was closed
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], about: dict[str, Any]) -> None:
        super().__init__(address, _Handler)
        self.about, self.pictures = about, Pictures()
        self.wishes: queue.Queue[dict[str, Any]] = queue.Queue()


def _wish(path: str, body: bytes, known: dict[str, Any]) -> dict[str, Any] | None:
    """Returns what a request asks for, as `{"restart": True}` or `{"command": fields}`; None for anything else."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    if path == "/restart":
        return {"restart": True}
    if path != "/command" or not isinstance(value, dict):
        return None
    right = all(k in known and isinstance(v, int | float) and math.isfinite(v) for k, v in value.items())
    return {"command": value} if right else None


def require_encoder() -> None:
    """Raises SpecError where pictures cannot be encoded."""
    if find_spec("PIL") is None:
        advice = "pip install 'ksim_spec[viewer]'"
        raise SpecError([Diagnostic(rules.NO_WINDOW, "`--web` needs Pillow to encode pictures", help=advice)])


@contextmanager
def serving(live: Steered, host: str, port: int) -> Iterator[_Server]:
    """Yields a server that runs in threads of its own and ends with the context; raises SpecError for a bad address."""
    try:
        server = _Server((host, port), {"ranges": live.ranges, "command": live.command})
    except OSError as error:
        message = f"no page can be served at {host}:{port}: {error.strerror or error}"
        raise SpecError([Diagnostic(rules.NO_WINDOW, message, help="choose another `--port`")]) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.pictures.close()
        server.shutdown()
        server.server_close()
        thread.join()


def watch(live: Steered, server: _Server, seconds: float | None, shot: dict[str, Any]) -> None:
    """Simulates and draws until the time is up (or Ctrl-C), doing what the page asks between frames."""
    from ksim_spec.viewer.offscreen import Stage

    with Stage(live.model, shot, live.body) as stage:
        stage.without_shadows()
        before = 0.0
        for moment in live.paced(seconds, FRAME_S):
            while not server.wishes.empty():
                wish = server.wishes.get()
                if "restart" in wish:
                    live.restart()
                else:
                    live.steer(wish["command"])
                    server.about["command"] = live.command
            elapsed_s, before = moment.time_s - before, moment.time_s
            server.pictures.put(jpeg(stage.frame(moment.qpos_Q, moment.command_C, None, elapsed_s)))


def jpeg(rgb: np.ndarray) -> bytes:
    """Returns the picture, (height, width, 3) uint8, as a JPEG file."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=80)
    return out.getvalue()
