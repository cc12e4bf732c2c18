"""The state of one editor, and how places and findings are told to it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from ksim_spec import ide
from ksim_spec.ide.positions import Change, Encoding, Place, Spot, offset_at, spot_at
from ksim_spec.lsp.changes_since_head import Committed
from ksim_spec.source import SourceFile
from ksim_spec.version import __version__

if TYPE_CHECKING:
    from ksim_spec.ide.diagnostics import Problem
    from ksim_spec.ide.family import Specs
    from ksim_spec.ide.snapshot import Snapshot
    from ksim_spec.ide.workspace import Workspace

_SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}


class Server(LanguageServer):
    """The state of one editor: its documents, and what it can do."""

    def __init__(self) -> None:
        super().__init__("ksim", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.committed = Committed()
        self.pulls = False  # the editor asks for diagnostics itself
        self.changes: dict[str, int] = {}

    @cached_property
    def known(self) -> Workspace:
        """The documents and their snapshots, made when a document is first asked about."""
        return ide.workspace.Workspace()

    def snapshot(self, uri: str) -> Snapshot | None:
        """Returns the snapshot of a document as it is now; None for one too large to be a spec."""
        path = uris.to_fs_path(uri)
        return self.known.snapshot(uri, self.workspace.get_text_document(uri).source, Path(path) if path else None)

    def opened(self, uri: str) -> None:
        """Notes what a document says, for the others that include it."""
        path = uris.to_fs_path(uri)
        if path and path.endswith(".ksim"):
            self.known.opened[Path(path).resolve()] = self.workspace.get_text_document(uri).source

    def closed(self, uri: str) -> None:
        """Forgets a document: those that include it read the file again."""
        if path := uris.to_fs_path(uri):
            self.known.opened.pop(Path(path).resolve(), None)
        self.known.forget(uri)

    async def check_others(self) -> None:
        """Checks again the documents that a change of another document or file has made old."""
        stale = self.known.stale()
        for uri in stale:
            self.committed.stale(uri)
            self.publish(uri)
            self.check_profiles(uri)
        if stale and self.pulls:
            await self.workspace_diagnostic_refresh_async(None)

    def check_profiles(self, uri: str) -> bool:
        """Checks the profiles of a document, and tells what that adds; True where it adds something."""
        added = self.known.profiled(uri)
        if added:
            self.publish(uri)
        return added

    @property
    def encoding(self) -> Encoding:
        """The units that the editor counts columns in."""
        # pygls hands on what the editor asked for, which may be a plain string
        return lsp.PositionEncodingKind(self.workspace.position_encoding).value  # type: ignore[return-value]

    def range(self, source: SourceFile, start: int, end: int) -> lsp.Range:
        """Returns a stretch of a file as the editor counts."""
        return lsp.Range(self.position(source, start), self.position(source, end))

    def position(self, source: SourceFile, offset: int) -> lsp.Position:
        spot = spot_at(source, offset, self.encoding)
        return lsp.Position(spot.line, spot.column)

    def offset(self, snapshot: Snapshot, position: lsp.Position) -> int:
        return offset_at(snapshot.source, Spot(position.line, position.character), self.encoding)

    def location(self, place: Place) -> lsp.Location | None:
        """Returns a place as the editor names it; None for a text that is no file."""
        uri = self.uri(place.source)
        return lsp.Location(uri, self.range(place.source, place.start, place.end)) if uri else None

    def locations(self, places: list[Place]) -> list[lsp.Location]:
        return [at for place in places if (at := self.location(place)) is not None]

    def uri(self, source: SourceFile) -> str | None:
        """Returns what the editor calls a file; None for a text that is no file."""
        if source.path is None:
            return None
        path = source.path.resolve()
        opened = ((uri, uris.to_fs_path(uri)) for uri in self.workspace.text_documents)
        known = (uri for uri, name in opened if name and Path(name).resolve() == path)
        return next(known, None) or uris.from_fs_path(str(path))

    def specs(self, snapshot: Snapshot) -> Specs:
        """Returns every spec of the open folders, and of the project around a document outside of them."""
        folders = [Path(p) for uri in self.workspace.folders if (p := uris.to_fs_path(uri))]
        root, own = self.workspace.root_path, snapshot.source.path
        folders = folders or ([Path(root)] if root else [])
        if own is not None and not any(own.resolve().is_relative_to(f.resolve()) for f in folders):
            folders.append(ide.family.root_of(own.resolve()))
        return ide.family.Specs(tuple(folders), self.known.opened)

    def edits(self, source: SourceFile, changes: list[Change]) -> list[lsp.TextEdit]:
        return [lsp.TextEdit(self.range(source, c.start, c.end), c.text) for c in changes]

    def diagnostics(self, uri: str) -> list[lsp.Diagnostic]:
        """Returns what is wrong with a document."""
        snapshot = self.snapshot(uri)
        if snapshot is None:
            start = lsp.Position(0, 0)
            text = "this file is too large to be a spec, so it is not checked"
            return [lsp.Diagnostic(lsp.Range(start, start), text, lsp.DiagnosticSeverity.Information, source="ksim")]
        return [self.diagnostic(snapshot, p) for p in ide.diagnostics.problems(snapshot)]

    def diagnostic(self, snapshot: Snapshot, found: Problem) -> lsp.Diagnostic:
        """Returns a finding as the editor knows it."""
        related = [(self.location(place), text) for place, text in found.related]
        return lsp.Diagnostic(
            self.range(snapshot.source, found.start, found.end),
            found.text,
            _SEVERITY[found.severity],
            f"{found.code} {found.slug}",
            source="ksim",
            related_information=[lsp.DiagnosticRelatedInformation(at, text) for at, text in related if at] or None,
        )

    def publish(self, uri: str) -> None:
        """Sends what is wrong with a document, unless the editor asks for it itself."""
        if not self.pulls and uri in self.workspace.text_documents:
            version = self.workspace.get_text_document(uri).version
            found = lsp.PublishDiagnosticsParams(uri, self.diagnostics(uri), version)
            self.text_document_publish_diagnostics(found)


server = Server()
