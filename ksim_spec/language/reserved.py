"""Names that the language gives a meaning everywhere: no declaration and no function of a spec may take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostics
from ksim_spec.source import Span

if TYPE_CHECKING:
    from ksim_spec.syntax import ast

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


def free_function(fn: ast.FnDef, out: Diagnostics) -> bool:
    """Returns whether a spec may define such a function; reports a name of the language, its parameters' included."""
    from ksim_spec.language.distributions import DISTRIBUTIONS
    from ksim_spec.language.functions import FUNCTIONS
    from ksim_spec.language.selectors import SELECTORS
    from ksim_spec.language.temporal_functions import OPERATORS

    for name, _ in fn.params:
        free_name(name, fn.span, out)
    if not any(fn.name in table for table in (FUNCTIONS, OPERATORS, SELECTORS, DISTRIBUTIONS)):
        return True
    message = f"`{fn.name}` is a function of the language, and cannot be another one"
    out.report(rules.RESERVED_WORD, fn.span, message, help="choose another name")
    return False
