"""What MJX refuses in a model and what it leaves out without a word.

The tables describe MJX 3.17 with MuJoCo 4.0 (`mujoco.mjx` types and collision table; the silent omissions were measured
against C MuJoCo).
"""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.physics.preflight import Preflight, enable_bit, mjcf_word
from ksim_spec.robot.compiled_reader import GEOM_TYPES
from ksim_spec.robot.contacts import TouchFilter
from ksim_spec.source import NOWHERE

_NO_COLLISION = frozenset(
    [
        ("cylinder", "box"),
        ("ellipsoid", "box"),
        ("cylinder", "mesh"),
        ("ellipsoid", "mesh"),
        ("hfield", "cylinder"),
        ("hfield", "ellipsoid"),
    ]
)
_SENSORS = frozenset(
    [
        "magnetometer",
        "camprojection",
        "rangefinder",
        "jointpos",
        "tendonpos",
        "actuatorpos",
        "ballquat",
        "framepos",
        "framexaxis",
        "frameyaxis",
        "framezaxis",
        "framequat",
        "subtreecom",
        "clock",
        "velocimeter",
        "gyro",
        "jointvel",
        "tendonvel",
        "actuatorvel",
        "ballangvel",
        "framelinvel",
        "frameangvel",
        "subtreelinvel",
        "subtreeangmom",
        "touch",
        "contact",
        "accelerometer",
        "force",
        "torque",
        "actuatorfrc",
        "jointactfrc",
        "tendonactfrc",
        "framelinacc",
        "frameangacc",
    ]
)
_TRANSMISSIONS = frozenset(["joint", "jointinparent", "site", "tendon"])
_DYNAMICS = frozenset(["none", "integrator", "filter", "filterexact", "muscle"])
_GAINS = frozenset(["fixed", "affine", "muscle"])
_BIASES = frozenset(["none", "affine", "muscle"])
# Fields that MJX does not know, by kind of element: what they are, and the array that is zero without them.
_UNKNOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "joint": (("polynomial damping", "dof_dampingpoly"), ("polynomial stiffness", "jnt_stiffnesspoly"),
              ("`springyield`", "jnt_springyield")),
    "tendon": (("polynomial damping", "tendon_dampingpoly"), ("polynomial stiffness", "tendon_stiffnesspoly"),
               ("`springyield`", "tendon_springyield")),
    "actuator": (("`damping`", "actuator_damping"), ("polynomial damping", "actuator_dampingpoly"),
                 ("`armature`", "actuator_armature"), ("`actearly`", "actuator_actearly")),
    "geom": (("`surfacevel`", "geom_surfacevel"), ("`adhesion`", "geom_adhesion")),
    "pair": (("`adhesion`", "pair_adhesion"),),
    "sensor": (("`delay`", "sensor_delay"), ("`interval`", "sensor_interval")),
}  # fmt: skip
_INSTEAD = {
    "actuator": "give the joint the damping or armature, times the square of the gear, or use the `cpu` engine",
    "sensor": "remove it and write `delay` in the spec's observation, or use the `cpu` engine",
}
_EQUALITIES = frozenset(["connect", "weld", "joint", "tendon"])


def mjx_preflight(look: Preflight) -> Iterator[Diagnostic]:
    """Yields what MJX refuses, what it ignores, and what costs more than it looks."""
    yield from _refused(look)
    yield from _ignored(look)
    yield from look.solver_cost()


