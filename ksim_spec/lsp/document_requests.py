"""Requests about the text of a document: its layout, its outline, and changes that it could do with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ksim_spec import ide
from ksim_spec.lsp.server import Server, server

if TYPE_CHECKING:
    from ksim_spec.ide.document_symbols import Symbol
    from ksim_spec.ide.snapshot import Snapshot


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
def _format(ls: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    return ls.edits(snapshot.source, ide.formatting.format_changes(snapshot)) if snapshot else None


SYMBOL_KIND = {
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
    return [_symbol(ls, snapshot, s) for s in ide.document_symbols.symbols(snapshot)] if snapshot else None


def _symbol(ls: Server, snapshot: Snapshot, found: Symbol) -> lsp.DocumentSymbol:
    return lsp.DocumentSymbol(
        found.name,
        SYMBOL_KIND[found.kind],
        ls.range(snapshot.source, found.start, found.end),
        ls.range(snapshot.source, found.name_start, found.name_end),
        found.detail or None,
        children=[_symbol(ls, snapshot, c) for c in found.children] or None,
    )


_FOLD_KIND = {"block": lsp.FoldingRangeKind.Region, "comment": lsp.FoldingRangeKind.Comment}


@server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
def _folding(ls: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    return [lsp.FoldingRange(f.first, f.last, kind=_FOLD_KIND[f.kind]) for f in ide.folding_range.folds(snapshot)]


_ACTIONS = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])


@server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, _ACTIONS)
def _actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
    uri = params.text_document.uri
    snapshot = ls.snapshot(uri)
    if snapshot is None:
        return None
    start, end = (ls.offset(snapshot, at) for at in (params.range.start, params.range.end))
    return [
        lsp.CodeAction(
            found.title,
            lsp.CodeActionKind.QuickFix,
            [ls.diagnostic(snapshot, found.problem)],
            is_preferred=found.safe,
            edit=lsp.WorkspaceEdit({uri: ls.edits(snapshot.source, list(found.changes))}),
        )
        for found in ide.code_action.actions(snapshot, start, end)
    ]
