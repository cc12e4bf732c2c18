"""Rules about what a step costs that nobody meant to pay."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.ir.node import Node, walk
from ksim_spec.language.declarations import declarations
from ksim_spec.language.quantities import is_contact, row_of
from ksim_spec.language.sources import ContactSensor
from ksim_spec.linter.context import Subject, warn

MANY = 200  # pairs of geoms: some twenty parts that may all touch each other


def costly_contacts(s: Subject) -> Iterator[Diagnostic]:
    """Contacts between more pairs of geoms than anyone lists by hand."""
    told: set[int] = set()
    for d in declarations(s.program):
        for node in walk(node for _, node in d.nodes):
            if id(node) in told or node.op != "read" or not is_contact(node):
                continue
            told.add(id(node))
            pairs = _pairs(s, node)
            if pairs > MANY:
                source = row_of(node).source
                forces = isinstance(source, ContactSensor) and source.fields != ("found",)
                each = "with a sensor for each contact that they can have" if forces else "with a sensor each"
                help = "name the parts that matter"
                if not forces:
                    help += "; `std.self_contact(links)` reads once whether a robot touches itself"
                yield warn(
                    rules.COSTLY_CONTACTS,
                    f"`{node.attr('what')}` is read between {pairs:,} pairs of geoms at every step, {each}",
                    d.span,
                    help,
                )


def _pairs(s: Subject, contact: Node) -> int:
    """Returns how many pairs of geoms a contact is read between; a pair counts once, whichever side it is on."""
    touch, other = s.seeds.touch, contact.attr("other")
    sides = touch.outside if other == ("outside",) else [g for n in other[1:] for g in touch.of(other[0], n)]
    mine = [g for n in contact.attr("names") for g in touch.of(contact.attr("of"), n)]
    if len(mine) * len(sides) <= MANY:
        return 0
    found = {frozenset((a.id, b.id)) for a, b in product(mine, sides) if touch.can_touch(a, b)}
    return len(found)


CHECKS = (costly_contacts,)
