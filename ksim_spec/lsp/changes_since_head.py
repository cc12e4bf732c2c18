"""What documents change of their committed versions: worked out beside the server, so that no answer waits for it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from ksim_spec.lsp.server import Server

PAUSE = 0.5  # seconds without another question before the work begins
LIMIT = 60.0  # seconds that it may take
COMMAND = "ksim.showChanges"


@dataclass(frozen=True)
class Changes:
    """What `ksim_spec.differ.git.since_head` answers: one line, and the whole difference."""

    title: str
    shown: str


@dataclass
class Committed:
    """By document, the text that was compared last and what came of it, and the comparison that is under way."""

    known: dict[str, tuple[str, Changes | None]] = field(default_factory=dict)
    working: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, ls: Server, uri: str, path: Path | None, text: str) -> Changes | None:
        """Returns what is known of a document, and has it compared when its text is another; it never waits."""
        text_then, found = self.known.get(uri, (None, None))
        if path is not None and path.is_file() and text_then != text:
            self.stop(uri)
            self.working[uri] = asyncio.get_running_loop().create_task(self._compare(ls, uri, path, text))
        return found

    def stale(self, uri: str) -> None:
        """Has a document compared again when it is asked for: it was saved, or a file beside it has changed."""
        if uri in self.known:
            self.known[uri] = ("", self.known[uri][1])

    def forget(self, uri: str) -> None:
        """Drops what is known of a document that was closed."""
        self.stop(uri)
        self.known.pop(uri, None)

    def stop(self, uri: str) -> None:
        """Ends a comparison that is under way."""
        if task := self.working.pop(uri, None):
            task.cancel()

    async def _compare(self, ls: Server, uri: str, path: Path, text: str) -> None:
        await asyncio.sleep(PAUSE)
        found = await since(path, text)
        before = self.known.get(uri, ("", None))[1]
        self.known[uri] = (text, found)
        self.working.pop(uri, None)
        workspace = ls.client_capabilities.workspace
        if found != before and workspace and workspace.code_lens and workspace.code_lens.refresh_support:
            await ls.workspace_code_lens_refresh_async(None)

    def write(self, uri: str, name: str) -> Path | None:
        """Returns a file with the difference of a document; None where there is none."""
        found = self.known.get(uri, ("", None))[1]
        if found is None:
            return None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="ksim-changes-")
        file = Path(self._folder.name, f"{name} since HEAD.diff")
        file.write_text(found.shown, encoding="utf-8")
        return file


async def since(path: Path, text: str) -> Changes | None:
    """Returns what a process of its own says of a text; None where it fails or takes too long."""
    # `-P`: nothing beside the spec is ever imported
    command = [sys.executable, "-P", "-m", "ksim_spec.differ.git.since_head", path.name]
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=path.parent, stdin=pipe, stdout=pipe, stderr=nothing)
    try:
        out, _ = await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), LIMIT)
        answer = json.loads(out) if process.returncode == 0 else None
        return Changes(**answer) if answer else None
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def show(ls: Server, uri: str, name: str) -> None:
    """Opens the difference of a document beside it; an editor that cannot open a text is told it in a message."""
    file = ls.committed.write(uri, name)
    if file is None:
        return
    window = ls.client_capabilities.window
    if window and window.show_document and window.show_document.support:
        await ls.window_show_document_async(lsp.ShowDocumentParams(file.as_uri(), take_focus=True))
    else:
        text = file.read_text(encoding="utf-8").partition("\n---")[0]
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, text))
