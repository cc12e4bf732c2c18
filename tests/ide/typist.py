"""A typist in front of VS Code: what Enter makes of a line while the list that VS Code has opened is there.

A list opens at a trigger character, with what the server answers to that, else at the first letter of a word, with what
it answers to a plain request, or at any later letter, when it is asked for. Letters that follow only filter it, by the
text between the start of what it replaces and the cursor, unless the server said that more could be known.
"""

from __future__ import annotations

import re

from ksim_spec.ide.completion import Completion, complete
from tests.ide.helpers import snapshot

TRIGGERS = (".", '"', " ")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def enter(before: str, after: str = "") -> set[str]:
    """Returns what Enter can make of the text before the cursor, by the moment at which the list was opened.

    With `editor.acceptSuggestionOnEnter: smart` it ends the line where the best entry is what stands there already.
    """
    found = _WORD.search(before)
    first = len(before) - (len(found[0]) if found else 0)
    lists: list[Completion] = []
    if first and before[first - 1] in TRIGGERS:
        lists.append(complete(snapshot(before[:first] + after), first, before[first - 1]))
    opened = (first + 1, len(before)) if found else ()
    lists += [complete(snapshot(before[:k] + after), k) for k in opened]
    return {_taken(one, before) for one in lists if not (one.more and one is not lists[-1])}


def _taken(found: Completion, before: str) -> str:
    word = before[found.start :]
    fitting = [item.label for item in found.items if matches(word, item.label)]
    best = word if word in fitting else next(iter(fitting), word)  # all of a label's letters beat some
    return before[: found.start] + best


def matches(word: str, label: str) -> bool:
    """True where the letters of a word stand in this order in a label, the first at the start of one of its words."""
    starts = [m.end() for m in re.finditer(r"^|[^A-Za-z0-9]", label)]
    return not word or any(_follows(word.lower(), label[k:].lower()) for k in starts)


def _follows(word: str, label: str) -> bool:
    rest = iter(label)
    return label[:1] == word[0] and all(letter in rest for letter in word)
