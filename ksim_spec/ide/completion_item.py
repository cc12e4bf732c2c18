"""One thing that can be written at the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["keyword", "setting", "name", "function", "quantity", "element", "unit", "word"]


@dataclass(frozen=True)
class Item:
    """One thing that can be written; `detail` is short, `doc` is what it means."""

    label: str
    kind: Kind
    detail: str = ""
    doc: str = ""
    call: bool = False  # arguments in brackets follow
