"""Random uses of the temporal operators, each beside what it remembers, as docs/language.md has it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.random_specs.choice import Choice
from tests.random_specs.leaves import Expr
from tests.random_specs.truth import Moment


@dataclass
class OverTime:
    """The temporal operators of `Functions`, which gives the rest. `dt` is the control step."""

    dt: float
    count: int = 0

    @property
    def pick(self) -> Choice:
        raise NotImplementedError

    def literal(self, unit: str, low: float = 0.2, high: float = 2.0) -> tuple[str, float]:
        raise NotImplementedError

    def plain(self, e: Expr) -> Expr:
        raise NotImplementedError

    def single(self, e: Expr) -> Expr:
        raise NotImplementedError

    def _compare(self, e: Expr) -> Expr:
        raise NotImplementedError

    def _key(self) -> int:
        self.count += 1
        return self.count

    def _kept(self, e: Expr) -> Expr:
        """Operators that keep unit and axes."""
        key = self._key()
        if e.kind != "scalar":  # what a vector was a step ago is in the frame of that step
            return e.but(f"prev({e.text})", lambda m: self.delayed(m, key, e.value(m), 1), moving=None)
        steps = self.pick.count(1, 3)
        text, x = self.literal(e.unit, 1, 5)
        slow = f"slew({e.text}, {text} per s)"
        rows: dict[str, Callable[[Moment], Any]] = {
            f"prev({e.text})": lambda m: self.delayed(m, key, e.value(m), 1),
            f"delta({e.text})": lambda m: e.value(m) - self.delayed(m, key, e.value(m), 1),
            f"delay({e.text}, {steps * self.dt * 1000:g} ms)": lambda m: self.delayed(m, key, e.value(m), steps),
            f"ema({e.text}, 50 ms)": lambda m: self.filtered(m, key, e.value(m), 1 - math.exp(-self.dt / 0.05)),
            f"lowpass({e.text}, 3 Hz)": lambda m: self.filtered(
                m, key, e.value(m), 1 - math.exp(-2 * math.pi * 3 * self.dt)
            ),
            slow: lambda m: self.followed(m, key, e.value(m), x * self.dt),
        }
        form = self.pick.of(list(rows))
        return e.but(form, rows[form], moving=None)

    @staticmethod
    def delayed(m: Moment, key: int, x: Any, steps: int) -> Any:
        return m.remember(
            key, lambda: (x, [x] * steps), lambda past: (past[0], [*past[1:], x])
        )  # fmt: skip

    @staticmethod
    def filtered(m: Moment, key: int, x: Any, share: float) -> Any:
        return m.remember(key, lambda: (x, x), lambda old: (old + share * (x - old),) * 2)

    @staticmethod
    def followed(m: Moment, key: int, x: Any, limit: float) -> Any:
        return m.remember(key, lambda: (x, x), lambda old: (old + np.clip(x - old, -limit, limit),) * 2)

    def _timed(self, e: Expr) -> Expr:
        """Operators that change the unit, or add an axis."""
        key, p = self._key(), self.plain(e)
        if p.kind != "scalar":
            p = self.single(p)
        name = self.pick.of(("integrate", "rate", "history", "since"))
        if name == "integrate":
            value = lambda m: m.remember(key, lambda: (0 * p.value(m),) * 2, lambda s: (s + p.value(m) * self.dt,) * 2)  # noqa: E731
            return p.but(f"integrate({p.text})", value, unit="s")
        if name == "rate":
            value = lambda m: (p.value(m) - self.delayed(m, key, p.value(m), 1)) / self.dt  # noqa: E731
            return p.but(f"(rate({p.text}) / 10 Hz)", lambda m: value(m) / 10)
        if name == "history":
            axis = ("past", ("0", "1", "2"))

            def past(m: Moment) -> Any:
                x = p.value(m)
                return m.remember(key, lambda: (np.array([x] * 3),) * 2, lambda h: (np.array([x, *h[:2]]),) * 2)

            return p.but(f"history({p.text}, 3)", past, axes=(axis, *p.axes))
        start = self._compare(p)
        op = self.pick.of(("max", "min"))
        choose = np.maximum if op == "max" else np.minimum

        def extreme(m: Moment) -> Any:
            x, again = p.value(m), start.value(m)
            return m.remember(key, lambda: (x, x), lambda old: (np.where(again, x, choose(old, x)),) * 2)

        return p.but(f"{op}_since({p.text}, {start.text})", extreme)

    def _while(self, p: Expr) -> Expr:
        """Operators on conditions."""
        key, steps = self._key(), self.pick.count(1, 3)
        late = f"{steps * self.dt * 1000:g} ms"

        def previous(m: Moment) -> Any:
            return np.asarray(self.delayed(m, key, np.asarray(p.value(m)), 1))

        def lasted(m: Moment) -> Any:
            now = np.asarray(p.value(m))
            return m.remember(key, lambda: (np.zeros(now.shape),) * 2, lambda n: (np.where(now, n + 1, 0),) * 2)

        def since(m: Moment) -> Any:
            now = np.asarray(p.value(m))
            return m.remember(key, lambda: (np.where(now, 0, 10**6),) * 2, lambda n: (np.where(now, 0, n + 1),) * 2)

        def times(m: Moment) -> Any:
            now = np.asarray(p.value(m))
            return m.remember(key, lambda: (now * 1.0,) * 2, lambda n: (n + now,) * 2)

        def ever(m: Moment) -> Any:
            now = np.asarray(p.value(m))
            return m.remember(key, lambda: (now, now), lambda old: (old | now,) * 2)

        rows: dict[str, tuple[Callable[[Moment], Any], str, bool]] = {
            f"rising({p.text})": (lambda m: np.asarray(p.value(m)) & ~previous(m), "", True),
            f"falling({p.text})": (lambda m: ~np.asarray(p.value(m)) & previous(m), "", True),
            f"timer({p.text})": (lambda m: lasted(m) * self.dt, "s", False),
            f"held({p.text}, {late})": (lambda m: lasted(m) >= steps, "", True),
            f"recently({p.text}, {late})": (lambda m: since(m) <= steps, "", True),
            f"latch({p.text})": (ever, "", True),
            f"count({p.text})": (times, "", False),
        }
        form = self.pick.of(list(rows))
        value, unit, condition = rows[form]
        return Expr(form, unit, value, p.axes, condition=condition)
