"""What a block of the language is: its words and what they mean, and what its lines become. One file a keyword.

The words themselves are rows of `syntax/keywords.py`, because text is read without knowing what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from ksim_spec.ir.node import Node
from ksim_spec.rules import Rule
from ksim_spec.settings import PolicyConfig, TrainConfig
from ksim_spec.source import NOWHERE, Span
from ksim_spec.syntax import ast
from ksim_spec.syntax.keywords import SECTIONS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ksim_spec.language.checker import Checker
    from ksim_spec.language.program import (
        ActionTerm,
        AddedSite,
        Check,
        CommandBlock,
        Event,
        FieldChange,
        Level,
        ObservationGroup,
        Program,
        Reset,
        RewardTerm,
        Termination,
        World,
    )  # fmt: skip
    from ksim_spec.language.types import Value

Words = Mapping[str, str]  # words of the language, each with what it means in a line
NONE: Words = {}


@dataclass(repr=False, eq=False)
class Parts:
    """What the blocks of one spec have said so far; each block adds its own part. They become the `Program`.

    `complete` is false where a profile may leave sizes that cannot be trained.
    """

    complete: bool = True
    sites: list[AddedSite] = field(default_factory=list)
    mirror: list[tuple[str, str]] = field(default_factory=list)
    options: list[tuple[str, float]] = field(default_factory=list)  # of the physics, by MuJoCo's names
    world: World | None = None
    action: list[ActionTerm] = field(default_factory=list)
    written_levels: list[tuple[ast.Entry, Value]] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    pending: list[Callable[[], CommandBlock | None]] = field(default_factory=list)  # commands, checked at first use
    commands: list[CommandBlock] = field(default_factory=list)
    signal_names: list[str] = field(default_factory=list)
    signals: list[tuple[str, Value]] = field(default_factory=list)
    observations: tuple[ObservationGroup, ...] = ()
    rewards: list[RewardTerm] = field(default_factory=list)
    terminations: list[Termination] = field(default_factory=list)
    reset: Reset | None = None
    events: list[Event] = field(default_factory=list)
    randomization: list[FieldChange] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    critic_group: str = "actor"
    train: TrainConfig = field(default_factory=TrainConfig)
    settings: dict[str, Span] = field(default_factory=dict)


Step = Callable[["Checker", list[ast.Section], Parts], None]
Roles = Mapping[str, Node | None]


@dataclass(frozen=True, repr=False, eq=False)
class Row:
    """One thing that a block declares: what the task computes for it by role, and expressions within these.

    Roles without a node are left out of a declaration.
    """

    kind: str
    name: str
    span: Span = NOWHERE
    nodes: Roles = field(default_factory=dict)
    parts: Roles = field(default_factory=dict)


@dataclass(frozen=True, repr=False, eq=False)
class Line:
    """A word that opens a line of a block, or a setting with attributes of its own.

    `takes` are the attributes that the line takes; None where the block does not look at them, so that `form` reports
    any. `once`: at most one in the blocks of a file.
    """

    doc: str
    takes: Words | None = None
    once: bool = False


def _nothing(c: Checker, sections: list[ast.Section], parts: Parts) -> None:
    """A block that has nothing to do at this step."""


@dataclass(frozen=True, repr=False, eq=False)
class Block:
    """A block of the language, or one that stands inside another.

    `takes` are the attributes of its lines and `header` those of its header (None: it looks at none, so that `form`
    reports any); `lines` are words that open lines, `settings` the names that it sets and
    `choices` words that these may be. `one` is what one of them is
    called in messages; `name` says whether its header names it, as in `example`. Of a `single` block there is one in a
    spec; several that are `whole` are read as one; in a `unique` one the names of lines differ; `distinct` blocks have
    names of their own; the lines of one that `changes` change something that is there already. One without anything of
    what it `holds` means nothing. `needed` is the rule that a spec without one breaks, and a line to begin with;
    `outlined` is what its lines are in an outline.

    A spec is checked in three steps, each over all blocks in the order of `SECTIONS`: `declare` what the others use,
    `check`, and `finish` what needs the others. `declares` lists what a program has of it.
    """

    keyword: str
    doc: str
    takes: Words | None = None
    header: Words | None = None
    lines: Mapping[str, Line] = field(default_factory=dict)
    settings: Words = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    model: type[BaseModel] | None = None
    nested: tuple[Block, ...] = ()
    one: str = ""
    name: Literal["none", "optional", "needed"] = "none"
    example: str = ""
    single: bool = False
    whole: bool = False
    unique: bool = False
    distinct: bool = False
    changes: bool = False
    holds: str = ""
    needed: tuple[Rule, str] | None = None
    outlined: Literal["name", "setting", "rule", "change", "value"] = "value"
    declare: Step = _nothing
    check: Step = _nothing
    finish: Step = _nothing
    declares: Callable[[Program], Iterator[Row]] = lambda program: iter(())


@cache
def blocks() -> tuple[Block, ...]:
    """Returns the blocks that may stand in a spec, in the order of their words: `BLOCK` of the file of that name."""
    return tuple(import_module(f"ksim_spec.language.blocks.{word}").BLOCK for word in SECTIONS)


@cache
def _by_keyword() -> Mapping[str, Block]:
    outer = blocks()
    return {b.keyword: b for b in (*(n for o in outer for n in o.nested), *outer)}


def block(keyword: str) -> Block | None:
    """Returns the block of a word, those inside others included; None for a word that opens none."""
    return _by_keyword().get(keyword)


def header_takes(keyword: str) -> Words:
    """Returns the attributes that the header of a block takes, with their meaning."""
    found = block(keyword)
    return NONE if found is None or found.header is None else found.header


def line_takes(keyword: str, opening: str = "") -> Words:
    """Returns the attributes that a line of a block takes, which opens with this word, with their meaning."""
    found = block(keyword)
    own = found.lines.get(opening) if found is not None else None
    takes = own.takes if own is not None else found.takes if found is not None else None
    return NONE if takes is None else takes
