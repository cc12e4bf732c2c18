"""What an editor asks about a spec, as pure functions of a snapshot of the document and an offset into it.

Nothing here knows the language server protocol: offsets are code points and answers are plain values. Everything is
read from the tables of the language (words, quantities, functions, units, attributes), so it grows with them.

`ide.hover.hover` imports `ksim_spec.ide.hover` when it is first used: a server answers the editor's first question
before it has read the whole language.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ksim_spec.ide import actions as actions
    from ksim_spec.ide import complete as complete
    from ksim_spec.ide import definition as definition
    from ksim_spec.ide import everywhere as everywhere
    from ksim_spec.ide import folding as folding
    from ksim_spec.ide import formatting as formatting
    from ksim_spec.ide import hints as hints
    from ksim_spec.ide import hover as hover
    from ksim_spec.ide import measured as measured
    from ksim_spec.ide import names as names
    from ksim_spec.ide import problems as problems
    from ksim_spec.ide import semantic as semantic
    from ksim_spec.ide import signature as signature
    from ksim_spec.ide import symbols as symbols
    from ksim_spec.ide import workspace as workspace

_MODULES = frozenset(found.name for found in pkgutil.iter_modules(__path__))


def __getattr__(name: str) -> ModuleType:
    """Returns a module of this package, imported at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def load() -> None:
    """Imports all of them, so that no later question waits for that."""
    for name in sorted(_MODULES):
        importlib.import_module(f"{__name__}.{name}")
