"""Every word that means something in a `.ksim` file, by what it does, collected from the tables of the language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from ksim_spec.language import distributions, selectors, stdlib, temporal_functions
from ksim_spec.language.blocks.action import MODES
from ksim_spec.language.blocks.check import STATISTICS
from ksim_spec.language.blocks.curriculum import STATS
from ksim_spec.language.blocks.randomize import FIELDS
from ksim_spec.language.blocks.registry import blocks
from ksim_spec.language.blocks.state_change import BODY_STATE
from ksim_spec.language.functions import FUNCTIONS
from ksim_spec.language.members import BUILTIN_NAMES, WORLD_NAMES
from ksim_spec.language.quantities import QUANTITIES
from ksim_spec.settings import NETWORKS
from ksim_spec.syntax import keywords
from ksim_spec.units import UNITS

# Words that blocks read by themselves and that no table holds.
_EVENTS = ("event",)  # `on event`
_FRAMES = ("heading",)  # `base.heading`


@dataclass(frozen=True)
class Vocabulary:
    """The words of the language. `clauses`, `settings` and `choices` are by the block they stand in."""

    sections: tuple[str, ...]  # open a block
    nested: tuple[str, ...]  # open a block inside another
    directives: tuple[str, ...]  # open a line of their own outside blocks
    openers: tuple[str, ...]  # `fn`, `override`
    clauses: Mapping[str, tuple[str, ...]]  # open a line in a block; "" is outside blocks
    name_clauses: tuple[str, ...]  # of these, the ones followed by bare names
    attributes: tuple[str, ...]  # follow a value and take one
    flags: tuple[str, ...]  # follow a value
    header_attributes: tuple[str, ...]  # attributes only in a header
    infix: tuple[str, ...]  # between two values
    prefix: tuple[str, ...]  # before a value
    constants: tuple[str, ...]  # values by themselves
    scopes: tuple[str, ...]  # after `per` and `on`
    counts: tuple[str, ...]  # after a number, like a unit
    units: tuple[str, ...]
    functions: tuple[str, ...]  # called with brackets: functions, operators over time, draws, selectors, statistics
    library: tuple[str, ...]  # called as `std.NAME(…)`
    names: tuple[str, ...]  # always there
    members: tuple[str, ...]  # after a dot: quantities of the simulator
    settings: Mapping[str, tuple[str, ...]]
    choices: Mapping[str, tuple[str, ...]]

    @property
    def blocks(self) -> tuple[str, ...]:
        """Every word that opens a block."""
        return (*self.sections, *self.nested)


@cache
def vocabulary() -> Vocabulary:
    """Returns the words of the language as this version has them."""
    truths = ("true", "false")
    return Vocabulary(
        sections=keywords.SECTIONS,
        nested=keywords.NESTED_WORDS,
        directives=keywords.DIRECTIVES,
        openers=("fn", "override"),
        clauses=keywords.CLAUSES,
        name_clauses=keywords.NAME_CLAUSES,
        attributes=keywords.ATTRIBUTES,
        flags=keywords.FLAGS,
        header_attributes=keywords.HEADER_ATTRIBUTES,
        infix=tuple(keywords.INFIX),
        prefix=_once(w for w in keywords.PREFIX if w not in truths),
        constants=truths,
        scopes=(*keywords.PER_SCOPES, *_EVENTS),
        counts=keywords.COUNTS,
        units=tuple(UNITS),
        functions=_once(
            [
                *FUNCTIONS,
                *temporal_functions.OPERATORS,
                *distributions.SIGNATURES,
                *selectors.SELECTORS,
                *STATISTICS,
                *MODES,
                *NETWORKS,
            ]
        ),
        library=_once(fn.name for _, defined in stdlib.functions() for fn in defined),
        names=(*BUILTIN_NAMES, "std", *(w for w in STATS if w not in (*keywords.FLAGS, *keywords.COUNTS))),
        members=_once(
            [
                *(name for rows in QUANTITIES.values() for name in rows),
                *_FRAMES,
                *WORLD_NAMES,
                *BODY_STATE,
                *(name for rows in FIELDS.values() for name in rows),
            ]
        ),
        settings={b.keyword: tuple(b.settings) for b in blocks() if b.settings},
        choices={b.keyword: b.choices for b in blocks() if b.settings},
    )


def _once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
