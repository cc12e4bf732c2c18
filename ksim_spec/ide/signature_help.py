"""The signature of the function whose arguments are being written, and which argument it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ksim_spec.ide import docs
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.syntax.tokens import CLOSER, Tok

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Signature:
    """A signature as it is shown, where its parameters stand in it, and the one that is being written (or None)."""

    label: str
    doc: str
    parameters: tuple[tuple[int, int], ...]
    active: int | None


def signature_at(snapshot: Snapshot, offset: int) -> Signature | None:
    """Returns the signature of the innermost call around an offset; None outside calls and for unknown functions."""
    before = _tokens_before(snapshot, offset)
    opened = _open_call(before)
    if opened is None:
        return None
    doc = docs.function_doc(_called(before, opened), snapshot.checker)
    if doc is None:
        return None
    label = doc.signature.partition(", or ")[0]
    parameters = _parameters(label)
    inside = before[opened + 1 :]
    return Signature(label, doc.text, parameters, _active(label, parameters, inside))


def _tokens_before(snapshot: Snapshot, offset: int) -> list[Tok]:
    """The tokens before an offset of the statement that it is in; none in a comment or behind the statement's line."""
    found: list[Tok] = []
    for statement in snapshot.reading.statements:
        tokens = statement.written or statement.tokens
        if tokens and tokens[0].start < offset:
            found = [t for t in tokens if t.start < offset]
    line = snapshot.text.rfind("\n", 0, offset) + 1
    commented = any(line <= c.span.start < offset for c in snapshot.reading.comments)
    return [] if commented else found


def _open_call(tokens: Sequence[Tok]) -> int | None:
    """The index of the innermost `(` that is open at the end and belongs to a call."""
    opened: list[int] = []
    for k, tok in enumerate(tokens):
        if tok.type in CLOSER:
            opened.append(k)
        elif tok.type in CLOSER.values() and opened:
            opened.pop()
    calls = [k for k in opened if tokens[k].type == "LPAR" and k and tokens[k - 1].type == "NAME"]
    return calls[-1] if calls else None


def _called(tokens: Sequence[Tok], opened: int) -> str:
    """The name before a bracket, with `std.` where it stands before it."""
    name = tokens[opened - 1].text
    library = opened > 2 and tokens[opened - 2].type == "DOT" and tokens[opened - 3].text == "std"
    return f"std.{name}" if library else name


def _parameters(label: str) -> tuple[tuple[int, int], ...]:
    """Where the parameters stand in `f(a, b = g(1, 2), c?)`."""
    start = label.find("(") + 1
    if not start or not label.endswith(")"):
        return ()
    found, depth, begin = [], 0, start
    for k in range(start, len(label)):
        if not depth and label[k] in ",)":
            found.append((begin + (label[begin:k] != label[begin:k].lstrip()), k))
            begin = k + 1
        depth += (label[k] == "(") - (label[k] == ")")
    return tuple((a, b) for a, b in found if b > a)


def _active(label: str, parameters: Sequence[tuple[int, int]], inside: Sequence[Tok]) -> int | None:
    """Which parameter is being written: by its name where it is named, else by how many commas stand before it."""
    depth, position, last = 0, 0, 0
    for k, tok in enumerate(inside):
        depth += (tok.type in CLOSER) - (tok.type in CLOSER.values())
        if not depth and tok.type == "COMMA":
            position, last = position + 1, k + 1
    if len(inside) > last + 1 and inside[last + 1].type == "COLON":
        names = [m[0] if (m := _NAME.match(label, a)) else "" for a, _ in parameters]
        return names.index(inside[last].text) if inside[last].text in names else None
    if position < len(parameters):
        return position
    endless = bool(parameters) and label[slice(*parameters[-1])] == "…"
    return len(parameters) - 1 if endless else None
