"""Random quantities of a robot, each with a function that works it out of MuJoCo alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import mujoco
import numpy as np

from tests.random_specs.choice import Choice
from tests.random_specs.truth import LISTED, Moment, Truth, quat_of, yaw_of

Labels = tuple[str, tuple[str, ...]]
XYZ: Labels = ("xyz", ("x", "y", "z"))
QUAT: Labels = ("quat", ("w", "x", "y", "z"))
SENSOR_UNITS = {
    "gyro": "rad/s", "accelerometer": "m/s^2", "velocimeter": "m/s", "force": "N", "torque": "Nm", "touch": "N",
    "framepos": "m", "framelinvel": "m/s", "frameangvel": "rad/s", "framelinacc": "m/s^2", "frameangacc": "rad/s^2",
    "subtreecom": "m", "subtreelinvel": "m/s", "subtreeangmom": "kg*m^2/s",
}  # fmt: skip


@dataclass(frozen=True)
class Expr:
    """The text of an expression and its value in a moment.

    `unit` is empty for plain numbers, `axes` are names with labels. A vector (`kind`) knows its frame; `moving` is what
    a velocity belongs to: kind and names.
    """

    text: str
    unit: str
    value: Callable[[Moment], Any]
    axes: tuple[Labels, ...] = ()
    kind: str = "scalar"
    frame: str = "world"
    moving: tuple[str, tuple[str, ...]] | None = None
    condition: bool = False

    def but(self, text: str, value: Callable[[Moment], Any], **changes: Any) -> Expr:
        return replace(self, text=text, value=value, **changes)


def quoted(kind: str, names: list[str], several: bool) -> str:
    word = LISTED[kind] if several else kind
    return f"{word}({', '.join(chr(34) + n + chr(34) for n in names)})"


@dataclass
class Leaves:
    """Draws quantities of one robot. `commands` are fields by block with their units, `size` is that of the action."""

    pick: Choice
    truth: Truth
    aliases: dict[tuple[str, tuple[str, ...]], str]
    commands: dict[str, dict[str, str]]
    size: int

    def any(self) -> Expr:
        kind = self.pick.of(("joint", "place", "contact", "sensor", "actuator", "world", "mass", "given"))
        return getattr(self, f"_{kind}")() or self._given()

    # Selections -----------------------------------------------------------------------------------------------------

    def selected(self, kind: str, names: list[str]) -> tuple[str, list[str], tuple[Labels, ...]]:
        """Returns text, names in order, and the axis of one or several of these."""
        if not self.pick.chance(40):
            name = self.pick.of(names)
            return quoted(kind, [name], False), [name], ()
        found = self.pick.some(names, 3)
        key = (kind, tuple(found))
        if self.pick.chance(30) and key not in self.aliases:
            self.aliases[key] = f"some_{len(self.aliases)}"
        alias = self.aliases.get(key)
        axis = kind if alias is None or kind == "joint" else alias
        return alias or quoted(kind, found, True), found, ((axis, tuple(found)),)

    def each(self, text: str, unit: str, names: list[str], axes: tuple[Labels, ...], one: Any, **more: Any) -> Expr:
        """Returns an expression whose value is `one(moment, name)` for each element."""

        def value(m: Moment) -> Any:
            rows = [one(m, name) for name in names]
            return np.array(rows) if axes else np.asarray(rows[0])

        last = {"scalar": (), "rotation": (QUAT,)}.get(more.get("kind", "scalar"), (XYZ,))
        return Expr(text, unit, value, (*axes, *last), **more)

    def _joint(self) -> Expr | None:
        of = self.pick.of(("hinge", "slide"))
        names = [n for n in self.truth.names["joint"] if self.truth.joint_kind(n) == of]
        if not names:
            return None
        what = self.pick.of(("pos", "vel", "acc", "torque", "lower", "upper"))
        if what in ("lower", "upper"):
            names = [n for n in names if self.truth.model.jnt_limited[self.truth.model.joint(n).id]]
            if not names:
                return None
        text, found, axes = self.selected("joint", names)
        return self.of_joints(text, found, axes, what, of)

    def of_joints(self, text: str, names: list[str], axes: tuple[Labels, ...], what: str, of: str) -> Expr:
        base = {"hinge": "rad", "slide": "m"}[of]
        unit = {"vel": f"{base}/s", "acc": f"{base}/s^2", "torque": "Nm" if of == "hinge" else "N"}.get(what, base)

        def one(m: Moment, name: str) -> Any:
            joint = m.model.joint(name)
            at, dof = int(joint.qposadr[0]), int(joint.dofadr[0])
            return {
                "pos": lambda: m.read(m.data.qpos)[at],
                "vel": lambda: m.read(m.data.qvel, "vel")[dof],
                "acc": lambda: m.read(m.data.qacc, "acc")[dof],
                "torque": lambda: m.read(m.data.qfrc_actuator, "acc")[dof],
                "lower": lambda: m.read(m.truth.model.jnt_range[joint.id, 0]),
                "upper": lambda: m.read(m.truth.model.jnt_range[joint.id, 1]),
            }[what]()

        return self.each(f"{text}.{what}", unit, names, axes, one)

    def _place(self) -> Expr | None:
        kind = self.pick.of(("body", "site", "geom"))
        names = [n for n in self.truth.names[kind] if n != "world"]
        if not names:
            return None
        rows: dict[str, tuple[str, str, Any]] = {
            "pos": ("m", "point", lambda m, n: m.place(kind, n)[0]),
            "quat": ("", "rotation", lambda m, n: quat_of(m.place(kind, n)[1])),
            "linvel": ("m/s", "vector", lambda m, n: m.velocity(kind, n)[0]),
            "angvel": ("rad/s", "axial", lambda m, n: m.velocity(kind, n)[1]),
            "height": ("m", "scalar", lambda m, n: m.place(kind, n)[0][2]),
            "yaw": ("rad", "scalar", lambda m, n: yaw_of(m.place(kind, n)[1])),
            "up": ("", "vector", lambda m, n: m.place(kind, n)[1][:, 2]),
            "forward": ("", "vector", lambda m, n: m.place(kind, n)[1][:, 0]),
        }
        if kind == "body":
            rows["com"] = ("m", "point", lambda m, n: m.read(m.data.body(n).subtree_com))
            rows["com_vel"] = ("m/s", "vector", lambda m, n: m.read(m.data.body(n).subtree_linvel, "vel"))
        what = self.pick.of(list(rows))
        unit, form, one = rows[what]
        text, found, axes = self.selected(kind, names)
        moving = ("com" if what == "com_vel" else kind, tuple(found)) if what in ("linvel", "com_vel") else None
        return self.each(f"{text}.{what}", unit, found, axes, one, kind=form, moving=moving)

    def _contact(self) -> Expr | None:
        kind = self.pick.of(("body", "site", "geom"))
        own = self.truth.own_bodies()
        model = self.truth.model
        body = {"body": lambda n: model.body(n).id, "site": lambda n: int(model.site_bodyid[model.site(n).id]),
                "geom": lambda n: int(model.geom_bodyid[model.geom(n).id])}[kind]  # fmt: skip
        names = [n for n in self.truth.names[kind] if body(n) in own]
        if not names:
            return None
        text, found, axes = self.selected(kind, names)
        what, beside, others = self.pick.of(("contact", "contact_force", "air_time", "contact_time")), "", None
        if self.pick.chance(30) and what.startswith("contact") and what != "contact_time":
            beside, others = self._other()
        if what == "contact":
            one: Any = lambda m, n: m.contacts(kind, n, others)[0]  # noqa: E731
        elif what == "contact_force":
            one = lambda m, n: m.contacts(kind, n, others)[1]  # noqa: E731
        else:
            one = lambda m, n: spell(m, (what, kind, n), m.contacts(kind, n, None)[0] == (what == "air_time"))  # noqa: E731
        unit, form = {"contact": ("", "scalar"), "contact_force": ("N", "vector")}.get(what, ("s", "scalar"))
        written = f"({text}.{what} with {beside})" if beside else f"{text}.{what}"
        return self.each(written, unit, found, axes, one, kind=form, condition=what == "contact")

    def _other(self) -> tuple[str, set[int] | None]:
        """Returns the other side of contacts: text and geoms."""
        model, pick = self.truth.model, self.pick
        if self.truth.floor and pick.chance(50):
            return "world.floor", {model.geom(self.truth.floor).id}
        names = [n for n in self.truth.names["body"] if n != "world"]
        found = pick.some(names, 2)
        ids = {model.body(n).id for n in found}
        return quoted("body", found, True), {g for g in range(model.ngeom) if int(model.geom_bodyid[g]) in ids}

    def _sensor(self) -> Expr | None:
        names = self.truth.names["sensor"]
        if not names:
            return None
        name, model = self.pick.of(names), self.truth.model
        tag = _tag(model, name)
        size, stage = int(model.sensor(name).dim[0]), ("pos", "pos", "vel", "acc")[int(model.sensor(name).needstage[0])]
        unit = SENSOR_UNITS.get(tag, "")
        if tag.startswith("joint"):
            slides = self.truth.joint_kind(model.joint(int(model.sensor(name).objid[0])).name) == "slide"
            base = "m" if slides else "rad"
            unit = {"jointpos": base, "jointvel": f"{base}/s"}.get(tag, "N" if slides else "Nm")

        def value(m: Moment) -> Any:
            x = m.read(m.data.sensor(name).data, stage)
            if tag == "framequat":
                x = -x if x[0] < 0 else x
            return x if size > 1 else x[0]

        axes = (QUAT,) if tag == "framequat" else (XYZ,) if size == 3 else ()
        return Expr(f'sensor("{name}")', unit, value, axes, frame="sensor")

    def _actuator(self) -> Expr | None:
        of = self.pick.of(("hinge", "slide"))
        joints = {n: self.truth.actuator_joint(n) for n in self.truth.names["actuator"]}
        names = [n for n, joint in joints.items() if joint and self.truth.joint_kind(joint) == of]
        if not names:
            return None
        text, found, axes = self.selected("actuator", names)
        one = lambda m, n: m.read(m.data.actuator_force, "acc")[m.model.actuator(n).id]  # noqa: E731
        return self.each(f"{text}.force", "Nm" if of == "hinge" else "N", found, axes, one)

    def _mass(self) -> Expr:
        text, found, axes = self.selected("body", [n for n in self.truth.names["body"] if n != "world"])
        what = self.pick.of(("mass", "total_mass"))
        array = {"mass": "body_mass", "total_mass": "body_subtreemass"}[what]
        one = lambda m, n: m.read(getattr(m.truth.model, array)[m.model.body(n).id])  # noqa: E731
        return self.each(f"{text}.{what}", "kg", found, axes, one)

    def _world(self) -> Expr:
        what = self.pick.of(("down", "up", "gravity"))
        unit = "m/s^2" if what == "gravity" else ""
        fixed = {"down": [0, 0, -1], "up": [0, 0, 1]}

        def value(m: Moment) -> Any:
            return np.array(fixed[what], float) if what in fixed else m.read(m.truth.model.opt.gravity)

        return Expr(f"world.{what}", unit, value, (XYZ,), "vector")

    def _given(self) -> Expr:
        what = self.pick.of(("time", "action", "command", "dt"))
        if what == "action" and self.size:
            k = self.pick.count(0, self.size - 1)
            return Expr(f"action[{k}]", "", lambda m: m.read(m.action)[k])
        if what == "command" and self.commands:
            block = self.pick.of(list(self.commands))
            name = self.pick.of(list(self.commands[block]))
            unit = self.commands[block][name]
            return Expr(f"{block}.{name}", unit, lambda m: m.read(m.commands[block][name]))
        if what == "dt":
            return Expr("dt", "s", lambda m: np.float64(m.dt))
        return Expr("time", "s", lambda m: m.read(m.step * m.dt))


def spell(m: Moment, key: Any, ends: bool) -> float:
    """Returns the time that something has lasted; at its end the whole time once, that step included; 0 at first."""

    def later(lasted: float) -> tuple[float, float]:
        if not ends:
            return lasted + m.dt, lasted + m.dt
        return (lasted + m.dt if lasted else 0.0), 0.0

    return m.remember(key, lambda: (0.0, 0.0), later)


def _tag(model: Any, name: str) -> str:
    word = mujoco.mjtSensor(int(model.sensor(name).type[0])).name.removeprefix("mjSENS_").lower()
    return {"jointactfrc": "jointactuatorfrc"}.get(word, word)
