"""The index, read without MuJoCo, must say what the compiled model says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.robot.compiled_reader import ACCESSOR, GEOM_TYPES, JOINT_TYPES, MODEL_KINDS
from ksim_spec.robot.index import RobotIndex
from tests.robot.models import BARKOUR, BIPED, CARTPOLE, HAND, HUMANOID, QUADRUPED, wheel

MODELS = [
    BIPED,
    QUADRUPED,
    CARTPOLE,
    HUMANOID,
    BARKOUR,
    HAND,
    wheel() / "sensor" / "model.xml",
    wheel() / "pendula.xml",
    wheel() / "tendon" / "tendon.xml",
    wheel() / "actuator" / "general_dyntype.xml",
    wheel() / "convex.xml",
]

# Everything that is easy to get wrong: nested classes, childclass on bodies and frames, degrees, limits, shortcuts.
TRICKY = """
<mujoco model="tricky">
  <compiler angle="degree"/>
  <default>
    <geom friction="0.5"/>
    <position kp="7" forcerange="-3 3"/>
    <default class="outer">
      <joint damping="2" range="-90 45" armature="0.1"/>
      <default class="inner"><joint damping="3"/><position kp="9"/></default>
    </default>
    <default class="free_swing"><joint limited="false"/></default>
  </default>
  <worldbody>
    <geom name="ground" type="plane" size="0 0 1"/>
    <frame pos="0 0 2" childclass="outer">
      <body name="a">
        <freejoint name="root"/>
        <geom size="0.1"/>
        <frame childclass="inner">
          <body name="b"><joint name="b1" ref="30"/><geom name="gb" size="0.1" priority="2"/></body>
        </frame>
        <body name="c" childclass="free_swing">
          <joint name="c1" axis="0 3 4" range="0 10"/><joint name="c2" type="slide" class="inner" range="-1 2"/>
          <geom size="0.1" contype="0" conaffinity="4"/>
          <body name="d"><joint name="d1" type="ball"/><geom size="0.1"/></body>
        </body>
        <site name="tip"/>
      </body>
    </frame>
    <body name="e"><joint name="e1" class="outer" limited="false"/><geom size="0.1"/></body>
  </worldbody>
  <actuator>
    <position name="p" joint="b1" class="inner" kv="2" inheritrange="0.5"/>
    <motor name="m" joint="c2" gear="5"/>
    <velocity name="v" joint="c1" kv="4"/>
    <general name="g" joint="e1" biastype="affine" gainprm="6" biasprm="0 -6 -1" ctrlrange="-1 1"/>
  </actuator>
  <sensor>
    <framepos objtype="site" objname="tip"/>
    <contact name="touching" geom1="gb" data="found force" num="2"/>
    <jointpos name="jp" joint="b1"/>
  </sensor>
