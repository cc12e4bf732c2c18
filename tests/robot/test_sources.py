"""Where robot files are found, and what the digest of a model depends on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.robot.index import RobotIndex
from ksim_spec.robot.sources import asset_files, digest, resolve
from tests.robot.models import BARKOUR, BIPED, HUMANOID, ROBOTS


def test_paths_are_relative_to_the_spec() -> None:
    assert resolve("robots/biped.xml", ROBOTS.parent).path == BIPED
    assert resolve(str(BIPED), Path("/")).path == BIPED


def test_models_inside_wheels() -> None:
    assert resolve("mjx:humanoid/humanoid.xml", Path(".")).path == HUMANOID
    assert resolve("pkg:mujoco/mjx/test_data/humanoid/humanoid.xml", Path(".")).path == HUMANOID


@pytest.mark.parametrize(
    ("text", "code", "advice"),
    [
        ("robots/bipde.xml", "KS150", "did you mean `robots/biped.xml`?"),
        ("robots/biped.mjcf", "KS150", "did you mean `robots/biped.xml`?"),
        ("biped.xml", "KS150", "did you mean `robots/biped.xml`?"),
        ("robots", "KS150", "robots/biped.xml"),
        ("mjx:humanoid/humanoyd.xml", "KS150", "did you mean `mjx:humanoid/humanoid.xml`?"),
        ("pkg:no_such_package/a.xml", "KS161", "install `no_such_package`"),
    ],
)
def test_what_is_not_there(text: str, code: str, advice: str) -> None:
    with pytest.raises(SpecError) as caught:
        resolve(text, ROBOTS.parent)
    [found] = caught.value.diagnostics
    assert found.code == code and advice in found.help


def test_digest_covers_assets_and_not_the_place(tmp_path: Path) -> None:
    here = digest(RobotIndex.load(BARKOUR).tree)
    copy = tmp_path / "copy"
    shutil.copytree(BARKOUR.parent, copy)
    tree = RobotIndex.load(copy / BARKOUR.name).tree
    assert digest(tree) == here
    mesh = next(p for p in asset_files(tree) if p.suffix == ".stl" and p.is_file())
    mesh.write_bytes(mesh.read_bytes() + b"\0")
    assert digest(tree) != here
