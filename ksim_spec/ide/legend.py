"""The types and modifiers of semantic tokens, in the order that the numbers of the protocol count them."""

from __future__ import annotations

from ksim_spec.highlight.classes import STYLES

TYPES = (*dict.fromkeys(s.protocol for s in STYLES.values() if s.protocol is not None), "namespace", "struct")
MODIFIERS = ("declaration", "defaultLibrary", "readonly")
