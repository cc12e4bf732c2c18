"""Overriding MuJoCo's physics options by their MJCF names."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic, SpecError, suggest

WORDS = {
    "integrator": {n.removeprefix("mjINT_").lower(): v for n, v in mujoco.mjtIntegrator.__members__.items()},
    "solver": {n.removeprefix("mjSOL_").lower(): v for n, v in mujoco.mjtSolver.__members__.items()},
    "cone": {n.removeprefix("mjCONE_").lower(): v for n, v in mujoco.mjtCone.__members__.items()},
    "jacobian": {n.removeprefix("mjJAC_").lower(): v for n, v in mujoco.mjtJacobian.__members__.items()},
}
DISABLE = {n.removeprefix("mjDSBL_").lower(): v for n, v in mujoco.mjtDisableBit.__members__.items() if "DSBL" in n}
ENABLE = {n.removeprefix("mjENBL_").lower(): v for n, v in mujoco.mjtEnableBit.__members__.items() if "ENBL" in n}
NUMBERS = (
    "timestep",
    "impratio",
    "tolerance",
    "ls_tolerance",
    "noslip_tolerance",
    "ccd_tolerance",
    "density",
    "viscosity",
    "iterations",
    "ls_iterations",
    "noslip_iterations",
    "ccd_iterations",
)


def apply_options(spec: mujoco.MjSpec, options: Mapping[str, float | int | str | bool]) -> None:
    """Sets options of a spec; SpecError KS163 for an unknown option or value.

    Keys are MJCF's: a number (`iterations`), a word (`cone` = "elliptic"), or `flag:NAME` with True or False.
    """
    for key, value in options.items():
        if key.startswith("flag:"):
            _flag(spec, key.removeprefix("flag:"), bool(value))
        elif key in WORDS:
            if str(value).lower() not in WORDS[key]:
                raise _unknown(f"`{value}` is not a value of `{key}`", str(value), list(WORDS[key]))
            setattr(spec.option, key, int(WORDS[key][str(value).lower()]))
        elif key in NUMBERS:
            setattr(spec.option, key, int(value) if key.endswith("iterations") else float(value))
        else:
            known = [*NUMBERS, *WORDS, *(f"flag:{n}" for n in (*DISABLE, *ENABLE))]
            raise _unknown(f"unknown physics option `{key}`", key, known)


def _flag(spec: mujoco.MjSpec, name: str, on: bool) -> None:
    if name in DISABLE:
        bit, flags = int(DISABLE[name]), int(spec.option.disableflags)
        spec.option.disableflags = flags & ~bit if on else flags | bit
    elif name in ENABLE:
        bit, flags = int(ENABLE[name]), int(spec.option.enableflags)
        spec.option.enableflags = flags | bit if on else flags & ~bit
    else:
        raise _unknown(f"unknown physics flag `{name}`", name, [*DISABLE, *ENABLE])


def _unknown(message: str, name: str, known: list[str]) -> SpecError:
    return SpecError([Diagnostic(rules.PHYSICS_OPTION, message, help=suggest(name, known, "options"))])
