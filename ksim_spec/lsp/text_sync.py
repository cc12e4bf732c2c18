"""What happens to documents: they are opened, changed and closed, files change under them, and they are checked."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine

from lsprotocol import types as lsp

from ksim_spec import ide
from ksim_spec._internal.gc import uncollected
from ksim_spec.lsp.server import Server, server

PAUSE = 0.05  # seconds without a key before a document is checked by itself
REST = 0.3  # seconds more before its profiles are, which takes as long again as all the rest
WATCHED = ("**/*.ksim", "**/*.xml", "**/*.mjcf", "**/ksim.toml", "**/pyproject.toml")


@server.feature(lsp.INITIALIZE)
def _initialize(ls: Server, params: lsp.InitializeParams) -> None:
    document = params.capabilities.text_document
    ls.pulls = document is not None and document.diagnostic is not None


@server.feature(lsp.INITIALIZED)
async def _initialized(ls: Server, _: lsp.InitializedParams) -> None:
    with uncollected():
        ide.load()
    gc.freeze()  # what was imported stays, so no look for cycles has to go through it
    workspace = ls.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace else None
    if watching and watching.dynamic_registration:
        options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(glob) for glob in WATCHED])
        watch = lsp.Registration("ksim-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        await ls.client_register_capability_async(lsp.RegistrationParams([watch]))


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
def _opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.opened(uri)
    ls.publish(uri)
    if ls.pulls:
        ls.snapshot(uri)
    ls.check_profiles(uri)
    _soon(ls.check_others())


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
def _saved(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    ls.committed.stale(params.text_document.uri)
    ls.publish(params.text_document.uri)
    ls.check_profiles(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def _changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.opened(uri)
    turn = ls.changes[uri] = ls.changes.get(uri, 0) + 1
    await asyncio.sleep(PAUSE)
    if ls.changes.get(uri) != turn:
        return  # a later change has come
    ls.publish(uri)
    await ls.check_others()
    await asyncio.sleep(REST)
    if ls.changes.get(uri) == turn and ls.check_profiles(uri) and ls.pulls:
        await ls.workspace_diagnostic_refresh_async(None)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def _closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.closed(uri)
    ls.committed.forget(uri)
    ls.changes.pop(uri, None)
    if not ls.pulls:
        ls.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
    _soon(ls.check_others())


@server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
async def _files_changed(ls: Server, _: lsp.DidChangeWatchedFilesParams) -> None:
    await ls.check_others()


def _soon(work: Coroutine[None, None, None]) -> None:
    """Does something after what has come in."""
    task = asyncio.ensure_future(work)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


_TASKS: set[asyncio.Future[None]] = set()  # asyncio itself holds them only weakly
_PULL = lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False)


@server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, _PULL)
def _pull(ls: Server, params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
    return lsp.RelatedFullDocumentDiagnosticReport(ls.diagnostics(params.text_document.uri))
