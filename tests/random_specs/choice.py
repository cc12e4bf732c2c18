"""How everything random is chosen: through hypothesis, so that what fails is made small, each choice towards its first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choice:
    """Draws from hypothesis; every method shrinks towards its plainest answer."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._draw = draw

    def of(self, options: Sequence[T]) -> T:
        """Returns one of the options; the first is the plainest."""
        return options[self._draw(st.integers(0, len(options) - 1))]

    def count(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def chance(self, percent: int) -> bool:
        """Returns True that often; False is plainer."""
        return self._draw(st.integers(0, 99)) >= 100 - percent

    def number(self, low: float, high: float) -> float:
        """Returns one of 41 numbers, of few digits, so that no file rounds them."""
        return float(f"{low + (high - low) * self._draw(st.integers(0, 40)) / 40:.3g}")

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """Returns one to `most` different options in any order."""
        left, found = list(options), []
        for _ in range(self.count(1, min(most, len(left)))):
            found.append(left.pop(self.count(0, len(left) - 1)))
        return found

    def shuffled(self, options: Sequence[T]) -> list[T]:
        left, found = list(options), []
        while left:
            found.append(left.pop(self.count(0, len(left) - 1)))
        return found
