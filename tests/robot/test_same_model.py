"""The composed model is the robot: what nobody asked to change is what it was, array by array and step by step."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.robot import scene as composing
from ksim_spec.robot.same_model import Asked, differences
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest, SensorRequest, SiteRequest
from tests.robot.models import BIPED, QUADRUPED
from tests.robot.wheels import PACKAGES, folder, robots

STEPS = 200
LARGE = 150  # degrees of freedom above which only the arrays are compared


def rollout(model: mujoco.MjModel, nudge: float = 0.0) -> np.ndarray:
    """Returns the positions of 200 steps under the same random controls; `nudge` (rad, m) moves the start a little."""
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    if model.nkey:
        mujoco.mj_resetDataKeyframe(model, data, 0)
    data.qvel[:] += nudge
    seen = []
    for i in range(STEPS):
        if i % 10 == 0:
            low, high = np.where(model.actuator_ctrllimited[:, None], model.actuator_ctrlrange, [-0.1, 0.1]).T
            data.ctrl[:] = rng.uniform(low, high)
        mujoco.mj_step(model, data)
        seen.append(data.qpos.copy())
    return np.array(seen)


def turned(model: mujoco.MjModel) -> mujoco.MjModel:
    """Returns the model with every shape turned by a millionth, as XML does; where capsules meet in one point the
    direction of their contact hangs on less.
    """
    other, rng = copy.copy(model), np.random.default_rng(1)
    for turns in (other.body_iquat, other.geom_quat):
        turns += rng.normal(0, 5e-7, turns.shape)
        turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return other


@pytest.mark.parametrize("package", PACKAGES)
def test_robots_of_packages_move_as_they_did(package: str):
    if folder(package) is None:
        pytest.skip(f"{package} is not installed")
    tried = compared = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MuJoCo's own, about these files
        for path, model in robots(package):
            composed = compose(SceneRequest(path)).model
            assert composed.nq == model.nq, path
            tried += 1
            if not 0 < model.nv <= LARGE:
                continue
            ours, theirs = rollout(composed), rollout(model)
            # The digits that XML drops grow as any small push does: compared as long as those stay small.
            nudges = [rollout(model, 1e-5) - theirs, rollout(turned(model)) - theirs]
            pushed = np.maximum.accumulate(np.abs(nudges).max(axis=(0, 2)))
            apart, steady = np.abs(ours - theirs).max(axis=1), pushed < 1e-3
            assert (apart <= 1e-4 + 100 * pushed)[steady].all(), path
            compared += bool(steady.all())
    assert tried and compared >= tried // 3


@pytest.mark.parametrize("floor", [None, 0.7])
@pytest.mark.parametrize("path", [BIPED, QUADRUPED], ids=lambda p: p.stem)
def test_what_a_request_asks_for_is_no_difference(path: Path, floor: float | None):
    body = mujoco.MjModel.from_xml_path(str(path)).body(2).name
    request = SceneRequest(
        path,
        floor=floor,
        physics_step=0.004,
        sites=(SiteRequest("more", body),),
        sensors=(SensorRequest("x", "framepos", "site", "more"),),
        options={"iterations": 3, "cone": "elliptic"},
        keep_sensors=(),
    )
    assert compose(request).model.opt.iterations == 3


ROBOT = """<mujoco><option gravity="0 0 -9.8"/>
  <default><default class="light"><geom mass="0" density="0"/></default></default>
  <asset><mesh name="tetra" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset>
  <worldbody><geom name="floor" type="plane" size="1 1 1"/>
    <body name="a" pos="0 0 1" gravcomp="0.5"><joint name="j" axis="0 1 0" range="-60 60" damping="0.1" stiffness="1"/>
      <geom name="g" size="0.1"/><geom class="light" size="0.3"/><geom class="light" size="0.2" mass="0.05"/><site name="s"/>
      <body name="b" pos="0.2 0 0"><joint name="k" type="slide" axis="1 0 0" frictionloss="0.2" armature="0.03"/>
        <geom name="h" type="box" size="0.1 0.05 0.02" friction="0.4 0.01 0.001" solref="0.01 1"/>
        <site name="e" pos="0.1 0 0"/></body></body></worldbody>
  <tendon><spatial name="t" stiffness="3" damping="0.2"><site site="s"/><site site="e"/></spatial></tendon>
  <contact><pair name="p" geom1="g" geom2="floor" friction="0.3 0.3"/><exclude body1="a" body2="b"/></contact>
  <equality><joint joint1="j" joint2="k" polycoef="0 0.5 0 0 0" active="false"/></equality>
  <actuator><position name="m" joint="j" kp="3" kv="0.1" ctrlrange="-1 1" forcerange="-2 2"/>
    <motor name="n" site="e" gear="0 0 1 0 0 0"/></actuator>
  <sensor><gyro name="gyro" site="s"/></sensor>
  <keyframe><key name="home" qpos="0.1 0.02" ctrl="0.3 0"/></keyframe></mujoco>"""


def test_masses_of_default_classes_survive():
    model, composed = mujoco.MjModel.from_xml_string(ROBOT), compose(SceneRequest(ROBOT)).model
    np.testing.assert_allclose(composed.body_mass, model.body_mass, rtol=1e-5)
    np.testing.assert_allclose(composed.body_inertia, model.body_inertia, rtol=1e-4)


CHANGES = {
    "body_mass of `a`": ("body_mass", 1, 1.01),
    "body_gravcomp of `a`": ("body_gravcomp", 1, 0.4),
    "body_ipos of `b`": ("body_ipos", (2, 0), 0.01),
    "body_inertia of `b`": ("body_inertia", (2, 1), 0.5),
    "jnt_range of `j`": ("jnt_range", (0, 1), 1.0),
    "jnt_stiffness of `j`": ("jnt_stiffness", 0, 1.1),
    "dof_damping [0]": ("dof_damping", 0, 0.11),
    "dof_armature [1]": ("dof_armature", 1, 0.031),
    "dof_frictionloss [1]": ("dof_frictionloss", 1, 0.0),
    "geom_friction of `h`": ("geom_friction", (4, 1), 0.02),
    "geom_solref of `h`": ("geom_solref", (4, 0), 0.02),
    "geom_size of `h`": ("geom_size", (4, 2), 0.03),
    "geom_contype of `g`": ("geom_contype", 1, 2),
    "site_pos of `e`": ("site_pos", (1, 0), 0.2),
    "tendon_stiffness of `t`": ("tendon_stiffness", 0, 2.0),
    "pair_friction of `pair[0]`": ("pair_friction", (0, 1), 0.4),
    "eq_active0": ("eq_active0", 0, True),
    "eq_data": ("eq_data", (0, 1), 0.6),
    "actuator_gainprm of `m`": ("actuator_gainprm", (0, 0), 4.0),
    "actuator_ctrlrange of `m`": ("actuator_ctrlrange", (0, 0), -2.0),
    "actuator_gear of `n`": ("actuator_gear", (1, 2), 2.0),
    "key_qpos": ("key_qpos", (0, 0), 0.2),
    "key_ctrl": ("key_ctrl", (0, 0), 0.2),
    "opt.gravity": ("opt.gravity", 2, -9.81),
    "mesh_vert": ("mesh_vert", (1, 0), 0.1),
    "qpos_spring": ("qpos_spring", 0, 0.2),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_array_that_is_not_the_robots_is_named(monkeypatch: pytest.MonkeyPatch, what: str):
    array, place, value = CHANGES[what]
    compile_spec = composing.compile_spec

    def altered(spec: mujoco.MjSpec, path: Path | None = None) -> mujoco.MjModel:
        model = compile_spec(spec, path)
        if spec.modelname == "composed":
            owner = model.opt if array.startswith("opt.") else model
            getattr(owner, array.removeprefix("opt."))[place] = value
        return model

    def from_text(text: str, assets: dict[str, bytes] | None = None) -> mujoco.MjSpec:
        spec = mujoco.MjSpec.from_string(text, assets=assets or None)
        spec.modelname = "composed" if "geom[" in text else spec.modelname
        return spec

    monkeypatch.setattr(composing, "compile_spec", altered)
    monkeypatch.setattr(composing, "spec_from_text", from_text)
    with pytest.raises(SpecError) as caught:
        compose(SceneRequest(ROBOT))
    told = [d for d in caught.value.diagnostics]
    name, _, element = what.partition(" ")
    assert {d.code for d in told} == {"KS192"}
    assert any(d.message.startswith(f"composing changed `{name}`") and element in d.message for d in told)


def test_rows_that_were_asked_for_are_left_out():
    model = mujoco.MjModel.from_xml_string(ROBOT)
    other = mujoco.MjModel.from_xml_string(ROBOT.replace('kp="3"', 'kp="4"').replace('damping="0.1"', 'damping="0.2"'))
    names = {"actuator": ["m", "n"], "geom": [model.geom(i).name for i in range(model.ngeom)], "site": ["s", "e"]}
    names["geom"] = [n or f"geom[{i}]" for i, n in enumerate(names["geom"])]
    kept = {"geom": [n for n in names["geom"] if "[" not in n]}
    told = [d.message for d in differences(model, other, Asked(names, gone=set(names["geom"]) - set(kept["geom"])))]
    assert len(told) == 3 and sum("actuator_" in t for t in told) == 2
    asked = Asked(names, (), {"actuator": ["m"], "dof": [""]}, gone=set(names["geom"]) - set(kept["geom"]))
    assert not differences(model, other, asked)
