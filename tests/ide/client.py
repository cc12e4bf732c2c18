"""A small client of the language server: a process, messages with their lengths, and what came back."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PATIENCE = 120  # seconds that a conversation may take


class Client:
    """Runs `ksim lsp` and speaks to it; every wait ends when the server does."""

    def __init__(self, capabilities: dict[str, Any] | None = None, root: Path | None = None) -> None:
        command = [sys.executable, "-m", "ksim_spec.cli.main", "lsp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.guard = threading.Timer(PATIENCE, self.process.kill)  # a server that hangs fails the test
        self.guard.daemon = True
        self.guard.start()
        self.notes: list[dict[str, Any]] = []
        self.number = 0
        self.capabilities = self.request(
            "initialize", processId=None, rootUri=root.as_uri() if root else None, capabilities=capabilities or {}
        )
        self.notify("initialized")

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None and self.process.stderr is not None
        size = 0
        while (line := self.process.stdout.readline()).strip():
            name, _, value = line.decode().partition(":")
            assert name in ("Content-Length", "Content-Type"), f"not the protocol: {line!r}"
            size = int(value) if name == "Content-Length" else size
        if not line:
            raise AssertionError(f"the server stopped: {self.process.stderr.read().decode()}")
        return json.loads(self.process.stdout.read(size))

    def notify(self, method: str, **params: Any) -> None:
        self.send(method=method, params=params)

    def request(self, method: str, **params: Any) -> Any:
        """Returns the result of a request; what else comes on the way is kept in `notes`."""
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while True:
            message = self.receive()
            if "method" in message:
                self._other(message)
            elif message["id"] == self.number:
                assert "error" not in message, message["error"]
                return message["result"]

    def _other(self, message: dict[str, Any]) -> None:
        self.notes.append(message)
        if "id" in message:  # the server asks for something, such as to watch files
            result = {"success": True} if message["method"] == "window/showDocument" else None
            self.send(id=message["id"], result=result)

    def diagnostics(self, uri: str, version: int | None = None) -> list[dict[str, Any]]:
        """Returns the next diagnostics that the server sends for a document (of a version, if one is given)."""
        while True:
            for k, note in enumerate(self.notes):
                params = note["params"]
                about = note["method"] == "textDocument/publishDiagnostics" and params["uri"] == uri
                if about and version in (None, params.get("version")):
                    del self.notes[k]
                    return params["diagnostics"]
            message = self.receive()
            assert "method" in message
            self._other(message)

    def open(self, path: Path, text: str) -> str:
        uri = path.resolve().as_uri()
        self.notify("textDocument/didOpen", textDocument={"uri": uri, "languageId": "ksim", "version": 1, "text": text})
        return uri

    def change(self, uri: str, version: int, text: str) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def stop(self) -> int:
        """Says goodbye and returns the exit code of the server."""
        self.request("shutdown")
        self.notify("exit")
        _, err = self.process.communicate(timeout=20)
        assert b"Traceback" not in err, err.decode()
        return self.process.returncode


def where(text: str, marked: str) -> dict[str, int]:
    """Returns the line and character of the `|` in a piece of a text."""
    start = text.index(marked.replace("|", "", 1)) + marked.index("|")
    return {"line": text.count("\n", 0, start), "character": start - (text.rfind("\n", 0, start) + 1)}
