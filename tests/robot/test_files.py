"""Robot files that are none, and what a robot file names: each is found when a spec is checked, at its line."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import mujoco
import numpy as np
import pytest

from ksim_spec.diagnostics import Diagnostic
from ksim_spec.language.load import load_spec
from ksim_spec.linter.design import designed
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.scene import compose
from ksim_spec.robot.scene_request import SceneRequest
from tests.tiny_tasks import PLAIN, SPEC

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
ARM = '<body name="b"><joint name="a" axis="0 1 0"/><geom size="0.1" {}/></body>'
ROBOT = "<mujoco>{}<worldbody>{}</worldbody></mujoco>"


def robot(head: str = "", geom: str = "", world: str = ARM) -> str:
    return ROBOT.format(head, world.format(geom))


def checked(folder: Path, files: Mapping[str, str | bytes], name: str = "r.xml") -> list[Diagnostic]:
    """Returns the errors of a spec about a robot of these files."""
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    spec = folder / "t.ksim"
    spec.write_text(SPEC.format(**PLAIN).replace('"robot.xml"', f'"{name}"'))
    found = designed(load_spec(spec)).diagnostics
    return [d for d in found if d.severity == "error" and d.slug != "empty-block"]


def stl(size: float = 0.1) -> bytes:
    """Returns a mesh of four faces."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * size
    faces = [struct.pack("<12fH", 0, 0, 0, *corners[list(f)].ravel(), 0) for f in ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3))]  # fmt: skip
    return bytes(80) + struct.pack("<I", 4) + b"".join(faces)


