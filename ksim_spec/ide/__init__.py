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
    from ksim_spec.ide import code_action as code_action
    from ksim_spec.ide import code_lens as code_lens
    from ksim_spec.ide import completion as completion
    from ksim_spec.ide import diagnostics as diagnostics
    from ksim_spec.ide import document_symbols as document_symbols
    from ksim_spec.ide import family as family
    from ksim_spec.ide import folding_range as folding_range
    from ksim_spec.ide import formatting as formatting
    from ksim_spec.ide import goto_definition as goto_definition
    from ksim_spec.ide import hover as hover
    from ksim_spec.ide import inlay_hints as inlay_hints
    from ksim_spec.ide import references as references
    from ksim_spec.ide import semantic_tokens as semantic_tokens
    from ksim_spec.ide import signature_help as signature_help
    from ksim_spec.ide import workspace as workspace
    from ksim_spec.ide import workspace_symbols as workspace_symbols

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
