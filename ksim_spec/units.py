"""Dimensions and the closed table of units.

Everything is SI inside. A dimension is the exponents of length, mass, time and angle; the angle exponent is soft
(`None` = unknown): it takes part in messages and lints but never makes two dimensions unequal.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Exponents = tuple[Fraction, Fraction, Fraction]
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Dim:
    """Exponents over (length, mass, time) and the soft angle exponent (None where it cannot be known)."""

    length: Fraction = _ZERO
    mass: Fraction = _ZERO
    time: Fraction = _ZERO
    angle: Fraction | None = _ZERO

    def __mul__(self, other: Dim) -> Dim:
        angle = None if self.angle is None or other.angle is None else self.angle + other.angle
        # v = w * r: radius times angle is a length, so an angle that meets a length is no longer known.
        if angle and (self.length or other.length) and (not self.angle or not other.angle):
            angle = None
        return Dim(self.length + other.length, self.mass + other.mass, self.time + other.time, angle)

    def __truediv__(self, other: Dim) -> Dim:
        return self * other ** Fraction(-1)

    def __pow__(self, power: Fraction | int) -> Dim:
        p = Fraction(power)
        angle = None if self.angle is None else self.angle * p
        return Dim(self.length * p, self.mass * p, self.time * p, angle)

    @property
    def hard(self) -> Exponents:
        """The exponents that must agree: all but the angle's."""
        return (self.length, self.mass, self.time)

    @property
    def plain(self) -> bool:
        """True for a number without hard units (an angle counts as plain)."""
        return not any(self.hard)

    def same(self, other: Dim) -> bool:
        """True when the two may be added or compared."""
        return self.hard == other.hard

    def angle_differs(self, other: Dim) -> bool:
        """True when both angle exponents are known and differ: a lint, never an error."""
        return self.angle is not None and other.angle is not None and self.angle != other.angle

    def __str__(self) -> str:
        return _spell(self)


NUMBER = Dim()
LENGTH, MASS, TIME = Dim(length=Fraction(1)), Dim(mass=Fraction(1)), Dim(time=Fraction(1))
ANGLE = Dim(angle=Fraction(1))
FREQUENCY = TIME**-1
VELOCITY = LENGTH / TIME
ACCELERATION = VELOCITY / TIME
ANGULAR_VELOCITY = ANGLE / TIME
ANGULAR_ACCELERATION = ANGULAR_VELOCITY / TIME
FORCE = Dim(Fraction(1), Fraction(1), Fraction(-2))
TORQUE = Dim(Fraction(2), Fraction(1), Fraction(-2), None)
POWER = Dim(Fraction(2), Fraction(1), Fraction(-3), None)
INERTIA = Dim(Fraction(2), Fraction(1), Fraction(0), None)


@dataclass(frozen=True, slots=True)
class Unit:
    """One symbol: its dimension and its factor to SI, a rational times a power of pi."""

    symbol: str
    dim: Dim
    factor: Fraction = Fraction(1)
    pi_power: int = 0
    name: str = ""

    @property
    def to_si(self) -> float:
        return float(self.factor) * math.pi**self.pi_power


def _table() -> dict[str, Unit]:
    rows = [
        Unit("m", LENGTH, name="metre"),
        Unit("cm", LENGTH, Fraction(1, 100), name="centimetre"),
        Unit("mm", LENGTH, Fraction(1, 1000), name="millimetre"),
        Unit("km", LENGTH, Fraction(1000), name="kilometre"),
        Unit("s", TIME, name="second"),
        Unit("ms", TIME, Fraction(1, 1000), name="millisecond"),
        Unit("us", TIME, Fraction(1, 1_000_000), name="microsecond"),
        Unit("Hz", FREQUENCY, name="hertz"),
        Unit("kHz", FREQUENCY, Fraction(1000), name="kilohertz"),
        Unit("kg", MASS, name="kilogram"),
        Unit("N", FORCE, name="newton"),
        Unit("kN", FORCE, Fraction(1000), name="kilonewton"),
        Unit("Nm", TORQUE, name="newton metre"),
        Unit("J", TORQUE, name="joule"),
        Unit("W", POWER, name="watt"),
        Unit("rad", ANGLE, name="radian"),
        Unit("mrad", ANGLE, Fraction(1, 1000), name="milliradian"),
        Unit("deg", ANGLE, Fraction(1, 180), 1, name="degree"),
        Unit("rev", ANGLE, Fraction(2), 1, name="revolution"),
        Unit("rpm", ANGULAR_VELOCITY, Fraction(1, 30), 1, name="revolutions per minute"),
        Unit("%", NUMBER, Fraction(1, 100), name="per cent"),
    ]
    return {u.symbol: u for u in rows}


UNITS: dict[str, Unit] = _table()


@dataclass(frozen=True, slots=True)
class UnitValue:
    """A parsed unit expression: dimension and factor to SI."""

    dim: Dim
    factor: Fraction
    pi_power: int
    text: str

    @property
    def to_si(self) -> float:
        return float(self.factor) * math.pi**self.pi_power


PLAIN = UnitValue(NUMBER, Fraction(1), 0, "")