def _refused(look: Preflight) -> Iterator[Diagnostic]:
    m, opt = look.model, look.model.opt
    integrator, solver = mjcf_word(mujoco.mjtIntegrator, opt.integrator), mjcf_word(mujoco.mjtSolver, opt.solver)
    if integrator in ("implicit", "discrete"):
        yield look.refused(f"integrator `{integrator}`", look.option("integrator"), "use `implicitfast` or `Euler`")
    if integrator == "implicitfast" and (opt.density > 0 or opt.viscosity > 0):
        yield look.refused("`implicitfast` with fluid drag", look.option("density"), "use `Euler`")
    if solver == "pgs":
        yield look.refused("solver `PGS`", look.option("solver"), "use `Newton` or `CG`")
    for name in ("energy", "fwdinv", "override", "diagexact", "speculative"):
        if opt.enableflags & enable_bit(name):
            yield look.refused(f"flag `{name}`", look.option(f"flag:{name}"), "remove the flag")
    if opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC and _frictionless(look.model):
        yield look.refused("elliptic cones with contacts of `condim` 1", look.option("cone"), "use `pyramidal`")
    if m.nflex:
        yield look.refused("flexible bodies", NOWHERE, "use the `cpu` engine")
    yield from _refused_actuators(look)
    yield from _refused_sensors(look)
    yield from _refused_equalities(look)
    yield from _refused_pairs(look)
    yield from _refused_margins(look)


def _refused_margins(look: Preflight) -> Iterator[Diagnostic]:
    """Margins of meshes and height fields."""
    m, touch = look.model, TouchFilter(look.model)
    named = {frozenset((int(a), int(b))): i for i, (a, b) in enumerate(zip(m.pair_geom1, m.pair_geom2, strict=True))}
    for a, b in touch.pairs(range(m.ngeom), range(m.ngeom)):
        rough = [g for g in (a, b) if GEOM_TYPES[int(m.geom_type[g])] in ("mesh", "hfield")]
        pair = named.get(frozenset((a, b)))
        if rough and (m.geom_margin[a] + m.geom_margin[b] if pair is None else m.pair_margin[pair]):
            name = m.geom(rough[0]).name
            what = f"a contact margin of a {GEOM_TYPES[int(m.geom_type[rough[0]])]} (`{name}`)"
            yield look.refused(what, look.at("geom", name), "remove the margin, or use the `cpu` engine")
            return


def _frictionless(m: mujoco.MjModel) -> bool:
    colliding = (np.asarray(m.geom_contype) | np.asarray(m.geom_conaffinity)) != 0
    return bool(np.any(np.asarray(m.geom_condim)[colliding] == 1) or np.any(np.asarray(m.pair_dim) == 1))


def _refused_actuators(look: Preflight) -> Iterator[Diagnostic]:
    m = look.model
    columns = (
        ("transmission", mujoco.mjtTrn, m.actuator_trntype, _TRANSMISSIONS),
        ("dynamics", mujoco.mjtDyn, m.actuator_dyntype, _DYNAMICS),
        ("gain", mujoco.mjtGain, m.actuator_gaintype, _GAINS),
        ("bias", mujoco.mjtBias, m.actuator_biastype, _BIASES),
    )
    for i, name, span in look.elements("actuator", m.nu, m.actuator):
        for what, enum, values, known in columns:
            word = mjcf_word(enum, values[i])
            if word not in known:
                yield look.refused(f"{what} `{word}` of actuator `{name}`", span, "use the `cpu` engine")
                break


def _refused_sensors(look: Preflight) -> Iterator[Diagnostic]:
    m = look.model
    for i, name, span in look.elements("sensor", m.nsensor, m.sensor):
        word = mjcf_word(mujoco.mjtSensor, m.sensor_type[i])
        if word not in _SENSORS:
            yield look.refused(f"sensor `{name}` of type `{word}`", span, "remove it, or use the `cpu` engine")
        elif word == "contact":
            sides = {mjcf_word(mujoco.mjtObj, m.sensor_objtype[i]), mjcf_word(mujoco.mjtObj, m.sensor_reftype[i])}
            if sides & {"site", "body", "xbody"} or m.sensor_intprm[i, 1] == 3:
                yield look.refused(
                    f"contact sensor `{name}`: only geoms, and no net force",
                    span,
                    "read `.contact` or `.contact_force` in the spec instead",
                )


def _refused_equalities(look: Preflight) -> Iterator[Diagnostic]:
    m = look.model
    for i, name, span in look.elements("equality", m.neq, m.eq):
        word = mjcf_word(mujoco.mjtEq, m.eq_type[i])
        if word not in _EQUALITIES:
            yield look.refused(f"equality `{name}` of type `{word}`", span, "use the `cpu` engine")


