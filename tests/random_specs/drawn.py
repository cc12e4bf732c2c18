"""What a spec draws, and how each draw is read back from what it changed: as a number between 0 and 1.

A draw that is out of its range, or equals another in every environment, shares something that it must not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
from scipy.special import ndtr

from tests.random_specs.choice import Choice
from tests.random_specs.leaves import quoted
from tests.random_specs.truth import Truth

MakeDraw = Callable[..., "Draw"]


@dataclass(frozen=True)
class Draw:
    """A distribution as text, and `level`: where a drawn value lies in it, from 0 to 1."""

    text: str
    unit: str
    level: Callable[[Any], Any]
    width: float


def quantity(kind: str, unit: str, size: float) -> Draw:
    """Returns a distribution of a kind, around or above `size`, in a unit."""
    a, b = float(f"{size:.4g}"), float(f"{size * 1.5:.4g}")
    if kind == "truncated_normal":
        low = ndtr(-1.5)
        level = lambda x: (ndtr(x / a) - low) / (1 - 2 * low)  # noqa: E731
        return Draw(f"truncated_normal({_text(a, unit)}, {_text(b, unit)})", unit, level, a)
    if kind == "centred":
        return Draw(f"uniform({_text(a, unit)})", unit, lambda x: (x / a + 1) / 2, a)
    if kind == "mixture":  # its own draw inside of a draw's condition
        text = f"if bernoulli(40 %) then uniform({_text(a, unit)}, {_text(b, unit)}) else uniform({_text(2 * a, unit)}, {_text(2 * b, unit)})"
        return Draw(text, unit, lambda x: np.where(x < 1.75 * a, (x - a) / (b - a), (x - 2 * a) / (2 * b - 2 * a)), b)
    one, two = f"{a:g} {unit}".strip(), f"{b:g} {unit}".strip()
    if kind == "uniform":
        return Draw(f"uniform({one}, {two})", unit, lambda x: (x - a) / (b - a), b)
    if kind == "normal":
        return Draw(f"normal({one}, {two})", unit, lambda x: ndtr((x - a) / b), b)
    return Draw(f"log_uniform({one}, {two})", unit, lambda x: np.log(np.maximum(x, 1e-9) / a) / math.log(b / a), b)


@dataclass(frozen=True)
class Line:
    """A line that changes something: `names` elements of `what`, each by a draw or all by a number."""

    what: str
    names: tuple[str, ...]
    op: str
    value: Draw | float
    shared: bool = False
    run: bool = False
    part: int = 0

    def merge(self, old: Any) -> Any:
        assert isinstance(self.value, float)
        return self.value if self.op == "=" else old + self.value if self.op == "+=" else old * self.value

    def drawn(self, old: Any, new: Any) -> Any:
        """Returns what must have been drawn for `old` to become `new`."""
        return new if self.op == "=" else new - old if self.op == "+=" else new / old


@dataclass
class Drawn:
    """The lines of `reset`, `event` and `randomize`."""

    reset: list[Line] = field(default_factory=list)
    event: list[Line] = field(default_factory=list)
    every: int = 0
    field: list[Line] = field(default_factory=list)

    def resets(self, pick: Choice, truth: Truth, draw: MakeDraw) -> list[str]:
        """No two lines change the same number, so that each can be read back."""
        texts: list[str] = []
        left = {k: list(v) for k, v in _scalar(truth).items()}
        for _ in range(pick.count(0, 2)):
            of = pick.of(("hinge", "slide"))
            if left[of]:
                names = pick.some(left[of], 2)
                left[of] = [n for n in left[of] if n not in names]
                what = pick.of(("pos", "vel"))
                unit = {"hinge": "rad", "slide": "m"}[of] + ("/s" if what == "vel" else "")
                texts.append(self._line(self.reset, pick, draw, f"joint_{what}", "joint", names, unit))
        floats = [n for n in truth.names["body"] if n != "world" and truth.free_body(n)]
        for name in floats[:1] if pick.chance(60) else ():
            for what, unit in pick.some(
                [("pos.x", "m"), ("height", "m"), ("yaw", "rad"), ("linvel.y", "m/s"), ("angvel.z", "rad/s")], 3
            ):
                op = "+=" if what == "yaw" else pick.of(("+=", "="))
                value: Draw | float = draw(unit) if pick.chance(60) else pick.number(0.1, 0.5)
                self.reset.append(Line(what, (name,), op, value))
                texts.append(f'  body("{name}").{what} {op} {_text(value, unit)}')
        return texts

    def _line(
        self, lines: list[Line], pick: Choice, draw: MakeDraw, what: str, kind: str, names: list[str], unit: str
    ) -> str:
        op = pick.of(("+=", "=", "*="))
        shared = len(names) > 1 and pick.chance(25)
        unit = "" if op == "*=" else unit
        value: Draw | float = draw(unit) if pick.chance(70) else pick.number(0.1, 0.5)
        lines.append(Line(what, tuple(names), op, value, shared))
        several = len(names) > 1 or pick.chance(40)
        word = what.split("_", 1)[1] if kind == "joint" and "_" in what else what
        return f"  {quoted(kind, names, several)}.{word} {op} {_text(value, unit)}{'  shared' if shared else ''}"

    def events(self, pick: Choice, truth: Truth, draw: MakeDraw, dt: float) -> list[str]:
        scalar, texts = _scalar(truth), []
        if not pick.chance(40):
            return []
        self.every = pick.count(1, 4)
        head = f"event kick every {self.every * dt * 1000:g} ms {{"
        floats = [n for n in truth.names["body"] if n != "world" and truth.free_body(n)]
        if floats and pick.chance(50):
            texts.append(
                self._line(self.event, pick, draw, "linvel.y", "body", floats[:1], "m/s").replace("bodies", "body")
            )
        of = pick.of(("hinge", "slide"))
        if not scalar[of]:
            return [head, *texts, "}"] if texts else []
        names = pick.some(scalar[of], 2)
        texts.append(
            self._line(self.event, pick, draw, "joint_vel", "joint", names, {"hinge": "rad/s", "slide": "m/s"}[of])
        )
        return [head, *texts, "}"]

    def fields(self, pick: Choice, truth: Truth, draw: MakeDraw) -> list[str]:
        texts: list[str] = []
        used: set[tuple[str, str]] = set()
        for _ in range(pick.of((0, 1, 2, 3))):
            what = pick.of(
                (
                    "mass",
                    "friction",
                    "damping",
                    "armature",
                    "frictionloss",
                    "stiffness",
                    "zero",
                    "kp",
                    "kd",
                    "gravity",
                    "com",
                    "inertia",
                )
            )
            row = _field(truth, what, pick.of(("hinge", "slide", "ball")))
            part = "inertia" if what == "mass" else what  # a mass takes its inertia along
            names = [n for n in row[0] if (part, n) not in used]
            if not names:
                continue
            names = pick.some(names, 2)
            used |= {(part, n) for n in names}
            kind, unit = row[1], row[2]
            op = "*=" if what == "inertia" else "+=" if what in ("gravity", "com") else pick.of(("+=", "=", "*="))
            some = ("uniform", "log_uniform", "mixture")
            value = draw("" if op == "*=" else unit, low=0.5 if op == "*=" else 0.02, kinds=some)
            shared, run = len(names) > 1 and pick.chance(25), pick.chance(25)
            self.field.append(Line(what, tuple(names), op, value, shared, run))
            place = kind if kind.startswith("world") else quoted(kind, names, len(names) > 1)
            texts.append(
                f"  {place}.{what} {op} {value.text}{'  per run' if run else ''}{'  shared' if shared else ''}"
            )
        return texts


def _text(value: Draw | float, unit: str) -> str:
    return value.text if isinstance(value, Draw) else f"{value:g} {unit}".strip()


def _scalar(truth: Truth) -> dict[str, list[str]]:
    return {k: [n for n in truth.names["joint"] if truth.joint_kind(n) == k] for k in ("hinge", "slide")}


def _field(truth: Truth, what: str, of: str) -> tuple[list[str], str, str]:
    """Returns which elements have a field (of those in one unit), their kind and its unit."""
    model = truth.model
    if what == "gravity":
        return ["world"], "world", "m/s^2"
    if what == "friction":
        if truth.floor and of == "ball":
            return [truth.floor], "world.floor", ""
        return [n for n in truth.names["geom"] if n != truth.floor], "geom", ""
    if what in ("mass", "com", "inertia"):
        bodies = [n for n in truth.names["body"] if n != "world" and model.body(n).mass[0] > 0]
        return bodies, "body", {"mass": "kg", "com": "m", "inertia": "kg*m^2"}[what]
    turns = {"damping": "Nm*s/rad", "armature": "kg*m^2", "frictionloss": "Nm", "stiffness": "Nm/rad", "zero": "rad",
             "kp": "Nm/rad", "kd": "Nm*s/rad"}  # fmt: skip
    slides = {"damping": "N*s/m", "armature": "kg", "frictionloss": "N", "stiffness": "N/m", "zero": "m", "kp": "N/m",
              "kd": "N*s/m"}  # fmt: skip
    names = [n for n in truth.names["joint"] if truth.joint_kind(n) == of]
    if of == "ball" and what in ("zero", "kp", "kd"):
        return [], "joint", ""
    if what in ("kp", "kd"):
        column = 1 if what == "kp" else 2
        integrates = mujoco.mjtDyn.mjDYN_INTEGRATOR
        servos = [a for a in truth.names["actuator"] if model.actuator(a).dyntype[0] != integrates]
        with_servo = {truth.actuator_joint(a) for a in servos if model.actuator(a).biasprm[column]}
        names = [n for n in names if n in with_servo]
    return names, "joint", (slides if of == "slide" else turns)[what]


def servo_of(model: mujoco.MjModel, joint: str) -> int:
    """Returns the only actuator of a joint that pulls back."""
    on_joint = (model.actuator_trnid[:, 0] == model.joint(joint).id) & (model.actuator_trntype == 0)
    return int(np.flatnonzero(on_joint & model.actuator_biasprm[:, 1:3].any(axis=1))[0])


def field_value(model: mujoco.MjModel, fields: dict[str, np.ndarray], line: Line, name: str, component: int) -> float:
    """Returns the number that a line of `randomize` speaks of, in a model whose `fields` were drawn."""

    def of(array: str) -> np.ndarray:
        if array == "opt.gravity":
            return np.asarray(fields.get(array, model.opt.gravity))
        return np.asarray(fields.get(array, getattr(model, array)))

    if line.what == "gravity":
        return float(of("opt.gravity")[component])
    if line.what == "friction":
        return float(of("geom_friction")[model.geom(name).id, 0])
    if line.what in ("mass", "com", "inertia"):
        i = model.body(name).id
        return float({"mass": lambda: of("body_mass")[i], "com": lambda: of("body_ipos")[i, component],
                      "inertia": lambda: of("body_inertia")[i, component]}[line.what]())  # fmt: skip
    joint = model.joint(name)
    if line.what in ("kp", "kd"):
        a = servo_of(model, name)
        return float(-of("actuator_biasprm")[a, 1 if line.what == "kp" else 2] * model.actuator_gear[a, 0] ** 2)
    if line.what == "zero":
        return float(of("qpos0")[int(joint.qposadr[0])])
    if line.what == "stiffness":
        return float(np.ravel(of("jnt_stiffness")[joint.id])[0])
    return float(np.ravel(of(f"dof_{line.what}")[int(joint.dofadr[0])])[0])
