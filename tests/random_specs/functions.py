"""Random expressions over quantities: every function and temporal operator, each beside its meaning in NumPy.

Meanings are written from docs/language.md, not from the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.random_specs.choice import Choice
from tests.random_specs.frames import framed
from tests.random_specs.leaves import XYZ, Expr, Leaves
from tests.random_specs.over_time import OverTime
from tests.random_specs.truth import Moment
from tests.random_specs.words import Words

SIZE = {"N": 20, "Nm": 5, "rad/s": 3, "m/s": 2, "rad/s^2": 20, "m/s^2": 10, "kg": 2, "kg*m^2/s": 1, "s": 0.1}


@dataclass(kw_only=True)
class Functions(OverTime):
    """Draws expressions of one robot."""

    leaves: Leaves
    signals: dict[str, Expr] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)  # lines of the block `signal`
    sites: list[str] = field(default_factory=list)  # lines that add sites
    depth: int = 0

    @property
    def pick(self) -> Choice:
        return self.leaves.pick

    def any(self, depth: int) -> Expr:
        """Returns an expression of any kind."""
        word = None
        if self.depth < 3 and self.pick.chance(30):
            self.depth += 1
            word = Words(self).any()
            self.depth -= 1
        e = word or self.leaves.any()
        if e.kind in ("vector", "axial", "point", "rotation") and e.frame == "world" and self.pick.chance(60):
            e = framed(self.pick, self.leaves.truth, e)
        for _ in range(self.pick.count(0, depth)):
            e = self._more(e)
        return e

    def number(self, depth: int) -> Expr:
        """Returns a plain number or condition made one."""
        return self.single(self.plain(self.any(depth)))

    def condition(self, depth: int) -> Expr:
        e = self.single(self.any(depth))
        return e if e.condition else self._compare(e)

    # Forms ----------------------------------------------------------------------------------------------------------

    def literal(self, unit: str, low: float = 0.2, high: float = 2.0) -> tuple[str, float]:
        value = self.pick.number(low, high) * SIZE.get(unit, 1)
        value = float(f"{value:.4g}")
        return f"{value:g} {unit}".strip(), value

    def plain(self, e: Expr) -> Expr:
        """Returns a number without a unit; conditions become 0 or 1."""
        if e.condition:
            return e.but(f"number({e.text})", lambda m: np.asarray(e.value(m), float), condition=False)
        if not e.unit:
            return e
        text, value = self.literal(e.unit, 0.5, 2)
        return e.but(f"({e.text} / ({text}))", lambda m: e.value(m) / value, unit="", moving=None)

    def bare(self, e: Expr) -> Expr:
        """Returns a number that may meet any other: components stay in their frame until a function takes them."""
        return e.but(f"tanh({e.text})", lambda m: np.tanh(e.value(m)))

    def single(self, e: Expr) -> Expr:
        """Returns one number (or condition) of an expression with axes."""
        while e.axes:
            e = self._reduced(e)
        return e

    def _reduced(self, e: Expr) -> Expr:
        pick, k = self.pick, self.pick.count(0, len(e.axes) - 1)
        name, labels = e.axes[k]
        rest = (*e.axes[:k], *e.axes[k + 1 :])
        over = f" over {name}" if len(e.axes) > 1 or pick.chance(20) else ""
        left = {} if any(a[0] == "xyz" for a in rest) else {"kind": "scalar"}
        if k == len(e.axes) - 1 and name in ("xyz", "quat") and pick.chance(50):
            i = pick.count(0, len(labels) - 1)
            return e.but(f"({e.text}).{labels[i]}", lambda m: e.value(m)[..., i], axes=rest, kind="scalar", moving=None)
        if k == 0 and pick.chance(25):
            i = pick.count(0, len(labels) - 1)
            return e.but(f"({e.text})[{i}]", lambda m: e.value(m)[i], axes=rest, moving=None, **left)
        if e.condition:
            op = pick.of(("any", "all"))
            return e.but(f"{op}({e.text}{over})", lambda m: getattr(np, op)(e.value(m), axis=k), axes=rest)
        if e.kind == "rotation":
            return e.but(f"({e.text}).w", lambda m: e.value(m)[..., 0], axes=e.axes[:-1], kind="scalar")
        op = pick.of(("sum", "mean", "max", "min"))
        if pick.chance(30) and op in ("sum", "mean"):
            return self._where(e, op, k, over, rest, left)
        return e.but(
            f"{op}({e.text}{over})", lambda m: getattr(np, op)(e.value(m), axis=k), axes=rest, moving=None, **left
        )

    def _where(self, e: Expr, op: str, k: int, over: str, rest: Any, left: Any) -> Expr:
        text, limit = self.literal(e.unit)

        def value(m: Moment) -> Any:
            x = e.value(m)
            held = m.sharp(x - limit) < 0
            total, number = np.sum(np.where(held, x, 0), axis=k), np.sum(held, axis=k)
            return total if op == "sum" else total / np.maximum(number, 1)

        return e.but(f"{op}({e.text} where {e.text} < {text}{over})", value, axes=rest, moving=None, **left)

    # One more operation ---------------------------------------------------------------------------------------------

    def _more(self, e: Expr) -> Expr:
        if e.condition:
            return self.pick.of((self._logic, self._while))(e)
        vector = e.kind != "scalar" and e.axes and e.axes[-1] == XYZ
        if vector and self.pick.chance(40):
            return self._vector(e)
        if e.kind == "rotation" or e.frame == "sensor":
            return self._kept(e)
        return self.pick.of((self._function, self._kept, self._arithmetic, self._kernel, self._compare, self._timed))(e)

    def _vector(self, e: Expr) -> Expr:
        rest = e.axes[:-1]
        if self.pick.chance(50):
            value = lambda m: np.sqrt(np.sum(np.square(e.value(m)), axis=-1))  # noqa: E731
            return e.but(f"norm({e.text})", value, axes=rest, kind="scalar", moving=None)
        flat = ("xyz", ("x", "y"))
        if self.pick.chance(50):
            return e.but(f"({e.text}).xy", lambda m: e.value(m)[..., :2], axes=(*rest, flat), moving=None)
        k = self.pick.count(0, 2)
        return e.but(f"({e.text}).{'xyz'[k]}", lambda m: e.value(m)[..., k], axes=rest, kind="scalar", moving=None)

    def _function(self, e: Expr) -> Expr:
        p = self.plain(e)
        rows: dict[str, tuple[str, Callable[[Any], Any]]] = {
            "abs": ("abs({})", np.abs), "square": ("square({})", np.square), "tanh": ("tanh({})", np.tanh),
            "sin": ("sin({} * 1 rad)", np.sin), "cos": ("cos({} * 1 rad)", np.cos),
            "exp": ("exp(-abs({}))", lambda x: np.exp(-np.abs(x))), "log": ("log(1 + abs({}))", lambda x: np.log1p(np.abs(x))),
            "sqrt": ("sqrt(1 + square({}))", lambda x: np.sqrt(1 + np.square(x))), "neg": ("(-{})", np.negative),
            "cube": ("({}) ^ 3", lambda x: x**3), "clip": ("clip({}, -0.5, 0.75)", lambda x: np.clip(x, -0.5, 0.75)),
            "deadzone": ("deadzone({}, 0.3)", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0)),
            "atan2": ("atan2({}, 1 + abs({}))", lambda x: np.arctan2(x, 1 + np.abs(x))),
        }  # fmt: skip
        text, f = rows[self.pick.of(list(rows))]
        unit = "rad" if text.startswith("atan2") else ""
        return Expr(f"({text.format(p.text, p.text)})", unit, lambda m: f(p.value(m)), p.axes)

    def _arithmetic(self, e: Expr) -> Expr:
        pick = self.pick
        if e.kind == "point":
            e = self.plain(e)
        if pick.chance(40):
            text, x = self.literal(e.unit)
            rows: dict[str, Callable[[Any], Any]] = {
                "({} * 0.5)": lambda v: v * 0.5, f"max({{}}, {text})": lambda v: np.maximum(v, x),
                f"min({{}}, {text})": lambda v: np.minimum(v, x), f"({{}} - {text})": lambda v: v - x,
            }  # fmt: skip
            form = pick.of(list(rows) if e.kind == "scalar" else list(rows)[:1])
            return e.but(form.format(e.text), lambda m: rows[form](e.value(m)), moving=None)
        other, mine = self.bare(self.number(0)), self.plain(e)
        ops: dict[str, Callable[[Any, Any], Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply}
        op = pick.of(list(ops))
        if mine.kind != "scalar":
            op = "*"
        text = f"({mine.text} {op} {other.text})"
        return mine.but(text, lambda m: ops[op](mine.value(m), other.value(m)), moving=None)

    def _kernel(self, e: Expr) -> Expr:
        text, x = self.literal(e.unit, 0.5, 2)
        vector = bool(e.axes) and e.axes[-1][0] == "xyz"
        axes = e.axes[:-1] if vector else e.axes

        def length(m: Moment) -> Any:
            v = e.value(m)
            return np.sqrt(np.sum(np.square(v), axis=-1)) if vector else np.abs(v)

        name = self.pick.of(("gaussian", "laplace", "tolerance"))
        if name == "tolerance":
            e = self.single(e)
            text, x = self.literal(e.unit, 0.5, 2)
            written = f"tolerance({e.text}, {text}, margin: {text})"
            return Expr(written, "", lambda m: 0.1 ** (np.maximum(x - e.value(m), 0) / x) ** 2)
        power = 2 if name == "gaussian" else 1
        return Expr(f"{name}({e.text}, {text})", "", lambda m: np.exp(-((length(m) / x) ** power)), axes)

    def _compare(self, e: Expr) -> Expr:
        text, x = self.literal(e.unit)
        op = self.pick.of(("<", ">", "<=", ">="))
        sign = 1 if op[0] == "<" else -1
        value = lambda m: m.sharp(sign * (e.value(m) - x)) < 0  # noqa: E731
        return Expr(f"({e.text} {op} {text})", "", value, e.axes, condition=True)

    def _logic(self, p: Expr) -> Expr:
        form = self.pick.of(("not {}", "{} and {}", "{} or {}", "if"))
        if form == "not {}":
            return p.but(f"(not {p.text})", lambda m: ~np.asarray(p.value(m)))
        if form == "if":
            a, b = self.bare(self.number(0)), self.bare(self.number(0))
            text = f"(if {p.text} then {a.text} else {b.text})"
            return Expr(text, "", lambda m: np.where(p.value(m), a.value(m), b.value(m)), p.axes)
        q = self.condition(0)
        join = np.logical_and if "and" in form else np.logical_or
        return p.but(f"({form.format(p.text, q.text)})", lambda m: join(p.value(m), q.value(m)))
