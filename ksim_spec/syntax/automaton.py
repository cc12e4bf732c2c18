"""Runs the grammar's automaton: tokens in, and what the builder makes of them out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ksim_spec.syntax.build import Builder
from ksim_spec.syntax.tables import Rule, Tables
from ksim_spec.syntax.tokens import Tok

END = "$END"


class Grammar:
    """The tables with the builder whose methods their rules call; one parse at a time."""

    def __init__(self, tables: Tables, builder: Builder) -> None:
        self.tables, self.builder = tables, builder
        self.pattern = re.compile(tables.pattern)
        self.steps = [_step(rule, builder) for rule in tables.rules]
        # Operators of every strength lie between a value and its statement, and most only hand it on. Where that ends
        # is known by the state below the value, its own and the token that comes, so each way is gone once.
        self.handed: dict[tuple[int, int, str], int] = {}

    def way(self, key: tuple[int, int, str]) -> int:
        """Returns the state that a value comes to which rules hand on, from the one it is in."""
        below, state, kind = key
        states, steps = self.tables.states, self.steps
        while (action := states[state].get(kind, 0)) < 0 and steps[~action][2] is None:
            state = states[below][steps[~action][1]]
        self.handed[key] = state
        return state


# How many parts a rule has, its name, and what makes a value of the parts: None for one that hands its only part on.
_Step = tuple[int, str, Callable[[list[Any]], Any] | None]


def _step(rule: Rule, builder: Builder) -> _Step:
    make = getattr(builder, rule.action) if rule.action and not rule.lone else None
    if rule.lone and rule.size == 1:
        return rule.size, rule.origin, None
    if rule.lone:
        (place, _), *_ = rule.kept or ()
        return rule.size, rule.origin, lambda parts: parts[place]
    if rule.kept is None:
        return rule.size, rule.origin, make or list
    kept = rule.kept

    def choose(parts: list[Any]) -> Any:
        chosen: list[Any] = []
        for place, inner in kept:
            if inner:
                # a growing list is handed up as it is: nobody else holds it
                chosen = parts[place] if not chosen else chosen + parts[place]
            else:
                chosen.append(None if place < 0 else parts[place])
        return make(chosen) if make is not None else chosen

    return rule.size, rule.origin, choose


class Automaton:
    """One parse: the states it went through, and the value that stands on each but the first."""

    def __init__(self, grammar: Grammar, start: str) -> None:
        self.grammar = grammar
        self.states = [grammar.tables.starts[start]]
        self.values: list[Any] = []

    def feed(self, tok: Tok) -> bool:
        """Takes a token in. False when it does not fit; what it completed before that was noticed stays completed."""
        grammar, states, values, kind = self.grammar, self.states, self.values, tok.type
        table, steps, handed = grammar.tables.states, grammar.steps, grammar.handed
        while True:
            action = table[states[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                states.append(action)
                values.append(tok)
                return True
            size, origin, make = steps[~action]
            if make is None:
                key = (states[-2], states[-1], kind)
                state = handed.get(key)
                states[-1] = grammar.way(key) if state is None else state
                continue
            parts: list[Any] = []
            if size:
                parts = values[-size:]
                del states[-size:], values[-size:]
            states.append(table[states[-1]][origin])
            values.append(make(parts))

    def finish(self, end: Tok) -> Any:
        """Returns the value of all that was taken in; None when more had to come before the end."""
        self.feed(end)  # completes what it can
        done = not self.grammar.tables.states[self.states[-1]]  # nothing can follow there
        return self.values[-1] if done else None

    def cut_back(self, kind: str) -> None:
        """Drops what was taken in until a token of this kind fits."""
        table = self.grammar.tables.states
        while kind not in table[self.states[-1]]:
            self.states.pop()
            self.values.pop()
