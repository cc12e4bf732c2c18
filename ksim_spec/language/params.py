"""Runtime parameters: the literal numbers of a spec that its compiled task keeps adjustable.

What a parameter is for is asked of the object. Its name is only the key under which generated code, checkpoints and
`spec.yaml` hold the value: it is made here, once, and never read back.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Literal

from ksim_spec.source import NOWHERE, Span

Role = Literal[
    "weight", "factor", "scalar", "scale",  # of a reward term, of a group of them, a number with a name, of an entry
    "low", "high", "half_width", "mean", "spread", "limit", "radius", "probability", "choice",
]  # fmt: skip


@dataclass(frozen=True)
class Draw:
    """One call of a distribution: the stream of the declaration that draws, and which call of its kind it is there."""

    stream: str
    distribution: str
    number: int = 1

    @property
    def name(self) -> str:
        """The qualified name of the draw: no other one has it."""
        return f"{self.stream}.{self.distribution}" + (f"#{self.number}" if self.number > 1 else "")


@dataclass(frozen=True)
class Param:
    """A runtime parameter (SI): what its declaration `owner` needs it for, the draw that it shapes, and its place.

    `name` is its key: unique in a program.
    """

    name: str
    value: float
    role: Role
    owner: str
    draw: Draw | None = None
    span: Span = field(default=NOWHERE, compare=False)


class Params:
    """The parameters of a program while it is checked: each gets a name that no other has."""

    def __init__(self) -> None:
        self._by_name: dict[str, Param] = {}

    def all(self) -> tuple[Param, ...]:
        """Returns the parameters in the order in which they were made."""
        return tuple(self._by_name.values())

    def add(
        self, name: str, value: float, role: Role, owner: str, span: Span = NOWHERE, draw: Draw | None = None
    ) -> Param:
        """Returns a new parameter, called `name` unless another one is."""
        param = Param(unused(name, self._by_name), value, role, owner, draw, span)
        self._by_name[param.name] = param
        return param


def unused(name: str, taken: Container[str]) -> str:
    """Returns a name that is not taken: `name`, or `name@2`, `name@3`, …"""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}@{number}"
    return found
