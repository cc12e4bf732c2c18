"""What can follow a dot, by the kind of what stands before it."""

from __future__ import annotations

from collections.abc import Iterator

from ksim_spec.ide import docs
from ksim_spec.ide.completion_context import Context
from ksim_spec.ide.completion_item import Item
from ksim_spec.ide.snapshot import Snapshot
from ksim_spec.language.blocks.randomize import FIELDS
from ksim_spec.language.blocks.state_change import BODY_STATE
from ksim_spec.language.members import WORLD_NAMES
from ksim_spec.language.quantities import QUANTITIES
from ksim_spec.language.scope import Thing
from ksim_spec.language.things import KINDS, Command, Keyframe, Selection, World
from ksim_spec.language.types import Value

_SWIZZLES = ("xy", "xyz")


def members(snapshot: Snapshot, owner: Thing | None, context: Context) -> Iterator[Item]:
    """Yields the members of what stands before a dot; those of the library after `std`."""
    if context.owner == "std":
        for name in docs.library_names():
            doc = docs.function_doc(f"std.{name}")
            yield Item(name, "function", doc.signature if doc else "", doc.text if doc else "", call=True)
    elif isinstance(owner, Selection):
        yield from _quantities(owner, context.block)
    elif isinstance(owner, Command):
        yield from (Item(name, "quantity", value.describe()) for name, value in owner.fields)
        names = {name for name, _ in owner.fields}
        yield from (Item(s, "quantity", "components") for s in _SWIZZLES if set(s) <= names)
    elif isinstance(owner, Value) and owner.axes and owner.axes[-1].name in ("xyz", "quat", "command"):
        labels = owner.axes[-1].labels
        yield from (Item(label, "quantity", "component") for label in labels)
        yield from (Item(s, "quantity", "components") for s in _SWIZZLES if set(s) <= set(labels))
    elif isinstance(owner, World):
        yield from (Item(name, "quantity") for name in WORLD_NAMES)
    elif isinstance(owner, Keyframe):
        yield Item("pos", "quantity", "joint positions")


def _quantities(owner: Selection, block: str) -> Iterator[Item]:
    """The quantities of a kind; in blocks that change the state or the model first those that can be changed."""
    if block == "randomize":
        yield from (Item(name, "quantity", str(field.dim)) for name, field in FIELDS.get(owner.of, {}).items())
    if block in ("reset", "event") and owner.of == "body":
        yield from (Item(name, "quantity", str(row[1])) for name, row in BODY_STATE.items())
    for name in QUANTITIES.get(owner.of, {}):
        doc = docs.quantity_doc(owner.of, name)
        if doc is not None:
            yield Item(name, "quantity", doc.signature.partition(": ")[2], doc.text)
    if KINDS[owner.of].heading:
        yield Item("heading", "quantity", "frame", "the frame that turns with it about the world's z axis only")