</mujoco>
"""


def assert_agrees(index: RobotIndex, m: mujoco.MjModel) -> None:
    for kind, size in MODEL_KINDS.items():
        names = [getattr(m, ACCESSOR.get(kind, kind))(i).name or None for i in range(getattr(m, size))]
        assert [e.name for e in index.all(kind)] == names, kind
    assert (index.nq, index.nv) == (m.nq, m.nv)
    assert index.timestep == pytest.approx(m.opt.timestep)
    assert [b.parent for b in index.bodies] == list(m.body_parentid)
    for j in index.joints:
        dof = m.jnt_dofadr[j.id]
        assert (j.type, j.body) == (JOINT_TYPES[m.jnt_type[j.id]], m.jnt_bodyid[j.id]), j
        assert (j.qposadr, j.dofadr) == (m.jnt_qposadr[j.id], dof), j
        assert (j.range is not None) == bool(m.jnt_limited[j.id]), j
        assert j.range is None or np.allclose(j.range, m.jnt_range[j.id]), j
        model = [m.dof_damping[dof], m.dof_armature[dof], m.dof_frictionloss[dof], m.jnt_stiffness[j.id]]
        assert np.allclose([j.damping, j.armature, j.frictionloss, j.stiffness], model), j
        if j.type in ("hinge", "slide"):
            assert np.allclose(j.axis, m.jnt_axis[j.id]), j
            assert j.ref == pytest.approx(m.qpos0[j.qposadr]), j
    for g in index.geoms:
        assert (g.type, g.body) == (GEOM_TYPES[m.geom_type[g.id]], m.geom_bodyid[g.id]), g
        masks = (m.geom_contype[g.id], m.geom_conaffinity[g.id], m.geom_priority[g.id])
        assert (g.contype, g.conaffinity, g.priority) == masks, g
        assert np.allclose(g.friction, m.geom_friction[g.id]), g
    assert_actuators_agree(index, m)
    for s in index.sensors:
        assert (s.adr, s.dim) == (m.sensor_adr[s.id], m.sensor_dim[s.id]), s
    for k in index.keyframes:
        assert k.qpos is None or np.allclose(k.qpos, m.key_qpos[k.id], atol=1e-5), k


def assert_actuators_agree(index: RobotIndex, m: mujoco.MjModel) -> None:
    for a in index.actuators:
        limited = (bool(m.actuator_ctrllimited[a.id]), bool(m.actuator_forcelimited[a.id]))
        assert (a.ctrlrange is not None, a.forcerange is not None) == limited, a
        assert a.ctrlrange is None or np.allclose(a.ctrlrange, m.actuator_ctrlrange[a.id]), a
        assert a.forcerange is None or np.allclose(a.forcerange, m.actuator_forcerange[a.id]), a
        assert np.allclose(a.gear, m.actuator_gear[a.id]), a
        affine = m.actuator_biastype[a.id] == mujoco.mjtBias.mjBIAS_AFFINE
        bias = m.actuator_biasprm[a.id] if affine else np.zeros(3)
        assert ((a.kp or 0.0), (a.kv or 0.0)) == pytest.approx((-bias[1], -bias[2])), a
        if a.transmission == "joint":
            assert a.target == m.joint(int(m.actuator_trnid[a.id, 0])).name, a


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_agrees_with_the_compiled_model(path: Path) -> None:
    index = RobotIndex.load(path)
    assert index.exact
    assert_agrees(index, mujoco.MjModel.from_xml_path(str(path)))


def test_defaults_frames_and_degrees() -> None:
    index = RobotIndex.load(TRICKY)
    assert_agrees(index, mujoco.MjModel.from_xml_string(TRICKY))
    assert index.find("actuator", "p").ctrlrange is not None  # type: ignore[union-attr]
    line = 1 + TRICKY[: TRICKY.index('"b1"')].count("\n")
    assert index.find("joint", "b1").line == line  # type: ignore[union-attr]
    assert index.free_joint("a").name == "root" and index.free_joint("b") is None  # type: ignore[union-attr]


def test_elements_that_make_others_are_built_by_mujoco() -> None:
    text = """<mujoco><worldbody><replicate count="3" offset="1 0 0"><body name="post">
      <joint name="swing" range="-10 20"/><geom name="g" size="0.1"/></body></replicate></worldbody></mujoco>"""
    index = RobotIndex.load(text)
    assert not index.exact
    assert index.names("joint") == ["swing0", "swing1", "swing2"]
    assert_agrees(index, mujoco.MjModel.from_xml_string(text))


def test_a_compiler_that_drops_geoms_is_believed() -> None:
    text = """<mujoco><compiler discardvisual="true"/><worldbody><body name="b"><freejoint/><geom name="look" size="1"
      contype="0" conaffinity="0"/><geom name="touch" size="1"/></body></worldbody></mujoco>"""
    index = RobotIndex.load(text)
    assert index.names("geom") == ["touch"]
    assert_agrees(index, mujoco.MjModel.from_xml_string(text))


def test_keyframe_positions_align_by_joint() -> None:
    index = RobotIndex.load(BIPED)
    stand = index.keyframes[0]
    chosen = [j for n in ("right_knee", "left_hip_pitch") for j in index.joints if j.name == n]
    assert index.key_positions(stand, chosen) == [(0.6,), (0.26,)]


def test_includes_are_read_and_lines_belong_to_their_file(tmp_path: Path) -> None:
    (tmp_path / "main.xml").write_text('<mujoco>\n<include file="body.xml"/>\n</mujoco>')
    (tmp_path / "body.xml").write_text(
        '<mujocoinclude>\n<worldbody>\n<body name="x"><geom size="1"/></body>\n</worldbody>\n</mujocoinclude>'
    )
    index = RobotIndex.load(tmp_path / "main.xml")
    body = index.find("body", "x")
    assert body is not None and body.line == 3 and body.file.endswith("body.xml")
    assert [p.name for p in index.files] == ["main.xml", "body.xml"]


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("<mujoco>\n<worldbody>\n<body>\n</worldbody>\n</mujoco>", "KS151", 4, "mismatched tag"),
        ('<!DOCTYPE m [\n<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<mujoco>&x;</mujoco>', "KS153", 2, "entity"),
        ("<robot name='r'/>", "KS152", 1, "a URDF robot"),
        ('<mujoco><worldbody>\n<body name="a"/>\n<body name="a"/>\n</worldbody></mujoco>', "KS156", 3, "`a`"),
        ('<mujoco><worldbody><body>\n<joint damping="much"/>\n</body></worldbody></mujoco>', "KS157", 2, "much"),
        ('<mujoco><worldbody>\n<geom class="blu" size="1"/>\n</worldbody></mujoco>', "KS155", 2, "blu"),
        ('<mujoco><keyframe>\n<key name="k" qpos="1 2"/>\n</keyframe></mujoco>', "KS159", 2, "has 2 numbers"),
        ('<mujoco>\n<include file="x.xml"/>\n</mujoco>', "KS150", 2, "include"),
    ],
)
def test_mistakes_are_reported_at_their_line(text: str, code: str, line: int, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        RobotIndex.load(text)
    [found] = caught.value.diagnostics
    source = caught.value.sources.get(found.span.file)
    assert found.code == code and words in found.message
    assert source is not None and source.position(found.span.start).line == line


def test_a_file_included_twice_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "loop.xml"
    path.write_text('<mujoco>\n<include file="loop.xml"/>\n</mujoco>')
    with pytest.raises(SpecError) as caught:
        RobotIndex.load(path)
    assert caught.value.diagnostics[0].code == "KS154"


def test_reading_needs_neither_mujoco_nor_jax() -> None:
    code = (
        f"import sys; from ksim_spec.robot.index import RobotIndex; RobotIndex.load({str(BIPED)!r});"
        "import ksim_spec.robot.sources; sys.exit(bool({'mujoco', 'jax', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
