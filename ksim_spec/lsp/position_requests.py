"""Requests about what stands somewhere: what it is, where it comes from, and what could be written there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from ksim_spec import ide
from ksim_spec.lsp.server import Server, server

if TYPE_CHECKING:
    from ksim_spec.ide.completion_item import Item


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def _hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    snapshot = ls.snapshot(params.text_document.uri)
    found = ide.hover.hover(snapshot, ls.offset(snapshot, params.position)) if snapshot else None
    if snapshot is None or found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text)
    return lsp.Hover(content, ls.range(snapshot.source, found.start, found.end))


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def _definition(ls: Server, params: lsp.DefinitionParams) -> list[lsp.Location] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    return ls.locations(ide.goto_definition.definitions(snapshot, ls.offset(snapshot, params.position)))


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
def _references(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    snapshot = ls.snapshot(params.text_document.uri)
    if snapshot is None:
        return None
    offset = ls.offset(snapshot, params.position)
    declaration = params.context.include_declaration
    return ls.locations(ide.references.references(snapshot, offset, declaration, ls.specs(snapshot)))


@server.feature(lsp.TEXT_DOCUMENT_RENAME)
def _rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    uri = params.text_document.uri
    snapshot = ls.snapshot(uri)
    if snapshot is None:
        return None
    offset = ls.offset(snapshot, params.position)
    found = ide.references.rename(snapshot, offset, params.new_name, ls.specs(snapshot))
    if isinstance(found, ide.references.Refusal):
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, found.reason))
        return None
    return lsp.WorkspaceEdit({ls.uri(source) or uri: ls.edits(source, changes) for source, changes in found.items()})


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
    found = ide.completion.complete(snapshot, offset, _trigger(params.context))
    place = ls.range(snapshot.source, found.start, offset)
    return lsp.CompletionList(found.more, [_item(item, k, place) for k, item in enumerate(found.items)])


def _trigger(context: lsp.CompletionContext | None) -> str:
    """Returns the letter that made the editor ask; empty when the user or a word did."""
    typed = context is not None and context.trigger_kind == lsp.CompletionTriggerKind.TriggerCharacter
    return (context.trigger_character or "") if context is not None and typed else ""


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
    start, end = (ls.offset(snapshot, at) for at in (params.range.start, params.range.end))
    found = [*ide.inlay_hints.hints(snapshot, start, end), *ide.code_lens.means(snapshot, start, end)]
    return [
        lsp.InlayHint(ls.position(snapshot.source, h.offset), h.text, tooltip=h.tip, padding_left=True) for h in found
    ]
