"""Names: what is declared, resolved once on first use so that declaration order does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ksim_spec.language.params import Draw
from ksim_spec.language.things import Entity
from ksim_spec.language.types import UNKNOWN, Axis, Checked
from ksim_spec.source import NOWHERE, Span

Thing = Checked | Entity


@dataclass
class Binding:
    """One declared name; `resolve` runs at first use."""

    name: str
    what: str
    span: Span
    resolve: Callable[[], Thing]
    value: Thing | None = None
    busy: bool = False
    used: int = 0


class CycleError(Exception):
    """A name that needs itself; `names` are those on the way."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(" -> ".join(names))
        self.names = names


@dataclass
class Scope:
    """Global names plus a stack of local ones (function parameters, binders)."""

    names: dict[str, Binding] = field(default_factory=dict)
    locals: list[dict[str, Thing]] = field(default_factory=list)
    salvaged: set[str] = field(default_factory=set)  # names of declarations that were not understood
    nameless: bool = False  # a declaration was not understood so far as to know its name

    def declare(self, name: str, what: str, resolve: Callable[[], Thing], span: Span = NOWHERE) -> Binding | None:
        """Declares a name; returns the earlier binding when the name is taken (the new one is dropped)."""
        if name in self.names:
            return self.names[name]
        self.names[name] = Binding(name, what, span, resolve)
        return None

    def lookup(self, name: str) -> Thing | None:
        """Returns what the name stands for, or None; raises CycleError when it needs itself."""
        for frame in reversed(self.locals):
            if name in frame:
                return frame[name]
        binding = self.names.get(name)
        if binding is None:
            return UNKNOWN if self.lost(name) else None
        binding.used += 1
        if binding.value is None:
            if binding.busy:
                raise CycleError([b.name for b in self.names.values() if b.busy])
            binding.busy = True
            try:
                binding.value = binding.resolve()
            finally:
                binding.busy = False
        return binding.value

    def lost(self, name: str) -> bool:
        """True for a name that may have been declared where the spec was not understood."""
        return name in self.salvaged or self.nameless

    @contextmanager
    def local(self, frame: dict[str, Thing]) -> Iterator[None]:
        self.locals.append(frame)
        try:
            yield
        finally:
            self.locals.pop()

    def candidates(self) -> Iterable[str]:
        """Every name that could be meant here, for did-you-mean."""
        for frame in self.locals:
            yield from frame
        yield from self.names


@dataclass
class DrawContext:
    """Where draws are allowed: the stream they belong to, their scope, and the axes one draw fills.

    `owner` is the qualified name of the declaration that draws.
    """

    stream: str
    scope: str
    axes: tuple[Axis, ...] = ()
    shared: bool = False
    counter: int = 0
    owner: str = ""
    calls: dict[str, int] = field(default_factory=dict)  # of each distribution so far

    def next_stream(self) -> str:
        """Returns the qualified name of the next draw: the declaration's own, numbered from the second on."""
        self.counter += 1
        return self.stream if self.counter == 1 else f"{self.stream}#{self.counter}"

    def next_draw(self, distribution: str) -> Draw:
        """Returns the next call of a distribution here: each has parameters of its own."""
        number = self.calls[distribution] = self.calls.get(distribution, 0) + 1
        return Draw(self.stream, distribution, number)
