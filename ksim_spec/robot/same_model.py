"""Whether a composed model is still the robot: every array that physics depends on, held against the robot file's own.

What is compared is decided by exclusion, so that a field of a later MuJoCo is compared too. Excluded is what is only
looked at, what MuJoCo works out of other fields, and places in arrays, which move when a geom or a site comes or goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np

from ksim_spec import rules
from ksim_spec.diagnostics import Diagnostic

Array = np.ndarray[Any, Any]
# Kinds of rows: what their fields begin with, how many there are, and what MuJoCo calls one.
_KINDS = {
    "body": "nbody", "jnt": "njnt", "dof": "nv", "geom": "ngeom", "site": "nsite", "tendon": "ntendon", "wrap": "nwrap",
    "actuator": "nu", "eq": "neq", "exclude": "nexclude", "pair": "npair", "key": "nkey", "sensor": "nsensor",
    "mesh": "nmesh", "hfield": "nhfield", "flex": "nflex", "numeric": "nnumeric", "tree": "ntree",
}  # fmt: skip
_OBJECTS = {"jnt": "joint", "dof": "dof"}
_LOOKS = ("rgba", "matid", "group", "user", "castshadow", "flatskin", "width", "facetexcoord", "normal", "texcoord")
# Worked out of other fields by the compiler, or by MuJoCo from the masses.
_DERIVED = (
    "aabb", "rbound", "sameframe", "simple", "contype", "conaffinity", "margin", "invweight0", "M0", "acc0", "length0",
    "bvhadr", "bvhnum", "plugin", "signature", "inertia", "iquat", "needstage", "objid", "refid", "dataid",
    "simplenum", "length", "facenormal", "graph", "extrema", "polynormal",
)  # fmt: skip
_OF_BODIES_ONLY = ("contype", "conaffinity", "margin")  # sums over their geoms; those of geoms are their own
_LIMITS = {"range": "limited", "ctrlrange": "ctrllimited", "forcerange": "forcelimited", "actrange": "actlimited",
           "actfrcrange": "actfrclimited"}  # fmt: skip
_OPTIONS = tuple(n for n in dir(mujoco.MjOption) if not n.startswith("_"))
_GEOM = mujoco.mjtGeom
_SIZES = {int(_GEOM.mjGEOM_PLANE): 0, int(_GEOM.mjGEOM_SPHERE): 1, int(_GEOM.mjGEOM_CAPSULE): 2,
          int(_GEOM.mjGEOM_CYLINDER): 2}  # fmt: skip
# XML keeps six digits, of each number of a vector: compared with the largest of them.
_RELATIVE, _ABSOLUTE = 2e-4, 1e-7


@dataclass(frozen=True)
class Asked:
    """What a composition changed on purpose: `options` of the physics, and rows, by kind or array and by name.

    `names` are those of the robot's own elements, by kind and in their order; `gone` the geoms that were taken out.
    """

    names: Mapping[str, list[str]]
    options: Collection[str] = ()
    changed: Mapping[str, Collection[str]] = field(default_factory=dict)
    gone: Collection[str] = ()


def differences(robot: mujoco.MjModel, composed: mujoco.MjModel, asked: Asked) -> list[Diagnostic]:
    """Returns an error (KS192) for every field that differs and was not asked to, each with its first element."""
    return [
        Diagnostic(
            rules.NOT_THE_ROBOT,
            f"composing changed `{array}`{of}: {before} in the robot file, {after} in the task",
            help="nothing that the spec says asks for it: please report it with the robot file",
        )
        for array, of, before, after in _Comparison(robot, composed, asked).found()
    ]


class _Comparison:
    def __init__(self, robot: mujoco.MjModel, composed: mujoco.MjModel, asked: Asked) -> None:
        self.a, self.b, self.asked = robot, composed, asked
        self.geoms, self.sites = self._moved("geom"), self._moved("site")

    def _moved(self, kind: str) -> Array:
        """The ids of the robot's geoms or sites in the composed model, -1 for what is gone."""
        objects = {"geom": mujoco.mjtObj.mjOBJ_GEOM, "site": mujoco.mjtObj.mjOBJ_SITE}
        found = [mujoco.mj_name2id(self.b, objects[kind], name) for name in self.asked.names.get(kind, [])]
        return np.array(found, int)

    def found(self) -> Iterator[tuple[str, str, str, str]]:
        yield from self._options()
        for name in ("geom", "site"):
            moved = self.geoms if name == "geom" else self.sites
            lost = [n for n, i in zip(self.asked.names.get(name, []), moved, strict=True) if i < 0]
            yield from ((f"n{name}", f" (`{n}`)", "there", "gone") for n in lost if n not in self.asked.gone)
        for array in sorted(n for n in dir(self.a) if isinstance(getattr(self.a, n), np.ndarray)):
            kind, _, column = array.partition("_")
            if array in ("qpos0", "qpos_spring") or (kind in _KINDS and not self._excluded(kind, column)):
                yield from self._array(array, kind, column)
        yield from self._inertias()

    def _excluded(self, kind: str, column: str) -> bool:
        if column in _OF_BODIES_ONLY:
            return kind == "body"
        index = column.endswith(("adr", "num", "map", "adr0")) or column in ("bvh", "objtype", "reftype")
        return index or column in _LOOKS or column in _DERIVED

    # Fields ---------------------------------------------------------------------------------------------------------

    def _options(self) -> Iterator[tuple[str, str, str, str]]:
        for name in _OPTIONS:
            ours, theirs = (np.atleast_1d(getattr(m.opt, name)) for m in (self.a, self.b))
            if name not in self.asked.options and not np.allclose(ours, theirs, rtol=_RELATIVE, atol=_ABSOLUTE):
                yield f"opt.{name}", "", _shown(ours), _shown(theirs)

    def _array(self, array: str, kind: str, column: str) -> Iterator[tuple[str, str, str, str]]:
        ours, theirs, names = self._rows(array, kind, column)
        if ours.shape != theirs.shape:
            if not self.asked.changed.get(kind) or kind in ("geom", "pair", "actuator"):
                yield array, "", f"{len(ours)} numbers", f"{len(theirs)}"
            return
        limited = _LIMITS.get(column)
        flag = getattr(self.a, f"{kind}_{limited}", None) if limited else None
        for i in np.flatnonzero(_apart(ours, theirs)):
            name = names[i] if i < len(names) else ""
            asked = (*self.asked.changed.get(kind, ()), *self.asked.changed.get(array, ()))
            if (flag is None or flag[i]) and name not in asked:
                yield array, f" of `{name}`" if name else f" [{i}]", _shown(ours[i]), _shown(theirs[i])
                return

    def _rows(self, array: str, kind: str, column: str) -> tuple[Array, Array, list[str]]:
        """The rows of the robot's elements in both models, in the robot's order, and what they are called."""
        ours, theirs = np.asarray(getattr(self.a, array)), np.asarray(getattr(self.b, array))
        names = self.asked.names.get(_OBJECTS.get(kind, kind), [])
        whole = kind in _KINDS and len(ours) == getattr(self.a, _KINDS[kind])
        if whole and kind in ("geom", "site"):
            moved = self.geoms if kind == "geom" else self.sites
            kept = np.flatnonzero(moved >= 0)
            if column == "size":  # what a shape has no use for is any number
                counts = [_SIZES.get(int(t), 3) for t in getattr(self.a, f"{kind}_type")]
                used = np.arange(3) < np.array(counts)[:, None]
                ours, theirs = ours * used, theirs.copy()
                theirs[moved[kept]] *= used[kept]
            return ours[kept], theirs[moved[kept]], [names[i] for i in kept]
        if whole and kind == "sensor":
            ids = {n: mujoco.mj_name2id(self.b, mujoco.mjtObj.mjOBJ_SENSOR, n) for n in names}
            kept = [i for i, n in enumerate(names) if ids[n] >= 0]
            return ours[kept], theirs[[ids[names[i]] for i in kept]], [names[i] for i in kept]
        if column in ("geom1", "geom2"):
            ours = self.geoms[ours]
        elif array in ("actuator_trnid", "wrap_objid", "eq_obj1id", "eq_obj2id"):
            ours = self._references(array, ours.copy())
        return ours, theirs, names if whole and kind not in ("dof", "wrap", "tree") else []

    def _references(self, array: str, ids: Array) -> Array:
        """References to sites and geoms, as the composed model counts these."""
        wrap, trn = mujoco.mjtWrap, mujoco.mjtTrn
        if array == "wrap_objid":
            sites = self.a.wrap_type == wrap.mjWRAP_SITE
            geoms = np.isin(self.a.wrap_type, (wrap.mjWRAP_SPHERE, wrap.mjWRAP_CYLINDER))
            ids[sites], ids[geoms] = self.sites[ids[sites]], self.geoms[ids[geoms]]
        elif array == "actuator_trnid":
            rows = np.isin(self.a.actuator_trntype, (trn.mjTRN_SITE, trn.mjTRN_SLIDERCRANK))
            ids[rows] = np.where(ids[rows] < 0, ids[rows], self.sites[ids[rows]])
        else:
            rows = (self.a.eq_objtype == mujoco.mjtObj.mjOBJ_SITE) & (ids >= 0)
            ids[rows] = self.sites[ids[rows]]
        return ids

    def _inertias(self) -> Iterator[tuple[str, str, str, str]]:
        """Inertias as tensors: of a body that is alike about two axes, these axes are any."""
        if self.a.nbody != self.b.nbody:
            return
        ours, theirs = (_tensors(m) for m in (self.a, self.b))
        for i in np.flatnonzero(_apart(ours, theirs)):
            yield "body_inertia", f" of `{self.a.body(int(i)).name or i}`", _shown(ours[i]), _shown(theirs[i])
            return


