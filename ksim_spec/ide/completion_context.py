"""What stands at the cursor when something is to be completed: which block, which line, which place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.ide.tree import Open
from ksim_spec.language.selectors import kind_of
from ksim_spec.syntax.keywords import ATTRIBUTES
from ksim_spec.syntax.roles import OPERAND_ENDS
from ksim_spec.syntax.tokens import ASSIGN_OPS, CLOSER, Statement, Tok

Where = Literal["nothing", "line", "operand", "after", "member", "element", "unit", "per"]
_WORD_BEFORE = re.compile(r"[A-Za-z_0-9]*\Z")
_NUMBER = r"(?<![A-Za-z_0-9.])[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?"
_UNIT = r"(?!per\b)[A-Za-z%][A-Za-z%*/^0-9_]*"
_NUMBER_BEFORE = re.compile(
    rf"{_NUMBER}(?P<done>(?:[ \t]*{_UNIT})??(?:[ \t]+per[ \t]+{_UNIT})*?)"
    r"(?P<per>[ \t]+per(?=[ \t]))?(?P<gap>[ \t]*)(?P<typed>[A-Za-z%][A-Za-z%*/^0-9_]*)?\Z"
)
_SELECTOR_BEFORE = re.compile(r"([A-Za-z_]+)\s*\(\s*(?:\"[^\"\n]*\"\s*,\s*)*\"([^\"\n]*)\Z")
_OPENERS = {"LPAR", "LSQB", "LTABLE"}


@dataclass(frozen=True)
class Context:
    """The place to complete at.

    `line`: a statement may begin; `operand`: a value is wanted; `after`: a value has ended; `member`: after the dot of
    `owner`; `element`: in the quotes of a selector of `kind`; `unit`: after a number; `per`: after a number and `per`.
    `start` is where the word that is being written begins, `opening` the first word of the line, `last` the one before,
    `attribute` the attribute whose value is written and `value` the text of what it belongs to. `number` is where the
    number of a unit begins, and `done` what of the unit stands before the word.
    """

    where: Where
    start: int
    blocks: tuple[Open, ...] = ()
    owner: str = ""
    kind: str = ""
    opening: str = ""
    attribute: str = ""
    given: frozenset[str] = frozenset()
    header: bool = False
    depth: int = 0
    last: str = ""
    value: str = ""
    number: int = 0
    done: str = ""

    @property
    def block(self) -> str:
        return self.blocks[-1].keyword if self.blocks else ""


def context_at(snapshot: Snapshot, offset: int) -> Context:
    """Returns the context of an offset."""
    text = snapshot.text
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    code = _without_comment(line)
    selector = _SELECTOR_BEFORE.search(code) if code is not None else None
    if selector is not None and (kind := kind_of(selector[1])):
        return Context("element", offset - len(selector[2]), kind=kind)
    if code is None or code.count('"') % 2:
        return Context("nothing", offset)
    number = _NUMBER_BEFORE.search(code)
    if number is not None and (number["per"] or not number["done"]):
        return _in_unit(snapshot, number, offset)
    start = offset - len(_WORD_BEFORE.findall(code)[0])
    return _in_line(snapshot, start)


def _in_unit(snapshot: Snapshot, number: re.Match[str], offset: int) -> Context:
    """The context of a unit that is being written; nothing right behind a digit, for more of them may follow."""
    typed = number["typed"] or ""
    if not typed and not number["gap"]:
        return Context("nothing", offset)
    begin = offset - len(number[0])
    where: Where = "per" if number["per"] else "unit"
    done = " ".join(number["done"].split())
    return replace(_in_line(snapshot, begin), where=where, start=offset - len(typed), number=begin, done=done)


def _without_comment(line: str) -> str | None:
    """Returns the line unless it has a comment before its end."""
    inside = False
    for letter in line:
        inside ^= letter == '"'
        if letter == "#" and not inside:
            return None
    return line


def _in_line(snapshot: Snapshot, start: int) -> Context:
    """The context of a word that starts at `start`, from the tokens before it in its statement."""
    statement = _statement(snapshot, start)
    tokens = _before(statement, start) if statement is not None else []
    blocks = snapshot.blocks.at(start)
    if not tokens:
        return Context("line", start, blocks)
    header = statement is not None and statement.end.type == "LBRACE" and start <= statement.end.start
    last, opening = tokens[-1], tokens[0].text
    if _names_anew(tokens):
        return Context("nothing", start, blocks)
    if last.type == "DOT":
        return Context("member", start, blocks, owner=_owner(snapshot.text, tokens[:-1]), opening=opening)
    depth = sum((t.type in _OPENERS) - (t.type in CLOSER.values()) for t in tokens)
    attribute = next((t.text for t in reversed(tokens) if t.type == "ATTR"), "")
    given = frozenset(t.text for t in tokens if t.type in ("ATTR", "FLAG") or t.text in ATTRIBUTES)
    ended = last.type in OPERAND_ENDS or (header and len(tokens) == 1)
    where: Where = "after" if ended else "operand"
    value = _valued(snapshot.text, tokens)
    return Context(where, start, blocks, "", "", opening, attribute, given, header, max(depth, 0), last.text, value)


def _names_anew(tokens: list[Tok]) -> bool:
    """True where any name may follow the tokens: of a task or a function, or after `no` and `remove`."""
    first = tokens[0]
    declares = first.type == "FN" or (first.type == "DIRECTIVE" and first.text == "task")
    return (declares and len(tokens) == 1) or first.type == "CLAUSE_NAMES"


def _valued(text: str, tokens: list[Tok]) -> str:
    """Returns the text of the value of a line whose attributes are being written; empty in other lines."""
    begin = next((k for k, t in enumerate(tokens) if t.type in ASSIGN_OPS), None)
    end = next((k for k, t in enumerate(tokens) if t.type in ("ATTR", "FLAG")), None)
    if begin is None or end is None or end <= begin + 1:
        return ""
    return text[tokens[begin + 1].start : tokens[end - 1].end]


def _statement(snapshot: Snapshot, start: int) -> Statement | None:
    """The statement that the word belongs to: the last that begins before it and is not over on an earlier line."""
    found: Statement | None = None
    for statement in snapshot.reading.statements:
        if statement.tokens and statement.start <= start:
            found = statement
    if found is None or found.end.type == "LBRACE" and start > found.end.start:
        return None
    over = snapshot.text.find("\n", found.stop)
    return found if over < 0 or start <= over else None


def _before(statement: Statement, start: int) -> list[Tok]:
    return [t for t in statement.tokens if t.start < start]


def _owner(text: str, tokens: list[Tok]) -> str:
    """Returns the text of the value that ends where the tokens do: names, dots, calls and indices."""
    k, depth = len(tokens) - 1, 0
    while k >= 0:
        kind = tokens[k].type
        if kind in CLOSER.values():
            depth += 1
        elif kind in _OPENERS:
            if not depth:
                break
            depth -= 1
            called = k > 0 and tokens[k - 1].type == "NAME" and tokens[k - 1].end == tokens[k].start
            if not depth and not called:
                return text[tokens[k].start : tokens[-1].end]
        elif not depth and (kind != "NAME" or (k and tokens[k - 1].type != "DOT")):
            return text[tokens[k].start : tokens[-1].end]
        k -= 1
    return text[tokens[0].start : tokens[-1].end] if tokens and not depth else ""
