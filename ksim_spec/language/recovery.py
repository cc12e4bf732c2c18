"""What a spec may declare in the parts of it that could not be understood, so that no use of it is a second mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ksim_spec.syntax import ast
from ksim_spec.syntax.build import names_of

# Blocks whose lines declare names that other blocks use, and the kinds of lines that they take.
_DECLARING: dict[str, tuple[type[ast.Node], ...]] = {
    "robot": (ast.Assign, ast.Clause), "signal": (ast.Assign,), "curriculum": (ast.Entry,),
}  # fmt: skip


@dataclass(frozen=True)
class Lost:
    """What is not known of a spec: nothing of it is asked for as missing.

    `names` are those of broken declarations, `nameless` is true where one lost its name. `sites` is true where a line
    of the robot block is broken, `groups` where a group lost its name, `blocks` where a block is of no known kind.
    """

    names: frozenset[str] = frozenset()
    nameless: bool = False
    sites: bool = False
    groups: bool = False
    blocks: bool = False


def lost(items: Sequence[ast.Node]) -> Lost:
    """Returns what broken statements, and blocks whose header is broken or lacks its name, may declare."""
    sections = [i for i in items if isinstance(i, ast.Section)]
    unread = [i for i in items if isinstance(i, ast.ErrorStmt)]
    inside = [s for b in sections for s in _strange(b)]
    unnamed = [b for b in sections if b.keyword in ("command", "observe") and (b.broken or b.name is None)]
    commands = [b for b in unnamed if b.keyword == "command"]
    robots = [b for b in sections if b.keyword == "robot"]
    return Lost(
        names=frozenset(n for s in (*unread, *inside) for n in names_of(s)) | {b.name for b in commands if b.name},
        nameless=bool(commands) or any(not names_of(s) for s in (*unread, *inside)),
        sites=any(True for b in robots for _ in _strange(b)),
        groups=any(b.keyword == "observe" for b in unnamed) or bool(unread),
        blocks=bool(unread),
    )


def _strange(block: ast.Section) -> Iterator[ast.Node]:
    """Yields the lines of a declaring block that are broken, or of a kind that it does not take."""
    kinds = _DECLARING.get(block.keyword)
    if kinds is not None:
        yield from (s for s in block.body if not isinstance(s, kinds))