def _refused_pairs(look: Preflight) -> Iterator[Diagnostic]:
    m, touch = look.model, TouchFilter(look.model)
    said: set[tuple[str, str]] = set()
    for a, b in touch.pairs(range(m.ngeom), range(m.ngeom)):
        first, second = sorted((int(m.geom_type[a]), int(m.geom_type[b])))
        shapes = (GEOM_TYPES[first], GEOM_TYPES[second])
        if shapes not in said and (shapes in _NO_COLLISION or "sdf" in shapes):
            said.add(shapes)
            names = f"`{m.geom(a).name}` and `{m.geom(b).name}`"
            yield look.refused(f"collisions of {shapes[0]} and {shapes[1]} ({names})", look.at("geom", m.geom(a).name),
                           "use capsules or spheres, or exclude the pair")  # fmt: skip


def _unknown_fields(look: Preflight) -> Iterator[Diagnostic]:
    m = look.model
    sizes = {"joint": m.njnt, "tendon": m.ntendon, "actuator": m.nu, "geom": m.ngeom, "pair": m.npair,
             "sensor": m.nsensor}  # fmt: skip
    access = {"joint": m.joint, "tendon": m.tendon, "actuator": m.actuator, "geom": m.geom, "pair": m.pair,
              "sensor": m.sensor}  # fmt: skip
    for kind, rows in _UNKNOWN.items():
        for i, name, span in look.elements(kind, sizes[kind], access[kind]):
            for what, array in rows:
                row = int(m.jnt_dofadr[i]) if array.startswith("dof_") else i
                kept = kind != "sensor" or m.sensor_history[i, 0]  # without samples it does nothing anywhere
                if kept and np.any(getattr(m, array)[row]):
                    advice = _INSTEAD.get(kind, "remove it, or use the `cpu` engine")
                    yield look.ignored(f"{what} of {kind} `{name}`", span, "error", advice)


def _ignored(look: Preflight) -> Iterator[Diagnostic]:
    m, opt = look.model, look.model.opt
    yield from _unknown_fields(look)
    if opt.density or opt.viscosity:
        for _, name, span in (e for e in look.elements("geom", m.ngeom, m.geom) if m.geom_fluid[e[0], 0]):
            yield look.ignored(f"`fluidshape` of geom `{name}`", span, "error", "remove it, or use the `cpu` engine")
    if np.any(m.sensor_type == mujoco.mjtSensor.mjSENS_CONTACT):
        for i, name, span in look.elements("geom", m.ngeom, m.geom):
            if m.geom_gap[i] > 0:
                what = f"the `gap` of geom `{name}`, in which contact sensors see what does not touch yet"
                yield look.ignored(what, span, "error", "remove it, or use the `cpu` engine")
    off = [i for i in range(m.nu) if int(opt.disableactuator) >> int(m.actuator_group[i]) & 1]
    if off:
        what, at = f"that `{m.actuator(off[0]).name}` is switched off by its group", look.option("actuatorgroupdisable")
        yield look.ignored(what, at, "error", "take the actuator out of the robot file, or use the `cpu` engine")
    for i, name, span in look.elements("actuator", m.nu, m.actuator):
        if m.actuator_delay[i] > 0:
            yield look.ignored(
                f"the delay of actuator `{name}`",
                span,
                "error",
                "remove it and write `delay` in the spec's action block",
            )
    if opt.noslip_iterations > 0:
        elliptic = opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
        yield look.ignored(
            "`noslip_iterations`",
            look.option("noslip_iterations"),
            "error" if elliptic else "warning",
            "remove it, or use the `cpu` engine",
        )
    for name in ("sleep", "multiccd"):
        if (bit := enable_bit(name)) and opt.enableflags & bit:
            yield look.ignored(f"flag `{name}`", look.option(f"flag:{name}"), "warning", "remove the flag")
