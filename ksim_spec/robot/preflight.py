"""Before training: what an engine refuses in a model, what it silently leaves out, and what costs more than it looks.

Tables describe MJX 3.17 with MuJoCo 4.0 (`mujoco.mjx` types and collision table; the silent omissions were measured
against C MuJoCo). The C engine takes everything, so only the general checks apply to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import mujoco
import numpy as np

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.robot.built import GEOM_TYPES
from ksim_spec.robot.contacts import TouchFilter, contact_count
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import NOWHERE, Span

EngineName = Literal["cpu", "mjx", "warp"]

_NO_COLLISION = frozenset(
    [("cylinder", "box"), ("ellipsoid", "box"), ("cylinder", "mesh"), ("ellipsoid", "mesh"), ("hfield", "cylinder"),
     ("hfield", "ellipsoid")]
)  # fmt: skip
_SENSORS = frozenset(
    ["magnetometer", "camprojection", "rangefinder", "jointpos", "tendonpos", "actuatorpos", "ballquat", "framepos",
     "framexaxis", "frameyaxis", "framezaxis", "framequat", "subtreecom", "clock", "velocimeter", "gyro", "jointvel",
     "tendonvel", "actuatorvel", "ballangvel", "framelinvel", "frameangvel", "subtreelinvel", "subtreeangmom", "touch",
     "contact", "accelerometer", "force", "torque", "actuatorfrc", "jointactfrc", "tendonactfrc", "framelinacc",
     "frameangacc"]
)  # fmt: skip
_TRANSMISSIONS = frozenset(["joint", "jointinparent", "site", "tendon"])
_DYNAMICS = frozenset(["none", "integrator", "filter", "filterexact", "muscle"])
_GAINS = frozenset(["fixed", "affine", "muscle"])
_BIASES = frozenset(["none", "affine", "muscle"])
_EQUALITIES = frozenset(["connect", "weld", "joint", "tendon"])
_MJX_CONTACTS = 4  # the most that MJX makes of a pair of geoms
DEAR_ITERATIONS = 20


def preflight(model: mujoco.MjModel, index: RobotIndex | None = None, engine: EngineName = "cpu",
              floor: str | None = None) -> list[Diagnostic]:
    """Returns what speaks against simulating a composed model on an engine, errors first.

    `index` gives the MJCF lines of the robot's elements; `floor` is the floor geom whose friction is meant to rule.
    Codes: KS722 the engine refuses it (error), KS723 the engine ignores it (error where motion changes, else warning),
    KS730 another geom's friction masks the floor's (warning), KS731 costly solver settings (hint).
    """
    check = _Preflight(model, index)
    found = list(check.masked_friction(floor)) if floor else []
    if engine == "mjx":
        found += [*check.mjx_refused(), *check.mjx_ignored(), *check.mjx_cost()]
    elif engine == "warp":
        found += [*check.warp_ignored(), *check.mjx_cost()]
    order = {"error": 0, "warning": 1, "info": 2, "hint": 3}
    return sorted(found, key=lambda d: order[d.severity])


class _Preflight:
    def __init__(self, model: mujoco.MjModel, index: RobotIndex | None) -> None:
        self.model, self.index = model, index

    def _at(self, kind: str, name: str) -> Span:
        return self.index.span(self.index.find(kind, name)) if self.index else NOWHERE

    def _option(self, key: str) -> Span:
        return self.index.option_span(key) if self.index else NOWHERE

    def _elements(self, kind: str, count: int, access: Callable[[int], object]) -> Iterator[tuple[int, str, Span]]:
        for i in range(count):
            name = str(getattr(access(i), "name", "")) or f"#{i}"
            yield i, name, self._at(kind, name)

    # What MJX refuses ---------------------------------------------------------------------------------------------

    def mjx_refused(self) -> Iterator[Diagnostic]:
        m, opt = self.model, self.model.opt
        integrator, solver = _word(mujoco.mjtIntegrator, opt.integrator), _word(mujoco.mjtSolver, opt.solver)
        if integrator in ("implicit", "discrete"):
            yield _refused(f"integrator `{integrator}`", self._option("integrator"), "use `implicitfast` or `Euler`")
        if integrator == "implicitfast" and (opt.density > 0 or opt.viscosity > 0):
            yield _refused("`implicitfast` with fluid drag", self._option("density"), "use `Euler`")
        if solver == "pgs":
            yield _refused("solver `PGS`", self._option("solver"), "use `Newton` or `CG`")
        for name in ("energy", "fwdinv"):
            if opt.enableflags & _enable(name):
                yield _refused(f"flag `{name}`", self._option(f"flag:{name}"), "remove the flag")
        if opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC and self._frictionless():
            yield _refused("elliptic cones with contacts of `condim` 1", self._option("cone"), "use `pyramidal`")
        if m.nflex:
            yield _refused("flexible bodies", NOWHERE, "use the `cpu` engine")
        yield from self._refused_actuators()
        yield from self._refused_sensors()
        yield from self._refused_equalities()
        yield from self._refused_pairs()

    def _frictionless(self) -> bool:
        m = self.model
        colliding = (np.asarray(m.geom_contype) | np.asarray(m.geom_conaffinity)) != 0
        return bool(np.any(np.asarray(m.geom_condim)[colliding] == 1) or np.any(np.asarray(m.pair_dim) == 1))

    def _refused_actuators(self) -> Iterator[Diagnostic]:
        m = self.model
        columns = (
            ("transmission", mujoco.mjtTrn, m.actuator_trntype, _TRANSMISSIONS),
            ("dynamics", mujoco.mjtDyn, m.actuator_dyntype, _DYNAMICS),
            ("gain", mujoco.mjtGain, m.actuator_gaintype, _GAINS),
            ("bias", mujoco.mjtBias, m.actuator_biastype, _BIASES),
        )
        for i, name, span in self._elements("actuator", m.nu, m.actuator):
            for what, enum, values, known in columns:
                word = _word(enum, values[i])
                if word not in known:
                    yield _refused(f"{what} `{word}` of actuator `{name}`", span, "use the `cpu` engine")
                    break

    def _refused_sensors(self) -> Iterator[Diagnostic]:
        m = self.model
        for i, name, span in self._elements("sensor", m.nsensor, m.sensor):
            word = _word(mujoco.mjtSensor, m.sensor_type[i])
            if word not in _SENSORS:
                yield _refused(f"sensor `{name}` of type `{word}`", span, "remove it, or use the `cpu` engine")
            elif word == "contact":
                sides = {_word(mujoco.mjtObj, m.sensor_objtype[i]), _word(mujoco.mjtObj, m.sensor_reftype[i])}
                if sides & {"site", "body", "xbody"} or m.sensor_intprm[i, 1] == 3:
                    yield _refused(f"contact sensor `{name}`: only geoms, and no net force", span,
                                   "read `.contact` or `.contact_force` in the spec instead")

    def _refused_equalities(self) -> Iterator[Diagnostic]:
        m = self.model
        for i, name, span in self._elements("equality", m.neq, m.eq):
            word = _word(mujoco.mjtEq, m.eq_type[i])
            if word not in _EQUALITIES:
                yield _refused(f"equality `{name}` of type `{word}`", span, "use the `cpu` engine")

    def _refused_pairs(self) -> Iterator[Diagnostic]:
        m, touch = self.model, TouchFilter(self.model)
        said: set[tuple[str, str]] = set()
        for a, b in touch.pairs(range(m.ngeom), range(m.ngeom)):
            first, second = sorted((int(m.geom_type[a]), int(m.geom_type[b])))
            shapes = (GEOM_TYPES[first], GEOM_TYPES[second])
            if shapes not in said and (shapes in _NO_COLLISION or "sdf" in shapes):
                said.add(shapes)
                names = f"`{m.geom(a).name}` and `{m.geom(b).name}`"
                yield _refused(f"collisions of {shapes[0]} and {shapes[1]} ({names})", self._at("geom", m.geom(a).name),
                               "use capsules or spheres, or exclude the pair")  # fmt: skip

    # What engines leave out without a word ------------------------------------------------------------------------

    def mjx_ignored(self) -> Iterator[Diagnostic]:
        m, opt = self.model, self.model.opt
        for i, name, span in self._elements("actuator", m.nu, m.actuator):
            if m.actuator_delay[i] > 0:
                yield _ignored("mjx", f"the delay of actuator `{name}`", span, "error",
                               "remove it and write `delay` in the spec's action block")
        if opt.noslip_iterations > 0:
            elliptic = opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
            yield _ignored("mjx", "`noslip_iterations`", self._option("noslip_iterations"),
                           "error" if elliptic else "warning", "remove it, or use the `cpu` engine")
        for name in ("sleep", "multiccd"):
            if (bit := _enable(name)) and opt.enableflags & bit:
                yield _ignored("mjx", f"flag `{name}`", self._option(f"flag:{name}"), "warning", "remove the flag")

    def warp_ignored(self) -> Iterator[Diagnostic]:
        if self.model.opt.noslip_iterations > 0:
            yield _ignored("warp", "`noslip_iterations`", self._option("noslip_iterations"), "warning",
                           "remove it, or use the `cpu` engine")

    # What a person would want to know -----------------------------------------------------------------------------

    def masked_friction(self, floor: str) -> Iterator[Diagnostic]:
        """MuJoCo takes the friction of the geom of higher priority, else the larger: the floor's may do nothing."""
        m, touch, f = self.model, TouchFilter(self.model), self.model.geom(floor).id
        for g, name, span in self._elements("geom", m.ngeom, m.geom):
            if touch.named(f, g) or not touch.can_touch(f, g):
                continue
            higher = m.geom_priority[g] > m.geom_priority[f]
            equal = m.geom_priority[g] == m.geom_priority[f]
            if higher or (equal and m.geom_friction[g, 0] > m.geom_friction[f, 0]):
                why = "has a higher priority" if higher else "is larger and the priorities are equal"
                yield Diagnostic(
                    "KS730", "masked-friction", f"the friction of `{name}` {why}, so the floor's does nothing under it",
                    span, severity="warning",
                    notes=(f"`{name}` {m.geom_friction[g, 0]:g}, `{floor}` {m.geom_friction[f, 0]:g}",),
                    help="let the spec place the floor: `floor = plane friction …`",
                )  # fmt: skip

    def mjx_cost(self) -> Iterator[Diagnostic]:
        opt = self.model.opt
        if opt.iterations <= DEAR_ITERATIONS:
            return
        rows = sum(min(contact_count(self.model, a, b), _MJX_CONTACTS) for a, b in
                   TouchFilter(self.model).pairs(range(self.model.ngeom), range(self.model.ngeom)))  # fmt: skip
        yield Diagnostic(
            "KS731", "solver-cost", f"the solver may take {opt.iterations} iterations a step; {rows} contact slots",
            self._option("iterations"), severity="hint",
            notes=("on an accelerator every environment waits for the slowest, and every slot is computed",),
            help="try 1 to 4 iterations and 4 to 8 `ls_iterations` in the `world` block",
        )  # fmt: skip


def _word(enum: type, value: object) -> str:
    """Returns the word of an enum value as MJCF spells it: `mjINT_EULER` is `euler`."""
    return enum(int(value)).name.partition("_")[2].lower()  # type: ignore[call-arg, call-overload]


def _enable(name: str) -> int:
    return int(getattr(mujoco.mjtEnableBit, f"mjENBL_{name.upper()}", 0))


def _refused(what: str, span: Span, advice: str) -> Diagnostic:
    return Diagnostic("KS722", "engine-unsupported", f"the `mjx` engine does not support {what}", span, help=advice)


def _ignored(engine: str, what: str, span: Span, severity: Literal["error", "warning"], advice: str) -> Diagnostic:
    return Diagnostic("KS723", "engine-ignores", f"the `{engine}` engine ignores {what}", span, severity=severity,
                      help=advice)  # fmt: skip
