"""Block `profile`: changes that are applied when asked for by name. `language/overlay.py` applies them."""

from __future__ import annotations

from ksim_spec.language.blocks.registry import Block, Line

BLOCK = Block(
    "profile",
    "changes that are applied when asked for by name",
    lines={
        "no": Line("takes something out in this profile: `noise`, `event NAME`, `randomize`, …"),
        "remove": Line("takes out something that `extends` or an include brought"),
    },
    one="a profile",
    name="needed",
    example="play",
    distinct=True,
    outlined="setting",
)
