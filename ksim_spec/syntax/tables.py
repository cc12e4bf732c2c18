"""The tables of the grammar: made by Lark once, kept in a file, and all that reading a text needs from then on.

They hold numbers and words only and are kept as JSON, so that a file which is not ours can do no harm and starting
needs neither Lark nor pickle.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

FORMAT = 1  # of the file


@dataclass(frozen=True)
class Rule:
    """How a rule's parts become one value: `action` is the builder's method, empty for parts that are handed up.

    `lone` rules hand on a part that is their only one. `kept` says which parts count: their places, with True for one
    that is a list of parts itself, and -1 for an option that is absent; None where all count as they are.
    """

    origin: str
    size: int
    action: str
    lone: bool
    kept: tuple[tuple[int, bool], ...] | None


@dataclass(frozen=True)
class Tables:
    """`states` have the next state of each symbol that can come, or ~k to apply rule k first.

    `starts` are the first states by start rule; `pattern` matches one token, whose terminal is the group's name.
    """

    states: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    starts: dict[str, int]
    pattern: str


def tables_of(parser: Lark) -> Tables:
    """Returns the tables of a LALR parser."""
    from lark.parsers.lalr_analysis import Shift

    parse_tables = {start: parser.parse_interactive(start=start).parser_state.parse_conf for start in ("file", "value")}
    found = parse_tables["file"].states
    numbers = {rule: k for k, rule in enumerate(parser.rules)}
    place = {state: k for k, state in enumerate(found)}
    states = tuple(
        {name: place[to] if action is Shift else ~numbers[to] for name, (action, to) in row.items()}
        for row in found.values()
    )
    starts = {start: place[conf.start_state] for start, conf in parse_tables.items()}
    return Tables(states, tuple(_rule(r) for r in parser.rules), starts, _pattern(parser.terminals))


def _rule(rule: Any) -> Rule:
    """Returns a rule of Lark's, with what Lark would do to its parts."""
    name, options = rule.origin.name, rule.options
    gaps = "".join(str(int(absent)) for absent in options.empty_indices or ()).split("0")
    absent = [len(gap) for gap in gaps] if options.empty_indices else [0] * (len(rule.expansion) + 1)
    kept: list[tuple[int, bool]] = []
    for k, symbol in enumerate(rule.expansion):
        kept += [(-1, False)] * absent[k]
        if not (symbol.is_term and symbol.filter_out):
            kept.append((k, not symbol.is_term and symbol.name.startswith("_")))
    kept += [(-1, False)] * absent[len(rule.expansion)]
    plain = kept == [(k, False) for k in range(len(rule.expansion))]
    action = rule.alias or ("" if name.startswith("_") else str(name))
    lone = bool(options.expand1 and not rule.alias and len(kept) == 1)
    return Rule(str(name), len(rule.expansion), str(action), lone, None if plain else tuple(kept))


def _pattern(terminals: Sequence[Any]) -> str:
    """Returns the expression for one token: the first terminal that matches counts, in Lark's order."""
    order = sorted(terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    return "|".join(f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in order)


# The file ------------------------------------------------------------------------------------------------------------


def key_of(grammar: str) -> str:
    """Returns what tells the tables of one grammar from those of another."""
    return sha256(f"{FORMAT}\n{grammar}".encode()).hexdigest()


def kept_tables(file: Path, key: str) -> Tables | None:
    """Returns the tables in a file; None where there are none that are whole and have this key."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        if held["key"] != key:
            return None
        rules = tuple(Rule(*rest, kept and tuple((k, inner) for k, inner in kept)) for *rest, kept in held["rules"])
        return Tables(tuple(held["states"]), rules, held["starts"], held["pattern"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_tables(tables: Tables, file: Path, key: str) -> None:
    """Writes tables to a file, if that can be done; who reads it meanwhile sees the old one or the new one."""
    rules = [(r.origin, r.size, r.action, r.lone, r.kept) for r in tables.rules]
    held = {"key": key, "states": tables.states, "rules": rules, "starts": tables.starts, "pattern": tables.pattern}
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as new:
            json.dump(held, new)
        os.replace(new.name, file)
    except OSError:
        return