def _tensors(model: mujoco.MjModel) -> Array:
    """The inertia tensor of each body in its own axes: xx, yy, zz, xy, xz, yz."""
    turn = np.zeros((model.nbody, 9))
    for i in range(model.nbody):
        mujoco.mju_quat2Mat(turn[i], model.body_iquat[i])
    turn = turn.reshape(-1, 3, 3)
    tensor = np.einsum("bij,bj,bkj->bik", turn, model.body_inertia, turn)
    return tensor.reshape(-1, 9)[:, [0, 4, 8, 1, 2, 5]]


def _apart(ours: Array, theirs: Array) -> Array:
    """Which rows differ by more than the digits of XML."""
    if ours.dtype.kind not in "fiub" or not ours.size:
        return np.zeros(len(ours), bool)
    a, b = (x.reshape(len(x), -1).astype(float) for x in (ours, theirs))
    scale = np.maximum(np.abs(a).max(axis=1), np.abs(b).max(axis=1))[:, None]
    tolerance = _RELATIVE * scale + _ABSOLUTE * np.minimum(scale, 1.0) + 1e-12
    return ~(np.abs(a - b) <= tolerance).all(axis=1)


def _shown(row: Any) -> str:
    numbers = np.atleast_1d(np.asarray(row, float)).ravel()
    text = " ".join(f"{x:.6g}" for x in numbers[:6])
    return f"{text} …" if len(numbers) > 6 else text
