"""The language server: a thin layer that turns requests into calls of `ksim_spec.ide` and its answers into replies.

Only this module knows pygls and the protocol. Start it with `ksim lsp`; it speaks over stdin and stdout.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from ksim_spec.ide.analysis import Snapshot
from ksim_spec.ide.complete import complete
from ksim_spec.ide.definition import definitions
from ksim_spec.ide.folding import folds
from ksim_spec.ide.formatting import format_changes
from ksim_spec.ide.hints import hints
from ksim_spec.ide.hover import hover
from ksim_spec.ide.items import Item
from ksim_spec.ide.names import Refusal, references, rename
from ksim_spec.ide.places import Change, Encoding, Place, Spot, offset_at, spot_at
from ksim_spec.ide.problems import Problem, problems
from ksim_spec.ide.symbols import Symbol, symbols
from ksim_spec.ide.workspace import Workspace
from ksim_spec.source import SourceFile
from ksim_spec.version import __version__

PAUSE = 0.05  # seconds without a key before a document is checked by itself
WATCHED = ("**/*.ksim", "**/*.xml", "**/*.mjcf", "**/ksim.toml", "**/pyproject.toml")


class Server(LanguageServer):
    """The state of one editor: its documents, and what it can do."""

    def __init__(self) -> None:
        super().__init__("ksim", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.known = Workspace()
        self.pulls = False  # the editor asks for diagnostics itself
        self.changes: dict[str, int] = {}

    def snapshot(self, uri: str) -> Snapshot | None:
        """Returns the snapshot of a document as it is now; None for one too large to be a spec."""
        path = uris.to_fs_path(uri)
        return self.known.snapshot(uri, self.workspace.get_text_document(uri).source, Path(path) if path else None)

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
        uri = uris.from_fs_path(str(place.source.path.resolve())) if place.source.path else None
        return lsp.Location(uri, self.range(place.source, place.start, place.end)) if uri else None

    def locations(self, places: list[Place]) -> list[lsp.Location]:
        return [at for place in places if (at := self.location(place)) is not None]

    def edits(self, snapshot: Snapshot, changes: list[Change]) -> list[lsp.TextEdit]:
        return [lsp.TextEdit(self.range(snapshot.source, c.start, c.end), c.text) for c in changes]

    def diagnostics(self, uri: str) -> list[lsp.Diagnostic]:
        """Returns what is wrong with a document."""
        snapshot = self.snapshot(uri)
        if snapshot is None:
            start = lsp.Position(0, 0)
            text = "this file is too large to be a spec, so it is not checked"
            return [lsp.Diagnostic(lsp.Range(start, start), text, lsp.DiagnosticSeverity.Information, source="ksim")]
        return [_diagnostic(self, snapshot, p) for p in problems(snapshot)]

    def publish(self, uri: str) -> None:
        """Sends what is wrong with a document, unless the editor asks for it itself."""
        if not self.pulls and uri in self.workspace.text_documents:
            version = self.workspace.get_text_document(uri).version
            found = lsp.PublishDiagnosticsParams(uri, self.diagnostics(uri), version)
            self.text_document_publish_diagnostics(found)


_SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}


def _diagnostic(server: Server, snapshot: Snapshot, found: Problem) -> lsp.Diagnostic:
    related = [(server.location(place), text) for place, text in found.related]
    return lsp.Diagnostic(
        server.range(snapshot.source, found.start, found.end),
        found.text,
        _SEVERITY[found.severity],
        f"{found.code} {found.slug}",
        source="ksim",
        related_information=[lsp.DiagnosticRelatedInformation(at, text) for at, text in related if at] or None,
    )


server = Server()


# Documents ------------------------------------------------------------------------------------------------------------


@server.feature(lsp.INITIALIZE)
def _initialize(ls: Server, params: lsp.InitializeParams) -> None:
    document = params.capabilities.text_document
    ls.pulls = document is not None and document.diagnostic is not None


@server.feature(lsp.INITIALIZED)
async def _initialized(ls: Server, _: lsp.InitializedParams) -> None:
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching and watching.dynamic_registration:
        options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(glob) for glob in WATCHED])
        watch = lsp.Registration("ksim-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        await ls.client_register_capability_async(lsp.RegistrationParams([watch]))


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
def _opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    ls.publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
def _saved(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    ls.publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def _changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    turn = ls.changes[uri] = ls.changes.get(uri, 0) + 1
    await asyncio.sleep(PAUSE)
    if ls.changes.get(uri) == turn:  # no later change has come
        ls.publish(uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def _closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.known.forget(uri)
    ls.changes.pop(uri, None)
    if not ls.pulls:
        ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


@server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
async def _files_changed(ls: Server, _: lsp.DidChangeWatchedFilesParams) -> None:
    stale = ls.known.stale()
    for uri in stale:
        ls.publish(uri)
    if stale and ls.pulls:
        await ls.workspace_diagnostic_refresh_async(None)


_PULL = lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False)


@server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, _PULL)
def _pull(ls: Server, params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
    return lsp.RelatedFullDocumentDiagnosticReport(ls.diagnostics(params.text_document.uri))


# The text -------------------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
def _format(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    return ls.edits(snapshot, format_changes(snapshot)) if snapshot else None


_SYMBOL_KIND = {
    "file": lsp.SymbolKind.File,
    "block": lsp.SymbolKind.Namespace,
    "function": lsp.SymbolKind.Function,
    "name": lsp.SymbolKind.Object,
    "value": lsp.SymbolKind.Variable,
    "setting": lsp.SymbolKind.Property,
    "rule": lsp.SymbolKind.Event,
    "change": lsp.SymbolKind.Operator,
}


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def _symbols(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    return [_symbol(ls, snapshot, s) for s in symbols(snapshot)] if snapshot else None


def _symbol(ls: Server, snapshot: Snapshot, found: Symbol) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        found.name,
        _SYMBOL_KIND[found.kind],
        ls.range(snapshot.source, found.start, found.end),
        ls.range(snapshot.source, found.name_start, found.name_end),
        found.detail or None,
        children=[_symbol(ls, snapshot, c) for c in found.children] or None,
    )


_FOLD_KIND = {"block": lsp.FoldingRangeKind.Region, "comment": lsp.FoldingRangeKind.Comment}


@server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
def _folding(ls: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    return [lsp.FoldingRange(f.first, f.last, kind=_FOLD_KIND[f.kind]) for f in folds(snapshot)] if snapshot else None


# What stands somewhere ------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def _hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    snapshot = ls.snapshot(params.text_document.uri)
    found = hover(snapshot, ls.offset(snapshot, params.position)) if snapshot else None
    if snapshot is None or found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text)
    return lsp.Hover(content, ls.range(snapshot.source, found.start, found.end))


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def _definition(ls: Server, params: lsp.DefinitionParams) -> list[lsp.Location] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    return ls.locations(definitions(snapshot, ls.offset(snapshot, params.position))) if snapshot else None


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
def _references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    offset = ls.offset(snapshot, params.position)
    return ls.locations(references(snapshot, offset, params.context.include_declaration))


@server.feature(lsp.TEXT_DOCUMENT_RENAME)
def _rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    uri = params.text_document.uri
    snapshot = ls.snapshot(uri)
    if snapshot is None:
        return None
    found = rename(snapshot, ls.offset(snapshot, params.position), params.new_name)
    if isinstance(found, Refusal):
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, found.reason))
        return None
    return lsp.WorkspaceEdit({uri: ls.edits(snapshot, found)})


_ITEM_KIND = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "setting": lsp.CompletionItemKind.Property,
    "name": lsp.CompletionItemKind.Variable,
    "function": lsp.CompletionItemKind.Function,
    "quantity": lsp.CompletionItemKind.Field,
    "element": lsp.CompletionItemKind.Reference,
    "unit": lsp.CompletionItemKind.Unit,
    "word": lsp.CompletionItemKind.EnumMember,
}
_TRIGGERS = lsp.CompletionOptions(trigger_characters=[".", '"', " "])


@server.feature(lsp.TEXT_DOCUMENT_COMPLETION, _TRIGGERS)
def _complete(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    offset = ls.offset(snapshot, params.position)
    found = complete(snapshot, offset)
    place = ls.range(snapshot.source, found.start, offset)
    return lsp.CompletionList(False, [_item(item, k, place) for k, item in enumerate(found.items)])


def _item(item: Item, rank: int, place: lsp.Range) -> lsp.CompletionItem:
    return lsp.CompletionItem(
        item.label,
        kind=_ITEM_KIND[item.kind],
        detail=item.detail or None,
        documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, item.doc) if item.doc else None,
        sort_text=f"{rank:04}",
        text_edit=lsp.TextEdit(place, item.label),
    )


@server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
def _hints(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    found = hints(snapshot, ls.offset(snapshot, params.range.start), ls.offset(snapshot, params.range.end))
    return [
        lsp.InlayHint(ls.position(snapshot.source, h.offset), h.text, tooltip=h.tip, padding_left=True) for h in found
    ]


def main(**options: Any) -> None:
    """Serves one editor over stdin and stdout until it says to stop; what would be printed goes to stderr."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # stdout is the protocol
    server.start_io(stdout=out, **options)
