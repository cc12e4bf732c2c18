"""Every word the syntax knows, in one place.

None is reserved in the lexer: a word is a keyword only where `roles.py` finds it in a keyword's place. What a section
or an attribute means is decided by the tables in `ksim_spec/language`.
"""

from __future__ import annotations

# Words that open a block when the header line ends in `{`.
SECTIONS = (
    "robot",
    "world",
    "action",
    "command",
    "signal",
    "observe",
    "reward",
    "terminate",
    "reset",
    "event",
    "randomize",
    "curriculum",
    "policy",
    "train",
    "profile",
    "check",
)

# Blocks that stand inside another block.
NESTED: dict[str, tuple[str, ...]] = {
    "reward": ("product", "group"),
    "group": ("product", "group"),
    "product": ("product", "group"),
}
NESTED_WORDS = tuple(dict.fromkeys(word for words in NESTED.values() for word in words))

# Top-level lines without a block.
DIRECTIVES = ("task", "include", "extends", "robot")

# Words that open a statement, by the section they open it in ("" is the top level).
CLAUSES: dict[str, tuple[str, ...]] = {
    "": ("remove",),
    "robot": ("mirror", "site", "onboard"),
    "command": ("resample", "zero"),
    "reset": ("pose", "settle"),
    "profile": ("no", "remove"),
    "check": ("always",),
}
# Of these, the ones that take bare names: `no event push`.
NAME_CLAUSES = ("no", "remove")

# Words that follow an expression or a header and take a value.
ATTRIBUTES = (
    "weight",
    "scale",
    "clip",
    "noise",
    "bias",
    "delay",
    "history",
    "friction",
    "around",
    "probability",
    "every",
    "when",
    "from",
    "to",
    "by",
    "on",
    "per",
    "observes",
    "includes",
    "at",
    "doc",
    "reason",
    "gain",
    "damping",
    "duration",
)
# Attributes that take no value.
FLAGS = ("fail", "success", "truncate", "shared")
# Attributes that read on from another one: `from 0 to 1`, `weight 2 per step`. The formatter keeps them together.
READ_ON = {"to": "from", "per": "weight"}
# Expression words that act as attributes of a header or directive: `command velocity in base.heading {`.
HEADER_ATTRIBUTES = ("in", "as")

# The attribute that a section's header cannot do without: a header that does not parse gets it with an unknown value.
HEADER_NEEDS = {"event": "every"}

# What may follow `per` besides a unit.
PER_SCOPES = ("episode", "run", "step")

# Counts that follow a number like a unit: `20e6 env_states`.
COUNTS = ("env_states", "updates", "episodes", "steps")

# Words between two operands, with the terminal each becomes.
INFIX = {
    "or": "OR", "and": "AND", "is": "IS", "mod": "MOD", "in": "IN", "relative_to": "IN", "with": "IN", "then": "THEN",
    "else": "ELSE", "where": "WHERE", "over": "OVER", "for": "FOR", "of": "OF",
}  # fmt: skip
# Words at the start of an operand.
PREFIX = {"not": "NOT", "if": "IF", "true": "TRUE", "false": "FALSE"}

# Never names where an operand is expected.
RESERVED = ("or", "and", "is", "mod", "in", "relative_to", "then", "else", "where")

# What people write for a unit.
UNIT_SPELLINGS = {
    "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "radian": "rad", "radians": "rad", "rads": "rad", "degree": "deg", "degrees": "deg", "degs": "deg", "turns": "rev",
    "hz": "Hz", "HZ": "Hz", "RPM": "rpm", "kilogram": "kg", "kilograms": "kg", "kgs": "kg",
    "newton": "N", "newtons": "N", "nm": "Nm", "NM": "Nm", "joule": "J", "watt": "W", "watts": "W",
    "percent": "%", "pct": "%",
}  # fmt: skip

# The section of a block whose header makes no sense: it accepts what any section accepts, so that its body stays quiet.
UNKNOWN = "?"
# Stands for the section where the text is one expression and no statement.
EXPRESSION = "expression"


def clauses_of(section: str) -> tuple[str, ...]:
    """Returns the words that open a statement in this section (`""` for the top level)."""
    if section == UNKNOWN:
        return tuple(word for words in CLAUSES.values() for word in words)
    return CLAUSES.get(section, ())


def sections_in(section: str) -> tuple[str, ...]:
    """Returns the words that may open a block directly inside this section (`""` for the top level)."""
    if section == UNKNOWN:
        return NESTED_WORDS
    return NESTED.get(section, ()) if section else SECTIONS
