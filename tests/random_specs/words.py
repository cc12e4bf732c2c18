"""Random uses of what is no quantity by itself: functions of bodies and vectors, tables, keyframes, the library, clocks,
functions and signals of the spec, each beside its meaning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.random_specs.leaves import XYZ, Expr, quoted
from tests.random_specs.truth import Moment

if TYPE_CHECKING:
    from tests.random_specs.functions import Functions

DEFINED = [
    "fn blend(a, b = 0.25) = a * b + tanh(a)",
    "fn farthest(things) = max(norm(things.linvel))",
]
WORDS = ("tilt", "turned", "vectors", "wrapped", "whole", "within", "degrees", "clock", "keyframe", "table", "each",
         "library", "feet", "defined", "signal", "product", "added")  # fmt: skip


@dataclass
class Words:
    """Draws such expressions; each method returns None where the robot has nothing for it."""

    functions: Functions

    def any(self) -> Expr | None:
        return getattr(self, f"_{self.functions.pick.of(WORDS)}")()

    def _names(self, kind: str) -> list[str]:
        return [n for n in self.functions.leaves.truth.names[kind] if n != "world"]

    def _joints(self, several: bool = True) -> tuple[str, list[str], str] | None:
        """Returns the text of joints of one kind, their names, and the unit of their positions."""
        pick, truth = self.functions.pick, self.functions.leaves.truth
        of = pick.of(("hinge", "slide"))
        names = [n for n in self._names("joint") if truth.joint_kind(n) == of]
        if not names:
            return None
        found = pick.some(names, 3 if several else 1)
        return quoted("joint", found, several), found, "rad" if of == "hinge" else "m"

    def _tilt(self) -> Expr | None:
        kind = self.functions.pick.of(("body", "site", "geom"))
        if not self._names(kind):
            return None
        name = self.functions.pick.of(self._names(kind))
        value = lambda m: np.arccos(np.clip(m.place(kind, name)[1][2, 2], -1, 1))  # noqa: E731
        return Expr(f'tilt({kind}("{name}"))', "rad", value)

    def _turned(self) -> Expr | None:
        names = self._names("body")
        one, other = self.functions.pick.of(names), self.functions.pick.of(names)

        def value(m: Moment) -> Any:
            turn = m.place("body", one)[1].T @ m.place("body", other)[1]
            return np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))

        return Expr(f'rotation_distance(body("{one}").quat, body("{other}").quat)', "rad", value)

    def _vectors(self) -> Expr | None:
        pick = self.functions.pick
        kind = pick.of(("body", "site", "geom"))
        if not self._names(kind):
            return None
        text, found, axes = self.functions.leaves.selected(kind, self._names(kind))
        rows = lambda m, f: np.array([f(m, n) for n in found])[() if axes else 0]  # noqa: E731
        up, forward = (lambda m, k=k: rows(m, lambda m, n: m.place(kind, n)[1][:, k]) for k in (2, 0))
        if pick.chance(50):
            speed = lambda m: rows(m, lambda m, n: m.velocity(kind, n)[0])  # noqa: E731
            return Expr(f"dot({text}.linvel, {text}.forward)", "m/s", lambda m: np.sum(speed(m) * forward(m), -1), axes)
        return Expr(
            f"cross({text}.up, {text}.forward)", "", lambda m: np.cross(up(m), forward(m)), (*axes, XYZ), "vector"
        )

    def _wrapped(self) -> Expr:
        p = self.functions.number(1)
        return Expr(f"wrap({p.text} * 4 rad)", "rad", lambda m: (4 * p.value(m) + math.pi) % (2 * math.pi) - math.pi)

    def _whole(self) -> Expr:
        p = self.functions.number(1)
        form = self.functions.pick.of(("floor", "sign", "mod"))
        if form == "mod":
            return Expr(f"(({p.text}) mod 0.7)", "", lambda m: np.mod(p.value(m), 0.7))
        f = np.floor if form == "floor" else np.sign
        return Expr(f"{form}(0.13 + {p.text} * 3)", "", lambda m: f(0.13 + p.value(m) * 3))

    def _within(self) -> Expr:
        e = self.functions.single(self.functions.number(0))
        value = lambda m: (m.sharp(e.value(m) + 0.3) >= 0) & (m.sharp(e.value(m) - 0.4) <= 0)  # noqa: E731
        return Expr(f"({e.text} is -0.3 .. 0.4)", "", value, condition=True)

    def _degrees(self) -> Expr | None:
        found = self._joints()
        if found is None or found[2] != "rad":
            return None
        e = self.functions.leaves.of_joints(found[0], found[1], (("joint", tuple(found[1])),), "pos", "hinge")
        return e.but(f"({e.text} as deg)", lambda m: e.value(m) * 180 / math.pi, unit="")

    def _clock(self) -> Expr:
        dt, start = self.functions.dt, self.functions.pick.of((0.0, 0.25))
        rate = self.functions.pick.of((1.3, 0.7))
        value = lambda m: 2 * math.pi * ((start + rate * dt * m.step) % 1)  # noqa: E731
        return Expr(f"phase({rate:g} Hz{f', {start:g}' if start else ''})", "rad", lambda m: m.read(value(m), "vel"))

    def _keyframe(self) -> Expr | None:
        found, truth = self._joints(), self.functions.leaves.truth
        if found is None or not truth.keys:
            return None
        text, names, unit = found
        key = self.functions.pick.of(truth.keys)
        at = [int(truth.model.joint(n).qposadr[0]) for n in names]
        value = lambda m: m.read(m.data.qpos)[at] - truth.model.key(key).qpos[at]  # noqa: E731
        return Expr(f'({text}.pos - keyframe("{key}").pos)', unit, value, (("joint", tuple(names)),))

    def _table(self) -> Expr | None:
        found = self._joints()
        if found is None or "*" in found[1][0] or "[" in found[1][0]:
            return None
        text, names, unit = found
        at = [int(self.functions.leaves.truth.model.joint(n).qposadr[0]) for n in names]
        away = np.array([0.3] + [0.1] * (len(names) - 1))
        rest = f', "*": 0.1 {unit}' if len(names) > 1 else ""
        table = f'{{"{names[0]}": 0.3 {unit}{rest}}}'
        return Expr(
            f"({text}.pos - {table})", unit, lambda m: m.read(m.data.qpos)[at] - away, (("joint", tuple(names)),)
        )

    def _each(self) -> Expr | None:
        found = self._joints()
        if found is None:
            return None
        text, names, unit = found
        dofs = [int(self.functions.leaves.truth.model.joint(n).dofadr[0]) for n in names]
        value = lambda m: np.sum(np.abs(m.read(m.data.qvel, "vel")[dofs]))  # noqa: E731
        return Expr(f"sum(abs(j.vel) for j of {text})", f"{unit}/s", value)

    def _library(self) -> Expr | None:
        found, model = self._joints(), self.functions.leaves.truth.model
        if found is None:
            return None
        text, names, unit = found
        dofs = [int(model.joint(n).dofadr[0]) for n in names]
        at, ids = [int(model.joint(n).qposadr[0]) for n in names], [model.joint(n).id for n in names]
        torque = lambda m: m.read(m.data.qfrc_actuator, "acc")[dofs]  # noqa: E731
        ends = np.where(model.jnt_limited[ids][:, None] > 0, model.jnt_range[ids], [-np.inf, np.inf])

        def near(m: Moment) -> Any:
            q = m.read(m.data.qpos)[at]
            return np.sum(np.maximum(ends[:, 0] + 0.05 - q, 0) + np.maximum(q - ends[:, 1] + 0.05, 0))

        effort = "Nm" if unit == "rad" else "N"
        rows = {
            f"(std.power({text}) / (10 W))": lambda m: (
                np.sum(np.abs(torque(m) * m.read(m.data.qvel, "vel")[dofs])) / 10
            ),
            f"(std.effort({text}) / (10 {effort}^2))": lambda m: np.sum(torque(m) ** 2) / 10,
            f"(std.near_limits({text}, 0.05 {unit}) / (1 {unit}))": near,
        }
        form = self.functions.pick.of(list(rows))
        return Expr(form, "", rows[form])

    def _feet(self) -> Expr | None:
        names = self._names("body")
        one = self.functions.pick.of(names)
        local = lambda m, x: m.place("body", one)[1].T @ x  # noqa: E731
        rows = {
            f'std.lean(body("{one}"))': lambda m: np.sum(local(m, np.array([0, 0, 1.0]))[:2] ** 2),
            f'(std.bounce(body("{one}")) / (1 m^2/s^2))': lambda m: m.velocity("body", one)[0][2] ** 2,
            f'(std.wobble(body("{one}")) / (1 rad^2/s^2))': lambda m: np.sum(
                local(m, m.velocity("body", one)[1])[:2] ** 2
            ),
        }
        form = self.functions.pick.of(list(rows))
        return Expr(form, "", rows[form])

    def _defined(self) -> Expr | None:
        pick = self.functions.pick
        if pick.chance(40):
            kind = pick.of(("body", "site"))
            if len(self._names(kind)) < 2:
                return None
            found = pick.some(self._names(kind), 3)
            value = lambda m: max(np.linalg.norm(m.velocity(kind, n)[0]) for n in found)  # noqa: E731
            return Expr(f"farthest({quoted(kind, found, True)})", "m/s", value)
        p, b = self.functions.number(1), pick.of((0.25, 0.5))
        more = "" if b == 0.25 else ", b: 0.5" if pick.chance(50) else ", 0.5"
        return Expr(f"blend({p.text}{more})", "", lambda m: p.value(m) * b + np.tanh(p.value(m)))

    def _signal(self) -> Expr:
        """An expression by a name, which others may use as well."""
        known = self.functions.signals
        if known and self.functions.pick.chance(50):
            return self.functions.pick.of(list(known.values()))
        e, name = self.functions.any(1), f"named{len(known)}"
        while name in known:
            name += "_"
        known[name] = e.but(name, e.value, moving=None)
        self.functions.written.append(f"  {name} = {e.text}")
        return known[name]

    def _product(self) -> Expr | None:
        found = self._joints()
        if found is None:
            return None
        text, names, unit = found
        at = [int(self.functions.leaves.truth.model.joint(n).qposadr[0]) for n in names]
        return Expr(
            f"prod(cos({text}.pos / (1 {unit}) * 1 rad))", "", lambda m: np.prod(np.cos(m.read(m.data.qpos)[at]))
        )

    def _added(self) -> Expr:
        """The place of a site that the spec adds."""
        body, sites = self.functions.pick.of(self._names("body")), self.functions.sites
        name, at = f"spot{len(sites)}", np.array([0.1, -0.05, 0.2])
        sites.append(f'  site {name} on body("{body}") at (0.1 m, -0.05 m, 0.2 m)')

        def value(m: Moment) -> Any:
            position, matrix = m.place("body", body)
            return position + matrix @ at

        if self.functions.pick.chance(50):
            return Expr(f'site("{name}").pos', "m", value, (XYZ,), "point")

        def speed(m: Moment) -> Any:
            linear, angular = m.velocity("body", body)
            return linear + np.cross(angular, m.place("body", body)[1] @ at)

        return Expr(f'site("{name}").linvel', "m/s", speed, (XYZ,), "vector")
