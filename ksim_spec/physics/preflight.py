"""Before training: what an engine refuses in a model, what it silently leaves out, and what costs more than it looks.

Each engine says in its own file what it refuses and ignores (`EngineInfo.preflight`); here is what all of them share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import mujoco

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic
from ksim_spec.robot.contacts import TouchFilter, contact_count
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import NOWHERE, Span

_MJX_CONTACTS = 4  # the most that MJX makes of a pair of geoms
DEAR_ITERATIONS = 20


def preflight(
    model: mujoco.MjModel, index: RobotIndex | None, engine: str, floor: str | None = None
) -> list[Diagnostic]:
    """Returns what speaks against simulating a composed model on an engine, errors first.

    `index` gives the MJCF lines of the robot's elements; `floor` is the floor geom whose friction is meant to rule.
    Codes: KS722 the engine refuses it (error), KS723 the engine ignores it (error where motion changes, else warning),
    KS730 another geom's friction masks the floor's (warning), KS731 costly solver settings (hint).
    """
    from ksim_spec.physics.registry import engine_info

    look = Preflight(model, index, engine)
    found = [
        *(look.masked_friction(floor) if floor else ()), *look.noiseless_sensors(), *engine_info(engine).preflight(look)
    ]  # fmt: skip
    order = {"error": 0, "warning": 1, "info": 2, "hint": 3}
    return sorted(found, key=lambda d: order[d.severity])


class Preflight:
    """A model that an engine is asked about: its elements with their places in the MJCF, and ways to object to them."""

    def __init__(self, model: mujoco.MjModel, index: RobotIndex | None, engine: str) -> None:
        self.model, self.index, self.engine = model, index, engine

    def at(self, kind: str, name: str) -> Span:
        """Returns where an element is written."""
        return self.index.span(self.index.find(kind, name)) if self.index else NOWHERE

    def option(self, key: str) -> Span:
        """Returns where an option is written; a flag is `flag:NAME`."""
        return self.index.option_span(key) if self.index else NOWHERE

    def elements(self, kind: str, count: int, access: Callable[[int], object]) -> Iterator[tuple[int, str, Span]]:
        """Yields the number, the name and the place of every element of a kind."""
        for i in range(count):
            name = str(getattr(access(i), "name", "")) or f"#{i}"
            yield i, name, self.at(kind, name)

    def refused(self, what: str, span: Span, advice: str) -> Diagnostic:
        """Returns the finding of something that the engine cannot simulate."""
        message = f"the `{self.engine}` engine does not support {what}"
        return Diagnostic(rules.ENGINE_UNSUPPORTED, message, span, help=advice)

    def ignored(self, what: str, span: Span, severity: Literal["error", "warning"], advice: str) -> Diagnostic:
        """Returns the finding of something that the engine leaves out; an error where motion changes."""
        message = f"the `{self.engine}` engine ignores {what}"
        return Diagnostic(rules.ENGINE_IGNORES, message, span, severity=severity, help=advice)

    # What a person would want to know -----------------------------------------------------------------------------

    def masked_friction(self, floor: str) -> Iterator[Diagnostic]:
        """MuJoCo takes the friction of the geom of higher priority, else the larger: the floor's may do nothing."""
        m, touch, f = self.model, TouchFilter(self.model), self.model.geom(floor).id
        for g, name, span in self.elements("geom", m.ngeom, m.geom):
            if touch.named(f, g) or not touch.can_touch(f, g):
                continue
            higher = m.geom_priority[g] > m.geom_priority[f]
            equal = m.geom_priority[g] == m.geom_priority[f]
            if higher or (equal and m.geom_friction[g, 0] > m.geom_friction[f, 0]):
                why = "has a higher priority" if higher else "is larger and the priorities are equal"
                yield Diagnostic(
                    rules.MASKED_FRICTION,
                    f"the friction of `{name}` {why}, so the floor's does nothing under it",
                    span,
                    notes=(f"`{name}` {m.geom_friction[g, 0]:g}, `{floor}` {m.geom_friction[f, 0]:g}",),
                    help="let the spec place the floor: `floor = plane friction …`",
                )

    def noiseless_sensors(self) -> Iterator[Diagnostic]:
        """MuJoCo keeps the `noise` of a sensor for whoever reads the model, and adds none on any engine."""
        for i, name, span in self.elements("sensor", self.model.nsensor, self.model.sensor):
            if self.model.sensor_noise[i]:
                advice = "write it in the spec: `noise normal(…)` behind the observation"
                yield self.ignored(f"the `noise` of sensor `{name}`", span, "warning", advice)

    def solver_cost(self) -> Iterator[Diagnostic]:
        opt = self.model.opt
        if opt.iterations <= DEAR_ITERATIONS:
            return
        rows = sum(min(contact_count(self.model, a, b), _MJX_CONTACTS) for a, b in
                   TouchFilter(self.model).pairs(range(self.model.ngeom), range(self.model.ngeom)))  # fmt: skip
        yield Diagnostic(
            rules.SOLVER_COST,
            f"the solver may take {opt.iterations} iterations a step; {rows} contact slots",
            self.option("iterations"),
            notes=("on an accelerator every environment waits for the slowest, and every slot is computed",),
            help="try 1 to 4 iterations and 4 to 8 `ls_iterations` in the `world` block",
        )


def mjcf_word(enum: type, value: object) -> str:
    """Returns the word of an enum value as MJCF spells it: `mjINT_EULER` is `euler`."""
    return enum(int(value)).name.partition("_")[2].lower()  # type: ignore[call-arg, call-overload]


def enable_bit(name: str) -> int:
    """Returns the bit of an enable flag, 0 where this MuJoCo does not know it."""
    return int(getattr(mujoco.mjtEnableBit, f"mjENBL_{name.upper()}", 0))
