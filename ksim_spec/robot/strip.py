"""Dropping what only a picture needs, so that simulation does not pay for it; masses stay exactly as they were."""

from __future__ import annotations

import mujoco


def strip_visual(spec: mujoco.MjSpec) -> set[str]:
    """Removes geoms that cannot collide and that no sensor, pair or tendon names, and meshes, materials left unused.

    Returns the names of the geoms.
    """
    model = spec.compile()
    needed = {s.objname for s in spec.sensors} | {s.refname for s in spec.sensors}
    needed |= {n for p in spec.pairs for n in (p.geomname1, p.geomname2)}
    wraps = {int(o) for t, o in zip(model.wrap_type, model.wrap_objid, strict=True) if t in _WRAPPED}
    gone = [g for g in spec.geoms
            if not (g.contype or g.conaffinity) and g.name not in needed and g.id not in wraps]  # fmt: skip
    for body in spec.bodies[1:]:
        i = body.id
        body.explicitinertial = True
        body.mass, body.ipos = model.body_mass[i], model.body_ipos[i]
        body.inertia, body.iquat = model.body_inertia[i], model.body_iquat[i]
        body.fullinertia = [float("nan")] * 6
    names = {g.name for g in gone}
    for geom in gone:
        spec.delete(geom)
    used = {g.meshname for g in spec.geoms}
    for mesh in [m for m in spec.meshes if m.name not in used]:
        spec.delete(mesh)
    return names


_WRAPPED = (int(mujoco.mjtWrap.mjWRAP_SPHERE), int(mujoco.mjtWrap.mjWRAP_CYLINDER))
