"""The force law of an actuator, from the words of MJCF: which control gives which force.

The kinds of actuator share one set of parameters in a default class. A shortcut (`position`, `motor`, …) starts from
the nearest class that holds parameters of its own kind, or those of `general`, and else from MuJoCo's own; `general`
takes whatever is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

Numbers = Callable[[Mapping[str, str], str], tuple[float, ...]]  # the numbers of an attribute, () where it is missing


@dataclass(frozen=True)
class Law:
    """`gain * control + offset - kp * length - kv * velocity` at the actuator's own side of the gear (N or Nm).

    That holds where `kind` is `fixed`; with `dynamics` other than `none` the control acts through an activation.
    `kv` is None where the MJCF gives a damping ratio, for MuJoCo works it out from the inertia.
    """

    gain: float = 1.0
    offset: float = 0.0
    kp: float = 0.0
    kv: float | None = 0.0
    dynamics: str = "none"
    kind: str = "fixed"

    @property
    def mode(self) -> str:
        """`position`, `velocity` or `torque`: what a control means; empty where it is none of them (see `trouble`)."""
        if self.trouble:
            return ""
        return "position" if self.kp else "torque" if self.kv == 0 else "velocity"

    @property
    def trouble(self) -> str:
        """Why a control is neither a position, a velocity nor a torque, as in "it … "; empty where it is one."""
        if self.kind == "affine":
            return "has a gain that depends on its state"
        if self.kind != "fixed":
            return f"works like a {self.kind}"
        if self.dynamics not in ("none", "filter", "filterexact"):
            return f"passes its control through `{self.dynamics}` dynamics"
        if not self.gain:
            return "has no gain"
        if self.kp < 0 or (self.kv is not None and self.kv < 0) or (self.gain < 0 and (self.kp or self.kv)):
            return "pushes away from its target"
        return "adds a force of its own" if self.offset else ""


Bias = tuple[float, float, float]
# What no line between control, length and velocity describes.
_OTHERS = frozenset(("muscle", "dcmotor", "pid", "plugin"))


@dataclass(frozen=True)
class _Parameters:
    """What a default class holds of actuators; `word` is the element that set it.

    As in MuJoCo, a positive third number of the `bias` of a servo is a damping ratio.
    """

    word: str = "general"
    gain: float = 1.0
    gaintype: str = "fixed"
    bias: Bias = (0.0, 0.0, 0.0)
    biastype: str = "none"
    dynamics: str = "none"

    def law(self) -> Law:
        affine = self.biastype == "affine"
        kind = self.gaintype if self.biastype in ("none", "affine") else self.biastype
        offset, length, velocity = self.bias if affine else (0.0, 0.0, 0.0)
        ratio = velocity > 0 and length == -self.gain
        return Law(self.gain, offset, 0.0 - length, None if ratio else 0.0 - velocity, self.dynamics, kind)


Element = tuple[str, Mapping[str, str]]  # tag and attributes


@dataclass
class LawReader:
    """Applies the elements of default classes, outermost first, and the actuator; `numbers` reads their attributes."""

    numbers: Numbers

    def law(self, classes: Iterable[Iterable[Element]]) -> Law:
        """Returns the law after these elements; the actuator itself is the last class."""
        states = [_Parameters()]
        for elements in classes:
            states.append(states[-1])
            for word, attrs in elements:
                states[-1] = self._applied(states, word, attrs)
        return states[-1].law()

    def _applied(self, states: list[_Parameters], word: str, attrs: Mapping[str, str]) -> _Parameters:
        if word == "general":
            return self._general(states[-1], attrs)
        fitting = (s for s in reversed(states) if s.word == word or (s.word == "general" and s.gaintype == "fixed"))
        return replace(self._shortcut(next(fitting, _Parameters()), word, attrs), word=word)

    def _number(self, attrs: Mapping[str, str], key: str, default: float) -> float:
        return (*self.numbers(attrs, key), default)[0]

    def _general(self, old: _Parameters, attrs: Mapping[str, str]) -> _Parameters:
        return replace(
            old,
            word="general",
            gain=self._number(attrs, "gainprm", old.gain),
            bias=self._bias(old, attrs, "biasprm"),
            gaintype=attrs.get("gaintype", old.gaintype),
            biastype=attrs.get("biastype", old.biastype),
            dynamics=attrs.get("dyntype", old.dynamics),
        )

    def _bias(self, old: _Parameters, attrs: Mapping[str, str], key: str) -> Bias:
        given = self.numbers(attrs, key)[:3]
        offset, length, velocity = (*given, *old.bias[len(given) :])
        return offset, length, velocity

    def _shortcut(self, old: _Parameters, word: str, attrs: Mapping[str, str]) -> _Parameters:
        if word in ("position", "intvelocity"):
            return self._servo(old, word, attrs)
        if word == "velocity":
            kv = self._number(attrs, "kv", old.gain)
            return _Parameters(gain=kv, bias=(0.0, 0.0, -kv), biastype="affine")
        if word == "damper":
            return _Parameters(gain=0.0, gaintype="affine")
        if word == "cylinder":
            area, bias = self._number(attrs, "area", old.gain), self._bias(old, attrs, "bias")
            return _Parameters(gain=area, bias=bias, biastype="affine", dynamics="cylinder")
        return _Parameters(gaintype=word if word in _OTHERS else "fixed")

    def _servo(self, old: _Parameters, word: str, attrs: Mapping[str, str]) -> _Parameters:
        kp, ratio = self._number(attrs, "kp", old.gain), self.numbers(attrs, "dampratio")
        damping = ratio[0] if ratio else -self._number(attrs, "kv", -old.bias[2])
        dynamics = "integrator"
        if word == "position":
            kept = 1.0 if old.dynamics == "filterexact" else 0.0
            dynamics = "filterexact" if self._number(attrs, "timeconst", kept) > 0 else "none"
        return _Parameters(gain=kp, bias=(0.0, -kp, damping), biastype="affine", dynamics=dynamics)