def png(color: int) -> bytes:
    """Returns a picture of six by six."""

    def part(tag: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    rows = zlib.compress(b"".join(b"\0" + bytes((color, 0, 0)) * 6 for _ in range(6)))
    header = struct.pack(">IIBBBBB", 6, 6, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


NONE = {
    "binary": ("r.xml", bytes(range(256)) * 40, "KS152", "is no text"),
    "compiled": ("r.mjb", bytes(300), "KS152", "is a compiled MuJoCo model"),
    "mesh": ("r.stl", stl(), "KS152", "is no text"),
    "mesh of text": ("r.stl", "solid x\nfacet normal 0 0 1\nendsolid", "KS152", "is no XML"),
    "empty": ("r.xml", "", "KS152", "is empty"),
    "blank": ("r.xml", " \n\n", "KS152", "is empty"),
    "prose": ("r.xml", "my robot", "KS152", "is no XML"),
    "pointer": ("r.xml", POINTER, "KS195", "is a Git LFS pointer"),
    "URDF": ("r.urdf", '<robot name="r"/>', "KS152", "this is a URDF robot"),
    "xacro": ("r.xacro", '<robot xmlns:xacro="http://ros.org/wiki/xacro"/>', "KS152", "this is a xacro file"),
    "SDF": ("r.sdf", "<sdf/>", "KS152", "`<sdf>` is not an MJCF model"),
    "part": ("r.xml", "<mujocoinclude/>", "KS152", "`<mujocoinclude>` is not an MJCF model"),
    "attaches itself": ("r.xml", robot('<asset><model name="m" file="r.xml"/></asset>'), "KS154", "attaches itself"),
    "includes nothing": ("r.xml", robot("<include/>"), "KS150", "`<include>` names no file"),
    "includes a folder": ("r.xml", robot('<include file="."/>'), "KS150", "it is a folder"),
    "includes what is endless": ("r.xml", robot('<include file="/dev/zero"/>'), "KS150", "it is no file"),
    "a mesh that is endless": ("r.xml", robot('<asset><mesh file="/dev/zero"/></asset>'), "KS195", "is no file"),
}


@pytest.mark.parametrize("what", NONE)
def test_a_file_that_is_no_robot_is_named_and_what_to_do(what: str, tmp_path: Path):
    name, content, code, words = NONE[what]
    (told,) = checked(tmp_path, {name: content}, name)
    assert told.code == code and words in told.message and told.help
    assert told.span.file  # in the robot file where there is a place in it, else where the spec names it


@pytest.mark.parametrize(("name", "words"), [("", "its name is empty"), ("loop.xml", "is a link that leads nowhere"),
                                             ("robots", "is a folder"), ("/dev/zero", "is no file")])  # fmt: skip
def test_a_path_that_is_no_file(name: str, words: str, tmp_path: Path):
    (tmp_path / "loop.xml").symlink_to("loop.xml")
    (tmp_path / "robots").mkdir()
    (told,) = checked(tmp_path, {}, name)
    assert told.code == "KS150" and words in told.message and told.help
    assert f"did you mean `{name}`" not in told.help


def test_an_include_that_is_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.xml")
    (told,) = checked(tmp_path, {"r.xml": robot('<include file="pipe.xml"/>')})
    assert "it is no file" in told.message


def test_how_to_convert_a_urdf_is_right(tmp_path: Path):
    inertia = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
    link = '<link name="{}">' + inertia + "</link>"
    joint = '<joint name="j" type="revolute"><parent link="a"/><child link="b"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint>'
    files = {"robot.urdf": f'<robot name="r">{link.format("a")}{link.format("b")}{joint}</robot>'}
    (told,) = checked(tmp_path, files, "robot.urdf")
    code = "import mujoco; " + told.help.split("`")[1]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert RobotIndex.load(tmp_path / "robot.xml").names("joint") == ["j"]


# What a robot file names --------------------------------------------------------------------------------------------

MESH = robot('<compiler meshdir="m"/><asset><mesh file="x.stl"/></asset>', 'type="mesh" mesh="x"')
FILES = {
    "is not there": {},
    "did you mean `X.stl`?": {"m/X.stl": stl()},
    "is a Git LFS pointer, not the mesh itself": {"m/x.stl": POINTER},
    "is a folder": {"m/x.stl/y": ""},
    "is empty": {"m/x.stl": ""},
    "is an STL file in text form": {"m/x.stl": "solid x\nfacet normal 0 0 1\nendsolid"},
    "or only a part of one": {"m/x.stl": stl()[:100]},
}


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("what", FILES)
def test_a_mesh_that_cannot_be_read_is_found_at_its_line(what: str, generated: bool, tmp_path: Path):
    # A model that only MuJoCo can expand is built when it is checked: its files are looked at before.
    text = MESH.replace("<compiler", '<compiler discardvisual="true"') if generated else MESH
    (told,) = checked(tmp_path, {"r.xml": text, **FILES[what]})
    assert told.code == "KS195" and what in told.message + told.help and told.help
    assert told.span.file.endswith("r.xml")
    with pytest.raises(ValueError):
        mujoco.MjModel.from_xml_path(str(tmp_path / "r.xml"))


@pytest.mark.parametrize("name", ["x.dae", "x"])
def test_a_kind_of_mesh_that_mujoco_does_not_read(name: str, tmp_path: Path):
    text = robot(f'<asset><mesh name="x" file="{name}"/></asset>', 'type="mesh" mesh="x"')
    (told,) = checked(tmp_path, {"r.xml": text, name: stl()})
    assert told.message == f"`{name}` is a mesh that MuJoCo does not read" and ".obj" in told.help
    with pytest.raises(ValueError):
        mujoco.MjModel.from_xml_path(str(tmp_path / "r.xml"))


def test_a_texture_that_is_no_picture(tmp_path: Path):
    text = robot('<asset><texture type="2d" name="t" file="t.png"/></asset>')
    (told,) = checked(tmp_path, {"r.xml": text, "t.png": "no picture"})
    assert told.message == "`t.png` is no PNG file"


PART = '<mujoco><asset><mesh file="x.stl"/></asset></mujoco>'
HAND = (
    '<mujoco model="hand"><compiler meshdir="hm"/><asset><mesh name="x" file="x.stl"/></asset><worldbody>'
    '<body name="h"><joint name="j"/><geom type="mesh" mesh="x"/></body></worldbody></mujoco>'
)
ATTACHED = robot(
    '<compiler meshdir="m"/><asset><mesh name="x" file="x.stl"/><model name="hand" file="hand/hand.xml"/></asset>',
    'type="mesh" mesh="x"',
    ARM.replace("</body>", '<attach model="hand" body="h" prefix="h_"/></body>'),
)
SIDES = ("right", "left", "up", "down", "front", "back")
CUBE = "".join(f' file{s}="{s}.png"' for s in SIDES)
SKIN = struct.pack("<4i", 3, 0, 1, 1) + struct.pack("<9f", 0, 0, 0, 0.1, 0, 0, 0, 0.1, 0) + struct.pack("<3i", 0, 1, 2)
SKIN += b"b".ljust(40, b"\0") + struct.pack("<7f", 0, 0, 0, 1, 0, 0, 0) + struct.pack("<4i", 3, 0, 1, 2) + struct.pack("<3f", 1, 1, 1)  # fmt: skip
KEPT = {
    "below meshdir": {"r.xml": MESH, "m/x.stl": stl()},
    "beside what includes it": {"r.xml": robot('<include file="sub/p.xml"/>', 'type="mesh" mesh="x"'), "sub/p.xml": PART, "sub/x.stl": stl(), "a/x.stl": stl(0.2)},
    "beside the model": {"r.xml": robot('<include file="sub/p.xml"/>', 'type="mesh" mesh="x"'), "sub/p.xml": PART, "x.stl": stl()},
    "a path of Windows": {"r.xml": robot('<asset><mesh file="m\\x.stl"/></asset>', 'type="mesh" mesh="x"'), "m/x.stl": stl()},
    "strippath": {"r.xml": robot('<compiler strippath="true" meshdir="m"/><asset><mesh file="/home/me/x.stl"/></asset>', 'type="mesh" mesh="x"'), "m/x.stl": stl()},
    "two of one name": {"r.xml": robot('<asset><mesh name="p" file="m/x.stl"/><mesh name="q" file="n/x.stl"/></asset>', 'type="mesh" mesh="q"'), "m/x.stl": stl(), "n/x.stl": stl(0.3)},
    "a cube by its sides": {"r.xml": robot(f'<compiler texturedir="t"/><asset><texture type="cube" name="t"{CUBE}/></asset>'), **{f"t/{s}.png": png(40 * i) for i, s in enumerate(SIDES)}},
    "a skin": {"r.xml": robot('<compiler meshdir="m"/><asset><skin name="s" file="s.skn"/></asset>'), "m/s.skn": SKIN},
    "an attached model": {"r.xml": ATTACHED, "m/x.stl": stl(0.3), "hand/hand.xml": HAND, "hand/hm/x.stl": stl()},
    "a height field": {"r.xml": robot('<asset><hfield name="h" file="h.bin" size="1 1 1 1"/></asset>', "", '<geom type="hfield" hfield="h"/>' + ARM), "h.bin": struct.pack("<2i4f", 2, 2, 0, 0, 1, 1)},
    "Latin-1": {"r.xml": b'<?xml version="1.0" encoding="ISO-8859-1"?>' + robot(geom='name="\xfcber"').encode("latin-1")},
}  # fmt: skip


@pytest.mark.parametrize("what", KEPT)
def test_the_files_of_a_robot_go_where_it_goes(what: str, tmp_path: Path):
    files = KEPT[what]
    assert checked(tmp_path, files) == []
    scene = compose(SceneRequest(tmp_path / "r.xml"))
    if what != "Latin-1":
        before = mujoco.MjModel.from_xml_path(str(tmp_path / "r.xml"))
        again = mujoco.MjSpec.from_string(scene.xml, assets=scene.assets).compile()
        for field in ("mesh_vert", "tex_data", "hfield_data", "skin_vert"):
            assert np.allclose(getattr(again, field), getattr(before, field), atol=1e-6), field


def test_files_of_attached_models_are_looked_for(tmp_path: Path):
    (told,) = checked(tmp_path, {"r.xml": ATTACHED, "m/x.stl": stl(), "hand/hand.xml": HAND, "hand/hm/x.stl": POINTER})
    assert "Git LFS" in told.message and told.span.file.endswith("hand.xml")
    index = RobotIndex.load
    (tmp_path / "hand/hm/x.stl").write_bytes(stl())
    assert [p.name for p in index(tmp_path / "r.xml").files] == ["r.xml", "hand.xml"]


@pytest.mark.filterwarnings("ignore:Attaching")
def test_equal_classes_of_a_model_without_prefix_are_named(tmp_path: Path):
    inside = '<default><default class="k"><geom mass="3"/></default></default>'
    main = robot('<asset><model name="hand" file="hand.xml"/></asset>' + inside,
                 world=ARM.replace("</body>", '<attach model="hand" body="h" prefix=""/></body>'))  # fmt: skip
    hand = robot(inside, world='<body name="h"><geom name="g" class="k" size="0.1"/></body>')
    (told,) = checked(tmp_path, {"r.xml": main, "hand.xml": hand})
    assert told.code == "KS156" and "both have a default class `k`" in told.message and "`prefix`" in told.help
    assert checked(tmp_path, {"hand.xml": hand.replace('"k"', '"other"')}) == []
