"""Requests about how a document is shown, and about all specs at once: colours, signatures, lenses, names."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls import uris

from ksim_spec import ide
from ksim_spec.ide.legend import MODIFIERS, TYPES
from ksim_spec.ide.positions import Place, spot_at
from ksim_spec.lsp.changes_since_head import COMMAND, show
from ksim_spec.lsp.document_requests import SYMBOL_KIND
from ksim_spec.lsp.server import Server, server

if TYPE_CHECKING:
    from ksim_spec.ide.semantic_tokens import Token
    from ksim_spec.ide.workspace_symbols import Index

_LEGEND = lsp.SemanticTokensLegend(list(TYPES), list(MODIFIERS))


@server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, _LEGEND)
def _colours(ls: Server, params: lsp.SemanticTokensParams) -> lsp.SemanticTokens | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    data: list[int] = []
    line = column = 0
    for token in ide.semantic_tokens.tokens(snapshot):
        start, end = (spot_at(snapshot.source, at, ls.encoding) for at in (token.start, token.end))
        if start.line == end.line:
            before = column if start.line == line else 0
            data += [start.line - line, start.column - before, end.column - start.column, *_numbers(token)]
            line, column = start.line, start.column
    return lsp.SemanticTokens(data)


def _numbers(token: Token) -> tuple[int, int]:
    return TYPES.index(token.type), sum(1 << MODIFIERS.index(m) for m in token.modifiers)


_TRIGGERS = lsp.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=[":", ")"])


@server.feature(lsp.TEXT_DOCUMENT_SIGNATURE_HELP, _TRIGGERS)
def _signature(ls: Server, params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
    snapshot = ls.snapshot(params.text_document.uri)
    found = ide.signature_help.signature_at(snapshot, ls.offset(snapshot, params.position)) if snapshot else None
    if found is None:
        return None
    doc = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.doc) if found.doc else None
    parameters = [lsp.ParameterInformation(found.label[a:b]) for a, b in found.parameters]
    # past the last parameter none is stressed
    active = found.active if found.active is not None else len(parameters)
    return lsp.SignatureHelp([lsp.SignatureInformation(found.label, doc, parameters)], 0, active)


@server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
def _lenses(ls: Server, params: lsp.CodeLensParams) -> list[lsp.CodeLens] | None:
    uri = params.text_document.uri
    snapshot = ls.snapshot(uri)
    if snapshot is None:
        return None
    # a command without a name is shown and does nothing
    found = [(x.offset, lsp.Command(x.text, "")) for x in ide.code_lens.lenses(snapshot)]
    changed = ls.committed.ask(ls, uri, snapshot.source.path, snapshot.text)
    if changed is not None:
        found.append((ide.code_lens.task_offset(snapshot), lsp.Command(changed.title, COMMAND, arguments=[uri])))
    return [lsp.CodeLens(ls.range(snapshot.source, at, at), command) for at, command in found]


@server.command(COMMAND)
async def _show_changes(ls: Server, uri: str) -> None:
    await show(ls, uri, Path(uris.to_fs_path(uri) or uri).name)


@functools.cache
def _index() -> Index:
    return ide.workspace_symbols.Index()


@server.feature(lsp.WORKSPACE_SYMBOL)
def _everywhere(ls: Server, params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
    folders = [Path(p) for uri in ls.workspace.folders if (p := uris.to_fs_path(uri))]
    root = ls.workspace.root_path
    opened = [s for uri in ls.workspace.text_documents if (s := ls.snapshot(uri)) is not None]
    found = _index().search(params.query, folders or ([Path(root)] if root else []), opened)
    return [
        lsp.WorkspaceSymbol(at, f.symbol.name, SYMBOL_KIND[f.symbol.kind], container_name=f.inside or None)
        for f in found
        if (at := ls.location(Place(f.source, f.symbol.name_start, f.symbol.name_end))) is not None
    ]