class UnitError(ValueError):
    """A unit text that the table does not know; `symbol` is the offending part."""

    def __init__(self, message: str, symbol: str = "") -> None:
        super().__init__(message)
        self.symbol = symbol


_FACTOR = re.compile(r"(%|[A-Za-z]+)(?:\^(-?\d+))?$")


def _parse_product(text: str) -> UnitValue:
    value = PLAIN
    for part in re.split(r"[*·]", text):
        match = _FACTOR.match(part)
        if not match or match[1] not in UNITS:
            raise UnitError(f"unknown unit `{part}`", part)
        unit, power = UNITS[match[1]], int(match[2] or 1)
        value = UnitValue(
            value.dim * unit.dim**power, value.factor * unit.factor**power, value.pi_power + unit.pi_power * power, text
        )
    return value


def _invert(u: UnitValue) -> UnitValue:
    return UnitValue(u.dim**-1, 1 / u.factor, -u.pi_power, f"per {u.text}")


def _times(a: UnitValue, b: UnitValue, text: str) -> UnitValue:
    return UnitValue(a.dim * b.dim, a.factor * b.factor, a.pi_power + b.pi_power, text)


def parse_unit(text: str) -> UnitValue:
    """Parses `m/s^2`, `kg*m^2/s^2`, `per rad/s`, `per Nm^2 per s`; raises UnitError with a hint for the reader."""
    value = PLAIN
    words = text.split()
    i = 0
    while i < len(words):
        inverse = words[i] == "per"
        if inverse:
            i += 1
        if i >= len(words):
            raise UnitError("`per` needs a unit after it", "per")
        numerator, *denominators = words[i].split("/")
        if len(denominators) > 1:
            raise UnitError(f"`{words[i]}` has two `/`; write `{numerator}/{denominators[0]}^2` or use `per`", words[i])
        part = _parse_product(numerator)
        for d in denominators:
            part = _times(part, _invert(_parse_product(d)), words[i])
        value = _times(value, _invert(part) if inverse else part, text)
        i += 1
    return UnitValue(value.dim, value.factor, value.pi_power, text)


_NAMED: tuple[tuple[str, Dim], ...] = (
    ("Nm", TORQUE),
    ("N", FORCE),
    ("W", POWER),
    ("kg", MASS),
    ("m", LENGTH),
    ("s", TIME),
    ("rad", ANGLE),
    ("m/s", VELOCITY),
    ("m/s^2", ACCELERATION),
    ("rad/s", ANGULAR_VELOCITY),
    ("rad/s^2", ANGULAR_ACCELERATION),
    ("per s", FREQUENCY),
    ("m^2", LENGTH**2),
    ("m^2/s^2", VELOCITY**2),
    ("Nm^2", TORQUE**2),
    ("rad^2", ANGLE**2),
    ("kg*m^2", INERTIA),
    ("N^2", FORCE**2),
    ("N/m", FORCE / LENGTH),
    ("Nm/rad", TORQUE / ANGLE),
    ("N*s/m", FORCE / VELOCITY),
)


def factor_between(one: Dim, other: Dim) -> str:
    """Returns the unit of the factor by which two dimensions differ: the same text whichever comes first."""
    return min(str(one / other), str(other / one), key=lambda text: (text.startswith("per "), text))


def in_unit(dim: Dim) -> str:
    """Returns `in m/s` or `per s`: how a sentence says what unit something has."""
    text = str(dim)
    return text if text.startswith("per ") else f"in {_SPOKEN.get(text, text)}"


# What stiffness and damping are called beside their SI spelling; contracts keep that.
_SPOKEN = {"m^2*kg/s": "Nm*s/rad", "kg/s": "N*s/m", "kg per s^2": "N/m"}


def rate_unit(dim: Dim) -> str:
    """Returns the unit of a weight that makes a value of a dimension a rate: `per m^2/s^2 per s`, `s^2 per s`.

    Empty for what is a rate already. An angle alone needs no unit to be one.
    """
    if dim.same(FREQUENCY) and not dim.angle:
        return ""
    text = str(dim)
    if dim.plain:
        return "per s"
    return f"per {text} per s" if " " not in text else f"{dim**-1} per s"


def _power_text(symbol: str, power: Fraction) -> str:
    return symbol if power == 1 else f"{symbol}^{power}"


@lru_cache(maxsize=1024)
def _spell(dim: Dim) -> str:
    """The SI spelling of a dimension: a named unit where one fits, else base units; `1` for a plain number."""
    if dim.plain and not dim.angle:
        return "1"
    for text, named in _NAMED:
        if dim.same(named) and (dim.angle is None or named.angle is None or dim.angle == named.angle):
            return text
    for text, named in _NAMED:
        if dim.same(named**-1) and (dim.angle is None or named.angle is None or dim.angle == -named.angle):
            return f"per {text}"
    parts = [("m", dim.length), ("kg", dim.mass), ("s", dim.time), ("rad", dim.angle or _ZERO)]
    up = "*".join(_power_text(s, p) for s, p in parts if p > 0)
    down = [_power_text(s, -p) for s, p in parts if p < 0]
    if not up:
        return " ".join(f"per {d}" for d in down)
    return up + ("/" + "*".join(down) if len(down) == 1 else "".join(f" per {d}" for d in down))
