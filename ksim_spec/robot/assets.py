"""Gathering the files that a model uses, so that the composed XML can be rebuilt without the robot's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mujoco


def bundle_assets(spec: mujoco.MjSpec, directory: Path | None) -> dict[str, bytes]:
    """Reads every mesh, height field and texture file into memory and renames the references to plain file names.

    Returns file name to content. Names are kept where they are unique, else numbered. Elements keep their own names.
    """
    if directory is None:
        return dict(spec.assets or {})
    bundle: dict[str, bytes] = {}
    places: dict[Path, str] = {}
    for element, folder in _with_files(spec):
        # MuJoCo derives a missing name from the file's, which is about to change.
        path = directory / folder / element.file
        if not path.is_file():
            continue
        if not element.name:
            element.name = Path(element.file).stem
        if path not in places:
            places[path] = _free_name(path.name, bundle)
            bundle[places[path]] = path.read_bytes()
        element.file = places[path]
    spec.meshdir = spec.texturedir = ""
    spec.modelfiledir = ""
    spec.assets = bundle
    return bundle


def _with_files(spec: mujoco.MjSpec) -> list[tuple[Any, str]]:
    rows = [(spec.meshes, spec.meshdir), (spec.hfields, spec.meshdir), (spec.textures, spec.texturedir)]
    return [(e, folder) for elements, folder in rows for e in elements if e.file]


def _free_name(name: str, taken: dict[str, bytes]) -> str:
    stem, suffix, n = Path(name).stem, Path(name).suffix, 1
    while name in taken:
        n += 1
        name = f"{stem}_{n}{suffix}"
    return name
