"""Gathering the files that a model uses, so that the composed XML can be rebuilt without the robot's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mujoco


def bundle_assets(spec: mujoco.MjSpec, directory: Path | None) -> dict[str, bytes]:
    """Reads every file of a mesh, height field, texture or skin and renames the references to plain file names.

    Returns file name to content. Names are kept where they are unique, else numbered. Elements keep their own names.
    """
    if directory is None:
        return dict(spec.assets or {})
    bundle: dict[str, bytes] = {}
    places: dict[Path, str] = {}

    def bundled(name: str, folder: str) -> str:
        path = next((p for p in _places(directory, folder, name) if p.is_file()), None)
        if path is None:
            return name
        if path not in places:
            places[path] = _free_name(path.name, bundle)
            bundle[places[path]] = path.read_bytes()
        return places[path]

    for element, folder in _elements(spec):
        if element.file:
            # MuJoCo derives a missing name from the file's, which is about to change.
            element.name = element.name or Path(element.file).stem
            element.file = bundled(element.file, folder)
        sides: Any = getattr(element, "cubefiles", ())
        for i, name in enumerate(list(sides)):
            sides[i] = bundled(name, folder) if name else name
    spec.meshdir = spec.texturedir = ""
    spec.modelfiledir = ""
    spec.assets = bundle
    return bundle


def _elements(spec: mujoco.MjSpec) -> Iterator[tuple[Any, str]]:
    """Yields what may name files, with the folder that its own file's compiler settings give: it may be attached."""
    for element in (*spec.meshes, *spec.hfields, *spec.skins):
        yield element, getattr(getattr(element, "compiler", None), "meshdir", "") or spec.meshdir
    for element in spec.textures:
        yield element, element.compiler.texturedir or spec.texturedir


def _places(directory: Path, folder: str, name: str) -> Iterator[Path]:
    """Yields where MuJoCo may have found a file: beside the model, or below it with a model that is attached."""
    name = name.replace("\\", "/")
    yield directory / folder / name
    yield directory / name
    yield directory / folder / Path(name).name  # where `strippath` is set
    end = Path(folder, name).as_posix()
    yield from sorted(p for p in directory.rglob(Path(name).name) if p.as_posix().endswith(f"/{end}"))


def _free_name(name: str, taken: dict[str, bytes]) -> str:
    stem, suffix, n = Path(name).stem, Path(name).suffix, 1
    while name in taken:
        n += 1
        name = f"{stem}_{n}{suffix}"
    return name
