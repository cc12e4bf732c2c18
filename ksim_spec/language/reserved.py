"""Names that the language gives a meaning everywhere: no declaration of a spec may take them."""

from __future__ import annotations

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostics
from ksim_spec.source import Span

NAMES = {
    "action": "what the policy does",
    "time": "the seconds since the episode began",
    "dt": "the control step",
    "world": "the frame of the world",
    "pi": "the number 3.14159…",
    "std": "the library",
}


def free_name(name: str, span: Span, out: Diagnostics) -> bool:
    """Returns whether a spec may give a meaning to a name; reports one that it may not."""
    if name not in NAMES:
        return True
    message = f"`{name}` is {NAMES[name]} everywhere, and cannot mean something else"
    out.report(rules.RESERVED_WORD, span, message, help="choose another name")
    return False
