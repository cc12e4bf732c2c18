"""Names that changed while what they stand for stayed the same, and equality that sees through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ksim_spec.contract.schema import Action, Command, Contract, Element, Event, Expression, Observation

T = TypeVar("T")


@dataclass
class Renames:
    """Old names by kind to new ones: `joint:left_knee`, `command:velocity.x`, `stream:observe.actor.gyro`."""

    tokens: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, old: str, new: str) -> None:
        self.tokens[f"{kind}:{old}"] = f"{kind}:{new}"

    def token(self, name: str) -> str:
        """Returns what a name is called in the new version; a stream follows the declaration that it belongs to."""
        if name in self.tokens:
            return self.tokens[name]
        stem, dot, tail = name.rpartition(".")
        return f"{self.token(stem)}.{tail}" if dot else name

    def name(self, kind: str, name: str) -> str:
        return self.token(f"{kind}:{name}").partition(":")[2]

    def same(self, old: Expression | None, new: Expression | None) -> bool:
        """Whether two expressions mean the same, once the renamed things are called alike."""
        if old is None or new is None:
            return old is new
        if old.digest == new.digest:
            return True
        return old.anonymous == new.anonymous and tuple(map(self.token, old.names)) == new.names


def pair(old: Mapping[str, T], new: Mapping[str, T], alike: Callable[[T, T], bool]) -> dict[str, str]:
    """Returns new names by old ones: the same name where both have it, else the first unmatched one that is alike."""
    pairs = {name: name for name in old if name in new}
    free = [name for name in new if name not in old]
    for name in (n for n in old if n not in new):
        found = next((other for other in free if alike(old[name], new[other])), None)
        if found is not None:
            pairs[name] = found
            free.remove(found)
    return pairs


def find_renames(old: Contract, new: Contract) -> Renames:
    """Returns what was renamed between two contracts."""
    renames = Renames()
    for kind in ("body", "joint", "geom", "site", "camera", "tendon", "actuator", "sensor"):
        _elements(renames, kind, old.model.elements.get(kind, ()), new.model.elements.get(kind, ()))
    for a, b in pair(old.commands, new.commands, _commands).items():
        if a != b:
            renames.add("command", a, b)
            renames.add("stream", f"command.{a}", f"command.{b}")
        fields = (_named(old.commands[a].fields), _named(new.commands[b].fields))
        for x, y in pair(*fields, lambda f, g: f.value.anonymous == g.value.anonymous and f.unit == g.unit).items():
            if x != y:
                renames.add("command", f"{a}.{x}", f"{b}.{y}")
                renames.add("stream", f"command.{a}.{x}", f"command.{b}.{y}")
    for group in old.observations.keys() & new.observations.keys():
        entries = (_named(old.observations[group]), _named(new.observations[group]))
        for a, b in pair(*entries, lambda x, y: _entry(renames, x) == _entry(Renames(), y)).items():
            if a != b:
                renames.add("stream", f"observe.{group}.{a}", f"observe.{group}.{b}")
    for a, b in pair(old.events, new.events, lambda x, y: _event(x) == _event(y)).items():
        if a != b:
            renames.add("stream", f"event.{a}", f"event.{b}")
    return renames


def _named(parts: Iterable[T]) -> dict[str, T]:
    return {part.name: part for part in parts}  # type: ignore[attr-defined]


def _elements(renames: Renames, kind: str, old: tuple[Element, ...], new: tuple[Element, ...]) -> None:
    def key(e: Element, known: Renames) -> object:
        values = [(k, _mapped(known, v)) for k, v in e.attributes.items()]
        return known.name("body", e.parent), e.tag, values

    plain = Renames()
    names = {e.name for e in old}, {e.name for e in new}
    gone, come = [e for e in old if e.name not in names[1]], [e for e in new if e.name not in names[0]]
    for a, b in zip(gone, come, strict=False):
        place = [x.name for x in old].index(a.name) == [x.name for x in new].index(b.name)
        if place and key(a, renames) == key(b, plain):
            renames.add(kind, a.name, b.name)


def _mapped(renames: Renames, value: str) -> str:
    """An attribute that is the name of something is read as its new name."""
    for kind in ("joint", "body", "site", "geom", "tendon", "actuator"):
        if f"{kind}:{value}" in renames.tokens:
            return renames.name(kind, value)
    return value


def _commands(a: Command, b: Command) -> bool:
    fields = [[(f.name, f.unit, f.value.anonymous) for f in c.fields] for c in (a, b)]
    return fields[0] == fields[1] and a.resample == b.resample and a.zero == b.zero


def _entry(renames: Renames, e: Observation) -> object:
    parts = [x and x.anonymous for x in (e.bias, e.noise, e.scale, *(e.clip or ()))]
    names = [renames.token(n) for n in e.value.names]
    return e.value.anonymous, names, parts, e.delay_control_steps, e.history


def _event(e: Event) -> object:
    return e.every, [(c.target, c.components, c.op, c.value.anonymous) for c in e.changes]


def same_action(a: Action, b: Action) -> bool:
    """Whether two action terms drive the same joints alike; their names do not count."""
    offsets = [x.offset and x.offset.digest for x in (a, b)]
    return (a.joints, a.mode, a.scale.digest) == (b.joints, b.mode, b.scale.digest) and offsets[0] == offsets[1]
