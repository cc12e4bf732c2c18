"""What the words of the language mean, in a line each: for hovers, completion, and the tables of the language page.

Those of blocks are in `language/blocks`; a test holds that no word is without a line.
"""

from __future__ import annotations

from ksim_spec.language.blocks.registry import block

# Temporal operators: meaning, value on the first sample of an episode.
TEMPORAL = {
    "prev": ("`x` one control step ago", "`x`"),
    "delta": ("`x - prev(x)`", "0"),
    "rate": ("`delta(x)` divided by the control step", "0"),
    "ema": ("`m + a (x - m)` with `a = 1 - exp(-dt / time_constant)`; the time constant is a literal", "`x`"),
    "lowpass": ("the same filter by its cut-off frequency: `a = 1 - exp(-2 pi cutoff dt)`", "`x`"),
    "delay": ("`x` as it was a while ago (a literal time, rounded to control steps, or a number of steps)", "`x`"),
    "history": ("the last samples, newest first, along a new axis `past` (a literal time or number)", "`x` everywhere"),
    "integrate": ("the running sum of `x dt`", "0"),
    "slew": ("follows `x` by at most `rate dt` a step", "`x`"),
    "rising": ("true on the step at which `p` turns true", "false"),
    "falling": ("true on the step at which `p` turns false", "false"),
    "timer": ("seconds for which `p` has been true without a break, this step included", "0 s"),
    "held": ("`p` has been true for that long", "false"),
    "recently": ("`p` was true within that time", "`p`"),
    "latch": ("`p` has been true in this episode", "`p`"),
    "count": ("how many steps `p` was true", "1 or 0"),
    "max_since": ("the largest `x` since `p` was last true, that step included", "`x`"),
    "min_since": ("the smallest `x` since `p` was last true, that step included", "`x`"),
    "phase": ("a clock as an angle in [0, 2 pi) that advances by `2 pi frequency dt`; `start` in turns",
              "`2 pi start`"),
}  # fmt: skip

# Lines outside of blocks, by their first word.
LINES = {
    "task": "the name of the task, and a line that says what it is for",
    "include": "takes in the blocks of another file",
    "extends": "begins with all of another spec; what follows adds to it and changes it",
    "remove": "takes out something that `extends` or an include brought",
    "fn": "a function, expanded where it is called",
    "override": "replaces a line that `extends` or an include brought",
}


def line(word: str, inside: str = "") -> str:
    """Returns what a word at the start of a line or block means; empty for one that is not known.

    `inside` is the word of the block that it stands in.
    """
    own = block(inside)
    if own is not None and word in own.lines:
        return own.lines[word].doc
    opened = block(word)
    return opened.doc if opened is not None else LINES.get(word, "")
